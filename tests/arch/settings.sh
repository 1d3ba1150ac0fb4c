#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# settings.sh ROOT
# eese-emksd's --help and man page have each of its settings.
set -eu
cd "$1"

settings=$(sed -n 's/^    {"\([a-z_]*\)", \(TEXT_AT\|NUMBER_AT\|EESE\).*/\1/p' emks/config.c)
bad=0
[ -n "$settings" ] || bad=1
for name in $settings; do
	grep -q "\"  $name [A-Z]\|, $name PATH" emks/daemon/options.c || {
		echo "emks/daemon/options.c: no $name"
		bad=1
	}
	grep -q "^\.B $name \|fB$name " emks/daemon/eese-emksd.8 || {
		echo "emks/daemon/eese-emksd.8: no $name"
		bad=1
	}
done
exit $bad
