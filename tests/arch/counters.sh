#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# counters.sh ROOT
# docs/control.md has every counter, and no other. There a name without a slash begins as the one before it.
set -eu
cd "$1"

coded=$(grep -ho '[]?:] *=* *"[a-z]*/[A-Za-z0-9/ ]*"' endpoint/endpoint.c plugin/metrics.c plugin/keysource.c |
	cut -d '"' -f 2 | sort)
told=$(awk '/^\| below/ { on = 1; next } on && !/^\|/ { exit } on { print }' docs/control.md |
	cut -d '|' -f 2 | awk -F '`' '
	{
		for (i = 2; i <= NF; i += 2) {
			name = $i
			if (name ~ /\//) {
				before = name
				sub(/[^\/]*$/, "", before)
			} else {
				name = before name
			}
			print name
		}
	}' | sort)
if [ -z "$coded" ] || [ "$coded" != "$told" ]; then
	echo "only in the code, or only in docs/control.md:"
	printf '%s\n%s\n' "$coded" "$told" | sort | uniq -u
	exit 1
fi
