/* SPDX-License-Identifier: Apache-2.0 */
#include "host/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Reads the character at p, its length in octets into *len; 0xffffffff and 1: it is no UTF-8. */
static uint32_t character(const unsigned char *p, size_t *len)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc0 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	uint32_t c = n == 1 ? p[0] : p[0] & (0xffU >> (n + 1));
	bool ok = n > 0 && p[0] < 0xf8;

	/* Ends at the NUL, which continues nothing. */
	for (size_t i = 1; ok && i < n; i++) {
		ok = (p[i] & 0xc0) == 0x80;
		c = c << 6 | (p[i] & 0x3f);
	}
	ok = ok && c >= least[n] && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
	*len = ok ? n : 1;
	return ok ? c : UINT32_MAX;
}

static bool harmful(uint32_t c)
{
	return c == UINT32_MAX || c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x200e ||
	       c == 0x200f || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

void eese_text_clean(char *text)
{
	size_t len;

	for (unsigned char *p = (unsigned char *)text; *p != '\0'; p += len)
		if (harmful(character(p, &len)))
			memset(p, '?', len);
}
