/* SPDX-License-Identifier: Apache-2.0 */
#include "host/rfc3339.h"

#include <stddef.h>
#include <string.h>
#include <time.h>

static const uint64_t last_second = UINT64_C(253402300799);

void eese_rfc3339_write(uint64_t unix, char out[EESE_RFC3339_SIZE])
{
	const time_t t = (time_t)(unix < last_second ? unix : last_second);
	struct tm tm;

	gmtime_r(&t, &tm); /* years 1970 to 9999: it can't fail */
	strftime(out, EESE_RFC3339_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* Exactly count digits at *text, moving it behind them; -1: they are not. */
static int digits(const char **text, int count)
{
	int n = 0;

	for (; count > 0; count--, (*text)++) {
		if (**text < '0' || **text > '9')
			return -1;
		n = n * 10 + (**text - '0');
	}
	return n;
}

/* One of these characters, moving *text behind it. */
static bool one_of(const char **text, const char *any)
{
	if (**text == '\0' || strchr(any, **text) == NULL)
		return false;
	(*text)++;
	return true;
}

static bool within(int n, int least, int most)
{
	return n >= least && n <= most;
}

static bool read_date(const char **text, struct tm *out)
{
	static const char days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year = digits(text, 4), month, day, last;
	bool leap;

	if (!within(year, 1970, 9999) || !one_of(text, "-") ||
	    !within(month = digits(text, 2), 1, 12) || !one_of(text, "-"))
		return false;
	day = digits(text, 2);
	leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	last = days[month - 1] + (month == 2 && leap);
	*out = (struct tm){.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
	return within(day, 1, last);
}

/* A second 60 is a leap second; POSIX time has none, and it counts as the next one. */
static bool read_time(const char **text, struct tm *out)
{
	if (!within(out->tm_hour = digits(text, 2), 0, 23) || !one_of(text, ":") ||
	    !within(out->tm_min = digits(text, 2), 0, 59) || !one_of(text, ":") ||
	    !within(out->tm_sec = digits(text, 2), 0, 60))
		return false;
	if (!one_of(text, "."))
		return true;
	if (digits(text, 1) < 0)
		return false;
	while (**text >= '0' && **text <= '9')
		(*text)++;
	return true;
}

static bool read_offset(const char **text, int *seconds)
{
	bool west = **text == '-';
	int hours, minutes;

	*seconds = 0;
	if (one_of(text, "Zz"))
		return true;
	if (!one_of(text, "+-") || !within(hours = digits(text, 2), 0, 23) || !one_of(text, ":") ||
	    !within(minutes = digits(text, 2), 0, 59))
		return false;
	*seconds = (hours * 60 + minutes) * (west ? -60 : 60);
	return true;
}

bool eese_rfc3339_read(const char *text, uint64_t *unix_s)
{
	struct tm tm;
	int offset;
	time_t t;

	*unix_s = 0;
	if (!read_date(&text, &tm) || !one_of(&text, "Tt ") || !read_time(&text, &tm) ||
	    !read_offset(&text, &offset) || *text != '\0')
		return false;
	t = timegm(&tm) - offset;
	if (t < 0)
		return false;
	*unix_s = (uint64_t)t;
	return true;
}
