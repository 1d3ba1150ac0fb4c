/* SPDX-License-Identifier: Apache-2.0 */
/* What the enterprise does to a UE in every state; groups, marks. */
#include "endpoint_support.h"

#include <stdio.h>

enum command { EXPIRE_UE, EXPIRE_GROUP, EXPIRE_ALL, SAME_KEY, OTHER_KEY, REMOVE, COMMANDS };

/* What is left of the keysets: after an expiry, as before, nothing. */
static const struct {
	const char *expired, *same;
} left[STATES] = {
    [STRANGER] = {"---", "---"},        [LISTED] = {"---", "---"},
    [KEY_OLD] = {"---", "---"},         [KEYED] = {"---", "---"},
    [PENDING] = {"--i", "--v"},         [VALID] = {"-i-", "-v-"},
    [VALID_PENDING] = {"-ii", "-vv"},   [TE2E] = {"-i-", "-i-"},
    [ENTERPRISE] = {"-i-", "-i-"},      [INTEGRITY] = {"-ii", "-iv"},
    [INVALID_PENDING] = {"-ii", "-iv"}, [PREVIOUS] = {"ri-", "rv-"},
    [ALL_THREE] = {"rii", "rvv"},       [RESTORED] = {"-i-", "-i-"},
    [RESTORED_BARE] = {"-i-", "-i-"},
};

static bool group_known(enum state s)
{
	return s != STRANGER;
}

static const char *command(struct world *w, enum state s, enum command c)
{
	uint8_t other[EESE_INT_KEY_SIZE];
	enum eese_result known = s == STRANGER ? EESE_NO_KEY : EESE_OK;
	w->updated = false;
	switch (c) {
	case EXPIRE_UE:
		EXPECT(eese_endpoint_expire_ue(w->ep, UE, strlen(UE), &w->out) == known,
		       state_names[s]);
		return left[s].expired;
	case EXPIRE_GROUP:
		EXPECT(eese_endpoint_expire_group(w->ep, "meters", 6) ==
			   (group_known(s) ? EESE_OK : EESE_NO_KEY),
		       state_names[s]);
		return left[s].expired;
	case EXPIRE_ALL:
		eese_endpoint_expire_all(w->ep);
		return left[s].expired;
	case SAME_KEY:
		set_ue(w, s == LISTED || s == STRANGER ? NULL : w->key,
		       s == KEY_OLD ? w->now.unix : 0, NULL);
		return left[s].same;
	case OTHER_KEY:
		key_of(2, other);
		set_ue(w, other, 0, "meters");
		return "---";
	default:
		EXPECT(eese_endpoint_remove_ue(w->ep, UE, strlen(UE)) == (s != STRANGER),
		       state_names[s]);
		CU_ASSERT_EQUAL(eese_endpoint_count(w->ep), 0);
		return "---";
	}
}

static void every_state(void)
{
	for (unsigned s = STRANGER; s < STATES; s++) {
		for (unsigned c = 0; c < COMMANDS; c++) {
			struct world w;
			char name[64];
			(void)snprintf(name, sizeof name, "%s, command %u", state_names[s], c);
			world_in(&w, s);
			const char *expected = command(&w, s, c);
			EXPECT(strcmp(remaining(&w), expected) == 0, name);
			world_free(&w);
		}
	}
}

/* Keysets made after an expiry are not touched by it, at the same moment too. */
static void made_afterwards(void)
{
	for (unsigned c = EXPIRE_UE; c <= EXPIRE_ALL; c++) {
		struct world w;
		world_in(&w, VALID);
		(void)command(&w, VALID, c);
		data(&w, &w.current, 101);
		EXPECT(answered(&w, "UPDATE 2 new invalid:current"), "expired");
		CU_ASSERT_EQUAL(w.out.expired_reason, c == EXPIRE_UE ? 0 : EESE_UPDATE_ENTERPRISE);
		CU_ASSERT_EQUAL(counter(&w, EESE_COUNT_EXPIRED_ENTERPRISE), 1);
		CU_ASSERT_STRING_EQUAL(remaining(&w), "-i-+");
		world_free(&w);
	}
}

/* An expired pending that the UE confirms is current but invalid: step 3 (N7). */
static void expired_pending_confirmed(void)
{
	static const enum state states[] = {PENDING, VALID_PENDING, ALL_THREE};
	for (size_t i = 0; i < COUNT(states); i++) {
		for (unsigned c = EXPIRE_UE; c <= EXPIRE_ALL; c++) {
			struct world w;
			world_in(&w, states[i]);
			(void)command(&w, states[i], c);
			data(&w, &w.pending, 3);
			CU_ASSERT_EQUAL(w.out.count, EESE_COUNT_REFUSED_INVALID);
			w.current = w.pending;
			w.pending = w.previous = (struct eese_keyset){0};
			EXPECT(answered(&w, "UPDATE 2 new invalid:current"), "N7");
			CU_ASSERT_EQUAL(w.update.ref.next, 0); /* it was not accepted */
			CU_ASSERT_STRING_EQUAL(remaining(&w), "-i-+");
			world_free(&w);
		}
	}
}

/* A group's expiry hits its members only, and counts for those who leave later. */
static void groups(void)
{
	struct world w;
	world_in(&w, VALID);
	CU_ASSERT_EQUAL(eese_endpoint_expire_group(w.ep, "valves", 6), EESE_NO_KEY);
	set_ue(&w, w.key, 0, "valves");
	CU_ASSERT_EQUAL(eese_endpoint_expire_group(w.ep, "meters", 6), EESE_OK);
	data(&w, &w.current, 101);
	CU_ASSERT_EQUAL(w.out.verdict, EESE_DELIVER);
	set_ue(&w, w.key, 0, "meters"); /* expired before it came */
	data(&w, &w.current, 102);
	CU_ASSERT_EQUAL(w.out.verdict, EESE_DELIVER);
	CU_ASSERT_EQUAL(eese_endpoint_expire_group(w.ep, "meters", 6), EESE_OK);
	set_ue(&w, w.key, 0, NULL); /* leaving does not save it */
	data(&w, &w.current, 103);
	CU_ASSERT_EQUAL(w.out.count, EESE_COUNT_REFUSED_INVALID);
	world_free(&w);
}

static void one_of_many(void)
{
	struct world w;
	struct eese_ue_entry entry = {.has_key = true};
	world_in(&w, VALID);
	memcpy(entry.int_key, w.key, sizeof w.key);
	CU_ASSERT_EQUAL(eese_endpoint_set_ue(w.ep, "meter-18", 8, &entry), EESE_OK);
	CU_ASSERT_EQUAL(eese_endpoint_expire_ue(w.ep, "meter-18", 8, &w.out), EESE_OK);
	CU_ASSERT_EQUAL(eese_endpoint_expire_ue(w.ep, "meter-19", 8, &w.out), EESE_NO_KEY);
	CU_ASSERT_TRUE(eese_endpoint_remove_ue(w.ep, "meter-18", 8));
	CU_ASSERT_FALSE(eese_endpoint_remove_ue(w.ep, "meter-18", 8));
	CU_ASSERT_STRING_EQUAL(remaining(&w), "-v-");
	world_free(&w);
}

static void name_of(unsigned i, char out[16])
{
	(void)snprintf(out, 16, "ue-%u", i);
}

/* A list that an administrator reads in anew: what it does not name goes, the rest stays. */
static void marks(void)
{
	enum { MANY = 1000 };
	struct world w;
	char name[16];
	world_in(&w, VALID);
	for (unsigned i = 0; i < MANY; i++) {
		struct eese_ue_entry e = {0};
		name_of(i, name);
		CU_ASSERT_EQUAL(eese_endpoint_set_ue(w.ep, name, strlen(name), &e), EESE_OK);
	}
	eese_endpoint_mark(w.ep);
	set_ue(&w, w.key, 0, NULL);
	for (unsigned i = 0; i < MANY; i += 3) {
		struct eese_ue_entry e = {0};
		name_of(i, name);
		CU_ASSERT_EQUAL(eese_endpoint_set_ue(w.ep, name, strlen(name), &e), EESE_OK);
	}
	CU_ASSERT_EQUAL(eese_endpoint_remove_unmarked(w.ep), MANY - (MANY + 2) / 3);
	CU_ASSERT_EQUAL(eese_endpoint_count(w.ep), (MANY + 2) / 3 + 1);
	for (unsigned i = 0; i < MANY; i++) {
		struct eese_ue_saved saved;
		name_of(i, name);
		EXPECT(eese_endpoint_save(w.ep, name, strlen(name), &saved) == (i % 3 == 0), name);
	}
	CU_ASSERT_STRING_EQUAL(remaining(&w), "-v-");
	CU_ASSERT_EQUAL(eese_endpoint_remove_unmarked(w.ep), 0);
	world_free(&w);
}

/* A million UEs expire a million times: were it a loop over them, this would not end. */
static void all_by_a_mark(void)
{
	enum { MANY = 1000000 };
	static const struct eese_ue_entry nobody = {0};
	struct world w;
	unsigned expired = 0;
	char name[16];
	world_in(&w, VALID);
	for (unsigned i = 0; i < MANY; i++) {
		name_of(i, name);
		if (eese_endpoint_set_ue(w.ep, name, strlen(name), &nobody) != EESE_OK) {
			CU_FAIL_FATAL("a million UEs");
		}
	}
	CU_ASSERT_EQUAL(eese_endpoint_count(w.ep), MANY + 1);
	for (unsigned i = 0; i < MANY; i++) {
		eese_endpoint_expire_all(w.ep);
		expired += eese_endpoint_expire_group(w.ep, "meters", 6) == EESE_OK;
	}
	CU_ASSERT_EQUAL(expired, MANY);
	CU_ASSERT_EQUAL(counter(&w, EESE_COUNT_EXPIRED_ENTERPRISE), 0); /* none was looked at */
	data(&w, &w.current, 101);
	EXPECT(answered(&w, "UPDATE 2 new invalid:current"), "expired");
	CU_ASSERT_EQUAL(counter(&w, EESE_COUNT_EXPIRED_ENTERPRISE), 1);
	world_free(&w);
}

/* Keys and keysets that were wiped are nowhere in released memory. */
static void wiped(void)
{
	static const enum command commands[] = {OTHER_KEY, REMOVE};
	for (size_t i = 0; i < COUNT(commands); i++) {
		for (unsigned secret = 0; secret < 3; secret++) {
			struct world w;
			world_in(&w, ALL_THREE);
			heap.secret = secret == 0   ? w.key
				      : secret == 1 ? w.current.up.key
						    : w.previous.up.key;
			heap.secret_len = 16;
			(void)command(&w, ALL_THREE, commands[i]);
			CU_ASSERT_EQUAL(heap.unwiped, 0);
			world_free(&w);
		}
	}
}

static void bad_entries(void)
{
	static const struct {
		const char *ue, *group;
	} cases[] = {
	    {"", NULL},
	    {"a/b", NULL},
	    {"a b", NULL},
	    {"+", NULL},
	    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL},
	    {"ok", "a/b"},
	    {"ok", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
	};
	struct world w;
	world_new(&w);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct eese_ue_entry e = {.group = cases[i].group};
		EXPECT(eese_endpoint_set_ue(w.ep, cases[i].ue, strlen(cases[i].ue), &e) ==
			   EESE_INVALID,
		       cases[i].ue);
	}
	CU_ASSERT_EQUAL(eese_endpoint_count(w.ep), 0);
	world_free(&w);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"every state and command", every_state},
	    {"made afterwards", made_afterwards},
	    {"expired pending confirmed", expired_pending_confirmed},
	    {"groups", groups},
	    {"one of many", one_of_many},
	    {"marks", marks},
	    {"all by a mark", all_by_a_mark},
	    {"wiped", wiped},
	    {"bad entries", bad_entries},
	};
	return run_suite("endpoint: commands", tests, COUNT(tests));
}
