/* SPDX-License-Identifier: Apache-2.0 */
#include "host/option.h"

#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "host/number.h"
#include "host/say.h"

enum { OPTIONS_MAX = 64, LONG_BASE = 256, HELP_COLUMN = 34 };

/* The options of one reading, in one list, and what getopt_long() wants to know of them. */
struct list {
	const struct eese_option *rows[OPTIONS_MAX];
	void *targets[OPTIONS_MAX];
	int count;
	char letters[2 * OPTIONS_MAX + 3];
	struct option longs[OPTIONS_MAX + 1];
};

static bool is_end(const struct eese_option *o)
{
	return o->letter == 0 && o->name == NULL;
}

static bool known(const struct eese_option *o, unsigned command)
{
	return (o->commands & command) == command;
}

static void add(struct list *l, const struct eese_option *o, void *target)
{
	const size_t len = strlen(l->letters);
	struct option *next = l->longs;

	while (next->name != NULL)
		next++;
	if (o->letter != 0)
		memcpy(l->letters + len, (char[]){o->letter, o->arg != NULL ? ':' : '\0', '\0'}, 3);
	if (o->name != NULL)
		*next = (struct option){o->name, o->arg != NULL ? required_argument : no_argument,
					NULL, LONG_BASE + l->count};
	l->rows[l->count] = o;
	l->targets[l->count++] = target;
}

static void make_list(struct list *l, const struct eese_option_table *tables, size_t count,
		      unsigned command, bool stop)
{
	*l = (struct list){.letters = ":"};
	if (stop)
		memcpy(l->letters, "+:", 3);
	for (size_t i = 0; i < count; i++)
		for (const struct eese_option *o = tables[i].rows; !is_end(o); o++)
			if (known(o, command) && l->count < OPTIONS_MAX)
				add(l, o, tables[i].target);
}

/* Which one getopt_long() found, by letter or by index; -1: none. */
static int index_of(const struct list *l, int found)
{
	if (found >= LONG_BASE && found < LONG_BASE + l->count)
		return found - LONG_BASE;
	for (int i = 0; i < l->count; i++)
		if (l->rows[i]->letter != 0 && l->rows[i]->letter == found)
			return i;
	return -1;
}

bool eese_option_wrong(const struct eese_option *option, const char *arg, const char *want)
{
	const char letter[2] = {option->letter, '\0'};

	say_error("-%s%s%s%s: %s", option->name != NULL ? "-" : "",
		  option->name != NULL ? option->name : letter, arg != NULL ? " " : "",
		  arg != NULL ? arg : "", want);
	return false;
}

static bool set_number(const struct eese_option *o, const char *arg, long *out)
{
	char want[80];

	if (eese_number_read(arg, o->min, o->max, out))
		return true;
	snprintf(want, sizeof want, "a number from %ld to %ld is needed", o->min, o->max);
	return eese_option_wrong(o, arg, want);
}

static bool set_seconds(const struct eese_option *o, const char *arg, uint64_t *out)
{
	char want[80];

	if (eese_seconds_read(arg, o->max, out))
		return true;
	snprintf(want, sizeof want, "a number of seconds up to %ld is needed", o->max);
	return eese_option_wrong(o, arg, want);
}

static bool set(void *target, const struct eese_option *o, const char *arg)
{
	void *member = (char *)target + o->offset;

	switch (o->kind) {
	case EESE_OPTION_TEXT:
		*(const char **)member = arg;
		return true;
	case EESE_OPTION_FLAG:
		*(bool *)member = true;
		return true;
	case EESE_OPTION_NUMBER:
		return set_number(o, arg, member);
	case EESE_OPTION_SECONDS:
		return set_seconds(o, arg, member);
	case EESE_OPTION_CALL:
		return o->set(target, o, arg);
	case EESE_OPTION_HELP:
		break;
	}
	return false;
}

/* argv[optind - 1] is no help in a group of letters. */
static enum eese_options_end not_found(int found, char *argv[])
{
	const char letter[] = {'-', (char)optopt, '\0'};
	const bool is_letter = optopt > 0 && optopt < LONG_BASE;

	say_error(found == ':' ? "%s needs an argument" : "%s: no such option",
		  is_letter ? letter : argv[optind - 1]);
	return EESE_OPTIONS_WRONG;
}

enum eese_options_end eese_options_read(const struct eese_option_table *tables, size_t count,
					unsigned command, bool stop, int argc, char *argv[],
					int *first)
{
	struct list l;
	int found, i;

	make_list(&l, tables, count, command, stop);
	optind = 0; /* glibc: forget what was read before */
	while ((found = getopt_long(argc, argv, l.letters, l.longs, NULL)) != -1) {
		i = index_of(&l, found);
		if (i < 0)
			return not_found(found, argv);
		if (l.rows[i]->kind == EESE_OPTION_HELP)
			return EESE_OPTIONS_HELP;
		if (!set(l.targets[i], l.rows[i], optarg))
			return EESE_OPTIONS_WRONG;
	}
	if (first != NULL) {
		*first = optind;
	} else if (optind < argc) {
		say_error("%s: what is that for?", argv[optind]);
		return EESE_OPTIONS_WRONG;
	}
	return EESE_OPTIONS_READ;
}

static void print(const struct eese_option *o)
{
	char left[64];

	snprintf(left, sizeof left, "  %c%c%s %s%s %s", o->letter != 0 ? '-' : ' ',
		 o->letter != 0 ? o->letter : ' ', o->letter != 0 && o->name != NULL ? "," : " ",
		 o->name != NULL ? "--" : "", o->name != NULL ? o->name : "",
		 o->arg != NULL ? o->arg : "");
	printf("%-*s%s\n", HELP_COLUMN, left, o->help);
}

void eese_options_help(const struct eese_option_table *tables, size_t count, unsigned command)
{
	for (size_t i = 0; i < count; i++)
		for (const struct eese_option *o = tables[i].rows; !is_end(o); o++)
			if (known(o, command))
				print(o);
}
