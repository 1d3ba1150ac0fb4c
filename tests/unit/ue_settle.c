/* SPDX-License-Identifier: Apache-2.0 */
/* What a KEY_UPDATE's ref does to held messages, and the gate: clause 6, N1, N2, N5, N8. */
#include "ue_support.h"

#include <stdio.h>

enum { K = 16 }; /* the first keyset; K + 1, K + 2 ... follow, RAND octets 1, 2, 3 ... */

static struct world *with_keyset(void)
{
	struct world *w = world_new();
	CU_ASSERT_EQUAL(update(w, K, 1, absent()), EESE_OK);
	return w;
}

/* ref of K on adoption of K + 1; four messages are held under K. */
static const struct {
	const char *name;
	enum eese_ref_form form;
	uint8_t kid;
	uint64_t next, missing;
	const char *accepted, *anew; /* of "abcd" */
} refs[] = {
    {"absent", EESE_REF_ABSENT, 0, 0, 0, "", "abcd"},
    {"valid", EESE_REF_VALID, K, 0, 0, "", ""},
    {"none accepted", EESE_REF_INVALID, K, 0, 0, "", "abcd"},
    {"all accepted", EESE_REF_INVALID, K, 4, 0, "abcd", ""},
    {"first two", EESE_REF_INVALID, K, 2, 0, "ab", "cd"},
    {"gap", EESE_REF_INVALID, K, 4, 2, "acd", "b"},
    {"gaps at both ends", EESE_REF_INVALID, K, 3, 1, "bc", "ad"},
    /* kkk of a keyset that the UE no longer knows: older than all it knows */
    {"unknown kid, valid", EESE_REF_VALID, K + 5, 0, 0, "", "abcd"},
    {"unknown kid, invalid", EESE_REF_INVALID, K + 5, 4, 0, "", "abcd"},
};

static void check_ref(size_t i, bool on_repeat)
{
	struct world *w = with_keyset();
	struct eese_ref ref = refs[i].form == EESE_REF_ABSENT ? absent()
			      : refs[i].form == EESE_REF_VALID
				  ? valid(refs[i].kid)
				  : invalid(refs[i].kid, refs[i].next, refs[i].missing);
	uint32_t handle[4];
	for (size_t m = 0; m < 4; m++) {
		handle[m] = publish(w, (const char[]){"abcd"[m], 0}, true);
	}
	skip_sent(w);
	if (on_repeat) {
		CU_ASSERT_EQUAL(update(w, K + 1, 2, valid(K)), EESE_OK);
		EXPECT_NOTHING(w);
	}
	CU_ASSERT_EQUAL(update(w, K + 1, 2, ref), EESE_OK);
	for (size_t m = 0; m < 4; m++) {
		CU_ASSERT_EQUAL(w->fate[handle[m]] == EESE_UE_EVENT_ACCEPTED,
				strchr(refs[i].accepted, "abcd"[m]) != NULL);
	}
	for (int n = 0; refs[i].anew[n] != 0; n++) {
		EXPECT_DATA(w, K + 1, 2, n, ((const char[]){refs[i].anew[n], 0}));
	}
	EXPECT_NOTHING(w);
	/* The same again changes nothing. */
	CU_ASSERT_EQUAL(update(w, K + 1, 2, ref), EESE_OK);
	EXPECT_NOTHING(w);
	CU_ASSERT_EQUAL(w->settled_twice, 0);
	CU_ASSERT_EQUAL(w->event_count[EESE_UE_EVENT_NEW_KEYSET], 2);
	CU_ASSERT_EQUAL(requests_with(w, EESE_REQUEST_STALE_KSN), 0);
	world_free(w);
}

static void refs_on_adoption(void)
{
	for (size_t i = 0; i < sizeof refs / sizeof refs[0]; i++) {
		check_ref(i, false);
	}
}

static void refs_on_repeat(void)
{
	for (size_t i = 0; i < sizeof refs / sizeof refs[0]; i++) {
		check_ref(i, true);
	}
}

/* N1: the announced keyset itself is left alone; what lies between is protected anew. */
static void between_and_announced(void)
{
	struct world *w = with_keyset();
	publish(w, "a", true);
	CU_ASSERT_EQUAL(update(w, K + 1, 2, valid(K)), EESE_OK);
	publish(w, "b", true);
	EXPECT_DATA(w, K, 1, 0, "a");
	EXPECT_DATA(w, K + 1, 2, 0, "b");
	/* K + 1 was never confirmed, and the EESE dropped it. */
	CU_ASSERT_EQUAL(update(w, K + 2, 3, valid(K)), EESE_OK);
	EXPECT_DATA(w, K + 2, 3, 0, "b");
	EXPECT_NOTHING(w);
	CU_ASSERT_EQUAL(update(w, K + 2, 3, invalid(K, 0, 0)), EESE_OK);
	EXPECT_DATA(w, K + 2, 3, 1, "a");
	CU_ASSERT_EQUAL(update(w, K + 2, 3, absent()), EESE_OK);
	EXPECT_NOTHING(w);
	world_free(w);
}

static void stale(void)
{
	struct world *w = with_keyset();
	publish(w, "a", true);
	CU_ASSERT_EQUAL(update(w, K + 1, 2, valid(K)), EESE_OK);
	skip_sent(w);
	CU_ASSERT_EQUAL(update(w, K + 1, 9, absent()), EESE_REPLAY); /* same KSN, other RAND */
	EXPECT_REQUEST(w, K + 1, EESE_REQUEST_STALE_KSN);
	EXPECT_NOTHING(w);
	CU_ASSERT_EQUAL(update(w, K, 9, absent()), EESE_REPLAY);
	CU_ASSERT_EQUAL(update(w, 0, 9, absent()), EESE_REPLAY);
	run_for(w, 60001);
	CU_ASSERT_EQUAL(requests_with(w, EESE_REQUEST_STALE_KSN), 2);
	CU_ASSERT_EQUAL(eese_ue_ksn(&w->ue), K + 1);
	world_free(w);
}

/* N2: the keyset before, with its own RAND: only its ref counts. */
static void keyset_before_again(void)
{
	struct world *w = with_keyset();
	uint32_t a = publish(w, "a", true);
	uint32_t b = publish(w, "b", true);
	CU_ASSERT_EQUAL(update(w, K + 1, 2, valid(K)), EESE_OK);
	publish(w, "c", true);
	skip_sent(w);
	CU_ASSERT_EQUAL(update(w, K + 2, 3, valid(K + 1)), EESE_OK);
	EXPECT_DATA(w, K, 1, 0, "a"); /* the gate: repeated at once */
	EXPECT_DATA(w, K, 1, 1, "b");
	publish(w, "d", true);
	EXPECT_NOTHING(w);
	CU_ASSERT_EQUAL(update(w, K + 1, 2, invalid(K, 1, 0)), EESE_OK);
	CU_ASSERT_EQUAL(w->fate[a], EESE_UE_EVENT_ACCEPTED);
	CU_ASSERT_EQUAL(w->fate[b], EESE_UE_EVENT_NONE);
	EXPECT_DATA(w, K + 2, 3, 0, "b");
	EXPECT_DATA(w, K + 2, 3, 1, "d");
	EXPECT_NOTHING(w);
	CU_ASSERT_EQUAL(eese_ue_ksn(&w->ue), K + 2);
	CU_ASSERT_EQUAL(requests_with(w, EESE_REQUEST_STALE_KSN), 0);
	world_free(w);
}

/* One message under K, one under K + 1, then K + 2 adopted by a ref naming K + 1. */
static struct world *at_the_gate(bool acknowledged, uint32_t *a, uint32_t *d)
{
	struct world *w = with_keyset();
	*a = publish(w, "a", acknowledged);
	CU_ASSERT_EQUAL(update(w, K + 1, 2, valid(K)), EESE_OK);
	publish(w, "c", true);
	skip_sent(w);
	CU_ASSERT_EQUAL(update(w, K + 2, 3, valid(K + 1)), EESE_OK);
	*d = publish(w, "d", true);
	EXPECT_DATA(w, K, 1, 0, "a");
	EXPECT_NOTHING(w);
	return w;
}

static void gate_opens_on_acknowledgement(void)
{
	uint32_t a;
	uint32_t d;
	struct world *w = at_the_gate(true, &a, &d);
	eese_ue_acknowledged(&w->ue, a, false);
	EXPECT_NOTHING(w);
	eese_ue_acknowledged(&w->ue, a, true);
	EXPECT_DATA(w, K + 2, 3, 0, "d");
	world_free(w);
}

static void gate_opens_after_10_s(void)
{
	uint32_t a;
	uint32_t d;
	struct world *w = at_the_gate(true, &a, &d);
	uint64_t closed_at = w->now;
	w->random = UINT16_MAX; /* no repeat falls into these 10 s */
	run_until(w, closed_at + 9999);
	skip_sent(w);
	CU_ASSERT_EQUAL(w->fate[a], EESE_UE_EVENT_NONE);
	run_until(w, closed_at + 10001);
	bool seen = false;
	for (const struct sent *s; (s = next_sent(w)) != NULL;) {
		seen = seen || (opens(w, s, K + 2, 3, "d") == 0 && s->at == closed_at + 10000);
	}
	CU_ASSERT_TRUE(seen);
	CU_ASSERT_EQUAL(w->fate[a], EESE_UE_EVENT_NONE); /* still held, still repeated */
	run_for(w, 60000);
	bool repeated = false;
	for (const struct sent *s; (s = next_sent(w)) != NULL;) {
		repeated = repeated || opens(w, s, K, 1, "a") == 0;
	}
	CU_ASSERT_TRUE(repeated);
	/* A repeat of the same KEY_UPDATE does not close it again. */
	CU_ASSERT_EQUAL(update(w, K + 2, 3, valid(K + 1)), EESE_OK);
	publish(w, "e", true);
	EXPECT_DATA(w, K + 2, 3, 1, "e");
	world_free(w);
}

static void gate_lets_go_of_unacknowledged(void)
{
	uint32_t a;
	uint32_t d;
	struct world *w = at_the_gate(false, &a, &d);
	run_for(w, 10001);
	CU_ASSERT_EQUAL(w->fate[a], EESE_UE_EVENT_UNCONFIRMED);
	CU_ASSERT_EQUAL(w->fate[d], EESE_UE_EVENT_NONE);
	world_free(w);
}

static void gate_waits_for_the_transport(void)
{
	struct world *w = with_keyset();
	publish(w, "a", true);
	CU_ASSERT_EQUAL(update(w, K + 1, 2, valid(K)), EESE_OK);
	publish(w, "c", true);
	skip_sent(w);
	w->connected = false;
	CU_ASSERT_EQUAL(update(w, K + 2, 3, valid(K + 1)), EESE_OK);
	publish(w, "d", true);
	run_for(w, 3600 * 1000);
	EXPECT_NOTHING(w);
	w->connected = true;
	eese_ue_connected(&w->ue);
	EXPECT_DATA(w, K, 1, 0, "a");
	EXPECT_DATA(w, K + 1, 2, 0, "c");
	EXPECT_NOTHING(w);
	run_for(w, 9000);
	CU_ASSERT(opens(w, next_sent(w), K + 2, 3, "d") < 0);
	run_for(w, 1001);
	skip_sent(w);
	publish(w, "e", true);
	EXPECT_DATA(w, K + 2, 3, 1, "e");
	world_free(w);
}

/* Nothing was sent under K + 1: it counts for nothing. */
static void unused_keyset_closes_no_gate(void)
{
	struct world *w = with_keyset();
	publish(w, "a", true);
	CU_ASSERT_EQUAL(update(w, K + 1, 2, valid(K)), EESE_OK);
	CU_ASSERT_EQUAL(update(w, K + 2, 3, valid(K)), EESE_OK);
	skip_sent(w);
	publish(w, "d", true);
	EXPECT_DATA(w, K + 2, 3, 0, "d");
	CU_ASSERT_EQUAL(update(w, K + 1, 2, valid(K)), EESE_OK); /* late: the one before */
	CU_ASSERT_EQUAL(requests_with(w, EESE_REQUEST_STALE_KSN), 0);
	world_free(w);
}

/* Messages under ever older keysets that nobody settles are given back, none is lost. */
static void too_many_keysets(void)
{
	struct world *w = with_keyset();
	uint32_t handle[8];
	for (uint32_t i = 0; i < 8; i++) {
		handle[i] = publish(w, "m", true);
		run_for(w, 11000);
		CU_ASSERT_EQUAL(update(w, K + 1 + i, (uint8_t)(2 + i), valid(K + i)), EESE_OK);
		run_for(w, 11000);
	}
	take_events(w);
	for (uint32_t i = 0; i < 8; i++) {
		CU_ASSERT_EQUAL(w->fate[handle[i]],
				i < 5 ? EESE_UE_EVENT_FAILED : EESE_UE_EVENT_NONE);
	}
	world_free(w);
}

/* K + 1 was never taken by the EESE, so it takes no place among the few that are kept. */
static void went_past(void)
{
	struct world *w = with_keyset();
	uint32_t a = publish(w, "a", true);
	CU_ASSERT_EQUAL(update(w, K + 1, 2, valid(K)), EESE_OK);
	publish(w, "b", true);
	CU_ASSERT_EQUAL(update(w, K + 2, 3, valid(K)), EESE_OK);
	for (uint32_t i = 3; i <= 5; i++) {
		run_for(w, 1000);
		CU_ASSERT_EQUAL(update(w, K + i, (uint8_t)(i + 1), invalid(K + 2, 0, 0)), EESE_OK);
	}
	take_events(w);
	CU_ASSERT_EQUAL(w->fate[a], EESE_UE_EVENT_NONE);
	world_free(w);
}

/* N5 */
static void resend_keep(void)
{
	struct world *w = with_keyset();
	uint32_t handle[6];
	for (size_t i = 0; i < 6; i++) {
		handle[i] = publish(w, (const char[]){"abcdef"[i], 0}, false);
	}
	take_events(w);
	for (size_t i = 0; i < 6; i++) {
		CU_ASSERT_EQUAL(w->fate[handle[i]],
				i < 2 ? EESE_UE_EVENT_UNCONFIRMED : EESE_UE_EVENT_NONE);
	}
	skip_sent(w);
	run_for(w, 20000);
	eese_ue_connected(&w->ue);
	EXPECT_NOTHING(w);
	CU_ASSERT_EQUAL(update(w, K + 1, 2, invalid(K, 4, 0)), EESE_OK);
	CU_ASSERT_EQUAL(w->fate[handle[3]], EESE_UE_EVENT_ACCEPTED);
	EXPECT_DATA(w, K + 1, 2, 0, "e");
	EXPECT_DATA(w, K + 1, 2, 1, "f");
	EXPECT_NOTHING(w);
	uint64_t sent_at = w->now;
	run_until(w, sent_at + 59999);
	CU_ASSERT_EQUAL(eese_ue_held(&w->ue), 2);
	run_until(w, sent_at + 60001);
	CU_ASSERT_EQUAL(eese_ue_held(&w->ue), 0);
	CU_ASSERT_EQUAL(w->fate[handle[5]], EESE_UE_EVENT_UNCONFIRMED);
	EXPECT_NOTHING(w);
	world_free(w);
}

/* A positive verdict that comes late, while the message waits for its second number. */
static void late_acknowledgement(void)
{
	struct world *w = with_keyset();
	uint32_t a = publish(w, "a", true);
	w->connected = false;
	CU_ASSERT_EQUAL(update(w, K + 1, 2, absent()), EESE_OK);
	eese_ue_acknowledged(&w->ue, a, true);
	w->connected = true;
	skip_sent(w);
	eese_ue_connected(&w->ue);
	EXPECT_NOTHING(w);
	take_events(w);
	CU_ASSERT_EQUAL(w->fate[a], EESE_UE_EVENT_ACCEPTED);
	world_free(w);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"refs on adoption", refs_on_adoption},
	    {"refs on a repeat", refs_on_repeat},
	    {"N1: between, and the one announced", between_and_announced},
	    {"stale KEY_UPDATE", stale},
	    {"N2: the keyset before again", keyset_before_again},
	    {"gate opens on acknowledgement", gate_opens_on_acknowledgement},
	    {"gate opens after 10 s", gate_opens_after_10_s},
	    {"gate lets go of unacknowledged", gate_lets_go_of_unacknowledged},
	    {"gate waits for the transport", gate_waits_for_the_transport},
	    {"an unused keyset closes no gate", unused_keyset_closes_no_gate},
	    {"more keysets than are kept", too_many_keysets},
	    {"keysets the EESE went past", went_past},
	    {"N5: resend_keep", resend_keep},
	    {"late acknowledgement", late_acknowledgement},
	};
	return run_suite("ue settle", tests, sizeof tests / sizeof tests[0]);
}
