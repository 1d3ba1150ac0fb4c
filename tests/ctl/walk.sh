#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# walk.sh [--print] ROOT EESE-CTL EESE-UE PLUGIN [ASAN-LIBRARY]
# The walk through eese-ctl in README.md: runs its commands at a real broker and compares what they
# print with what stands there, but for numbers and the order of lines. --print prints the walk for
# the README instead, at the pace of someone who types.
set -euo pipefail
umask 077
print=false
[ "$1" != --print ] || { print=true && shift; }
root=$1 ctl=$2 ue=$3 plugin=$4 asan=${5-}
PATH=$(dirname "$ctl"):$PATH:/usr/sbin
dir=$(mktemp -d "${TMPDIR:-/tmp}/eese-walk.XXXXXX")
export XDG_CONFIG_HOME=$dir
pids=()

clean_up() {
	local status=$?
	[ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null || true
	wait
	[ $status -eq 0 ] || tail -n 20 "$dir"/*.log >&2 || true
	rm -rf "$dir"
}
trap clean_up EXIT

random_key() {
	head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n'
}

write_files() {
	local name
	for name in sensor-0042 sensor-0017 sensor-0018; do
		echo "$name $(random_key)"
	done >"$dir/keys"
	sed -i '/sensor-001/s/$/ group=roof/' "$dir/keys"
	printf '%s:secret\n' admin sensor-0042 sensor-0017 >"$dir/passwords"
	mosquitto_passwd -U "$dir/passwords"
	printf 'user admin\ntopic read app/+/event\n' >"$dir/acl"
	echo secret >"$dir/password"
}

write_config() {
	cat >"$dir/mosquitto.conf" <<-END
		listener $port 127.0.0.1
		user $(id -un)
		set_tcp_nodelay true
		allow_anonymous false
		password_file $dir/passwords
		acl_file $dir/acl
		log_dest stderr
		plugin $plugin
		plugin_opt_key_file $dir/keys
		plugin_opt_store none
		plugin_opt_admins admin
	END
	cat >"$dir/eese-ctl" <<-END
		-h 127.0.0.1
		-p $port
		-u admin
		--pw-file $dir/password
	END
}

# Another program may take the port in between, so it gets a few tries.
start_broker() {
	local try pid
	for try in 1 2 3 4 5; do
		port=$((20000 + RANDOM % 12000))
		write_config
		(
			[ -z "$asan" ] || export LD_PRELOAD=$asan ASAN_OPTIONS=detect_leaks=0
			exec mosquitto -c "$dir/mosquitto.conf"
		) >"$dir/broker.log" 2>&1 &
		pid=$!
		until grep -q running "$dir/broker.log"; do
			kill -0 $pid 2>/dev/null || continue 2
			sleep 0.05
		done
		pids+=($pid)
		return
	done
	echo "the broker did not start" >&2
	exit 1
}

# device NAME: a reading, by a device that the broker knows. Each in a session of its own: taking one
# over is told as the end of the former.
device() {
	"$ue" pub -h 127.0.0.1 -p "$port" -i "$1-$RANDOM" --ue "$1" --key-file "$dir/keys" --state "$dir/$1.state" \
		-P secret -t temperature -m 21.5
}

# The walk's blocks: those of its section that have commands.
section() {
	sed -n '/^### Run the fleet: eese-ctl/,/^##* /p' "$root/README.md" |
		sed -n '/^```$/,/^```$/p' | grep -v '^```$' | sed -n '/^\$ /,$p'
}

# What is the same each time: numbers and IKIDs are N, blanks one; in any order.
shape() {
	sed -E '/ disconnected$/d; s/(IKID |KeyId":")[0-9a-f]{4}/\1N/; s/[0-9]+(\.[0-9]+)?/N/g; s/N (s|min|h|d)( N (s|min|h|d))?/N s/g
		s/ +/ /g' | LC_ALL=C sort
}

# watch COMMAND: what it prints when a device with an expired keyset comes. Of the events before it
# some may be told meanwhile, as there is at most one of a kind and UE in 10 s.
watch() {
	: >"$dir/watch.log"
	eese-ctl -d "${1#eese-ctl }" >"$dir/watch" 2>"$dir/watch.log" &
	local pid=$!
	pids+=($pid)
	until grep -q 'event: watching' "$dir/watch.log"; do sleep 0.05; done
	device sensor-0042
	for ((i = 0; i < 600; i++)); do
		! grep -q keyRefreshed "$dir/watch" || break
		sleep 0.05
	done
	! $print || sleep 1
	kill $pid
	wait $pid || true
	if $print; then cat "$dir/watch"; else grep -E 'sensor-0042 +(rejected|keyRef)' "$dir/watch"; fi
}

# run COMMAND: what it prints is left in $got.
run() {
	if [[ $1 == "eese-ctl watch" ]]; then
		! $print || sleep 12
		got=$(watch "$1")
	else
		got=$(cd "$dir" && bash -o pipefail -c "$1" 2>&1) || true
	fi
}

check() { # command, what the README shows
	run "$1"
	if $print; then
		sleep 1.5
		printf '$ %s\n%s\n' "$1" "$got"
	elif ! diff <(shape <<<"$2") <(shape <<<"$got") >"$dir/diff"; then
		printf '$ %s\nREADME.md:\n%s\nprinted:\n%s\n' "$1" "$2" "$got"
		cat "$dir/diff"
		bad=1
	fi
	steps=$((steps + 1))
}

bad=0 steps=0 command= expected=
write_files
start_broker
device sensor-0042
device sensor-0017
while IFS= read -r line; do
	if [[ $line == '$ '* ]]; then
		[ -z "$command" ] || check "$command" "$expected"
		command=${line#'$ '} expected=
	else
		expected+=${expected:+$'\n'}$line
	fi
done < <(section)
[ -z "$command" ] || check "$command" "$expected"
if [ $steps -lt 10 ]; then
	echo "README.md has $steps commands of the walk only"
	bad=1
fi
exit $bad
