# SPDX-License-Identifier: Apache-2.0
# bash completion for eese-ctl. Commands and options come from its --help, so that they are those of
# the program that is installed.

_eese_ctl_commands() {
	"$1" --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z0-9]*\)  *.*/\1/p'
}

# _eese_ctl_options PROGRAM [COMMAND]: all options, those with an argument end with =.
_eese_ctl_options() {
	"$1" --help 2>/dev/null | sed -n '/^Options/,/^$/p'
	[ -z "${2-}" ] || "$1" "$2" --help 2>/dev/null | sed -n '/^Options:/,/^$/p'
}

# Long options and letters, one a line; with "=" only those with an argument.
_eese_ctl_words() {
	sed -n "s/^  \(-.\)\{0,1\},\{0,1\} *\(--[a-z0-9-]*\)\{0,1\} $1.*/\1\n\2/p" | sed '/^$/d' | sort -u
}

# The command on the line, if it is there already: the first word that is neither an option nor the
# argument of one.
_eese_ctl_find_command() {
	local with_argument word skip=
	with_argument=" $(_eese_ctl_options "$1" | _eese_ctl_words '[A-Z]' | tr '\n' ' ') "
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		if [ -n "$skip" ]; then
			skip=
		elif [[ $word == -* ]]; then
			[[ $with_argument != *" $word "* ]] || skip=yes
		else
			echo "$word"
			return
		fi
	done
}

_eese_ctl() {
	local program=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} before command choices=
	before=${COMP_WORDS[COMP_CWORD - 1]}
	command=$(_eese_ctl_find_command "$program")
	COMPREPLY=()
	case $before in
	--state) choices="noKey new pending valid refreshing expired" ;;
	-V | --protocol-version) choices="mqttv5 mqttv311 mqttv31" ;;
	--tls-version) choices="tlsv1.3 tlsv1.2" ;;
	--cafile | --cert | --key | --pw-file | --unix | --from | --key-file)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		compopt -o filenames 2>/dev/null
		return
		;;
	--capath)
		mapfile -t COMPREPLY < <(compgen -d -- "$word")
		compopt -o filenames 2>/dev/null
		return
		;;
	*)
		if [[ " $(_eese_ctl_options "$program" "$command" | _eese_ctl_words '[A-Z]' |
			tr '\n' ' ') " == *" $before "* ]]; then
			return
		elif [[ $word == -* ]]; then
			choices=$(_eese_ctl_options "$program" "$command" | _eese_ctl_words '')
		elif [ -z "$command" ] || [[ $command == help && $before == help ]]; then
			choices=$(_eese_ctl_commands "$program")
		elif [[ $command == te2e && $before == te2e ]]; then
			choices=default
		fi
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
}

complete -F _eese_ctl eese-ctl
