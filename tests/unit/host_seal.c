/* SPDX-License-Identifier: Apache-2.0 */
#include <CUnit/CUnit.h>
#include <string.h>

#include "core_support.h"
#include "host/seal.h"

static const uint8_t kek[EESE_KEK_SIZE] = {1, 2, 3}, other[EESE_KEK_SIZE] = {1, 2, 4};
static const uint8_t secret[] = "sixteen octets!";
enum { SEALED = sizeof secret + EESE_SEAL_OVERHEAD };

static void test_round(void)
{
	uint8_t a[SEALED], b[SEALED], out[sizeof secret];

	CU_ASSERT(eese_seal(kek, "row 1", 5, secret, sizeof secret, a) == EESE_OK);
	CU_ASSERT(eese_seal(kek, "row 1", 5, secret, sizeof secret, b) == EESE_OK);
	CU_ASSERT(memcmp(a, b, sizeof a) != 0);
	CU_ASSERT(eese_unseal(kek, "row 1", 5, a, sizeof a, out, sizeof out) == EESE_OK);
	CU_ASSERT(memcmp(out, secret, sizeof secret) == 0);
	CU_ASSERT(eese_unseal(kek, "row 1", 5, b, sizeof b, out, sizeof out) == EESE_OK);
}

static void test_nothing_else_opens(void)
{
	uint8_t a[SEALED], out[sizeof secret] = {9};

	CU_ASSERT(eese_seal(kek, "row 1", 5, secret, sizeof secret, a) == EESE_OK);
	CU_ASSERT(eese_unseal(other, "row 1", 5, a, sizeof a, out, sizeof out) ==
		  EESE_NOT_AUTHENTIC);
	CU_ASSERT(is_zero(out, sizeof out));
	CU_ASSERT(eese_unseal(kek, "row 2", 5, a, sizeof a, out, sizeof out) == EESE_NOT_AUTHENTIC);
	CU_ASSERT(eese_unseal(kek, "row 1", 4, a, sizeof a, out, sizeof out) == EESE_NOT_AUTHENTIC);
	for (size_t i = 0; i < sizeof a; i++) {
		a[i] ^= 0x10;
		CU_ASSERT(eese_unseal(kek, "row 1", 5, a, sizeof a, out, sizeof out) ==
			  EESE_NOT_AUTHENTIC);
		CU_ASSERT(is_zero(out, sizeof out));
		a[i] ^= 0x10;
	}
	for (size_t len = 0; len < sizeof a; len++)
		CU_ASSERT(eese_unseal(kek, "row 1", 5, a, len, out, sizeof out) == EESE_MALFORMED);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"what was sealed opens", test_round},
	    {"under nothing else, nor changed", test_nothing_else_opens},
	};

	return run_suite("host seal", tests, COUNT(tests));
}
