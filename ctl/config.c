/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/config.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/private_file.h"
#include "host/say.h"

enum { CONFIG_MAX = 16384 };

/* Options point into it. */
static char text[CONFIG_MAX + 1];

static bool find(char path[PATH_MAX])
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int len = -1;

	/* The XDG specification: a relative path is to be ignored. */
	if (xdg != NULL && xdg[0] == '/')
		len = snprintf(path, PATH_MAX, "%s/eese-ctl", xdg);
	else if (home != NULL && home[0] == '/')
		len = snprintf(path, PATH_MAX, "%s/.config/eese-ctl", home);
	return len > 0 && len < PATH_MAX && access(path, F_OK) == 0;
}

/* Takes one line: nothing, a comment, or an option and perhaps its argument. */
static bool take(char *line, const struct eese_option_table *tables, size_t count)
{
	char *argv[] = {"eese-ctl", NULL, NULL, NULL};
	int argc = 1;

	line += strspn(line, " \t\r");
	for (size_t len = strlen(line); len > 0 && strchr(" \t\r", line[len - 1]) != NULL; len--)
		line[len - 1] = '\0';
	if (line[0] == '\0' || line[0] == '#')
		return true;
	argv[argc++] = line;
	line += strcspn(line, " \t");
	if (line[0] != '\0') {
		*line++ = '\0';
		argv[argc++] = line + strspn(line, " \t");
	}
	switch (eese_options_read(tables, count, EESE_OPTION_EVERYWHERE, false, argc, argv, NULL)) {
	case EESE_OPTIONS_READ:
		return true;
	case EESE_OPTIONS_HELP:
		say_error("--help is of no use here");
		break;
	case EESE_OPTIONS_WRONG:
		break;
	}
	return false;
}

bool config_read(const struct eese_option_table *tables, size_t count)
{
	char path[PATH_MAX], *rest = text, *line;
	const char *wrong;
	size_t len;

	if (!find(path))
		return true;
	wrong = eese_private_read(path, (uint8_t *)text, CONFIG_MAX, &len);
	if (wrong == NULL && strlen(text) != len)
		wrong = "is no text";
	if (wrong != NULL) {
		say_error("%s: %s", path, wrong);
		return false;
	}
	for (unsigned number = 1; (line = strsep(&rest, "\n")) != NULL; number++) {
		if (take(line, tables, count))
			continue;
		say_error("that is in %s, line %u", path, number);
		return false;
	}
	return true;
}
