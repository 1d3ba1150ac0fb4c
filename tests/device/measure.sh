#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# measure.sh SOURCE BUILD
# Builds the device library for Cortex-M4 with -Os, as installed and as EESE_SMALL (eese/ue.h), prints
# what it takes, and fails above the budgets. Exit code 77 (skipped) without Debian's gcc-arm-none-eabi and libnewlib-dev.
set -eu

source=$1
build=$2

# docs/performance.md's budget: all of eese/ue.h in the configuration EESE_SMALL, without flash and
# AKA; a context in any.
code_max=8192
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
rm -f "$build/CMakeCache.txt" # flags of an older toolchain file
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

stack() { # image
	arm-none-eabi-objdump -d --no-show-raw-insn "$build/tests/device/$1" | awk -f "$source/tests/device/stack.awk"
}

row() { # what image
	echo "| $1 | $(code "$2-small") | $(code "$2") |"
}

echo "Cortex-M4, $(arm-none-eabi-gcc -dumpversion), -Os -flto, without mbedTLS and libc"
echo
echo "| code and constants, octets | EESE_SMALL | as installed |"
echo "|---|---|---|"
row "uplink, KEY_UPDATE, repeats" uplink
row "and downlink" both-ways
row "and new keys, refresh on demand, counters: the whole library" whole
row ".. without link-time optimisation" whole-without-lto
row ".. with the record in flash" whole-flash
row ".. with AKA and a software USIM" whole-aka
echo
echo "| memory | octets |"
echo "|---|---|"
echo "| a context, struct eese_ue | $(ram context) |"
echo "| a held message, beside topic and plaintext | $(ram message_overhead) |"
echo "| the record in flash, struct eese_flash | $(ram flash) |"
echo "| non-volatile record | $(ram record) |"
echo "| stack at most, without what PSA and the port take | $(stack whole-small) |"

bad=0
[ "$(code whole-small)" -le $code_max ] || { echo "code: more than $code_max octets" && bad=1; }
[ "$(ram context)" -le $context_max ] || { echo "context: more than $context_max octets" && bad=1; }
exit $bad
