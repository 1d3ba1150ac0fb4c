/* SPDX-License-Identifier: Apache-2.0 */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <string.h>

#include "core_support.h"
#include "host/key_line.h"

#define HALF "00112233445566778899aabbccddeeff"
#define KEY HALF "00112233445566778899AABBCCDDEEFF"

static void test_good(void)
{
	static const char *const rows[] = {
	    "meter-7 " KEY,
	    "\t meter-7\t" KEY " \r\n",
	    "meter-7 " KEY " te2e=60 group=roof # north",
	    "meter-7 " KEY " #",
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct eese_device_key key;
		bool empty = true;

		CU_ASSERT_PTR_NULL(eese_key_line_read(rows[i], &key, &empty));
		CU_ASSERT_FALSE(empty);
		CU_ASSERT_STRING_EQUAL(key.ue_id, "meter-7");
		CU_ASSERT(is_hex(key.int_key, sizeof key.int_key, HALF HALF));
	}
}

static void test_empty(void)
{
	static const char *const rows[] = {"", "\n", " \t\r\n", ("# meter-7 " KEY), "  #"};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct eese_device_key key;
		bool empty = false;

		CU_ASSERT_PTR_NULL(eese_key_line_read(rows[i], &key, &empty));
		CU_ASSERT_TRUE(empty);
	}
}

static void test_bad(void)
{
	static const char *const rows[] = {
	    "meter-7",
	    "meter/7 " KEY,
	    "meter-7 " KEY "00",
	    "meter-7 0" KEY,
	    "meter-7 # " KEY,
	    "meter-7 " KEY " te2e=",
	    "meter-7 " KEY " te2e=6x",
	    "meter-7 " KEY " group=",
	    "meter-7 " KEY " more",
	    KEY "x " KEY,
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct eese_device_key key;
		bool empty;

		CU_ASSERT_PTR_NOT_NULL(eese_key_line_read(rows[i], &key, &empty));
	}
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"a UE", test_good},
	    {"nothing", test_empty},
	    {"neither", test_bad},
	};

	return run_suite("host key line", tests, COUNT(tests));
}
