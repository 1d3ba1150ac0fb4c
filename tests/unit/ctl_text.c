/* SPDX-License-Identifier: Apache-2.0 */
#include <CUnit/CUnit.h>
#include <math.h>
#include <string.h>

#include "core_support.h"
#include "ctl/text.h"

static void test_durations(void)
{
	static const struct {
		double seconds;
		const char *text;
	} rows[] = {
	    {0, "0 s"},
	    {1, "1 s"},
	    {59.9, "59 s"},
	    {60, "1 min"},
	    {61, "1 min 1 s"},
	    {3599, "59 min 59 s"},
	    {3600, "1 h"},
	    {3659, "1 h"},
	    {3660, "1 h 1 min"},
	    {86399, "23 h 59 min"},
	    {86400, "1 d"},
	    {90000, "1 d 1 h"},
	    {315360000, "3650 d"},
	    {-5, "0 s"},
	    {NAN, "0 s"},
	    {INFINITY, "11574074074 d 1 h"},
	    {1e300, "11574074074 d 1 h"},
	};
	char out[TEXT_DURATION_ROOM];

	for (size_t i = 0; i < COUNT(rows); i++)
		CU_ASSERT_STRING_EQUAL(text_duration(rows[i].seconds, out), rows[i].text);
	CU_ASSERT_STRING_EQUAL(text_te2e(0, out), "for ever");
	CU_ASSERT_STRING_EQUAL(text_te2e(86400, out), "1 d");
}

static void test_algorithms(void)
{
	CU_ASSERT_STRING_EQUAL(text_alg(10), "AES-CCM-16-64-128");
	CU_ASSERT_STRING_EQUAL(text_alg(30), "AES-CCM-16-128-128");
	CU_ASSERT_STRING_EQUAL(text_alg(1), "A128GCM");
	CU_ASSERT_STRING_EQUAL(text_alg(24), "ChaCha20/Poly1305");
	CU_ASSERT_STRING_EQUAL(text_alg(10.5), "unknown");
	CU_ASSERT_STRING_EQUAL(text_alg(-1e300), "unknown");
}

static void test_states(void)
{
	static const char *const good[] = {"noKey", "new",        "pending",
					   "valid", "refreshing", "expired"};
	static const char *const bad[] = {"",       "no",      "noKey,", "nokey",
					  "valid ", ", valid", "expire", "expiredd"};

	for (size_t i = 0; i < COUNT(good); i++)
		CU_ASSERT_TRUE(text_is_state(good[i]));
	for (size_t i = 0; i < COUNT(bad); i++)
		CU_ASSERT_FALSE(text_is_state(bad[i]));
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"durations", test_durations},
	    {"algorithms", test_algorithms},
	    {"states", test_states},
	};

	return run_suite("ctl text", tests, COUNT(tests));
}
