# SPDX-License-Identifier: Apache-2.0
# stack.awk: of a disassembly (objdump -d --no-show-raw-insn) the deepest stack that any function
# may need with all it calls, in octets. What is called by pointer or is not in
# the image (the port, PSA, libc) counts nothing. There is no recursion in it, or this fails.

/^[0-9a-f]+ <.*>:$/ {
	fn = $2
	gsub(/[<>:]/, "", fn)
	frame[fn] = 0
}

$2 == "push" || ($2 == "stmdb" && $3 == "sp!,") {
	registers = $0
	frame[fn] += 4 * (gsub(/[,{]/, "", registers) - ($2 == "stmdb"))
}

$2 ~ /^str/ && match($0, /\[sp, #-[0-9]+\]!/) {
	frame[fn] += substr($0, RSTART + 6, RLENGTH - 8)
}

$2 ~ /^sub/ && $3 ~ /^sp,?$/ && match($0, /#[0-9]+/) {
	frame[fn] += substr($0, RSTART + 1, RLENGTH - 1)
}

# A call, or a jump into another function, which comes to the same.
$2 ~ /^b[a-z.]*$/ && match($0, /<[A-Za-z0-9_.]+>$/) {
	callee = substr($0, RSTART + 1, RLENGTH - 2)
	if (callee != fn)
		calls[fn, ++count[fn]] = callee
}

function depth(f, i, d, most)
{
	if (f in known)
		return known[f]
	if (f in open) {
		print "recursion: " f
		bad = 1
		exit 1
	}
	open[f] = 1
	most = 0
	for (i = 1; i <= count[f]; i++) {
		d = depth(calls[f, i])
		if (d > most)
			most = d
	}
	delete open[f]
	return known[f] = frame[f] + most
}

END {
	if (bad)
		exit 1
	for (f in frame)
		if (depth(f) > deepest)
			deepest = depth(f)
	print deepest
}
