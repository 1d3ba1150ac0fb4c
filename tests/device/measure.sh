#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# measure.sh SOURCE BUILD
# Builds the device library for Cortex-M4 with -Os, prints what it takes, and fails above the
# budgets. Exit code 77 (skipped) without Debian's gcc-arm-none-eabi and libnewlib-dev.
set -eu

source=$1
build=$2

# What stands in docs/performance.md. Code is that of the whole library without flash and AKA.
code_max=13824
context_max=512

for need in arm-none-eabi-gcc arm-none-eabi-size; do
	command -v "$need" >/dev/null || {
		echo "skipped: $need is not installed (Debian: gcc-arm-none-eabi)"
		exit 77
	}
done
[ -e /usr/include/newlib/string.h ] || {
	echo "skipped: no /usr/include/newlib (Debian: libnewlib-dev)"
	exit 77
}

mkdir -p "$build"
if ! (cd "$source" && cmake --preset cortex-m4 -B "$build" && cmake --build "$build") >"$build/log" 2>&1; then
	cat "$build/log"
	exit 1
fi

code() { # image: octets of code and constants
	arm-none-eabi-size -A "$build/tests/device/$1" |
		awk '$1 == ".text" || $1 == ".rodata" || $1 == ".data" { n += $2 } END { print n }'
}

ram() { # name
	printf '%d\n' "0x$(arm-none-eabi-nm -S "$build"/tests/device/CMakeFiles/sizes.dir/sizes.c.* |
		awk -v name="size_of_$1" '$4 == name { print $2 }')"
}

echo "Cortex-M4, $(arm-none-eabi-gcc -dumpversion), -Os, without mbedTLS and libc"
echo
echo "| code and constants | octets |"
echo "|---|---|"
echo "| uplink, KEY_UPDATE, repeats | $(code uplink) |"
echo "| and downlink | $(code both-ways) |"
echo "| and new keys, refresh on demand, counters: the whole library | $(code whole) |"
echo "| .. with the record in flash | $(code whole-flash) |"
echo "| .. with AKA and a software USIM | $(code whole-aka) |"
echo
echo "| memory | octets |"
echo "|---|---|"
echo "| a context, struct eese_ue | $(ram context) |"
echo "| a held message, beside topic and plaintext | $(ram message_overhead) |"
echo "| the record in flash, struct eese_flash | $(ram flash) |"
echo "| non-volatile record | $(ram record) |"

bad=0
[ "$(code whole)" -le $code_max ] || { echo "code: more than $code_max octets" && bad=1; }
[ "$(ram context)" -le $context_max ] || { echo "context: more than $context_max octets" && bad=1; }
exit $bad
