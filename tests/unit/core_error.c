/* SPDX-License-Identifier: Apache-2.0 */
#include <CUnit/CUnit.h>

#include "core_support.h"
#include "eese/control.h"

static void test_good_errors(void)
{
	static const struct {
		const char *hex;
		struct eese_error error;
	} rows[] = {
	    {"c0", {.reason = 0}},
	    {"c1", {.reason = EESE_ERROR_UE_UNKNOWN}},
	    {"c4", {.reason = EESE_ERROR_NO_KEY}},
	    {"c7", {.reason = EESE_ERROR_EXPIRED}},
	    {"ff", {.reason = 63}},
	    {"c60100", {EESE_ERROR_KEY_UNKNOWN, 0, 0}},
	    {"c639ff", {EESE_ERROR_KEY_UNKNOWN, 7, 255}},
	    {"c60a0100", {EESE_ERROR_KEY_UNKNOWN, 1, 256}},
	    {"c605ffffffffff", {EESE_ERROR_KEY_UNKNOWN, 0, EESE_NUMBER_MAX}},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct octets msg = octets_of(rows[i].hex);
		struct eese_error back;
		uint8_t out[EESE_ERROR_MAX];
		size_t len = 0;

		CU_ASSERT(eese_error_encode(&rows[i].error, out, &len) == EESE_OK);
		CU_ASSERT(is_hex(out, len, rows[i].hex));
		CU_ASSERT(eese_error_decode(msg.p, msg.len, &back) == EESE_OK);
		CU_ASSERT_EQUAL(back.reason, rows[i].error.reason);
		CU_ASSERT_EQUAL(back.kid, rows[i].error.kid);
		CU_ASSERT_EQUAL(back.number, rows[i].error.number);
		octets_free(&msg);
	}
}

static void test_bad_errors(void)
{
	static const char *const rows[] = {
	    "",
	    "01",
	    "41",
	    "81",
	    "c100",
	    "c70100",
	    "c6",
	    "c601",
	    "c60000",
	    "c6010000",
	    "c6020001",
	    "c64100",
	    "c68100",
	    "c606010203040506",
	    "c60701020304050607",
	    "c60200",
	    "c605ffff",
	    "860100",
	};
	static const struct eese_error unfit[] = {
	    {.reason = 64},
	    {EESE_ERROR_KEY_UNKNOWN, 8, 0},
	    {EESE_ERROR_KEY_UNKNOWN, 0, EESE_NUMBER_MAX + 1},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct octets msg = octets_of(rows[i]);
		struct eese_error out = {.number = 99};

		CU_ASSERT(eese_error_decode(msg.p, msg.len, &out) == EESE_MALFORMED);
		CU_ASSERT(is_zero(&out, sizeof(out)));
		octets_free(&msg);
	}
	for (size_t i = 0; i < COUNT(unfit); i++) {
		uint8_t out[EESE_ERROR_MAX];
		size_t len = 99;

		CU_ASSERT(eese_error_encode(&unfit[i], out, &len) == EESE_INVALID);
		CU_ASSERT_EQUAL(len, 0);
	}
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"ERROR, both ways", test_good_errors},
	    {"malformed ERROR", test_bad_errors},
	};

	return run_suite("core error", tests, COUNT(tests));
}
