/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "emks/hss/csv.h"

enum { NAME_SIZE = 40 };

/* Spelled with nothing but lower-case letters and digits. */
static const struct {
	const char *name;
	enum csv_column column;
} names[] = {
    {"imsi", CSV_IMSI},
    {"k", CSV_K},
    {"ki", CSV_K},
    {"op", CSV_OP},
    {"opc", CSV_OPC},
    {"amf", CSV_AMF},
    {"ueid", CSV_UE_ID},
    {"externalid", CSV_EXTERNAL_ID},
    {"externalidentifier", CSV_EXTERNAL_ID},
    {"msisdn", CSV_MSISDN},
    {"enps", CSV_ENPS},
    {"hps", CSV_HPS},
    {"eese", CSV_EESE},
    {"eeses", CSV_EESE},
};

static void spell(const char *field, char out[NAME_SIZE])
{
	size_t n = 0;

	for (; *field != '\0' && n + 1 < NAME_SIZE; field++)
		if (isalnum((unsigned char)*field) != 0)
			out[n++] = (char)tolower((unsigned char)*field);
	out[n] = '\0';
}

static int column_of(const char *field)
{
	char name[NAME_SIZE];

	spell(field, name);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i].name, name) == 0)
			return (int)names[i].column;
	return -1;
}

static size_t count_of(const char *text, char c)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == c ? 1 : 0;
	return n;
}

static char separator_of(const char *line)
{
	static const char all[] = {',', ';', '\t'};
	char best = all[0];

	for (size_t i = 1; i < sizeof all; i++)
		if (count_of(line, all[i]) > count_of(line, best))
			best = all[i];
	return best;
}

static bool place(struct csv_header *h, char *fields[], size_t count, char *ignored, size_t size,
		  char *wrong)
{
	size_t len = 0;

	for (size_t i = 0; i < count; i++) {
		const int column = column_of(fields[i]);

		if (column < 0 && fields[i][0] != '\0' && len < size)
			len += (size_t)snprintf(ignored + len, size - len, "%s%.40s",
						len > 0 ? ", " : "", fields[i]);
		if (column < 0)
			continue;
		if (h->at[column] >= 0) {
			snprintf(wrong, CSV_WRONG_SIZE, "columns %d and %zu say the same",
				 h->at[column] + 1, i + 1);
			return false;
		}
		h->at[column] = (int)i;
	}
	return true;
}

bool csv_read_header(char *line, struct csv_header *out, char *ignored, size_t size,
		     char wrong[CSV_WRONG_SIZE])
{
	static const char mark[] = "\xef\xbb\xbf";
	char *fields[CSV_FIELDS_MAX];
	size_t count;

	if (strncmp(line, mark, sizeof mark - 1) == 0)
		line += sizeof mark - 1;
	out->separator = separator_of(line);
	for (int i = 0; i < CSV_COLUMNS; i++)
		out->at[i] = -1;
	ignored[0] = '\0';
	if (!csv_split(line, out->separator, fields, &count, wrong) ||
	    !place(out, fields, count, ignored, size, wrong))
		return false;
	if (out->at[CSV_IMSI] >= 0 && out->at[CSV_K] >= 0)
		return true;
	snprintf(wrong, CSV_WRONG_SIZE,
		 "no column %s; the first line must name the columns, such as imsi,ki,opc",
		 out->at[CSV_IMSI] < 0 ? "imsi" : "ki");
	return false;
}
