/* SPDX-License-Identifier: Apache-2.0 */
#include "host/key_line.h"

#include <string.h>

#include "host/hex.h"

static const char blanks[] = " \t\r\n";

/* The enterprise's settings for this UE mean nothing here, but a misspelt one is an error. */
static bool setting_ok(const char *word, size_t len)
{
	if (len > 5 && memcmp(word, "te2e=", 5) == 0)
		return strspn(word + 5, "0123456789") == len - 5;
	return len > 6 && memcmp(word, "group=", 6) == 0;
}

/* The next word of a line; its length in *len, 0 at the end. */
static const char *next_word(const char **line, size_t *len)
{
	const char *word = *line + strspn(*line, blanks);

	*len = strcspn(word, blanks);
	*line = word + *len;
	return word;
}

const char *eese_key_line_read(const char *line, struct eese_device_key *out, bool *empty)
{
	size_t len;
	const char *word = next_word(&line, &len);

	*empty = len == 0 || *word == '#';
	if (*empty)
		return NULL;
	if (!eese_ue_id_valid(word, len))
		return "not a UE-ID";
	memcpy(out->ue_id, word, len);
	out->ue_id[len] = '\0';
	word = next_word(&line, &len);
	if (!eese_hex_read(word, len, out->int_key, EESE_INT_KEY_SIZE))
		return "64 hexadecimal digits are needed after the UE-ID";
	for (word = next_word(&line, &len); len > 0 && *word != '#'; word = next_word(&line, &len))
		if (!setting_ok(word, len))
			return "only te2e=SECONDS and group=NAME may follow the key";
	return NULL;
}
