/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/scan.h"

#include <stdbool.h>
#include <string.h>

static bool is_escaped_nul(const char *text, size_t left)
{
	return left >= 6 && memcmp(text, "\\u0000", 6) == 0;
}

/* Behind the string that begins at text[at]; 0: it holds what none may hold. */
static size_t skip_string(const char *text, size_t len, size_t at)
{
	for (at++; at < len && text[at] != '"'; at++) {
		if ((unsigned char)text[at] < 0x20 || is_escaped_nul(text + at, len - at))
			return 0;
		if (text[at] == '\\')
			at++;
	}
	return at + 1;
}

enum eese_scan eese_scan_json(const char *text, size_t len, size_t most)
{
	size_t commas = 0;

	for (size_t at = 0; at < len;) {
		if (text[at] == '"') {
			at = skip_string(text, len, at);
			if (at == 0)
				return EESE_SCAN_BAD;
			continue;
		}
		if (text[at] == ',' && ++commas > most)
			return EESE_SCAN_MANY;
		at++;
	}
	return EESE_SCAN_GOOD;
}
