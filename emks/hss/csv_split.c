/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "emks/hss/csv.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Moves behind a quoted field, whose text without quotes it leaves at its begin. NULL: not closed.
 */
static char *unquote(char *at)
{
	char *out = at++;

	for (;; at++) {
		if (*at == '\0')
			return NULL;
		if (*at == '"' && at[1] == '"')
			at++;
		else if (*at == '"')
			break;
		*out++ = *at;
	}
	*out = '\0';
	return at + 1;
}

/* Ends the field at begin; returns where the separator or the end is. NULL: quotes are wrong. */
static char *end_field(char *begin, char separator)
{
	char *end, *last;

	if (*begin == '"') {
		end = unquote(begin);
		while (end != NULL && *end != separator && is_blank(*end))
			end++;
		return end != NULL && (*end == separator || *end == '\0') ? end : NULL;
	}
	end = begin + strcspn(begin, (char[]){separator, '\0'});
	last = end;
	while (last > begin && is_blank(last[-1]))
		last--;
	/* the separator itself is looked at by the caller, so it stays if it is next */
	if (last != end)
		*last = '\0';
	return end;
}

bool csv_split(char *line, char separator, char *fields[CSV_FIELDS_MAX], size_t *count,
	       char wrong[CSV_WRONG_SIZE])
{
	bool more = true;

	for (*count = 0; more; ++*count) {
		char *end;

		if (*count == CSV_FIELDS_MAX) {
			snprintf(wrong, CSV_WRONG_SIZE, "more than %d fields", CSV_FIELDS_MAX);
			return false;
		}
		while (*line != separator && is_blank(*line))
			line++;
		fields[*count] = line;
		end = end_field(line, separator);
		if (end == NULL) {
			snprintf(wrong, CSV_WRONG_SIZE, "field %zu: quotes are not closed",
				 *count + 1);
			return false;
		}
		more = *end != '\0';
		*end = '\0';
		line = end + (more ? 1 : 0);
	}
	return true;
}
