/* SPDX-License-Identifier: Apache-2.0 */
#include "keyfile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/hex.h"
#include "host/private_file.h"
#include "host/say.h"

enum { LINE_MAX_OCTETS = 512 };

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

/* Reads a line into *out; *empty: a comment, or nothing. The reason of a failure, or NULL. */
static const char *read_line(const char *line, struct device_key *out, bool *empty)
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

struct search {
	const char *path, *ue;
	unsigned lines, found;
};

/* Takes one line into account; false: the reason was said. */
static bool take_line(struct search *s, unsigned number, const char *line, struct device_key *out)
{
	struct device_key key = {0};
	bool empty;
	const char *bad = read_line(line, &key, &empty);

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

static bool read_lines(struct search *s, FILE *file, struct device_key *out)
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

bool keyfile_read(const char *path, const char *ue, struct device_key *out)
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
