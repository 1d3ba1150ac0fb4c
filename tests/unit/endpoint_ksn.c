/* SPDX-License-Identifier: Apache-2.0 */
/* Clause 2, 'KSN'. */
#include "endpoint_support.h"

#include <stdio.h>

enum { MARGIN = 3600 };

/* A UE restored with this past, and the KSN that its first contact brings; 0: none. */
static uint32_t first_ksn(struct world *w, uint32_t highest, bool durable, uint32_t current)
{
	struct eese_ue_saved saved = {.highest_ksn = highest, .durable = durable};
	if (current != 0) {
		saved.has_current = true;
		saved.current.ksn = current;
		saved.current.alg = EESE_ALG_AES_CCM_16_64_128;
	}
	world_new(w);
	set_ue(w, w->key, 0, NULL);
	CU_ASSERT_EQUAL(eese_endpoint_restore(w->ep, UE, strlen(UE), &saved), EESE_OK);
	downlink(w);
	return w->updated ? w->update.ksn : 0;
}

static void smallest_allowed(void)
{
	enum { NOW = (int)UNIX };
	static const struct {
		const char *name;
		uint32_t highest;
		bool durable;
		uint32_t current;
		uint32_t expected;
	} rows[] = {
	    {"no past, durable", 0, true, 0, NOW},
	    {"no past, not durable", 0, false, 0, NOW + MARGIN},
	    {"past below the floor", NOW - 1, true, 0, NOW},
	    {"past at the floor", NOW, true, 0, NOW + 1},
	    {"past above the floor", NOW + 5, true, 0, NOW + 6},
	    {"not durable, below", NOW + MARGIN - 1, false, 0, NOW + MARGIN},
	    {"not durable, at", NOW + MARGIN, false, 0, NOW + MARGIN + 1},
	    {"kid taken", NOW + 7, true, NOW, NOW + 9},
	    {"kid taken at the floor", NOW - 8, true, NOW - 8, NOW + 1},
	    {"kid free", NOW, true, NOW, NOW + 1},
	    {"the last one", UINT32_MAX - 1, true, 0, UINT32_MAX},
	    {"none left", UINT32_MAX, true, 0, 0},
	    {"none left by kid", UINT32_MAX - 1, true, UINT32_MAX - 8, 0},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world w;
		EXPECT(first_ksn(&w, rows[i].highest, rows[i].durable, rows[i].current) ==
			   rows[i].expected,
		       rows[i].name);
		world_free(&w);
	}
}

static void new_key_without_past(void)
{
	struct world w;
	world_in(&w, KEYED);
	data_unknown(&w);
	CU_ASSERT_EQUAL(w.update.ksn, w.now.unix + MARGIN);
	world_free(&w);
}

/* KSN starts anew with a new e2e_int_key. */
static void anew_with_a_key(void)
{
	struct world w;
	CU_ASSERT_EQUAL(first_ksn(&w, UINT32_MAX - 1, true, 0), UINT32_MAX);
	key_of(2, w.key);
	set_ue(&w, w.key, 0, NULL);
	downlink(&w);
	CU_ASSERT_TRUE(w.updated);
	CU_ASSERT_EQUAL(w.update.ksn, UNIX + MARGIN);
	world_free(&w);
}

/* No greater KSN left: as if there were no key, ERROR 4. */
static void exhausted(void)
{
	struct world w;
	(void)first_ksn(&w, UINT32_MAX, true, UINT32_MAX - 9);
	request(&w, EESE_REQUEST_REFRESH, UINT32_MAX - 9);
	EXPECT(answered(&w, "ERROR 4"), "KEY_REQUEST");
	world_free(&w);
	(void)first_ksn(&w, UINT32_MAX, true, 0);
	data_unknown(&w);
	EXPECT(answered(&w, "ERROR 4"), "no keyset");
	CU_ASSERT_EQUAL(w.out.verdict, EESE_DROP);
	world_free(&w);
	world_in(&w, VALID); /* the UE says that it saw the last one */
	request(&w, EESE_REQUEST_REFRESH, UINT32_MAX);
	EXPECT(answered(&w, "ERROR 4"), "r");
	world_free(&w);
}

/* Above what a UE says it saw, and still so after the next start. */
static void above_what_it_saw(void)
{
	struct world w;
	struct eese_ue_saved saved;
	uint32_t seen = (uint32_t)UNIX + 500000;
	world_in(&w, VALID);
	request(&w, EESE_REQUEST_STALE_KSN, seen);
	CU_ASSERT_EQUAL(w.update.ksn, seen + 1);
	CU_ASSERT_TRUE(eese_endpoint_save(w.ep, UE, strlen(UE), &saved));
	CU_ASSERT_EQUAL(saved.highest_ksn, seen + 1);
	restart(&w, true);
	downlink(&w);
	CU_ASSERT_TRUE(w.update.ksn > seen + 1);
	world_free(&w);
}

/* Many refreshes within a second: each KSN is greater and no two keysets held share a kid. */
static void kids_differ(void)
{
	struct world w;
	uint32_t before = 0;
	world_in(&w, ALL_THREE);
	for (unsigned i = 0; i < 300; i++) {
		uint32_t ksn = w.pending.up.ksn;
		CU_ASSERT_TRUE(ksn > before);
		CU_ASSERT_NOT_EQUAL(ksn % 8, w.current.up.ksn % 8);
		CU_ASSERT_NOT_EQUAL(ksn % 8, w.previous.up.ksn % 8);
		before = ksn;
		if (i % 3 != 0) { /* dropped, never confirmed */
			request(&w, EESE_REQUEST_STALE_KSN, ksn);
		} else {
			data(&w, &w.pending, 0);
			CU_ASSERT_EQUAL(w.out.verdict, EESE_DELIVER);
			w.previous = w.current;
			w.current = w.pending;
			request(&w, EESE_REQUEST_REFRESH, ksn);
		}
		CU_ASSERT_TRUE(w.updated);
		adopt(&w, &w.pending);
		add_rands(&w);
	}
	world_free(&w);
}

/* A KSN that was announced once is never announced with another RAND, not after a start either. */
static void starts(void)
{
	static const bool clean[] = {true, false, true, true, false};
	struct world w;
	uint32_t highest = 0;
	world_in(&w, VALID_PENDING);
	for (size_t i = 0; i < COUNT(clean); i++) {
		highest = w.update.ksn;
		restart(&w, clean[i]);
		data(&w, &w.current, 150); /* what was current stays; what was pending is gone */
		EXPECT(w.out.count == EESE_COUNT_REFUSED_INVALID, "start");
		EXPECT(w.updated && w.update.ksn > highest, "start");
		EXPECT(w.update.ksn >= w.now.unix + (clean[i] ? 0 : MARGIN), "start");
		data(&w, &w.pending, 0);
		EXPECT(w.out.verdict == EESE_DROP, "old pending");
		adopt(&w, &w.pending);
	}
	world_free(&w);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"smallest allowed", smallest_allowed},
	    {"new key without past", new_key_without_past},
	    {"anew with a new key", anew_with_a_key},
	    {"exhausted", exhausted},
	    {"above what it saw", above_what_it_saw},
	    {"kids differ", kids_differ},
	    {"starts", starts},
	};
	return run_suite("endpoint: KSN", tests, COUNT(tests));
}
