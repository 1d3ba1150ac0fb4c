/* SPDX-License-Identifier: Apache-2.0 */
#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

#include "core_support.h"
#include "ctl/table.h"
#include "ctl_support.h"

static const char *const heads[] = {"UE", "KSN", "GROUP", NULL};

static void expect_table(struct table *t, const char *expected)
{
	char *text;

	capture();
	table_print(t);
	text = captured();
	CU_ASSERT_STRING_EQUAL(text, expected);
	free(text);
}

static void test_pages(void)
{
	struct table t;

	table_init(&t, heads, 1U << 1);
	table_row(&t, (const char *const[]){"meter-1", "5", "roof"});
	table_row(&t, (const char *const[]){"m", "12345", NULL});
	expect_table(&t, "UE         KSN  GROUP\n"
			 "meter-1      5  roof\n"
			 "m        12345  -\n");
	/* The next page has no heads, and is no narrower. */
	table_row(&t, (const char *const[]){"a", "", "b"});
	expect_table(&t, "a            -  b\n");
	table_row(&t, (const char *const[]){"a-name-that-is-longer", "1", "b"});
	expect_table(&t, "a-name-that-is-longer      1  b\n");
	expect_table(&t, "");
	table_free(&t);
}

static void test_heads_only(void)
{
	struct table t;

	table_init(&t, heads, 0);
	expect_table(&t, "UE  KSN  GROUP\n");
	table_row(&t, (const char *const[]){"left", "behind", NULL});
	table_free(&t);
}

/* What stands in a cell steers nothing. */
static void test_harm(void)
{
	struct table t;
	char wide[3000];

	memset(wide, 'w', sizeof wide);
	wide[sizeof wide - 1] = '\0';
	table_init(&t, heads, 0);
	table_row(&t, (const char *const[]){"\x1b[2J", "a\nb", "c\td"});
	expect_table(&t, "UE    KSN  GROUP\n"
			 "?[2J  a?b  c?d\n");
	table_row(&t, (const char *const[]){wide, wide, wide});
	capture();
	table_print(&t);
	free(captured());
	table_free(&t);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"pages", test_pages},
	    {"heads only", test_heads_only},
	    {"harmless", test_harm},
	};

	return run_suite("ctl table", tests, COUNT(tests));
}
