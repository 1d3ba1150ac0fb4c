/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/memory.h"
#include "eese/keys.h"
#include "host/say.h"

static bool add(struct names *n, const char *name, size_t len)
{
	if (!eese_ue_id_valid(name, len))
		return false;
	if (n->count == n->size) {
		n->size = 2 * n->size + 16;
		n->list = memory_more(n->list, n->size, sizeof *n->list);
	}
	n->list[n->count++] = memory_copy(name, len);
	return true;
}

static int complain(const char *path, const char *why)
{
	say_error("%s: %s", path, why);
	return EXIT_USAGE;
}

/* getline() gives lines as long as they are, but no more than memory has. */
static int read_lines(struct names *n, const char *path, FILE *f)
{
	static const char blanks[] = " \t\r\n";
	char *line = NULL, place[32];
	size_t room = 0;
	bool ok = true;
	ssize_t octets;

	for (unsigned number = 1; ok && (octets = getline(&line, &room, f)) >= 0; number++) {
		const char *name = line + strspn(line, blanks);
		size_t len = strcspn(name, blanks);

		ok = len == 0 || *name == '#' ||
		     (name[len + strspn(name + len, blanks)] == '\0' && add(n, name, len));
		/* A NUL would hide what stands behind it. */
		ok = ok && strlen(line) == (size_t)octets;
		if (!ok) {
			snprintf(place, sizeof place, "line %u is no UE-ID", number);
			complain(path, place);
		}
	}
	free(line);
	if (!ok)
		return EXIT_USAGE;
	return ferror(f) ? complain(path, strerror(errno)) : GO_ON;
}

static int read_file(struct names *n, const char *path)
{
	const bool is_stdin = strcmp(path, "-") == 0;
	FILE *f = is_stdin ? stdin : fopen(path, "re");
	int code;

	if (f == NULL)
		return complain(path, strerror(errno));
	code = read_lines(n, is_stdin ? "standard input" : path, f);
	if (!is_stdin)
		fclose(f);
	return code;
}

int names_read(struct names *n, const struct options *o, size_t first)
{
	*n = (struct names){0};
	for (size_t i = first; i < o->arg_count; i++)
		if (!add(n, o->args[i], strlen(o->args[i])))
			return complain(o->args[i],
					"a UE-ID is 1 to 64 characters of A-Za-z0-9._@-");
	return o->from != NULL ? read_file(n, o->from) : GO_ON;
}

void names_free(struct names *n)
{
	for (size_t i = 0; i < n->count; i++)
		free(n->list[i]);
	free(n->list);
	*n = (struct names){0};
}
