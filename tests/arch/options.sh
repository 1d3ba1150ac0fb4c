#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# options.sh ROOT
# The README's table has the plugin's options, all of them and in their order.
set -eu
cd "$1"

coded=$(sed -n 's/^[ \t]*{"\([a-z_0-9]*\)", [A-Z_]*, AT(.*/\1/p' plugin/options.c)
told=$(sed -n '/^| option | values/,/^$/s/^| `\([a-z_0-9]*\)` |.*/\1/p' README.md)
if [ -z "$coded" ] || [ "$coded" != "$told" ]; then
	echo "plugin/options.c has:" $coded
	echo "README.md has:      " $told
	exit 1
fi
