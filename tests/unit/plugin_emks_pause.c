/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/emks_pause.h"

#include <CUnit/CUnit.h>

#include "core_support.h"

static void test_three_in_a_row(void)
{
	struct eese_pause p = {0};

	for (int i = 0; i < 10; i++) {
		eese_pause_failed(&p, 100, 0);
		eese_pause_failed(&p, 100, 0);
		CU_ASSERT(!eese_pause_trial(&p) && !eese_pause_holds(&p, 100));
		eese_pause_answered(&p);
	}
	for (int i = 0; i < 3; i++)
		eese_pause_failed(&p, 100, 0);
	CU_ASSERT(eese_pause_trial(&p));
	CU_ASSERT(eese_pause_holds(&p, 100) && eese_pause_holds(&p, 1099));
	CU_ASSERT(!eese_pause_holds(&p, 1100));
}

/* Doubles with each trial that failed, up to a minute; an answer ends it. */
static void test_doubles(void)
{
	struct eese_pause p = {0};
	uint64_t now = 0;
	uint32_t length = EESE_PAUSE_FIRST_MS;

	eese_pause_failed(&p, now, 0);
	eese_pause_failed(&p, now, 0);
	for (int i = 0; i < 20; i++) {
		eese_pause_failed(&p, now, 0);
		CU_ASSERT(eese_pause_holds(&p, now + length - 1));
		CU_ASSERT(!eese_pause_holds(&p, now + length));
		now += length;
		CU_ASSERT(eese_pause_trial(&p));
		length = 2 * length < EESE_PAUSE_MAX_MS ? 2 * length : EESE_PAUSE_MAX_MS;
	}
	CU_ASSERT_EQUAL(length, EESE_PAUSE_MAX_MS);
	eese_pause_answered(&p);
	CU_ASSERT(!eese_pause_trial(&p) && !eese_pause_holds(&p, now));
}

/* What was under way when it began does not make it longer. */
static void test_stragglers(void)
{
	struct eese_pause p = {0};

	for (int i = 0; i < 16; i++)
		eese_pause_failed(&p, 50, 0);
	CU_ASSERT(eese_pause_holds(&p, 1049) && !eese_pause_holds(&p, 1050));
}

/* Shorter by up to half, never longer. */
static void test_jitter(void)
{
	bool differs = false;
	uint64_t first = 0;

	random_seed();
	for (int i = 0; i < 1000; i++) {
		struct eese_pause p = {0};

		for (int n = 0; n < 3; n++)
			eese_pause_failed(&p, 0, (uint32_t)random_next());
		CU_ASSERT(p.until_ms >= EESE_PAUSE_FIRST_MS / 2 &&
			  p.until_ms <= EESE_PAUSE_FIRST_MS);
		if (i == 0)
			first = p.until_ms;
		differs = differs || p.until_ms != first;
	}
	CU_ASSERT(differs);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"three in a row", test_three_in_a_row},
	    {"doubles", test_doubles},
	    {"stragglers", test_stragglers},
	    {"jitter", test_jitter},
	};

	return run_suite("plugin: pause", tests, COUNT(tests));
}
