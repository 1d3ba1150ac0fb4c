/* SPDX-License-Identifier: Apache-2.0 */
/* Clause 5, 'Downlink', and N7. */
#include "endpoint_support.h"

#include <stdio.h>

enum under { NONE, CURRENT, AT_PENDING, FRESH };

static const struct row {
	enum state state;
	enum eese_result result;
	const char *answer;
	bool ordered;
	enum under under;
} rows[] = {
    {STRANGER, EESE_NO_KEY, "ask", false, NONE},
    {LISTED, EESE_NO_KEY, "ask", false, NONE},
    {KEY_OLD, EESE_NO_KEY, "ask", false, NONE},
    {KEYED, EESE_OK, "UPDATE 0 new absent", true, FRESH},
    {PENDING, EESE_OK, "UPDATE 0 pending absent", true, AT_PENDING},
    {VALID, EESE_OK, "", false, CURRENT},
    {VALID_PENDING, EESE_OK, "UPDATE 0 pending valid:current", true, AT_PENDING},
    {TE2E, EESE_OK, "UPDATE 0 new invalid:current", true, FRESH},
    {ENTERPRISE, EESE_OK, "UPDATE 0 new invalid:current", true, FRESH},
    {INTEGRITY, EESE_OK, "UPDATE 0 pending invalid:current", true, AT_PENDING},
    {INVALID_PENDING, EESE_OK, "UPDATE 0 pending invalid:current", true, AT_PENDING},
    {PREVIOUS, EESE_OK, "", false, CURRENT},
    {ALL_THREE, EESE_OK, "UPDATE 0 pending valid:current", true, AT_PENDING},
    {RESTORED, EESE_OK, "UPDATE 0 new invalid:current", true, FRESH},
    {RESTORED_BARE, EESE_OK, "UPDATE 0 new absent", true, FRESH},
};

static struct eese_keyset keyset_of(const struct world *w, enum under u)
{
	struct eese_keyset fresh;
	if (u == CURRENT) {
		return w->current;
	}
	if (u == AT_PENDING) {
		return w->pending;
	}
	adopt(w, &fresh);
	return fresh;
}

static void every_state(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *r = &rows[i];
		const char *name = state_names[r->state];
		struct world w;
		world_in(&w, r->state);
		downlink(&w);
		EXPECT(w.result == r->result, name);
		EXPECT(w.ordered == r->ordered, name);
		EXPECT(answered(&w, r->answer), name);
		if (r->under != NONE) {
			struct eese_keyset k = keyset_of(&w, r->under);
			EXPECT(down_opens(&w, &k, 0), name);
			downlink(&w); /* the budget is spent: no second KEY_UPDATE, same keyset */
			EXPECT(answered(&w, ""), name);
			EXPECT(w.ordered == r->ordered, name);
			EXPECT(down_opens(&w, &k, 1), name);
		}
		EXPECT(counter(&w, EESE_COUNT_DOWNLINK_WAITING) == (r->under == NONE), name);
		world_free(&w);
	}
}

/* After the confirmation downlink goes straight again, and numbers go on. */
static void confirmed(void)
{
	struct world w;
	world_in(&w, VALID_PENDING);
	downlink(&w);
	data(&w, &w.pending, 0);
	downlink(&w);
	CU_ASSERT_EQUAL(w.ordered, false);
	CU_ASSERT_TRUE(down_opens(&w, &w.pending, 1));
	world_free(&w);
}

/* N7: a pending that is invalid makes place for a new one. */
static void invalid_pending(void)
{
	for (unsigned by_time = 0; by_time < 2; by_time++) {
		struct world w;
		world_in(&w, PENDING);
		if (by_time == 1) {
			downlink(&w);
			pass(&w, w.config.te2e_s);
		} else {
			eese_endpoint_expire_all(w.ep);
		}
		downlink(&w);
		EXPECT(answered(&w, "UPDATE 0 new absent"), "N7");
		CU_ASSERT_TRUE(w.update.ksn > w.pending.up.ksn);
		CU_ASSERT_STRING_EQUAL(remaining(&w), "---+");
		world_free(&w);
	}
}

/* No keyset is used for downlink that was not announced, whoever spent the budgets before. */
static void never_ahead_of_the_update(void)
{
	struct world w;
	world_in(&w, LISTED);
	data_unknown(&w);
	key_refused(&w, EESE_ERROR_NO_KEY); /* spends the budget of the rest */
	EXPECT(answered(&w, "ERROR 4"), "refused");
	key_arrived(&w, w.key, 1, 0);
	EXPECT(answered(&w, ""), "budget spent");
	downlink(&w);
	EXPECT(answered(&w, "UPDATE 0 new absent"), "announced first");
	CU_ASSERT_TRUE(w.ordered);
	world_free(&w);
}

/* Who subscribes ctl hears what is pending, whatever was spent before; nothing else changes. */
static void a_new_listener(void)
{
	static const char *const expected[STATES] = {
	    [STRANGER] = "",
	    [LISTED] = "",
	    [KEY_OLD] = "",
	    [KEYED] = "",
	    [PENDING] = "UPDATE * pending absent",
	    [VALID] = "",
	    [VALID_PENDING] = "UPDATE * pending valid:current",
	    [TE2E] = "",
	    [ENTERPRISE] = "",
	    [INTEGRITY] = "UPDATE * pending invalid:current",
	    [INVALID_PENDING] = "UPDATE * pending invalid:current",
	    [PREVIOUS] = "",
	    [ALL_THREE] = "UPDATE * pending valid:current",
	    [RESTORED] = "",
	    [RESTORED_BARE] = "",
	};
	for (enum state s = 0; s < STATES; s++) {
		struct world w;
		char before[8];
		world_in(&w, s);
		(void)snprintf(before, sizeof before, "%s", remaining(&w));
		world_free(&w);
		world_in(&w, s);
		for (int i = 0; i < 3; i++) {
			listening(&w);
			EXPECT(answered(&w, expected[s]), state_names[s]);
		}
		CU_ASSERT_STRING_EQUAL(remaining(&w), before);
		world_free(&w);
	}
}

/* The KEY_UPDATE had no reader, and recordings keep the budget spent: it is heard all the same. */
static void listener_after_a_spent_budget(void)
{
	struct world w;
	world_in(&w, VALID_PENDING);
	for (int i = 0; i < 5; i++) {
		request(&w, EESE_REQUEST_REFRESH, w.current.up.ksn);
	}
	EXPECT(answered(&w, ""), "spent");
	listening(&w);
	EXPECT(answered(&w, "UPDATE * pending valid:current"), "heard");
	request(&w, EESE_REQUEST_REFRESH, w.current.up.ksn);
	EXPECT(answered(&w, ""), "and nothing was given back");
	world_free(&w);
}

static void bounds(void)
{
	static uint8_t plain[EESE_PLAINTEXT_MAX + 1];
	static uint8_t sealed[sizeof plain + EESE_DATA_OVERHEAD_MAX];
	static char topic[EESE_TOPIC_MAX + 1];
	static const struct {
		const char *ue;
		size_t ue_len, topic_len, len, size;
		enum eese_result result;
	} cases[] = {
	    {UE, sizeof UE - 1, 1, 0, EESE_DATA_OVERHEAD_MAX, EESE_OK},
	    {UE, sizeof UE - 1, 0, 1, sizeof sealed, EESE_OK},
	    {UE, sizeof UE - 1, EESE_TOPIC_MAX, EESE_PLAINTEXT_MAX, sizeof sealed, EESE_OK},
	    {UE, sizeof UE - 1, EESE_TOPIC_MAX + 1, 1, sizeof sealed, EESE_INVALID},
	    {UE, sizeof UE - 1, 1, EESE_PLAINTEXT_MAX + 1, sizeof sealed, EESE_INVALID},
	    {UE, sizeof UE - 1, 1, 10, 10 + EESE_DATA_OVERHEAD_MAX - 1, EESE_INVALID},
	    {"a/b", 3, 1, 1, sizeof sealed, EESE_INVALID},
	    {UE, 0, 1, 1, sizeof sealed, EESE_INVALID},
	};
	struct world w;
	bool ordered;
	world_in(&w, VALID);
	for (size_t i = 0; i < COUNT(cases); i++) {
		CU_ASSERT_EQUAL(eese_endpoint_downlink(w.ep, w.now, cases[i].ue, cases[i].ue_len,
						       topic, cases[i].topic_len, plain,
						       cases[i].len, sealed, cases[i].size,
						       &ordered, &w.out),
				cases[i].result);
		CU_ASSERT_EQUAL(w.out.sealed_len > 0, cases[i].result == EESE_OK);
		CU_ASSERT_FALSE(w.out.ask);
	}
	world_free(&w);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"every state", every_state},
	    {"confirmed", confirmed},
	    {"invalid pending", invalid_pending},
	    {"never ahead of the KEY_UPDATE", never_ahead_of_the_update},
	    {"a new listener", a_new_listener},
	    {"a new listener after a spent budget", listener_after_a_spent_budget},
	    {"bounds", bounds},
	};
	return run_suite("endpoint: downlink", tests, COUNT(tests));
}
