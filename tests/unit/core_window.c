/* SPDX-License-Identifier: Apache-2.0 */
#include <CUnit/CUnit.h>
#include <string.h>

#include "core_support.h"
#include "eese/control.h"
#include "eese/window.h"

static void test_fresh(void)
{
	const struct eese_window w = {0};

	CU_ASSERT_EQUAL(eese_window_check(&w, 0), EESE_WINDOW_NEW);
	CU_ASSERT_EQUAL(eese_window_check(&w, 1), EESE_WINDOW_NEW);
	CU_ASSERT_EQUAL(eese_window_check(&w, EESE_NUMBER_MAX - 1), EESE_WINDOW_NEW);
	CU_ASSERT_EQUAL(eese_window_check(&w, EESE_NUMBER_MAX), EESE_WINDOW_BELOW);
	CU_ASSERT_EQUAL(eese_window_check(&w, EESE_NUMBER_MAX + 1), EESE_WINDOW_BELOW);
	CU_ASSERT_EQUAL(eese_window_check(&w, UINT64_MAX), EESE_WINDOW_BELOW);
}

/* Marks high alone, then looks at the edge below it. */
static void check_edge(uint64_t high)
{
	struct eese_window w = {0};

	eese_window_mark(&w, high);
	CU_ASSERT_EQUAL(w.next, high + 1);
	CU_ASSERT_EQUAL(w.seen, 1);
	CU_ASSERT_EQUAL(eese_window_check(&w, high), EESE_WINDOW_SEEN);
	for (uint64_t back = 1; back <= 70 && back <= high; back++)
		CU_ASSERT_EQUAL(eese_window_check(&w, high - back),
				back < EESE_WINDOW_WIDTH ? EESE_WINDOW_NEW : EESE_WINDOW_BELOW);
}

static void test_edges(void)
{
	static const uint64_t highs[] = {0,
					 1,
					 62,
					 63,
					 64,
					 65,
					 127,
					 128,
					 UINT32_MAX,
					 (uint64_t)UINT32_MAX + 1,
					 EESE_NUMBER_MAX - 1};

	for (size_t i = 0; i < COUNT(highs); i++)
		check_edge(highs[i]);
}

/* Jumps by exactly 1, 63, 64, 65: what stays in the window. */
static void test_jumps(void)
{
	static const uint64_t jumps[] = {1, 62, 63, 64, 65, 128, 1U << 20};

	for (size_t i = 0; i < COUNT(jumps); i++) {
		struct eese_window w = {0};

		eese_window_mark(&w, 100);
		eese_window_mark(&w, 100 + jumps[i]);
		CU_ASSERT_EQUAL(eese_window_check(&w, 100), jumps[i] < EESE_WINDOW_WIDTH
								? EESE_WINDOW_SEEN
								: EESE_WINDOW_BELOW);
		CU_ASSERT_EQUAL(eese_window_check(&w, 100 + jumps[i]), EESE_WINDOW_SEEN);
		CU_ASSERT_EQUAL(eese_window_check(&w, 100 + jumps[i] - 1),
				jumps[i] == 1 ? EESE_WINDOW_SEEN : EESE_WINDOW_NEW);
	}
}

/* Marking what is not new changes nothing. */
static void test_mark_again(void)
{
	struct eese_window w = {0}, before;

	eese_window_mark(&w, 200);
	eese_window_mark(&w, 190);
	before = w;
	eese_window_mark(&w, 200);
	eese_window_mark(&w, 190);
	eese_window_mark(&w, 136);
	eese_window_mark(&w, 0);
	eese_window_mark(&w, EESE_NUMBER_MAX);
	eese_window_mark(&w, UINT64_MAX);
	CU_ASSERT_EQUAL(memcmp(&w, &before, sizeof(w)), 0);
}

/* The naive twin: remembers every number apart. */
enum { RANGE = 4096 };

struct naive {
	bool marked[RANGE];
	uint64_t highest;
	bool any;
};

static enum eese_window_place naive_check(const struct naive *n, uint64_t number)
{
	if (n->any && number + EESE_WINDOW_WIDTH <= n->highest)
		return EESE_WINDOW_BELOW;
	return n->marked[number] ? EESE_WINDOW_SEEN : EESE_WINDOW_NEW;
}

static void naive_mark(struct naive *n, uint64_t number)
{
	if (naive_check(n, number) != EESE_WINDOW_NEW)
		return;
	n->marked[number] = true;
	if (!n->any || number > n->highest)
		n->highest = number;
	n->any = true;
}

/* Near the edge mostly, sometimes far ahead or anywhere. */
static uint64_t pick(const struct naive *n)
{
	const uint64_t r = random_next();

	switch (r & 15) {
	case 0:
		return (r >> 8) % RANGE;
	case 1:
	case 2:
		return (n->highest + (r >> 8) % 130) % RANGE;
	default:
		return (n->highest + 3 + RANGE - (r >> 8) % 72) % RANGE;
	}
}

/* Each number's place, and what a ref made of the window says of it. */
static void compare(const struct eese_window *w, const struct naive *n)
{
	const struct eese_ref ref = eese_ref_of_window(13, w);
	const uint64_t low = n->highest > 70 ? n->highest - 70 : 0;
	bool same = true;

	for (uint64_t i = low; i < n->highest + 70 && i < RANGE; i++) {
		const enum eese_window_place place = naive_check(n, i);

		same = same && eese_window_check(w, i) == place;
		same = same && eese_ref_accepted(&ref, i) == (place != EESE_WINDOW_NEW);
	}
	CU_ASSERT(same);
}

static void test_naive_twin(void)
{
	random_seed();
	for (unsigned round = 0; round < 200; round++) {
		struct eese_window w = {0};
		struct naive n = {0};

		for (unsigned step = 0; step < 300; step++) {
			const uint64_t number = pick(&n);

			CU_ASSERT_EQUAL(eese_window_check(&w, number), naive_check(&n, number));
			if (random_next() % 4 == 0)
				continue;
			eese_window_mark(&w, number);
			naive_mark(&n, number);
			compare(&w, &n);
		}
	}
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"fresh window", test_fresh},
	    {"edges", test_edges},
	    {"jumps", test_jumps},
	    {"marking again", test_mark_again},
	    {"naive twin, random", test_naive_twin},
	};

	return run_suite("core window", tests, COUNT(tests));
}
