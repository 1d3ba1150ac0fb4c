/* SPDX-License-Identifier: Apache-2.0 */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core_support.h"
#include "ctl/commands.h"
#include "ctl_support.h"

enum { WORDS_MAX = 16 };

static struct options o;

/* Reads a line as if it stood behind the program's name; what it says is wrong goes nowhere. */
static int parse(const char *line)
{
	static char copy[256];
	char *argv[WORDS_MAX] = {"eese-ctl"};
	int argc = 1;

	snprintf(copy, sizeof copy, "%s", line);
	for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " "))
		argv[argc++] = word;
	return options_parse(&o, argc, argv);
}

static void test_commands(void)
{
	for (const struct command *c = commands; c->name != NULL; c++) {
		char line[64];

		snprintf(line, sizeof line, "-h broker --json %s", c->name);
		CU_ASSERT_EQUAL(parse(line), GO_ON);
		CU_ASSERT_PTR_EQUAL(o.command, c);
		CU_ASSERT_TRUE(o.json);
		CU_ASSERT_STRING_EQUAL(o.login.host, "broker");
		CU_ASSERT_EQUAL(o.arg_count, 0);
	}
}

static void test_places(void)
{
	CU_ASSERT_EQUAL(parse("-u a te2e 60 -p 1 ue-1 --group g -- -ue"), GO_ON);
	CU_ASSERT_STRING_EQUAL(o.command->name, "te2e");
	CU_ASSERT_EQUAL(o.login.port, 1);
	CU_ASSERT_STRING_EQUAL(o.group, "g");
	CU_ASSERT_EQUAL_FATAL(o.arg_count, 3);
	CU_ASSERT_STRING_EQUAL(o.args[0], "60");
	CU_ASSERT_STRING_EQUAL(o.args[2], "-ue");
	CU_ASSERT_EQUAL(parse("-W 0.5 watch -C 3 --for 7"), GO_ON);
	CU_ASSERT_EQUAL(o.timeout, 500);
	CU_ASSERT_EQUAL(o.count, 3);
	CU_ASSERT_EQUAL(o.period, 7000);
}

static void test_wrong(void)
{
	static const char *const rows[] = {
	    "",
	    "frob",
	    "list --frob",
	    "--state valid list",
	    "list --state VALID",
	    "list --limit 0",
	    "list --limit x",
	    "list --yes",
	    "expire --limit 5",
	    "expire --group a/b",
	    "watch --app a/b",
	    "watch --app +",
	    "watch -C 0",
	    "-W 0 list",
	    "-W -1 list",
	    "-p 70000 list",
	    "-V 6 list",
	    "--cert c list",
	    "add ue --te2e 315360001",
	    "help frob",
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		CU_ASSERT_EQUAL(parse(rows[i]), EXIT_USAGE);
}

static void test_help(void)
{
	char line[32], *text;

	for (const struct command *c = commands; c->name != NULL; c++) {
		snprintf(line, sizeof line, "%s --help", c->name);
		capture();
		CU_ASSERT_EQUAL(parse(line), EXIT_DONE);
		text = captured();
		CU_ASSERT_PTR_NOT_NULL(strstr(text, c->text));
		free(text);
		capture();
		CU_ASSERT_EQUAL(parse("--help"), EXIT_DONE);
		text = captured();
		CU_ASSERT_PTR_NOT_NULL(strstr(text, c->summary));
		free(text);
	}
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"commands", test_commands},
	    {"where options stand", test_places},
	    {"wrong", test_wrong},
	    {"help", test_help},
	};

	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	/* It is said on stderr before --quiet could be read. */
	if (freopen("/dev/null", "w", stderr) == NULL)
		return EXIT_FAILURE;
	return run_suite("ctl options", tests, COUNT(tests));
}
