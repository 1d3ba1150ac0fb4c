#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# manpage.sh PAGE PROGRAM [COMMAND]...
# The man page has every option that the program's --help and its commands' --help have, and all
# options that it has are there.
set -u
page=$1
program=$2
shift 2
bad=0

helps=$("$program" --help)
for command in "$@"; do
	helps="$helps
$("$program" "$command" --help)"
	grep -q "^\(\\.BR\\{0,1\\} \)\\{0,1\\}\\(\\\\fB\\)\\{0,1\\}\\(eese-ue \\)\\{0,1\\}$command" "$page" || {
		echo "$page: no command $command"
		bad=1
	}
done
# "  -v, --verbose ..", "      --json ..", "  -N  .."
options=$(printf '%s\n' "$helps" | sed -n 's/^  \(-.\)\{0,1\},\{0,1\} *\(--[a-z0-9-]*\)\{0,1\} .*/\1 \2/p')
told=$(sed 's/\\-/-/g; s/\\f[A-Z]//g' "$page")
for option in $options; do
	printf '%s\n' "$told" | grep -q -e "[^-a-z]$option\([^-a-z0-9]\|\$\)" || {
		echo "$page: no $option"
		bad=1
	}
done
for option in $(printf '%s\n' "$told" | sed -n '/^\.SH OPTIONS/,/^\.SH EXIT/p' |
	grep -o -e '[ .]--[a-z][a-z0-9-]*' | tr -d ' .' | sort -u); do
	printf '%s\n' "$helps" | grep -q -e "$option\([^-a-z0-9]\|\$\)" || {
		echo "$page: $option is no option"
		bad=1
	}
done
exit $bad
