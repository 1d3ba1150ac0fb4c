/* SPDX-License-Identifier: Apache-2.0 */
#include <CUnit/CUnit.h>

#include "core_support.h"
#include "host/number.h"

static void test_numbers(void)
{
	static const struct {
		const char *text;
		long min, max, value;
	} good[] = {
	    {"0", 0, 0, 0},
	    {"65535", 1, 65535, 65535},
	    {"007", 0, 9, 7},
	    {"-5", -5, 5, -5},
	};
	static const struct {
		const char *text;
		long min, max;
	} bad[] = {
	    {"", 0, 9},     {"-", -9, 9},  {"10", 0, 9},  {"-1", 0, 9},
	    {" 1", 0, 9},   {"1 ", 0, 9},  {"+1", 0, 9},  {"1x", 0, 9},
	    {"--1", -9, 9}, {"0x1", 0, 9}, {"1e0", 0, 9}, {"99999999999999999999", 0, 9},
	};

	for (size_t i = 0; i < COUNT(good); i++) {
		long value = 77;

		CU_ASSERT(eese_number_read(good[i].text, good[i].min, good[i].max, &value));
		CU_ASSERT_EQUAL(value, good[i].value);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		long value = 77;

		CU_ASSERT_FALSE(eese_number_read(bad[i].text, bad[i].min, bad[i].max, &value));
		CU_ASSERT_EQUAL(value, 77);
	}
}

static void test_seconds(void)
{
	static const struct {
		const char *text;
		uint64_t ms;
	} good[] = {{"0", 0}, {"60", 60000}, {"0.25", 250}, {".5", 500}, {"3.", 3000}};
	static const char *const bad[] = {"",    ".",   "61",    "60.001", "-1", "+1", "nan",
					  "inf", "1e1", "1.2.3", " 1",     "1s", "0x1"};

	for (size_t i = 0; i < COUNT(good); i++) {
		uint64_t ms = 77;

		CU_ASSERT(eese_seconds_read(good[i].text, 60, &ms));
		CU_ASSERT_EQUAL(ms, good[i].ms);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		uint64_t ms = 77;

		CU_ASSERT_FALSE(eese_seconds_read(bad[i], 60, &ms));
		CU_ASSERT_EQUAL(ms, 77);
	}
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"whole numbers", test_numbers},
	    {"seconds", test_seconds},
	};

	return run_suite("host number", tests, COUNT(tests));
}
