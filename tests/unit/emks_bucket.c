/* SPDX-License-Identifier: Apache-2.0 */
#include <CUnit/CUnit.h>
#include <stdio.h>

#include "core_support.h"
#include "emks/daemon/bucket.h"

static int taken(struct buckets *b, int64_t now_ms, const char *name, int tries)
{
	int n = 0;

	for (int i = 0; i < tries; i++)
		n += bucket_take(b, now_ms, name) ? 1 : 0;
	return n;
}

static void test_rate(void)
{
	static struct buckets b;

	b = (struct buckets){.rate = 10};
	CU_ASSERT_EQUAL(taken(&b, 1000, "a", 100), 20);
	CU_ASSERT_EQUAL(taken(&b, 1000, "b", 100), 20);
	CU_ASSERT_EQUAL(taken(&b, 1099, "a", 100), 0);
	CU_ASSERT_EQUAL(taken(&b, 1100, "a", 100), 1);
	CU_ASSERT_EQUAL(taken(&b, 1600, "a", 100), 5);
	CU_ASSERT_EQUAL(taken(&b, 1600 + 86400000, "a", 100), 20);
}

static void test_no_limit(void)
{
	static struct buckets b;

	CU_ASSERT_EQUAL(taken(&b, 0, "a", 10000), 10000);
}

/* More names than places share one and overrun nothing. */
static void test_names(void)
{
	static struct buckets b;
	char name[24];

	b = (struct buckets){.rate = 1};
	for (int i = 0; i < BUCKETS + 50; i++) {
		(void)snprintf(name, sizeof(name), "eese-%d", i);
		CU_ASSERT_EQUAL(taken(&b, 5, name, 3), i < BUCKETS ? 2 : 0);
	}
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"rate", test_rate},
	    {"no limit", test_no_limit},
	    {"many names", test_names},
	};

	return run_suite("emks bucket", tests, COUNT(tests));
}
