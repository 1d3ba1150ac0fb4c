/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/out.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/memory.h"
#include "ctl/options.h"
#include "host/say.h"
#include "host/text.h"

static int failure;      /* errno of the first one */
static bool array_begun; /* its first item was printed */

static void put(const char *text)
{
	if (failure == 0 && fputs(text, stdout) < 0)
		failure = errno;
}

void out_line(const char *format, ...)
{
	char *text = NULL;
	va_list ap;
	int len;

	va_start(ap, format);
	len = vasprintf(&text, format, ap);
	va_end(ap);
	if (len < 0) {
		failure = failure == 0 ? ENOMEM : failure;
		return;
	}
	while (len > 0 && text[len - 1] == ' ')
		text[--len] = '\0';
	eese_text_clean(text);
	put(text);
	put("\n");
	free(text);
}

/* Outside of texts JSON has nothing to clean, and '?' is good inside. */
static void put_json(const cJSON *value)
{
	char *text = cJSON_PrintUnformatted(value);

	eese_text_clean(text);
	put(text);
	cJSON_free(text);
}

void out_json(const cJSON *value)
{
	put_json(value);
	put("\n");
}

void out_array_begin(void)
{
	put("[");
	array_begun = false;
}

void out_array_item(const cJSON *value)
{
	put(array_begun ? ",\n" : "\n");
	array_begun = true;
	put_json(value);
}

void out_array_end(void)
{
	put(array_begun ? "\n]\n" : "]\n");
}

void out_flush(void)
{
	if (failure == 0 && fflush(stdout) != 0)
		failure = errno;
}

bool out_failed(void)
{
	return failure != 0;
}

int out_finish(int code)
{
	/* What stdio printed by itself, as --help, counts too. */
	if (failure == 0 && (fflush(stdout) != 0 || ferror(stdout) != 0))
		failure = errno;
	if (failure == 0)
		return code;
	/* Whoever reads it had enough, as in 'eese-ctl list | head'. */
	if (failure != EPIPE)
		say_error("standard output: %s", strerror(failure));
	return code == EXIT_DONE ? EXIT_REFUSED : code;
}
