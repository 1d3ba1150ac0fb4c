/* SPDX-License-Identifier: Apache-2.0 */
/* What an administrator sees of UEs and sets for them: info, list, sweep and tally, te2e, groups.
 */
#include "endpoint_support.h"

#include <stdio.h>
#include <stdlib.h>

static const struct row {
	enum state state;
	enum eese_ue_state shown;
	uint8_t invalid;
	bool current, pending;
} rows[] = {
    {LISTED, EESE_STATE_NO_KEY, 0, false, false},
    {KEY_OLD, EESE_STATE_NO_KEY, 0, false, false},
    {KEYED, EESE_STATE_NEW, 0, false, false},
    {PENDING, EESE_STATE_PENDING, 0, false, true},
    {VALID, EESE_STATE_VALID, 0, true, false},
    {VALID_PENDING, EESE_STATE_REFRESHING, 0, true, true},
    {TE2E, EESE_STATE_EXPIRED, EESE_UPDATE_EXPIRED, true, false},
    {ENTERPRISE, EESE_STATE_EXPIRED, EESE_UPDATE_ENTERPRISE, true, false},
    {INTEGRITY, EESE_STATE_EXPIRED, EESE_UPDATE_INTEGRITY, true, true},
    {INVALID_PENDING, EESE_STATE_EXPIRED, EESE_UPDATE_ENTERPRISE, true, true},
    {PREVIOUS, EESE_STATE_VALID, 0, true, false},
    {ALL_THREE, EESE_STATE_REFRESHING, 0, true, true},
    {RESTORED, EESE_STATE_EXPIRED, EESE_UPDATE_UNKNOWN, true, false},
};

static struct eese_ue_info info(const struct world *w)
{
	struct eese_ue_info i;
	CU_ASSERT_TRUE(eese_endpoint_info(w->ep, w->now, UE, strlen(UE), &i));
	return i;
}

static void nothing(void *ctx, const char *ue_id, const struct eese_actions *what)
{
	(void)ctx;
	(void)ue_id;
	(void)what;
}

static void every_state(void)
{
	for (size_t n = 0; n < COUNT(rows); n++) {
		const struct row *r = &rows[n];
		const char *name = state_names[r->state];
		struct world w;
		world_in(&w, r->state);
		struct eese_ue_info i = info(&w);
		EXPECT(strcmp(i.ue_id, UE) == 0, name);
		EXPECT(i.state == r->shown, name);
		EXPECT(i.invalid == r->invalid, name);
		EXPECT(i.ksn == (r->current ? w.current.up.ksn : 0), name);
		EXPECT(i.pending_ksn == (r->pending ? w.pending.up.ksn : 0), name);
		EXPECT(i.highest_ksn >= i.ksn && i.highest_ksn >= i.pending_ksn, name);
		EXPECT(i.expires == (r->current && r->invalid == 0), name);
		EXPECT(i.has_key == (r->state != LISTED), name);
		eese_endpoint_sweep(w.ep, w.now, SIZE_MAX, nothing, NULL);
		for (int s = 0; s < EESE_STATES; s++) {
			EXPECT(eese_endpoint_tally(w.ep, (enum eese_ue_state)s) ==
				   ((enum eese_ue_state)s == r->shown ? 1 : 0),
			       name);
		}
		world_free(&w);
	}
}

static void stranger(void)
{
	struct world w;
	struct eese_ue_info i = {.ksn = 1};
	world_in(&w, STRANGER);
	CU_ASSERT_FALSE(eese_endpoint_info(w.ep, w.now, UE, strlen(UE), &i));
	CU_ASSERT_EQUAL(i.ksn, 0);
	CU_ASSERT_FALSE(eese_endpoint_has_key(w.ep, w.now, UE, strlen(UE)));
	world_free(&w);
}

static void has_key(void)
{
	static const enum state states[] = {LISTED, KEY_OLD, KEYED, VALID};
	for (size_t i = 0; i < COUNT(states); i++) {
		struct world w;
		world_in(&w, states[i]);
		EXPECT(eese_endpoint_has_key(w.ep, w.now, UE, strlen(UE)) == (i >= 2),
		       state_names[states[i]]);
		world_free(&w);
	}
}

/* Looking changes nothing: the expiry is still told when the keyset is used. */
static void looking_changes_nothing(void)
{
	struct world w;
	world_in(&w, VALID);
	struct eese_ue_info i = info(&w);
	CU_ASSERT_EQUAL(i.expires_s + REST_S, i.te2e_s);
	CU_ASSERT_EQUAL(i.uplink_units, 2);
	pass(&w, i.expires_s - 1);
	CU_ASSERT_EQUAL(info(&w).expires_s, 1);
	pass(&w, 1);
	CU_ASSERT_EQUAL(info(&w).state, EESE_STATE_EXPIRED);
	CU_ASSERT_FALSE(info(&w).expires);
	CU_ASSERT_EQUAL(counter(&w, EESE_COUNT_EXPIRED_TIME), 0);
	data(&w, &w.current, 101);
	CU_ASSERT_TRUE((w.out.events & EESE_EVENT_KEY_EXPIRED) != 0);
	CU_ASSERT_EQUAL(w.out.expired_ksn, w.current.up.ksn);
	world_free(&w);
}

/* A UE's own before its group's before the default, each at once for the keyset in use. */
static void te2e(void)
{
	const uint32_t short_s = 10, long_s = 1000, never = 0;
	struct world w;
	world_in(&w, VALID);
	set_ue(&w, w.key, 0, "valves");
	pass(&w, 20);
	CU_ASSERT_EQUAL(info(&w).te2e_from, EESE_TE2E_DEFAULT);
	eese_endpoint_set_te2e_default(w.ep, short_s);
	CU_ASSERT_EQUAL(info(&w).state, EESE_STATE_EXPIRED);
	CU_ASSERT_EQUAL(eese_endpoint_set_te2e_group(w.ep, "valves", 6, &long_s), EESE_OK);
	CU_ASSERT_EQUAL(info(&w).te2e_from, EESE_TE2E_GROUP);
	CU_ASSERT_EQUAL(info(&w).expires_s, long_s - REST_S - 20);
	CU_ASSERT_EQUAL(eese_endpoint_set_te2e_ue(w.ep, UE, strlen(UE), &short_s), EESE_OK);
	CU_ASSERT_EQUAL(info(&w).te2e_from, EESE_TE2E_UE);
	CU_ASSERT_EQUAL(info(&w).state, EESE_STATE_EXPIRED);
	CU_ASSERT_EQUAL(eese_endpoint_set_te2e_ue(w.ep, UE, strlen(UE), &never), EESE_OK);
	CU_ASSERT_EQUAL(info(&w).state, EESE_STATE_VALID);
	CU_ASSERT_FALSE(info(&w).expires);
	CU_ASSERT_EQUAL(eese_endpoint_set_te2e_ue(w.ep, UE, strlen(UE), NULL), EESE_OK);
	CU_ASSERT_EQUAL(info(&w).te2e_s, long_s);
	data(&w, &w.current, 101);
	CU_ASSERT_EQUAL(w.out.verdict, EESE_DELIVER);
	CU_ASSERT_EQUAL(eese_endpoint_set_te2e_group(w.ep, "valves", 6, NULL), EESE_OK);
	data(&w, &w.current, 102);
	CU_ASSERT_EQUAL(w.out.count, EESE_COUNT_REFUSED_INVALID);
	world_free(&w);
}

static void te2e_refused(void)
{
	const uint32_t s = 5;
	struct world w;
	world_in(&w, VALID);
	CU_ASSERT_EQUAL(eese_endpoint_set_te2e_ue(w.ep, "nobody", 6, &s), EESE_NO_KEY);
	CU_ASSERT_EQUAL(eese_endpoint_set_te2e_group(w.ep, "a/b", 3, &s), EESE_INVALID);
	CU_ASSERT_EQUAL(eese_endpoint_set_group(w.ep, "nobody", 6, "g", 1), EESE_NO_KEY);
	CU_ASSERT_EQUAL(eese_endpoint_set_group(w.ep, UE, strlen(UE), "", 0), EESE_INVALID);
	CU_ASSERT_STRING_EQUAL(info(&w).group, "meters");
	heap.fail_at = heap.calls + 1;
	CU_ASSERT_EQUAL(eese_endpoint_set_te2e_group(w.ep, "g", 1, &s), EESE_FULL);
	CU_ASSERT_EQUAL(eese_endpoint_set_group(w.ep, UE, strlen(UE), "g", 1), EESE_FULL);
	heap.fail_at = 0;
	CU_ASSERT_FALSE(eese_endpoint_has_group(w.ep, "g", 1));
	CU_ASSERT_STRING_EQUAL(info(&w).group, "meters");
	world_free(&w);
}

/* A keyset keeps the expiry of the group it leaves, and escapes none that came before. */
static void moving(void)
{
	struct world w;
	world_in(&w, VALID);
	CU_ASSERT_EQUAL(eese_endpoint_set_group(w.ep, UE, strlen(UE), "a", 1), EESE_OK);
	CU_ASSERT_TRUE(eese_endpoint_has_group(w.ep, "a", 1));
	CU_ASSERT_STRING_EQUAL(info(&w).group, "a");
	CU_ASSERT_EQUAL(eese_endpoint_expire_group(w.ep, "a", 1), EESE_OK);
	CU_ASSERT_EQUAL(eese_endpoint_set_group(w.ep, UE, strlen(UE), NULL, 0), EESE_OK);
	CU_ASSERT_PTR_NULL(info(&w).group);
	CU_ASSERT_EQUAL(info(&w).invalid, EESE_UPDATE_ENTERPRISE);
	world_free(&w);
}

enum { MANY = 1000 };

static struct world with_many(void)
{
	struct world w;
	world_new(&w);
	for (unsigned i = 0; i < MANY; i++) {
		char name[16];
		struct eese_ue_entry e = {.keep = i % 2 == 0};
		int len = snprintf(name, sizeof name, "%u", i);
		CU_ASSERT_EQUAL(eese_endpoint_set_ue(w.ep, name, (size_t)len, &e), EESE_OK);
	}
	return w;
}

struct listed {
	unsigned seen[MANY], total, page, most;
};

static bool note(void *ctx, const struct eese_ue_info *ue)
{
	struct listed *l = ctx;
	l->seen[strtoul(ue->ue_id, NULL, 10) % MANY]++;
	l->total++;
	return ++l->page < l->most;
}

/* Page by page each UE comes once, whether pages end by UEs or by places looked at. */
static void pages(void)
{
	struct world w = with_many();
	for (int by_places = 0; by_places < 2; by_places++) {
		struct listed l = {.most = by_places ? UINT32_MAX : 7};
		size_t at = 0;
		unsigned rounds = 0;
		do {
			l.page = 0;
			eese_endpoint_list(w.ep, w.now, &at, by_places ? 13 : SIZE_MAX, note, &l);
			CU_ASSERT_TRUE(l.page <= (by_places ? 13 : 7));
		} while (at != 0 && ++rounds < 10 * MANY);
		CU_ASSERT_EQUAL(l.total, MANY);
		for (unsigned i = 0; i < MANY; i++) {
			CU_ASSERT_EQUAL(l.seen[i], 1);
		}
	}
	size_t beyond = SIZE_MAX;
	eese_endpoint_list(w.ep, w.now, &beyond, 10, note, &(struct listed){0});
	CU_ASSERT_EQUAL(beyond, 0);
	world_free(&w);
}

/* Small steps of the sweep tally the same as one big one. */
static void tally(void)
{
	struct world w = with_many();
	for (int i = 0; i < 2 * MANY; i++) {
		eese_endpoint_sweep(w.ep, w.now, 3, nothing, NULL);
	}
	CU_ASSERT_EQUAL(eese_endpoint_tally(w.ep, EESE_STATE_NO_KEY), MANY);
	CU_ASSERT_EQUAL(eese_endpoint_tally(w.ep, EESE_STATES), 0);
	world_free(&w);
}

/* So many places are a round of the sweep, and not one less. */
static void places(void)
{
	struct world w = with_many();
	size_t most = eese_endpoint_places(w.ep);
	CU_ASSERT(most >= MANY);
	eese_endpoint_sweep(w.ep, w.now, most - 1, nothing, NULL);
	CU_ASSERT_EQUAL(eese_endpoint_tally(w.ep, EESE_STATE_NO_KEY), 0);
	eese_endpoint_sweep(w.ep, w.now, 1, nothing, NULL);
	CU_ASSERT_EQUAL(eese_endpoint_tally(w.ep, EESE_STATE_NO_KEY), MANY);
	world_free(&w);
}

struct found {
	size_t count;
	uint32_t ksn[2];
	uint8_t reason;
};

static void find(void *ctx, const char *ue_id, const struct eese_actions *what)
{
	struct found *f = ctx;
	CU_ASSERT_STRING_EQUAL(ue_id, UE);
	CU_ASSERT_EQUAL(what->events, EESE_EVENT_KEY_EXPIRED);
	if (f->count < COUNT(f->ksn)) {
		f->ksn[f->count] = what->expired_ksn;
	}
	f->reason = what->expired_reason;
	f->count++;
}

/* Each keyset that became invalid is reported once, the pending one too. */
static void sweep_finds(void)
{
	struct world w;
	struct found f = {0};
	world_in(&w, VALID_PENDING);
	eese_endpoint_sweep(w.ep, w.now, SIZE_MAX, find, &f);
	CU_ASSERT_EQUAL(f.count, 0);
	eese_endpoint_expire_all(w.ep);
	CU_ASSERT_EQUAL(counter(&w, EESE_COUNT_EXPIRED_ENTERPRISE), 0); /* a mark, not a loop */
	eese_endpoint_sweep(w.ep, w.now, SIZE_MAX, find, &f);
	CU_ASSERT_EQUAL(f.count, 2);
	CU_ASSERT_EQUAL(f.reason, EESE_UPDATE_ENTERPRISE);
	CU_ASSERT_EQUAL(f.ksn[0], w.current.up.ksn);
	CU_ASSERT_EQUAL(f.ksn[1], w.pending.up.ksn);
	eese_endpoint_sweep(w.ep, w.now, SIZE_MAX, find, &f);
	CU_ASSERT_EQUAL(f.count, 2);
	world_free(&w);
}

/* A pending keyset under which downlink was sent runs out like any other. */
static void pending_runs_out(void)
{
	struct world w;
	struct found f = {0};
	world_in(&w, KEYED);
	downlink(&w);
	uint32_t ksn = w.out.ksn;
	pass(&w, w.config.te2e_s);
	eese_endpoint_sweep(w.ep, w.now, SIZE_MAX, find, &f);
	CU_ASSERT_EQUAL(f.count, 1);
	CU_ASSERT_EQUAL(f.ksn[0], ksn);
	CU_ASSERT_EQUAL(f.reason, EESE_UPDATE_EXPIRED);
	world_free(&w);
	/* found by the next downlink, before any sweep */
	world_in(&w, KEYED);
	downlink(&w);
	ksn = w.out.ksn;
	pass(&w, w.config.te2e_s);
	downlink(&w);
	CU_ASSERT_EQUAL(w.out.events, EESE_EVENT_KEY_EXPIRED);
	CU_ASSERT_EQUAL(w.out.expired_ksn, ksn);
	CU_ASSERT_TRUE(w.out.ksn > ksn);
	/* by command */
	ksn = w.out.ksn;
	CU_ASSERT_EQUAL(eese_endpoint_expire_ue(w.ep, UE, strlen(UE), &w.out), EESE_OK);
	CU_ASSERT_EQUAL(w.out.events, EESE_EVENT_KEY_EXPIRED);
	CU_ASSERT_EQUAL(w.out.expired_ksn, ksn);
	world_free(&w);
}

static void kept(void)
{
	struct world w = with_many();
	struct eese_ue_entry e = {0};
	eese_endpoint_mark(w.ep);
	CU_ASSERT_EQUAL(eese_endpoint_set_ue(w.ep, "0", 1, &e), EESE_OK); /* the list's now */
	CU_ASSERT_EQUAL(eese_endpoint_remove_unmarked(w.ep), MANY / 2);
	CU_ASSERT_TRUE(eese_endpoint_has_ue(w.ep, "2", 1));
	CU_ASSERT_FALSE(eese_endpoint_has_ue(w.ep, "1", 1));
	eese_endpoint_mark(w.ep);
	CU_ASSERT_EQUAL(eese_endpoint_remove_unmarked(w.ep), 1);
	CU_ASSERT_FALSE(eese_endpoint_has_ue(w.ep, "0", 1));
	world_free(&w);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"every state", every_state},
	    {"a stranger", stranger},
	    {"has key", has_key},
	    {"looking changes nothing", looking_changes_nothing},
	    {"te2e", te2e},
	    {"te2e and group refused", te2e_refused},
	    {"from group to group", moving},
	    {"pages", pages},
	    {"tally", tally},
	    {"places", places},
	    {"the sweep's finds", sweep_finds},
	    {"a pending keyset runs out", pending_runs_out},
	    {"kept", kept},
	};
	return run_suite("endpoint: look", tests, COUNT(tests));
}
