#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# keyless.sh NM OBJECT...
# The gateway holds no key of a UE: nothing in it calls what derives one, seals or opens.
set -eu

nm=$1
shift
[ $# -gt 0 ]
if "$nm" -u -A "$@" |
	grep -E ' eese_(kdf|derive|data_(seal|open)|key_(update|request)_(en|de)code|unseal|seal)'; then
	echo "the gateway works with keys"
	exit 1
fi
