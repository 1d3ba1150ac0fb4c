/* SPDX-License-Identifier: Apache-2.0 */
#include <CUnit/CUnit.h>
#include <string.h>

#include "core_support.h"
#include "emks/hss/sqn.h"

static uint64_t sqn_of(uint64_t seq, uint64_t ind)
{
	return seq << SQN_IND_BITS | ind;
}

/* TS 33.102 C.1.1.1: SEQ and IND go on by one each; IND is cyclic. */
static void test_next(void)
{
	CU_ASSERT_EQUAL(sqn_next(0), sqn_of(1, 1));
	CU_ASSERT_EQUAL(sqn_next(sqn_of(7, 30)), sqn_of(8, 31));
	CU_ASSERT_EQUAL(sqn_next(sqn_of(7, 31)), sqn_of(8, 0));
	CU_ASSERT_EQUAL(sqn_next(sqn_of(SQN_SEQ_MAX - 1, 31)), sqn_of(SQN_SEQ_MAX, 0));
	CU_ASSERT_EQUAL(sqn_next(sqn_of(SQN_SEQ_MAX, 0)), 0);
	CU_ASSERT_EQUAL(sqn_next(SQN_MAX), 0);
}

/* A block ends at the IND it began with, so that the database's number goes on as memory's does. */
static void test_block(void)
{
	uint64_t sqn = sqn_of(1000, 9);
	const uint64_t begin = sqn;
	uint32_t inds = 0;

	for (int i = 0; i < SQN_SLOTS; i++) {
		sqn = sqn_next(sqn);
		inds |= UINT32_C(1) << sqn % SQN_SLOTS;
	}
	CU_ASSERT_EQUAL(sqn, begin + SQN_BLOCK);
	CU_ASSERT_EQUAL(inds, UINT32_MAX);
}

/* C.2.1 and C.3: what a USIM accepts; 6.3.5 asks for the next one. */
static void test_range(void)
{
	CU_ASSERT(sqn_in_range(0, 0));
	CU_ASSERT(sqn_in_range(sqn_of(10, 0), sqn_of(10, 31)));
	CU_ASSERT(!sqn_in_range(sqn_of(9, 31), sqn_of(10, 0)));
	CU_ASSERT(!sqn_in_range(0, sqn_of(10, 0)));
	CU_ASSERT(sqn_in_range(sqn_of(10 + SQN_DELTA - 1, 3), sqn_of(10, 0)));
	CU_ASSERT(!sqn_in_range(sqn_of(10 + SQN_DELTA, 3), sqn_of(10, 0)));
	CU_ASSERT(!sqn_in_range(SQN_MAX, 0));
	CU_ASSERT(!sqn_in_range(SQN_MAX, SQN_MAX));
	/* differences beyond 32 bits are differences */
	CU_ASSERT(!sqn_in_range(sqn_of((UINT64_C(1) << 42) + 5, 0), sqn_of(4, 0)));
	CU_ASSERT(!sqn_in_range(sqn_of(5, 0), sqn_of((UINT64_C(1) << 42) + 4, 0)));
}

static void test_octets(void)
{
	static const struct {
		uint64_t sqn;
		const char *hex;
	} rows[] = {{0, "000000000000"},
		    {1, "000000000001"},
		    {UINT64_C(0x123456789abc), "123456789abc"},
		    {SQN_MAX, "ffffffffffff"}};
	uint8_t octets[EESE_SQN_SIZE];

	for (size_t i = 0; i < COUNT(rows); i++) {
		sqn_write(rows[i].sqn, octets);
		CU_ASSERT(is_hex(octets, sizeof(octets), rows[i].hex));
		CU_ASSERT_EQUAL(sqn_read(octets), rows[i].sqn);
	}
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"next", test_next},
	    {"block", test_block},
	    {"range", test_range},
	    {"octets", test_octets},
	};

	return run_suite("emks sqn", tests, COUNT(tests));
}
