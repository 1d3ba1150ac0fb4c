/* SPDX-License-Identifier: Apache-2.0 */
#include "host/number.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool eese_number_read(const char *text, long min, long max, long *out)
{
	const char *digits = text + (*text == '-');
	long value;

	/* Looked at first, as strtol() also takes blanks and a plus in front. */
	if (*digits == '\0' || digits[strspn(digits, "0123456789")] != '\0')
		return false;
	errno = 0;
	value = strtol(text, NULL, 10);
	if (errno != 0 || value < min || value > max)
		return false;
	*out = value;
	return true;
}

bool eese_seconds_read(const char *text, long max, uint64_t *out)
{
	double value;

	/* No signs, exponents, infinities; and strtod() follows the locale, which no program sets.
	 */
	if (*text == '\0' || text[strspn(text, "0123456789.")] != '\0' ||
	    strpbrk(text, "0123456789") == NULL || strchr(text, '.') != strrchr(text, '.'))
		return false;
	value = strtod(text, NULL);
	if (value > (double)max)
		return false;
	*out = (uint64_t)(value * 1000);
	return true;
}
