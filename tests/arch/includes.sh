#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# includes.sh ROOT
# Which room may include what (docs/architecture.md), and that the FC values stand in one place.
set -eu
cd "$1"

rooms="include core host endpoint plugin ctl ue emks coap-gw examples"
present=
for room in $rooms; do
	[ -d "$room" ] && present="$present $room"
done
# shellcheck disable=SC2086 # a list of words
sources=$(find $present -name '*.[ch]' | sort)
test_sources=$(find tests -name '*.[ch]' | sort)

# shellcheck disable=SC2086
awk '
function offend(why)
{
	print FILENAME ":" FNR ": " $0 " -- " why
	bad = 1
}

BEGIN { split("plugin ctl coap-gw ue emks", ends) }

FNR == 1 {
	room = FILENAME
	sub(/\/.*/, "", room)
}

/^[ \t]*#[ \t]*include/ {
	name = $0
	sub(/^[^"<]*["<]/, "", name)
	sub(/[">].*/, "", name)

	if (name ~ /(^|\/)\.\.(\/|$)/)
		offend("no way out of a room by ..")
	if (name ~ /^mosquitto_(plugin|broker)\.h$/ && room != "plugin")
		offend("only plugin/ knows the broker'\''s plugin API")
	if (name ~ /^tests\// && room != "tests")
		offend("nothing includes tests/")
	if (room == "tests")
		next
	for (i in ends)
		if (index(name, ends[i] "/") == 1 && room != ends[i])
			offend(ends[i] "/ is met on the wire only")
	if (name == "psa/crypto.h" && FILENAME ~ /^emks\// && FILENAME !~ /^emks\/(crypto\.c|tool\/)/)
		offend("two threads of emks/ must not use PSA Crypto at once: emks/crypto.h")
	if (FILENAME ~ /^emks\/hss\// && name ~ /^emks\/(ks|daemon|tool)\//)
		offend("HSS/AuC knows nothing of the EMKS")
	if (FILENAME ~ /^emks\/ks\// && name ~ /^emks\/(hss|daemon|tool)\//)
		offend("the EMKS knows nothing of HSS/AuC")
	if (name ~ /^coap[0-9]*\// && room !~ /^(emks|ue|coap-gw)$/)
		offend("libcoap is for emks/, coap-gw/ and the tool of ue/")
	if (name ~ /^eese\/ue(_state)?\.h$/ && room !~ /^(include|ue|examples)$/)
		offend("the device library is for devices")
	if (name ~ /^coap[0-9]*\// && FILENAME !~ /^(coap-gw|emks|ue\/tool)\//)
		offend("libcoap is for the programs that speak CoAP")
	if (room == "coap-gw" && name ~ /^eese\// && name !~ /^eese\/(wire|control|data|keys|result)\.h$/)
		offend("the gateway looks at kinds and heads of messages, nothing more")
	if (name ~ /^endpoint\// && room !~ /^(endpoint|plugin)$/)
		offend("endpoint/ is for plugin/")
	if (name ~ /^core\// && room != "core")
		offend("the headers of core/ are its own")
	if (name ~ /^host\// && room ~ /^(include|core|endpoint|examples)$/)
		offend("host/ is for programs on a host")
	if (room == "core" && name !~ /^(core\/|eese\/|psa\/|std(int|def|bool)\.h$|string\.h$)/)
		offend("core/ needs PSA and mem* only")
}

END { exit bad }
' $sources $test_sources

# shellcheck disable=SC2086
holders=$(grep -liE '0xffe[0-5]' $sources || true)
if [ "$holders" != core/fc.h ]; then
	echo "FC values must stand in core/fc.h only, found in: $holders"
	exit 1
fi
