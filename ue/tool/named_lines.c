/* SPDX-License-Identifier: Apache-2.0 */
#include "named_lines.h"

#include <string.h>

#include "eese/keys.h"
#include "host/private_file.h"
#include "host/say.h"

static const char blanks[] = " \t\r";

/* Ends the word at *at with NUL and moves *at behind it. */
static char *take_word(char **at)
{
	char *word = *at + strspn(*at, blanks);

	*at = word + strcspn(word, blanks);
	if (**at)
		*(*at)++ = '\0';
	return word;
}

static const char *take_line(char *line, const char *(*take)(void *, const char *, const char *),
			     void *ctx)
{
	const char *name = take_word(&line), *value = take_word(&line), *more = take_word(&line);

	if (!*name || *name == '#')
		return NULL;
	if (!*value || (*more && *more != '#'))
		return "a name and a value are needed";
	return take(ctx, name, value);
}

bool named_lines_read(const char *what, const char *path,
		      const char *(*take)(void *ctx, const char *name, const char *value),
		      void *ctx)
{
	char text[NAMED_LINES_MAX + 1], *line = text;
	size_t len;
	const char *wrong = eese_private_read(path, (uint8_t *)text, NAMED_LINES_MAX, &len);

	text[len] = '\0';
	if (wrong)
		say_error("%s %s: %s", what, path, wrong);
	for (unsigned number = 1; !wrong && line < text + len; number++) {
		char *end = line + strcspn(line, "\n");

		*end = '\0';
		wrong = take_line(line, take, ctx);
		if (wrong)
			say_error("%s %s, line %u: %s", what, path, number, wrong);
		line = end + 1;
	}
	eese_wipe(text, sizeof(text));
	return !wrong;
}
