/* SPDX-License-Identifier: Apache-2.0 */
#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core_support.h"
#include "ctl/names.h"
#include "host/say.h"

static int read_names(struct names *n, const char *text, size_t len, char **args, size_t arg_count)
{
	char path[] = "/tmp/eese-names-XXXXXX";
	struct options o = {.args = args, .arg_count = arg_count, .from = path};
	const int fd = mkstemp(path);
	int code;

	CU_ASSERT_FATAL(fd >= 0 && write(fd, text, len) == (ssize_t)len);
	close(fd);
	code = names_read(n, &o, 0);
	unlink(path);
	return code;
}

static void test_good(void)
{
	static const char text[] = "meter-1\n\n \t\r\n# no name\n  meter-2 \r\n-dash-\nlast";
	char *args[] = {"first", "second"};
	static const char *const expected[] = {"first",   "second", "meter-1",
					       "meter-2", "-dash-", "last"};
	struct names n;

	CU_ASSERT_EQUAL(read_names(&n, text, sizeof text - 1, args, 2), GO_ON);
	CU_ASSERT_EQUAL_FATAL(n.count, COUNT(expected));
	for (size_t i = 0; i < n.count; i++)
		CU_ASSERT_STRING_EQUAL(n.list[i], expected[i]);
	names_free(&n);
	CU_ASSERT_EQUAL(read_names(&n, "", 0, NULL, 0), GO_ON);
	CU_ASSERT_EQUAL(n.count, 0);
	names_free(&n);
}

static void test_bad(void)
{
	static const struct {
		const char *text;
		size_t len;
	} rows[] = {
	    {"meter 1\n", 8},
	    {"a/b\n", 4},
	    {"me\0ter\n", 7},
	    {"a\n\xff\n", 4},
	    {"ok\nx # y\n", 9},
	    {"0123456789012345678901234567890123456789012345678901234567890123x\n", 66},
	};
	char *args[] = {"a+"};
	struct names n;

	for (size_t i = 0; i < COUNT(rows); i++) {
		CU_ASSERT_EQUAL(read_names(&n, rows[i].text, rows[i].len, NULL, 0), EXIT_USAGE);
		names_free(&n);
	}
	CU_ASSERT_EQUAL(read_names(&n, "", 0, args, 1), EXIT_USAGE);
	names_free(&n);
}

static void test_many(void)
{
	enum { MANY = 100000, LINE = 7 };
	char *text = malloc(MANY * LINE + 1);
	struct names n;

	CU_ASSERT_FATAL(text != NULL);
	for (unsigned i = 0; i < MANY; i++)
		snprintf(text + (size_t)i * LINE, LINE + 1, "%06u\n", i % 1000000);
	CU_ASSERT_EQUAL(read_names(&n, text, MANY * LINE, NULL, 0), GO_ON);
	CU_ASSERT_EQUAL(n.count, MANY);
	CU_ASSERT_STRING_EQUAL(n.list[MANY - 1], "099999");
	names_free(&n);
	free(text);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"names", test_good},
	    {"what is none", test_bad},
	    {"many", test_many},
	};

	say_setup(true, false, false);
	return run_suite("ctl names", tests, COUNT(tests));
}
