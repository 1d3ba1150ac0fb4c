/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A long random life of one UE against a naive twin that remembers everything: what was announced,
 * delivered, sealed. Looks for what must never happen, whatever the order of events.
 */
#include "endpoint_support.h"

#include <stdlib.h>

enum { KEYSETS = 4096, NUMBERS = 256, STEPS = 20000, RUNS = 6 };

/* What the twin knows of one keyset that was announced. */
struct known {
	struct eese_keyset keys;
	uint8_t rand[EESE_RAND_SIZE];
	bool delivered[NUMBERS];
	bool dead; /* expired, of before a start or settled by a ref: nothing may open any more */
	bool has_ref;
	struct eese_ref ref; /* that named it invalid */
	uint64_t next_down;
};

struct twin {
	struct world w;
	struct known *known;
	size_t count;
	unsigned opened;
};

static struct known *find(struct twin *t, uint32_t ksn)
{
	for (size_t i = t->count; i > 0; i--) {
		if (t->known[i - 1].keys.up.ksn == ksn) {
			return &t->known[i - 1];
		}
	}
	return NULL;
}

/* The keyset that a ref's kid means: the newest of the kid before the one announced. */
static struct known *meant(struct twin *t, uint8_t kid, uint32_t before)
{
	for (size_t i = t->count; i > 0; i--) {
		uint32_t ksn = t->known[i - 1].keys.up.ksn;
		if (ksn < before && (ksn & 7) == kid) {
			return &t->known[i - 1];
		}
	}
	return NULL;
}

static void check_ref(struct twin *t, const struct eese_key_update *u)
{
	struct known *k = meant(t, u->ref.kid, u->ksn);
	if (u->ref.form == EESE_REF_ABSENT) {
		return;
	}
	CU_ASSERT_PTR_NOT_NULL(k);
	if (k == NULL) {
		return;
	}
	if (u->ref.form == EESE_REF_VALID) {
		CU_ASSERT_FALSE(k->dead);
		return;
	}
	k->dead = true; /* invalid for good */
	for (uint64_t n = 0; n < NUMBERS; n++) {
		bool told = u->ref.next <= n + EESE_WINDOW_WIDTH;
		CU_ASSERT(!told || eese_ref_accepted(&u->ref, n) == k->delivered[n]);
	}
	if (k->has_ref) {
		CU_ASSERT_EQUAL(k->ref.next, u->ref.next);
		CU_ASSERT_EQUAL(k->ref.accepted, u->ref.accepted);
	}
	k->has_ref = true;
	k->ref = u->ref;
}

static void check_update(struct twin *t)
{
	const struct eese_key_update *u = &t->w.update;
	if (!t->w.updated) {
		return;
	}
	struct known *k = find(t, u->ksn);
	if (k != NULL) {
		CU_ASSERT_EQUAL(memcmp(k->rand, u->rand, EESE_RAND_SIZE), 0);
		CU_ASSERT_EQUAL(k->keys.up.alg, u->alg);
	} else {
		CU_ASSERT(t->count == 0 || u->ksn > t->known[t->count - 1].keys.up.ksn);
		CU_ASSERT_FATAL(t->count < KEYSETS);
		k = &t->known[t->count++];
		adopt(&t->w, &k->keys);
		memcpy(k->rand, u->rand, EESE_RAND_SIZE);
	}
	check_ref(t, u);
}

/* One of the newest keysets, mostly the newest. */
static struct known *any(struct twin *t)
{
	size_t back = random_next() % 2 == 0 ? 0 : random_next() % 5;
	return t->count == 0 ? NULL : &t->known[t->count - 1 - (back < t->count ? back : 0)];
}

static void send_data(struct twin *t)
{
	struct known *k = any(t);
	uint64_t n = random_next() % NUMBERS;
	if (k == NULL) {
		data_unknown(&t->w);
	} else if (random_next() % 8 == 0) {
		data_forged(&t->w, &k->keys, n);
		CU_ASSERT_EQUAL(t->w.out.verdict, EESE_DROP);
	} else {
		data(&t->w, &k->keys, n);
	}
	if (k != NULL && t->w.out.verdict == EESE_DELIVER) {
		CU_ASSERT_FALSE(k->dead);
		CU_ASSERT_FALSE(k->delivered[n]);
		k->delivered[n] = true;
		t->opened++;
		/* Confirmed: whatever is older only refuses from now on. */
		for (struct known *old = t->known; old < k; old++) {
			old->dead = true;
		}
	}
	if (k != NULL && t->w.out.verdict == EESE_SWALLOW) {
		CU_ASSERT_TRUE(k->delivered[n]);
	}
	check_update(t);
}

static void send_request(struct twin *t)
{
	struct known *k = any(t);
	request(&t->w, (uint8_t)(random_next() % 6), k == NULL ? 0 : k->keys.up.ksn);
	check_update(t);
}

/* A nonce is used once: number and keyset never come again. */
static void send_downlink(struct twin *t)
{
	downlink(&t->w);
	check_update(t);
	if (t->w.result != EESE_OK) {
		return;
	}
	struct known *k = find(t, t->w.out.ksn);
	CU_ASSERT_PTR_NOT_NULL(k); /* announced before it is used */
	if (k == NULL) {
		return;
	}
	CU_ASSERT_FALSE(k->dead);
	CU_ASSERT_TRUE(down_opens(&t->w, &k->keys, k->next_down));
	k->next_down++;
}

static void all_dead(struct twin *t)
{
	for (size_t i = 0; i < t->count; i++) {
		t->known[i].dead = true;
	}
}

static void rare(struct twin *t)
{
	switch (random_next() % 4) {
	case 0:
		eese_endpoint_expire_all(t->w.ep);
		all_dead(t);
		return;
	case 1:
		CU_ASSERT_EQUAL(eese_endpoint_expire_ue(t->w.ep, UE, strlen(UE), &t->w.out),
				EESE_OK);
		all_dead(t);
		return;
	case 2:
		restart(&t->w, random_next() % 2 == 0);
		add_rands(&t->w);
		all_dead(t);
		return;
	default:
		pass(&t->w, random_next() % (2 * t->w.config.te2e_s));
	}
}

/* Some fail for want of memory. */
static void step(struct twin *t)
{
	unsigned dice = (unsigned)(random_next() % 100);
	heap.fail_at = random_next() % 16 == 0 ? heap.calls + 1 : 0;
	if (dice < 60) {
		send_data(t);
	} else if (dice < 80) {
		send_request(t);
	} else if (dice < 98) {
		send_downlink(t);
	} else {
		heap.fail_at = 0;
		rare(t);
	}
	heap.fail_at = 0;
	pass(&t->w, random_next() % 3);
	add_rands(&t->w);
}

static void lives(void)
{
	random_seed();
	for (unsigned run = 0; run < RUNS; run++) {
		struct twin t = {.known = calloc(KEYSETS, sizeof *t.known)};
		CU_ASSERT_PTR_NOT_NULL_FATAL(t.known);
		world_config(&t.w);
		t.w.config.te2e_s = 500;
		world_make(&t.w);
		set_ue(&t.w, t.w.key, 0, NULL);
		for (unsigned i = 0; i < STEPS && t.count < KEYSETS - 1; i++) {
			step(&t);
		}
		CU_ASSERT(t.opened > 100);
		CU_ASSERT(t.count > 100);
		world_free(&t.w);
		free(t.known);
	}
}

int main(void)
{
	static const struct unit_test tests[] = {{"random lives", lives}};
	return run_suite("endpoint: random", tests, COUNT(tests));
}
