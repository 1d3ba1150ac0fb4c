/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/text.h"

#include <stdio.h>
#include <string.h>

const char *text_duration(double seconds, char out[TEXT_DURATION_ROOM])
{
	static const struct {
		long long seconds;
		const char *name;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
	/* Far beyond what the EESE takes, and within what the conversion can. A NaN is 0. */
	const double bounded = seconds > 0 ? (seconds < 1e15 ? seconds : 1e15) : 0;
	const long long total = (long long)bounded;
	size_t i = 0;
	long long rest;

	while (i < 3 && total < units[i].seconds)
		i++;
	rest = i < 3 ? total % units[i].seconds / units[i + 1].seconds : 0;
	if (rest > 0)
		snprintf(out, TEXT_DURATION_ROOM, "%lld %s %lld %s", total / units[i].seconds,
			 units[i].name, rest, units[i + 1].name);
	else
		snprintf(out, TEXT_DURATION_ROOM, "%lld %s", total / units[i].seconds,
			 units[i].name);
	return out;
}

const char *text_te2e(double seconds, char out[TEXT_DURATION_ROOM])
{
	return seconds > 0 ? text_duration(seconds, out) : "for ever";
}

const char *text_alg(double number)
{
	static const struct {
		double number;
		const char *name;
	} names[] = {{1, "A128GCM"},
		     {10, "AES-CCM-16-64-128"},
		     {24, "ChaCha20/Poly1305"},
		     {30, "AES-CCM-16-128-128"}};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].number == number)
			return names[i].name;
	return "unknown";
}

bool text_is_state(const char *text)
{
	const size_t len = strlen(text);

	for (const char *p = TEXT_STATES; len > 0 && *p != '\0';) {
		const size_t n = strcspn(p, ",");

		if (n == len && memcmp(p, text, n) == 0)
			return true;
		p += n + strspn(p + n, ", ");
	}
	return false;
}
