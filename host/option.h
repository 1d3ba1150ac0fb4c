/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command lines by tables: how an option is written, what it takes, which member it sets, and its
 * line of --help. A program's own options and those of a part that several programs share are a
 * table each.
 */
#ifndef EESE_HOST_OPTION_H
#define EESE_HOST_OPTION_H

#include <stdbool.h>
#include <stddef.h>

enum eese_option_kind {
	EESE_OPTION_TEXT,    /* const char *, points into argv */
	EESE_OPTION_FLAG,    /* bool */
	EESE_OPTION_NUMBER,  /* long, from min to max */
	EESE_OPTION_SECONDS, /* uint64_t, milliseconds; the option is in seconds, at most max */
	EESE_OPTION_CALL,    /* set() does it */
	EESE_OPTION_HELP,
};

/* Options with this in commands are for every command. */
#define EESE_OPTION_EVERYWHERE (~0U)

struct eese_option {
	char letter;      /* 0: none */
	const char *name; /* long, without the two dashes; NULL: none */
	enum eese_option_kind kind;
	unsigned commands; /* a bit for each command that has it */
	size_t offset;     /* of the member in the table's target */
	long min, max;
	const char *arg; /* what its argument is called; NULL: it takes none */
	const char *help;
	/* EESE_OPTION_CALL; false: it was said what is wrong (eese_option_wrong()). */
	bool (*set)(void *target, const struct eese_option *option, const char *arg);
};

struct eese_option_table {
	const struct eese_option *rows; /* up to one with neither letter nor name */
	void *target;
};

enum eese_options_end { EESE_OPTIONS_READ, EESE_OPTIONS_HELP, EESE_OPTIONS_WRONG };

/*
 * Reads the options that every command in `command` has, from argv[1] on. With first == NULL there
 * must be nothing else; otherwise what is no option is moved to the end of argv and *first is the
 * index it begins at. With stop the first such word ends the reading. EESE_OPTIONS_HELP: --help
 * was there; EESE_OPTIONS_WRONG: it was said what is wrong. Targets are then filled in part.
 */
enum eese_options_end eese_options_read(const struct eese_option_table *tables, size_t count,
					unsigned command, bool stop, int argc, char *argv[],
					int *first);

/* Prints the lines of --help of the same options on stdout. */
void eese_options_help(const struct eese_option_table *tables, size_t count, unsigned command);

/* Says "--name arg: want". False, for set() to return. */
bool eese_option_wrong(const struct eese_option *option, const char *arg, const char *want);

#endif
