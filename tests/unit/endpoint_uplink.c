/* SPDX-License-Identifier: Apache-2.0 */
/* Clause 5, 'On data from the UE': every state, every kind of message. */
#include "endpoint_support.h"

#include <stdio.h>

enum event {
	NEW,   /* 101, above all accepted */
	GAP,   /* 50, within the window, not accepted */
	SEEN,  /* 100 */
	BELOW, /* 0, accepted once, below the window now */
	FORGED,
	PENDING_NEW,
	PENDING_FORGED,
	PREVIOUS_NEW,
	PREVIOUS_GAP,
	PREVIOUS_SEEN,
	PREVIOUS_BELOW,
	PREVIOUS_FORGED,
	UNKNOWN, /* kid of no keyset held */
};

struct row {
	enum state state;
	enum event event;
	enum eese_verdict verdict;
	enum eese_counter count;
	const char *answer;
	const char *remaining;
};

#define DELIVERED EESE_DELIVER, EESE_COUNT_OPENED
#define SWALLOWED EESE_SWALLOW, EESE_COUNT_SWALLOWED
#define NO_KEY EESE_DROP, EESE_COUNT_REFUSED_NO_KEY
#define NO_KEYSET EESE_DROP, EESE_COUNT_REFUSED_NO_KEYSET
#define BELOW_WINDOW EESE_DROP, EESE_COUNT_BELOW_WINDOW
#define FAILED EESE_DROP, EESE_COUNT_FAILED_TAG
#define INVALID EESE_DROP, EESE_COUNT_REFUSED_INVALID
#define OF_PREVIOUS EESE_DROP, EESE_COUNT_REFUSED_PREVIOUS

static const struct row rows[] = {
    /* step 5 */
    {STRANGER, UNKNOWN, NO_KEY, "ask", "---"},
    {LISTED, UNKNOWN, NO_KEY, "ask", "---"},
    {KEY_OLD, UNKNOWN, NO_KEY, "ask", "---"},
    {KEYED, UNKNOWN, NO_KEYSET, "UPDATE 3 new absent", "---+"},
    {PENDING, UNKNOWN, NO_KEYSET, "UPDATE 3 pending absent", "--v"},
    {PENDING, PENDING_FORGED, NO_KEYSET, "UPDATE 3 pending absent", "--v"},
    /* step 2 */
    {PENDING, PENDING_NEW, DELIVERED, "", "--v"},
    {VALID_PENDING, PENDING_NEW, DELIVERED, "", "-rv"},
    {INTEGRITY, PENDING_NEW, DELIVERED, "", "-rv"},
    {INVALID_PENDING, PENDING_NEW, DELIVERED, "", "-rv"},
    {ALL_THREE, PENDING_NEW, DELIVERED, "", "-rv"},
    /* step 1 */
    {VALID, NEW, DELIVERED, "", "-v-"},
    {VALID, GAP, DELIVERED, "", "-v-"},
    {VALID, SEEN, SWALLOWED, "", "-v-"},
    {VALID, BELOW, BELOW_WINDOW, "", "-v-"},
    {VALID_PENDING, NEW, DELIVERED, "UPDATE * pending valid:current", "-vv"},
    {VALID_PENDING, GAP, DELIVERED, "UPDATE * pending valid:current", "-vv"},
    {VALID_PENDING, SEEN, SWALLOWED, "", "-vv"},
    {VALID_PENDING, BELOW, BELOW_WINDOW, "", "-vv"},
    {PREVIOUS, NEW, DELIVERED, "", "rv-"},
    {PREVIOUS, GAP, DELIVERED, "", "rv-"},
    {PREVIOUS, SEEN, SWALLOWED, "", "rv-"},
    {PREVIOUS, BELOW, BELOW_WINDOW, "", "rv-"},
    {ALL_THREE, NEW, DELIVERED, "UPDATE * pending valid:current", "rvv"},
    {ALL_THREE, SEEN, SWALLOWED, "", "rvv"},
    {ALL_THREE, BELOW, BELOW_WINDOW, "", "rvv"},
    /* step 3 */
    {TE2E, NEW, INVALID, "UPDATE 1 new invalid:current", "-i-+"},
    {TE2E, GAP, INVALID, "UPDATE 1 new invalid:current", "-i-+"},
    {TE2E, SEEN, SWALLOWED, "", "-i-"},
    {TE2E, BELOW, INVALID, "UPDATE 1 new invalid:current", "-i-+"},
    {ENTERPRISE, NEW, INVALID, "UPDATE 2 new invalid:current", "-i-+"},
    {ENTERPRISE, GAP, INVALID, "UPDATE 2 new invalid:current", "-i-+"},
    {ENTERPRISE, SEEN, SWALLOWED, "", "-i-"},
    {ENTERPRISE, BELOW, INVALID, "UPDATE 2 new invalid:current", "-i-+"},
    {INTEGRITY, NEW, INVALID, "UPDATE 5 pending invalid:current", "-iv"},
    {INTEGRITY, GAP, INVALID, "UPDATE 5 pending invalid:current", "-iv"},
    {INTEGRITY, SEEN, SWALLOWED, "", "-iv"},
    {INTEGRITY, BELOW, INVALID, "UPDATE 5 pending invalid:current", "-iv"},
    {INVALID_PENDING, NEW, INVALID, "UPDATE 2 pending invalid:current", "-iv"},
    {INVALID_PENDING, SEEN, SWALLOWED, "", "-iv"},
    {INVALID_PENDING, BELOW, INVALID, "UPDATE 2 pending invalid:current", "-iv"},
    {RESTORED, NEW, INVALID, "UPDATE 3 new invalid:current", "-i-+"},
    {RESTORED, GAP, INVALID, "UPDATE 3 new invalid:current", "-i-+"},
    {RESTORED, SEEN, SWALLOWED, "", "-i-"},
    {RESTORED, BELOW, INVALID, "UPDATE 3 new invalid:current", "-i-+"},
    {RESTORED_BARE, NEW, INVALID, "UPDATE 3 new absent", "-i-+"},
    {RESTORED_BARE, SEEN, INVALID, "UPDATE 3 new absent", "-i-+"},
    {RESTORED_BARE, BELOW, INVALID, "UPDATE 3 new absent", "-i-+"},
    /* step 4 */
    {PREVIOUS, PREVIOUS_NEW, OF_PREVIOUS, "UPDATE * current invalid:previous", "rv-"},
    {PREVIOUS, PREVIOUS_GAP, OF_PREVIOUS, "UPDATE * current invalid:previous", "rv-"},
    {PREVIOUS, PREVIOUS_SEEN, SWALLOWED, "", "rv-"},
    {PREVIOUS, PREVIOUS_BELOW, OF_PREVIOUS, "UPDATE * current invalid:previous", "rv-"},
    {ALL_THREE, PREVIOUS_NEW, OF_PREVIOUS, "UPDATE * current invalid:previous", "rvv"},
    {ALL_THREE, PREVIOUS_SEEN, SWALLOWED, "", "rvv"},
    /* step 6 */
    {VALID, FORGED, FAILED, "ERROR 6", "-v-"},
    {VALID, UNKNOWN, FAILED, "ERROR 6", "-v-"},
    {VALID_PENDING, FORGED, FAILED, "ERROR 6", "-vv"},
    {VALID_PENDING, PENDING_FORGED, FAILED, "ERROR 6", "-vv"},
    {VALID_PENDING, UNKNOWN, FAILED, "ERROR 6", "-vv"},
    {TE2E, FORGED, FAILED, "ERROR 6", "-i-"},
    {TE2E, UNKNOWN, FAILED, "ERROR 6", "-i-"},
    {ENTERPRISE, FORGED, FAILED, "ERROR 6", "-i-"},
    {ENTERPRISE, UNKNOWN, FAILED, "ERROR 6", "-i-"},
    {INTEGRITY, FORGED, FAILED, "ERROR 6", "-iv"},
    {INTEGRITY, PENDING_FORGED, FAILED, "ERROR 6", "-iv"},
    {INVALID_PENDING, FORGED, FAILED, "ERROR 6", "-iv"},
    {INVALID_PENDING, PENDING_FORGED, FAILED, "ERROR 6", "-iv"},
    {INVALID_PENDING, UNKNOWN, FAILED, "ERROR 6", "-iv"},
    {PREVIOUS, FORGED, FAILED, "ERROR 6", "rv-"},
    {PREVIOUS, PREVIOUS_FORGED, FAILED, "ERROR 6", "rv-"},
    {PREVIOUS, UNKNOWN, FAILED, "ERROR 6", "rv-"},
    {ALL_THREE, PENDING_FORGED, FAILED, "ERROR 6", "rvv"},
    {ALL_THREE, PREVIOUS_FORGED, FAILED, "ERROR 6", "rvv"},
    {RESTORED, FORGED, FAILED, "ERROR 6", "-i-"},
    {RESTORED, UNKNOWN, FAILED, "ERROR 6", "-i-"},
    {RESTORED_BARE, FORGED, FAILED, "ERROR 6", "-i-"},
    {RESTORED_BARE, UNKNOWN, FAILED, "ERROR 6", "-i-"},
};

static const uint64_t numbers[] = {
    [NEW] = 101,           [GAP] = 50,           [SEEN] = 100,
    [BELOW] = 0,           [FORGED] = 101,       [PENDING_NEW] = 0,
    [PENDING_FORGED] = 0,  [PREVIOUS_NEW] = 101, [PREVIOUS_GAP] = 50,
    [PREVIOUS_SEEN] = 100, [PREVIOUS_BELOW] = 0, [PREVIOUS_FORGED] = 101};

static const struct eese_keyset *keyset_of(const struct world *w, enum event e)
{
	if (e >= PREVIOUS_NEW) {
		return &w->previous;
	}
	return e >= PENDING_NEW ? &w->pending : &w->current;
}

static void happen(struct world *w, enum event e)
{
	if (e == UNKNOWN) {
		data_unknown(w);
	} else if (e == FORGED || e == PENDING_FORGED || e == PREVIOUS_FORGED) {
		data_forged(w, keyset_of(w, e), numbers[e]);
	} else {
		data(w, keyset_of(w, e), numbers[e]);
	}
}

static void check_row(const struct row *r)
{
	struct world w;
	char name[64];
	(void)snprintf(name, sizeof name, "%s, event %d", state_names[r->state], r->event);
	world_in(&w, r->state);
	happen(&w, r->event);
	EXPECT(w.out.verdict == r->verdict, name);
	EXPECT(w.out.count == r->count, name);
	EXPECT(answered(&w, r->answer), name);
	EXPECT(((w.out.events & EESE_EVENT_REJECTED) != 0) == (r->verdict == EESE_DROP), name);
	EXPECT(((w.out.events & EESE_EVENT_REPLAYED) != 0) == (r->verdict == EESE_SWALLOW), name);
	EXPECT(strcmp(remaining(&w), r->remaining) == 0, name);
	world_free(&w);
}

static void every_state(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		check_row(&rows[i]);
	}
}

/* The octets of ERROR 6: kid and Partial IV of the message meant. */
static void error_6_names_the_message(void)
{
	struct world w;
	struct eese_error e;
	world_in(&w, VALID);
	data_forged(&w, &w.current, 70000);
	CU_ASSERT_EQUAL(eese_error_decode(w.out.control, w.out.control_len, &e), EESE_OK);
	CU_ASSERT_EQUAL(e.kid, w.current.up.ksn % 8);
	CU_ASSERT_EQUAL(e.number, 70000);
	world_free(&w);
}

/* Clause 3: dropped, counted, never answered; whoever the UE is. */
static void malformed(void)
{
	static const char *const messages[] = {
	    "",
	    "01",
	    "0105",
	    "010501020304050607",                         /* head and seven octets */
	    "0005010203040506070809",                     /* nnn 0 */
	    "06000000000001010203040506070809",           /* nnn 6 */
	    "0700000000000001010203040506070809",         /* nnn 7 */
	    "0200050102030405060708090a0b0c0d0e0f101112", /* not minimal */
	    "03000001010203040506070809",
	    "41050102030405060708090a0b0c", /* KEY_UPDATE */
	    "81050102030405060708090a0b0c", /* KEY_REQUEST */
	    "c1050102030405060708090a0b0c", /* ERROR */
	};
	static const enum state states[] = {STRANGER, LISTED,   KEYED, PENDING,
					    VALID,    PREVIOUS, TE2E,  RESTORED};
	for (size_t s = 0; s < COUNT(states); s++) {
		struct world w;
		world_in(&w, states[s]);
		for (size_t i = 0; i < COUNT(messages); i++) {
			struct octets m = octets_of(messages[i]);
			data_octets(&w, m.p, m.len);
			EXPECT(w.out.verdict == EESE_DROP, messages[i]);
			EXPECT(w.out.count == EESE_COUNT_MALFORMED, messages[i]);
			EXPECT(answered(&w, ""), messages[i]);
			octets_free(&m);
		}
		world_free(&w);
	}
}

/* Whatever the caller passes on from the broker: names and lengths beyond their bounds. */
static void out_of_bounds(void)
{
	static char topic[EESE_TOPIC_MAX + 1];
	static uint8_t big[EESE_MESSAGE_MAX + 1] = {0x01, 0x05};
	static uint8_t plain[sizeof big];
	static const struct {
		const char *ue;
		size_t ue_len, topic_len, len;
	} cases[] = {
	    {UE, sizeof UE - 1, sizeof topic, 40},
	    {UE, sizeof UE - 1, 1, sizeof big},
	    {UE, 0, 1, 40},
	    {"a/b", 3, 1, 40},
	    {"a\0b", 3, 1, 40},
	    {"#", 1, 1, 40},
	    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 65, 1, 40},
	};
	struct world w;
	world_in(&w, VALID);
	for (size_t i = 0; i < COUNT(cases); i++) {
		eese_endpoint_data(w.ep, w.now, cases[i].ue, cases[i].ue_len, topic,
				   cases[i].topic_len, big, cases[i].len, plain, &w.out);
		CU_ASSERT_EQUAL(w.out.verdict, EESE_DROP);
		CU_ASSERT_EQUAL(w.out.count, EESE_COUNT_MALFORMED);
		CU_ASSERT_EQUAL(w.out.control_len, 0);
		CU_ASSERT_FALSE(w.out.ask);
	}
	CU_ASSERT_STRING_EQUAL(remaining(&w), "-v-");
	world_free(&w);
}

/* Clause 3.1: opens only for its UE, direction, keyset and topic. */
static void bound_to_its_place(void)
{
	struct world w;
	struct eese_keyset k;
	uint8_t m[64];
	uint8_t plain[64];
	world_in(&w, VALID);
	size_t len = message(&w.current, 101, m);
	eese_endpoint_data(w.ep, w.now, UE, strlen(UE), "u", 1, m, len, plain, &w.out);
	CU_ASSERT_EQUAL(w.out.count, EESE_COUNT_FAILED_TAG);
	eese_endpoint_data(w.ep, w.now, UE, strlen(UE), "t", 0, m, len, plain, &w.out);
	CU_ASSERT_EQUAL(w.out.count, EESE_COUNT_FAILED_TAG);
	k = w.current; /* the EESE's own downlink, sent back to it */
	k.up = k.down;
	data(&w, &k, 101);
	CU_ASSERT_EQUAL(w.out.count, EESE_COUNT_FAILED_TAG);
	k = w.current; /* another keyset with the same kid */
	k.up.ksn += 8;
	data(&w, &k, 101);
	CU_ASSERT_EQUAL(w.out.count, EESE_COUNT_FAILED_TAG);
	struct eese_ue_entry other = {.has_key = true};
	memcpy(other.int_key, w.key, sizeof w.key);
	CU_ASSERT_EQUAL(eese_endpoint_set_ue(w.ep, "meter-18", 8, &other), EESE_OK);
	eese_endpoint_data(w.ep, w.now, "meter-18", 8, "t", 1, m, len, plain, &w.out);
	CU_ASSERT_EQUAL(w.out.count, EESE_COUNT_REFUSED_NO_KEYSET);
	data_octets(&w, m, len);
	CU_ASSERT_EQUAL(w.out.verdict, EESE_DELIVER);
	world_free(&w);
}

/* Every number around the edges of the window, twice. */
static void window_edges(void)
{
	static const struct {
		uint64_t number;
		enum eese_verdict first, second;
	} rows_of[] = {
	    {1000, EESE_DELIVER, EESE_SWALLOW},
	    {937, EESE_DELIVER, EESE_SWALLOW},
	    {936, EESE_DROP, EESE_DROP},
	    {999, EESE_DELIVER, EESE_SWALLOW},
	    {1001, EESE_DELIVER, EESE_SWALLOW},
	    {937, EESE_DROP, EESE_DROP},
	    {938, EESE_DELIVER, EESE_SWALLOW},
	    {1065, EESE_DELIVER, EESE_SWALLOW},
	    {1001, EESE_DROP, EESE_DROP},
	    {1002, EESE_DELIVER, EESE_SWALLOW},
	    {1 << 20, EESE_DELIVER, EESE_SWALLOW},
	    {EESE_NUMBER_MAX - 1, EESE_DELIVER, EESE_SWALLOW},
	};
	struct world w;
	world_in(&w, VALID);
	for (size_t i = 0; i < COUNT(rows_of); i++) {
		data(&w, &w.current, rows_of[i].number);
		CU_ASSERT_EQUAL(w.out.verdict, rows_of[i].first);
		data(&w, &w.current, rows_of[i].number);
		CU_ASSERT_EQUAL(w.out.verdict, rows_of[i].second);
	}
	world_free(&w);
}

/* A wrong tag under a high number must not move the window. */
static void forged_number_moves_nothing(void)
{
	struct world w;
	world_in(&w, VALID);
	data_forged(&w, &w.current, 5000);
	data_forged(&w, &w.current, 50);
	data_forged(&w, &w.current, 100); /* seen, but who says so? */
	CU_ASSERT_EQUAL(w.out.verdict, EESE_DROP);
	data_forged(&w, &w.current, 0);
	CU_ASSERT_EQUAL(w.out.count, EESE_COUNT_FAILED_TAG);
	data(&w, &w.current, 50);
	CU_ASSERT_EQUAL(w.out.verdict, EESE_DELIVER);
	data(&w, &w.current, 101);
	CU_ASSERT_EQUAL(w.out.verdict, EESE_DELIVER);
	data(&w, &w.current, 5000);
	CU_ASSERT_EQUAL(w.out.verdict, EESE_DELIVER);
	world_free(&w);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"every state and message", every_state},
	    {"ERROR 6 names the message", error_6_names_the_message},
	    {"malformed", malformed},
	    {"out of bounds", out_of_bounds},
	    {"bound to its place", bound_to_its_place},
	    {"window edges", window_edges},
	    {"a forged number moves nothing", forged_number_moves_nothing},
	};
	return run_suite("endpoint: uplink", tests, COUNT(tests));
}
