/* SPDX-License-Identifier: Apache-2.0 */
#include <CUnit/CUnit.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core_support.h"
#include "host/option.h"
#include "host/say.h"

enum { FETCH = 1, THROW = 2, WORDS_MAX = 12 };

struct target {
	const char *name;
	bool loud;
	long count;
	uint64_t pause;
	int calls;
};

static bool call(void *target, const struct eese_option *option, const char *arg)
{
	struct target *t = target;

	t->calls++;
	return strcmp(arg, "bad") != 0 || eese_option_wrong(option, arg, "a good one is needed");
}

#define AT(member) offsetof(struct target, member)

static const struct eese_option own[] = {
    {'n', "name", EESE_OPTION_TEXT, FETCH | THROW, AT(name), 0, 0, "NAME", "a name", NULL},
    {'l', NULL, EESE_OPTION_FLAG, FETCH, AT(loud), 0, 0, NULL, "with noise", NULL},
    {0, "count", EESE_OPTION_NUMBER, THROW, AT(count), 1, 9, "N", "how often", NULL},
    {0, "help", EESE_OPTION_HELP, EESE_OPTION_EVERYWHERE, 0, 0, 0, NULL, "this", NULL},
    {0},
};
static const struct eese_option shared[] = {
    {'p', "pause", EESE_OPTION_SECONDS, EESE_OPTION_EVERYWHERE, AT(pause), 0, 60, "SECONDS", "rest",
     NULL},
    {'c', "call", EESE_OPTION_CALL, EESE_OPTION_EVERYWHERE, 0, 0, 0, "WHAT", "calls", call},
    {0},
};

/* The words of a line, behind a program's name. */
static int split(char *line, char *argv[WORDS_MAX])
{
	int argc = 1;

	argv[0] = "program";
	for (char *word = strtok(line, " "); word != NULL; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	return argc;
}

static enum eese_options_end read_line(const char *line, unsigned command, bool stop,
				       struct target t[2], int *first)
{
	static char copy[128];
	const struct eese_option_table tables[] = {{own, &t[0]}, {shared, &t[1]}};
	char *argv[WORDS_MAX];

	memset(t, 0, 2 * sizeof *t);
	snprintf(copy, sizeof copy, "%s", line);
	return eese_options_read(tables, 2, command, stop, split(copy, argv), argv, first);
}

static void test_each_kind(void)
{
	struct target t[2];

	CU_ASSERT_EQUAL(read_line("-ln x -p 1.5 -c a --call=b", FETCH, false, t, NULL),
			EESE_OPTIONS_READ);
	CU_ASSERT_STRING_EQUAL(t[0].name, "x");
	CU_ASSERT_TRUE(t[0].loud);
	CU_ASSERT_EQUAL(t[1].pause, 1500);
	CU_ASSERT_EQUAL(t[1].calls, 2);
	CU_ASSERT_EQUAL(read_line("--count 9", THROW, false, t, NULL), EESE_OPTIONS_READ);
	CU_ASSERT_EQUAL(t[0].count, 9);
	CU_ASSERT_EQUAL(read_line("", THROW, false, t, NULL), EESE_OPTIONS_READ);
	CU_ASSERT_EQUAL(read_line("-n x --help --no-such", THROW, false, t, NULL),
			EESE_OPTIONS_HELP);
}

static void test_what_is_none(void)
{
	static const char *const rows[] = {"-l",      "--loud", "--count 0", "--count 10",
					   "--count", "-n",     "-x",        "-p 61",
					   "-c bad",  "word",   "-n a b",    "--help=1"};
	struct target t[2];

	for (size_t i = 0; i < COUNT(rows); i++)
		CU_ASSERT_EQUAL(read_line(rows[i], THROW, false, t, NULL), EESE_OPTIONS_WRONG);
}

static void test_words(void)
{
	struct target t[2];
	int first = 0;

	/* Moved to the end .. */
	CU_ASSERT_EQUAL(read_line("a -n x b -- -n", FETCH, false, t, &first), EESE_OPTIONS_READ);
	CU_ASSERT_EQUAL(first, 4);
	CU_ASSERT_STRING_EQUAL(t[0].name, "x");
	/* .. or the end. */
	CU_ASSERT_EQUAL(read_line("-p 1 a -n x", EESE_OPTION_EVERYWHERE, true, t, &first),
			EESE_OPTIONS_READ);
	CU_ASSERT_EQUAL(first, 3);
	CU_ASSERT_PTR_NULL(t[0].name);
	/* What only some commands have is none of these. */
	CU_ASSERT_EQUAL(read_line("-n x a", EESE_OPTION_EVERYWHERE, true, t, &first),
			EESE_OPTIONS_WRONG);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"each kind", test_each_kind},
	    {"what is none", test_what_is_none},
	    {"words", test_words},
	};

	say_setup(true, false, false);
	return run_suite("host option", tests, COUNT(tests));
}
