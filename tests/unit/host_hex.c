/* SPDX-License-Identifier: Apache-2.0 */
#include <CUnit/CUnit.h>
#include <string.h>

#include "core_support.h"
#include "host/hex.h"

static void test_both_ways(void)
{
	uint8_t out[4];
	char text[9];

	CU_ASSERT(eese_hex_read("00ffA9bC", 8, out, 4));
	CU_ASSERT(memcmp(out, "\x00\xff\xa9\xbc", 4) == 0);
	eese_hex_write(out, 4, text);
	CU_ASSERT_STRING_EQUAL(text, "00ffa9bc");
	eese_hex_write(out, 0, text);
	CU_ASSERT_STRING_EQUAL(text, "");
}

static void test_no_hex(void)
{
	static const char *const rows[] = {"",         "00",       "000000",   "0000000000",
					   "0000000g", "/0000000", ":0000000", "@0000000",
					   "G0000000", "`0000000", " 0000000"};

	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t out[4] = {1, 2, 3, 4};

		CU_ASSERT_FALSE(eese_hex_read(rows[i], strlen(rows[i]), out, 4));
		CU_ASSERT(is_zero(out, 4));
	}
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"both ways", test_both_ways},
	    {"what is no hex", test_no_hex},
	};

	return run_suite("host hex", tests, COUNT(tests));
}
