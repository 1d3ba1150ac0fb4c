/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/memory.h"
#include "ctl/options.h"
#include "host/hex.h"
#include "host/key_line.h"
#include "host/private_file.h"
#include "host/say.h"
#include "host/whole.h"

enum { FILE_MAX = 16 << 20 };

static const char *read_file(const char *path, uint8_t *text, size_t *len)
{
	return strcmp(path, "-") == 0 ? eese_read_whole(STDIN_FILENO, text, FILE_MAX, len)
				      : eese_private_read(path, text, FILE_MAX, len);
}

/* Whether the whole text is a key and blanks around it. */
static bool is_bare_key(const char *text, uint8_t out[EESE_INT_KEY_SIZE])
{
	static const char blanks[] = " \t\r\n";
	const char *key = text + strspn(text, blanks);
	const size_t len = strcspn(key, blanks);

	return key[len + strspn(key + len, blanks)] == '\0' &&
	       eese_hex_read(key, len, out, EESE_INT_KEY_SIZE);
}

/* Looks for the line of the UE; what is wrong, or NULL. *line: which one it is. */
static const char *find(char *text, const char *ue, uint8_t out[EESE_INT_KEY_SIZE], unsigned *line)
{
	struct eese_device_key key;
	const char *wrong = NULL;
	unsigned found = 0;
	bool empty;
	char *at;

	for (*line = 1; wrong == NULL && (at = strsep(&text, "\n")) != NULL; ++*line) {
		wrong = eese_key_line_read(at, &key, &empty);
		if (wrong != NULL)
			break;
		if (!empty && strcmp(key.ue_id, ue) == 0) {
			found++;
			memcpy(out, key.int_key, EESE_INT_KEY_SIZE);
		}
	}
	eese_wipe(&key, sizeof key);
	if (wrong != NULL)
		return wrong;
	*line = 0;
	return found == 1  ? NULL
	       : found > 1 ? "has more than one line of this UE"
			   : "has no line of this UE";
}

int key_read(const char *path, const char *ue, uint8_t out[EESE_INT_KEY_SIZE])
{
	char *text = memory_get(FILE_MAX + 1, 1);
	size_t len = 0;
	unsigned line = 0;
	const char *wrong = read_file(path, (uint8_t *)text, &len);

	memset(out, 0, EESE_INT_KEY_SIZE);
	if (wrong == NULL && strlen(text) != len)
		wrong = "is no text";
	if (wrong == NULL && !is_bare_key(text, out))
		wrong = find(text, ue, out, &line);
	eese_wipe(text, len);
	free(text);
	if (wrong == NULL)
		return GO_ON;
	eese_wipe(out, EESE_INT_KEY_SIZE);
	path = strcmp(path, "-") == 0 ? "standard input" : path;
	if (line > 0)
		say_error("%s, line %u: %s", path, line, wrong);
	else
		say_error("%s %s", path, wrong);
	return EXIT_USAGE;
}
