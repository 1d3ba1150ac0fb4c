#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# completion.sh ROOT EESE-CTL
# What bash offers behind a line, through the completion that is installed.
set -u
. "$1/ctl/eese-ctl.bash" || exit 1
PATH=$(dirname "$2"):$PATH
bad=0

# offers EXPECTED WORD..: a pattern for what is offered, sorted, behind these words.
offers() {
	local expected=$1 got
	shift
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMPREPLY=()
	_eese_ctl
	got=$(printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' ')
	# shellcheck disable=SC2053 # a pattern
	if [[ ${got% } != $expected ]]; then
		echo "$* .. offers '${got% }', not '$expected'"
		bad=1
	fi
}

offers 'add expire group help list remove show status te2e watch' eese-ctl ''
offers 'show status' eese-ctl s
offers 'list' eese-ctl -h list -p 3 --json l
offers 'watch' eese-ctl help w
offers '--state' eese-ctl list --st
offers 'expired new noKey pending refreshing valid' eese-ctl list --state ''
offers 'expired' eese-ctl list --state ex
offers 'mqttv31 mqttv311 mqttv5' eese-ctl -V mqtt
offers '*--group*--help*-v*' eese-ctl list -
offers '*--all*--from*--yes*' eese-ctl expire --
offers '--cafile --capath --cert' eese-ctl --c
offers 'default' eese-ctl te2e d
offers '' eese-ctl te2e 60 d
offers '' eese-ctl --username ''
offers "$1/README.md" eese-ctl --cafile "$1/READM"
offers '' eese-ctl show -h ''

# The states it knows are those of the program.
states=$("$2" list --help | sed -n 's/.*in this state: //p' | tr -d ,)
for state in $states; do
	offers "$state" eese-ctl list --state "$state"
done
[ "$(wc -w <<<"$states")" -eq 6 ] || bad=1
complete -p eese-ctl | grep -q -- '-F _eese_ctl eese-ctl' || bad=1
exit $bad
