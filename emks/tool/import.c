/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "emks/hss/staging.h"
#include "emks/tool/tool.h"
#include "host/private_file.h"
#include "host/say.h"

enum { PROGRESS_TTY_MS = 200, PROGRESS_LOG_MS = 5000 };

struct import {
	const char *name; /* of the file */
	FILE *file;
	char buffer[1 << 16]; /* the file's: its own would not be wiped */
	char line[CSV_LINE_SIZE];
	int64_t number, bad;
	int64_t shorter, first_shorter; /* IMSIs of fewer than 15 digits: how many, which line */
	struct csv_header header;
	struct csv_defaults defaults;
	char allowed[EESES_MAX * (HSS_EESE_MAX + 1)];
	struct staging staging;
	int64_t told_ms;
	bool tty;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void progress(struct import *m)
{
	const int64_t now = now_ms();

	if (now - m->told_ms < (m->tty ? PROGRESS_TTY_MS : PROGRESS_LOG_MS))
		return;
	m->told_ms = now;
	if (m->tty)
		fprintf(stderr, "\r%lld lines read, %lld bad ", (long long)m->number,
			(long long)m->bad);
	else
		say_error("%lld lines read, %lld bad", (long long)m->number, (long long)m->bad);
}

static void report(void *context, int64_t line, const char *what)
{
	struct import *m = context;

	m->bad++;
	if (m->tty)
		fputs("\r\033[K", stderr);
	say_error("%s:%lld: %s", m->name, (long long)line, what);
}

static bool open_file(struct import *m, const char *path)
{
	const char *wrong = NULL;
	int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : eese_private_open(path, &wrong);

	m->name = path;
	m->file = fd >= 0 ? fdopen(fd, "r") : NULL;
	if (m->file == NULL) {
		say_error("%s: %s", path, wrong != NULL ? wrong : strerror(errno));
		return false;
	}
	setvbuf(m->file, m->buffer, _IOFBF, sizeof m->buffer);
	return true;
}

/* One line with its end, into m->line. False: it is none to be used; what says why, and is NULL at
 * the file's end. */
static bool read_line(struct import *m, const char **what)
{
	size_t len = 0;
	int c = 0;

	*what = NULL;
	while (c != '\n' && (c = getc_unlocked(m->file)) != EOF) {
		if (c == '\0')
			*what = "the line has a NUL in it";
		if (len + 1 < sizeof m->line)
			m->line[len] = (char)c;
		len++;
	}
	if (len == 0)
		return false;
	m->number++;
	if (len >= sizeof m->line)
		*what = "the line is too long";
	m->line[len < sizeof m->line ? len : 0] = '\0';
	return *what == NULL;
}

/* The next line that says something; those that can't be used are reported. */
static bool next_line(struct import *m)
{
	const char *what;

	for (;;) {
		if (read_line(m, &what)) {
			if (m->line[0] != '#' && m->line[strspn(m->line, " \t\r\n,;")] != '\0')
				return true;
		} else if (what != NULL) {
			report(m, m->number, what);
		} else {
			return false;
		}
	}
}

static bool read_header(struct import *m)
{
	char ignored[512], wrong[CSV_WRONG_SIZE];

	if (!next_line(m)) {
		say_error("%s: there is no line in it", m->name);
		return false;
	}
	if (!csv_read_header(m->line, &m->header, ignored, sizeof ignored, wrong)) {
		report(m, m->number, wrong);
		return false;
	}
	if (ignored[0] != '\0')
		say_error("%s: these columns are ignored: %s", m->name, ignored);
	return true;
}

/* False: the database failed. */
static bool take_line(struct import *m)
{
	char wrong[CSV_WRONG_SIZE];
	struct csv_row row;
	int64_t twice;
	bool ok;

	if (!csv_read_row(m->line, &m->header, &m->defaults, &row, wrong)) {
		report(m, m->number, wrong);
		return true;
	}
	if (strlen(row.subscriber.imsi) < HSS_IMSI_MAX && m->shorter++ == 0)
		m->first_shorter = m->number;
	ok = staging_add(&m->staging, m->number, &row,
			 row.eeses[0] != '\0' ? row.eeses : m->allowed, &twice);
	if (ok && twice != 0) {
		snprintf(wrong, sizeof wrong, "IMSI or UE-ID is that of line %lld",
			 (long long)twice);
		report(m, m->number, wrong);
	}
	eese_wipe(&row, sizeof row);
	return ok;
}

static bool take_lines(struct import *m)
{
	bool ok = true;

	while (ok && next_line(m)) {
		ok = take_line(m);
		progress(m);
	}
	if (m->tty)
		fputs("\r\033[K", stderr);
	if (!ok)
		say_error("%s", db_wrong(m->staging.db));
	if (m->shorter > 0)
		say_error(
		    "%s: %lld IMSIs have fewer than 15 digits, the first in line %lld; zeros in "
		    "front that a spreadsheet took away must be put back",
		    m->name, (long long)m->shorter, (long long)m->first_shorter);
	if (ok && ferror(m->file) != 0)
		say_error("%s: can't be read", m->name);
	return ok && ferror(m->file) == 0;
}

static int finish(struct import *m, bool dry_run)
{
	const long long rows = (long long)m->staging.rows;

	if (!staging_begin(&m->staging) || !staging_conflicts(&m->staging, report, m)) {
		say_error("%s", db_wrong(m->staging.db));
		return EXIT_FAILED;
	}
	if (m->bad > 0) {
		say_error("%s: %lld bad lines, nothing was imported", m->name, (long long)m->bad);
		return EXIT_REFUSED;
	}
	if (dry_run) {
		printf("%lld subscribers would be added\n", rows);
		return EXIT_DONE;
	}
	if (!staging_commit(&m->staging)) {
		say_error("%s; nothing was imported", db_wrong(m->staging.db));
		return EXIT_FAILED;
	}
	printf("%lld subscribers added\n", rows);
	return EXIT_DONE;
}

static bool set_up(struct import *m, const struct options *o)
{
	size_t len = 0;

	m->tty = isatty(STDERR_FILENO) != 0;
	m->told_ms = now_ms();
	m->defaults.subscriber = new_subscriber();
	if (!options_apply(o, &m->defaults.subscriber))
		return false;
	for (size_t i = 0; i < o->allow.count; i++)
		len += (size_t)snprintf(m->allowed + len, sizeof m->allowed - len, "%s ",
					o->allow.at[i]);
	m->defaults.has_op = o->op != NULL;
	return o->op == NULL || secret_read_op(o->op, m->defaults.op);
}

int import_run(const struct options *o, struct db *db)
{
	static struct import m;
	int code = EXIT_FAILED;

	if (!set_up(&m, o))
		return EXIT_USAGE;
	if (open_file(&m, o->words[0])) {
		if (!staging_open(&m.staging, db))
			say_error("%s", db_wrong(db));
		else if (!read_header(&m))
			code = EXIT_REFUSED;
		else if (take_lines(&m))
			code = finish(&m, o->dry_run);
		staging_close(&m.staging);
		fclose(m.file);
	}
	eese_wipe(&m, sizeof m);
	return code;
}
