#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# pure.sh NM LIBRARY [LIBRARY IT MAY USE]...
# Holds PURE (docs/architecture.md): the library calls only eese_* of its own or of the libraries
# named after it, mem*, psa_*, and the run-time of compiler and sanitizers.
set -eu

nm=$1
shift
library=$1

defined=$(mktemp)
trap 'rm -f "$defined"' EXIT
for file in "$@"; do
	"$nm" -g --defined-only "$file" | grep ' eese_' >>"$defined" || {
		echo "$file: no eese_ symbol in it, nothing was checked" >&2
		exit 2
	}
done

"$nm" -u -A "$library" | awk -v defined="$defined" '
BEGIN {
	while ((getline line < defined) > 0) {
		sub(/.* /, "", line)
		own[line] = 1
	}
}
{
	symbol = $NF
	sub(/@.*/, "", symbol)
	if (symbol ~ /^eese_/ && symbol in own)
		next
	if (symbol ~ /^psa_/)
		next
	if (symbol ~ /^mem(cpy|move|set|cmp|chr)$/ || symbol ~ /^__mem(cpy|move|set)_chk$/)
		next
	if (symbol ~ /^__(asan|ubsan)_/ || symbol ~ /^__stack_chk_(fail|fail_local|guard)$/)
		next
	# arithmetic that a small processor has no instruction for
	if (symbol ~ /^__aeabi_/ || symbol ~ /^__(u?(div|mod|divmod)|mul|ashl|ashr|lshr|popcount|c[lt]z|u?cmp)[sdt]i[234]$/)
		next
	if (symbol == "_GLOBAL_OFFSET_TABLE_")
		next
	where = $1
	sub(/:$/, "", where)
	print where ": not pure: " symbol
	bad = 1
}
END { exit bad }
'
