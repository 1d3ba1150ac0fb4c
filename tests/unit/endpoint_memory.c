/* SPDX-License-Identifier: Apache-2.0 */
/* Out of memory and out of RANDs: nothing is lost but the moment. */
#include "endpoint_support.h"

#include <stdio.h>

typedef void event(struct world *w);

static void unknown(struct world *w)
{
	data_unknown(w);
}

static void to_current(struct world *w)
{
	data(w, &w->current, 150);
}

static void to_pending(struct world *w)
{
	data(w, &w->pending, 0);
}

static void asks(struct world *w)
{
	request(w, EESE_REQUEST_REFRESH, w->current.up.ksn);
}

static void asks_again(struct world *w)
{
	request(w, EESE_REQUEST_STALE_KSN, w->pending.up.ksn);
}

static void starts_contact(struct world *w)
{
	downlink(w);
}

static void arrives(struct world *w)
{
	key_arrived(w, w->key, 5, 0);
}

static void other_arrives(struct world *w)
{
	uint8_t other[EESE_INT_KEY_SIZE];
	key_of(2, other);
	key_arrived(w, other, 5, 0);
}

/* Events that need memory; what is held if they got none, and after their success. */
static const struct row {
	const char *name;
	enum state state;
	event *event;
	const char *without, *with;
} rows[] = {
    {"no keyset", KEYED, unknown, "---", "---+"},
    {"confirmation", VALID_PENDING, to_pending, "-vv", "-rv"},
    {"confirmation, previous", ALL_THREE, to_pending, "rvv", "-rv"},
    {"confirmation, invalid", INVALID_PENDING, to_pending, "-iv", "-rv"},
    {"te2e", TE2E, to_current, "-i-", "-i-+"},
    {"restored", RESTORED, to_current, "-i-", "-i-+"},
    {"asked", VALID, asks, "-v-", "-v-+"},
    {"asked, stale", VALID_PENDING, asks_again, "-vv", "-v-+"},
    {"asked, no keyset", KEYED, asks, "---", "---+"},
    {"downlink", KEYED, starts_contact, "---", "---+"},
    {"downlink, te2e", TE2E, starts_contact, "-i-", "-i-+"},
    {"key arrives", STRANGER, arrives, "---", "---+"},
    {"key arrives, listed", LISTED, arrives, "---", "---+"},
    {"candidate", VALID, other_arrives, "-v-", "-v-"},
};

/* A key that came stays, so the UE's next contact is what goes on. */
static void again(struct world *w, const struct row *r)
{
	pass(w, REST_S);
	r->event(w);
	if (r->event == arrives && !w->updated) {
		data_unknown(w);
	}
}

/* The nth allocation of the event fails, and all after it. false: it needs fewer. */
static bool fails_at(const struct row *r, size_t n)
{
	struct world w;
	char name[64];
	(void)snprintf(name, sizeof name, "%s, allocation %zu", r->name, n);
	world_in(&w, r->state);
	heap.fail_at = heap.calls + n;
	r->event(&w);
	bool failed = heap.calls >= heap.fail_at;
	heap.fail_at = 0;
	if (failed) {
		EXPECT(w.out.verdict == EESE_DROP || w.out.verdict == EESE_HANDLED, name);
		EXPECT(w.out.sealed_len == 0, name);
		again(&w, r);
	}
	EXPECT(strcmp(remaining(&w), r->with) == 0, name);
	world_free(&w);
	return failed;
}

/* The same, looking at what is left instead of trying again. */
static void leaves(const struct row *r)
{
	struct world w;
	world_in(&w, r->state);
	heap.fail_at = heap.calls + 1;
	r->event(&w);
	EXPECT(!w.updated, r->name);
	heap.fail_at = 0;
	EXPECT(strcmp(remaining(&w), r->without) == 0, r->name);
	world_free(&w);
}

static void out_of_memory(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n = 1;
		while (fails_at(&rows[i], n)) {
			n++;
		}
		EXPECT(n > 1, rows[i].name);
		leaves(&rows[i]);
	}
}

/* set_ue with a group: the UE is then as before. */
static void entry_fails(void)
{
	bool failed = true;
	for (size_t n = 1; failed; n++) {
		struct world w;
		struct eese_ue_entry e = {.has_key = true, .group = "meters"};
		world_in(&w, STRANGER);
		memcpy(e.int_key, w.key, sizeof w.key);
		heap.fail_at = heap.calls + n;
		failed = eese_endpoint_set_ue(w.ep, UE, strlen(UE), &e) == EESE_FULL;
		CU_ASSERT_EQUAL(eese_endpoint_count(w.ep), failed ? 0 : 1);
		heap.fail_at = 0;
		CU_ASSERT_EQUAL(eese_endpoint_set_ue(w.ep, UE, strlen(UE), &e), EESE_OK);
		CU_ASSERT_EQUAL(eese_endpoint_expire_group(w.ep, "meters", 6), EESE_OK);
		world_free(&w);
	}
}

/* A group that there is no memory for, asked of a UE with keysets. */
static void entry_of_known_fails(void)
{
	struct world w;
	struct eese_ue_entry e = {.has_key = true, .group = "valves"};
	world_in(&w, ALL_THREE);
	key_of(2, e.int_key);
	heap.fail_at = heap.calls + 1;
	CU_ASSERT_EQUAL(eese_endpoint_set_ue(w.ep, UE, strlen(UE), &e), EESE_FULL);
	heap.fail_at = 0;
	CU_ASSERT_STRING_EQUAL(remaining(&w), "rvv");
	world_free(&w);
}

static void restore_fails(void)
{
	struct world w;
	struct eese_ue_saved saved;
	world_in(&w, VALID);
	CU_ASSERT_TRUE(eese_endpoint_save(w.ep, UE, strlen(UE), &saved));
	heap.fail_at = heap.calls + 1;
	CU_ASSERT_EQUAL(eese_endpoint_restore(w.ep, UE, strlen(UE), &saved), EESE_FULL);
	heap.fail_at = 0;
	CU_ASSERT_STRING_EQUAL(remaining(&w), "-v-");
	saved.has_key = false; /* and "nobody" has none */
	CU_ASSERT_EQUAL(eese_endpoint_restore(w.ep, "nobody", 6, &saved), EESE_NO_KEY);
	saved.current.alg = 99;
	CU_ASSERT_EQUAL(eese_endpoint_restore(w.ep, UE, strlen(UE), &saved), EESE_INVALID);
	CU_ASSERT_FALSE(eese_endpoint_save(w.ep, "nobody", 6, &saved));
	world_free(&w);
}

static void making(void)
{
	struct world w;
	bool failed = true;
	for (size_t n = 1; failed; n++) {
		world_config(&w);
		heap.fail_at = n;
		failed = eese_endpoint_new(&w.config, &w.ep) == EESE_FULL;
		CU_ASSERT_EQUAL(w.ep == NULL, failed);
		CU_ASSERT_EQUAL(heap.live == 0, failed);
		eese_endpoint_free(w.ep);
		CU_ASSERT_EQUAL(heap.live, 0);
	}
}

static void bad_config(void)
{
	for (int i = 0; i < 6; i++) {
		struct world w;
		world_config(&w);
		struct eese_endpoint_config *c = &w.config;
		c->alloc = i == 0 ? NULL : c->alloc;
		c->release = i == 1 ? NULL : c->release;
		c->refresh_margin_pct = i == 2 ? 51 : c->refresh_margin_pct;
		c->update_interval_ms = i == 3 ? 0 : c->update_interval_ms;
		c->pending_life_s = i == 4 ? 0 : c->pending_life_s;
		c->alg = i == 5 ? 99 : c->alg;
		CU_ASSERT_EQUAL(eese_endpoint_new(c, &w.ep), EESE_INVALID);
		CU_ASSERT_PTR_NULL(w.ep);
	}
}

/* ---- RANDs ---- */

/* Uses up every RAND on other UEs. */
static void use_up(struct world *w)
{
	size_t left = EESE_ENDPOINT_RANDS - eese_endpoint_rands_wanted(w->ep);
	for (size_t i = 0; i < left; i++) {
		char name[32];
		uint8_t sealed[64];
		bool ordered;
		struct eese_ue_entry e = {.has_key = true};
		int len = snprintf(name, sizeof name, "other-%zu", i);
		CU_ASSERT_EQUAL(eese_endpoint_set_ue(w->ep, name, (size_t)len, &e), EESE_OK);
		CU_ASSERT_EQUAL(eese_endpoint_downlink(w->ep, w->now, name, (size_t)len, "d", 1,
						       (const uint8_t *)"", 0, sealed,
						       sizeof sealed, &ordered, &w->out),
				EESE_OK);
	}
	CU_ASSERT_EQUAL(eese_endpoint_rands_wanted(w->ep), EESE_ENDPOINT_RANDS);
}

/*
 * No keyset is announced meanwhile, and the UE is not told to run AKA: it has its key. ERROR 7
 * is for a key that has expired while no RAND is in hand (clause 3.5).
 */
static void out_of_rands(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *r = &rows[i];
		struct world w;
		if (strstr(r->with, "+") == NULL) {
			continue; /* needs none */
		}
		world_in(&w, r->state);
		use_up(&w);
		r->event(&w);
		EXPECT(!w.updated, r->name);
		EXPECT(w.out.sealed_len == 0, r->name);
		EXPECT(strcmp(answer(&w), "ERROR 4") != 0, r->name);
		if (r->state == TE2E && r->event == to_current) {
			EXPECT(answered(&w, "ERROR 7"), r->name);
		}
		add_rands(&w);
		again(&w, r);
		EXPECT(w.updated, r->name);
		world_free(&w);
	}
}

/* Never the same RAND twice, and no more kept than EESE_ENDPOINT_RANDS. */
static void rands_used_once(void)
{
	enum { MANY = 3 * EESE_ENDPOINT_RANDS };
	static uint8_t used[MANY][EESE_RAND_SIZE];
	static const uint8_t extra[EESE_RAND_SIZE] = {0xee};
	struct world w;
	world_in(&w, PENDING);
	CU_ASSERT_EQUAL(eese_endpoint_rands_wanted(w.ep), 0);
	eese_endpoint_add_rand(w.ep, extra);
	CU_ASSERT_EQUAL(eese_endpoint_rands_wanted(w.ep), 0);
	for (size_t i = 0; i < MANY; i++) {
		request(&w, EESE_REQUEST_STALE_KSN, w.update.ksn);
		CU_ASSERT_TRUE(w.updated);
		memcpy(used[i], w.update.rand, EESE_RAND_SIZE);
		CU_ASSERT_NOT_EQUAL(memcmp(used[i], extra, EESE_RAND_SIZE), 0);
		for (size_t j = 0; j < i; j++) {
			CU_ASSERT_NOT_EQUAL(memcmp(used[i], used[j], EESE_RAND_SIZE), 0);
		}
		add_rands(&w);
	}
	world_free(&w);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"out of memory", out_of_memory},
	    {"an entry fails", entry_fails},
	    {"an entry of a known UE fails", entry_of_known_fails},
	    {"restore fails", restore_fails},
	    {"making", making},
	    {"bad config", bad_config},
	    {"out of RANDs", out_of_rands},
	    {"RANDs used once", rands_used_once},
	};
	return run_suite("endpoint: memory", tests, COUNT(tests));
}
