/* SPDX-License-Identifier: Apache-2.0 */
#include "keyfile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/private_file.h"
#include "host/say.h"

enum { LINE_MAX_OCTETS = 512 };

struct search {
	const char *path, *ue;
	unsigned lines, found;
};

/* Takes one line into account; false: the reason was said. */
static bool take_line(struct search *s, unsigned number, const char *line,
		      struct eese_device_key *out)
{
	struct eese_device_key key = {0};
	bool empty;
	const char *bad = eese_key_line_read(line, &key, &empty);

	if (!bad && !empty) {
		s->lines++;
		if (!s->ue || strcmp(s->ue, key.ue_id) == 0) {
			s->found++;
			*out = key;
		}
	}
	eese_wipe(&key, sizeof(key));
	if (bad)
		say_error("key file %s, line %u: %s", s->path, number, bad);
	return !bad;
}

static bool read_lines(struct search *s, FILE *file, struct eese_device_key *out)
{
	char line[LINE_MAX_OCTETS];
	unsigned number = 0;
	bool ok = true;

	while (ok && fgets(line, sizeof(line), file)) {
		number++;
		if (!strchr(line, '\n') && !feof(file)) {
			say_error("key file %s, line %u: too long", s->path, number);
			ok = false;
		} else {
			ok = take_line(s, number, line, out);
		}
	}
	eese_wipe(line, sizeof(line));
	if (ok && ferror(file)) {
		say_error("key file %s: %s", s->path, strerror(errno));
		ok = false;
	}
	return ok;
}

static bool judge(const struct search *s)
{
	if (s->found == 1)
		return true;
	if (s->found > 1 && s->ue)
		say_error("key file %s: %s is there %u times", s->path, s->ue, s->found);
	else if (s->found > 1)
		say_error("key file %s has %u lines: say which one with --ue", s->path, s->lines);
	else if (s->ue)
		say_error("key file %s: no line for %s", s->path, s->ue);
	else
		say_error("key file %s has no key", s->path);
	return false;
}

static FILE *open_private(const char *path)
{
	const char *wrong;
	const int fd = eese_private_open(path, &wrong);
	FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;

	if (!file) {
		say_error("key file %s: %s", path, fd < 0 ? wrong : strerror(errno));
		if (fd >= 0)
			close(fd);
	}
	return file;
}

bool keyfile_read(const char *path, const char *ue, struct eese_device_key *out)
{
	struct search s = {.path = path, .ue = ue};
	char buffer[4096]; /* stdio's, here so that it can be wiped */
	FILE *file = open_private(path);
	bool ok;

	memset(out, 0, sizeof(*out));
	if (!file)
		return false;
	setvbuf(file, buffer, _IOFBF, sizeof(buffer));
	ok = read_lines(&s, file, out) && judge(&s);
	fclose(file);
	eese_wipe(buffer, sizeof(buffer));
	if (!ok)
		eese_wipe(out, sizeof(*out));
	return ok;
}
