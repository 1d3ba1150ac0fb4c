#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# brokerless.sh NM LIBRARY
# The EMKS client's thread may call no function of the broker (docs/architecture.md): the library
# knows none.
set -eu

symbols=$("$1" -u -A "$2")
case $symbols in
*curl_multi_perform*) ;;
*) echo "$2: not what was meant, nothing was checked" >&2 && exit 2 ;;
esac
if printf '%s\n' "$symbols" | grep 'mosquitto_'; then
	exit 1
fi
