/* SPDX-License-Identifier: Apache-2.0 */
/* A look at JSON before it is parsed: the parser is lenient, and slow on millions of values. */
#ifndef EESE_PLUGIN_SCAN_H
#define EESE_PLUGIN_SCAN_H

#include <stddef.h>

enum eese_scan {
	EESE_SCAN_GOOD, /* for the parser to judge */
	EESE_SCAN_BAD,  /* a control character, escaped NULs included, in a string; cJSON would cut
			   the string off there */
	EESE_SCAN_MANY, /* more than most commas outside of strings */
};

enum eese_scan eese_scan_json(const char *text, size_t len, size_t most);

#endif
