/* SPDX-License-Identifier: Apache-2.0 */
/* First contact, adoption, algorithms, keys: clause 6. */
#include "ue_support.h"

static void first_contact(void)
{
	struct world *w = world_new();
	uint32_t a = publish(w, "a", true);
	uint32_t b = publish(w, "b", true);
	EXPECT_REQUEST(w, 0, EESE_REQUEST_NO_KEYSET);
	EXPECT_NOTHING(w);
	CU_ASSERT_EQUAL(update(w, 17, 7, absent()), EESE_OK);
	EXPECT_DATA(w, 17, 7, 0, "a");
	EXPECT_DATA(w, 17, 7, 1, "b");
	EXPECT_NOTHING(w);
	CU_ASSERT_EQUAL(w->event_count[EESE_UE_EVENT_NEW_KEYSET], 1);
	CU_ASSERT_EQUAL(eese_ue_ksn(&w->ue), 17);
	eese_ue_acknowledged(&w->ue, b, true);
	eese_ue_acknowledged(&w->ue, a, true);
	eese_ue_acknowledged(&w->ue, a, false);
	take_events(w);
	CU_ASSERT_EQUAL(w->fate[a], EESE_UE_EVENT_ACCEPTED);
	CU_ASSERT_EQUAL(w->fate[b], EESE_UE_EVENT_ACCEPTED);
	CU_ASSERT_EQUAL(eese_ue_held(&w->ue), 0);
	CU_ASSERT_EQUAL(eese_ue_poll(&w->ue), UINT64_MAX);
	CU_ASSERT_EQUAL(publish(w, "c", true), 3);
	EXPECT_DATA(w, 17, 7, 2, "c");
	world_free(w);
}

static void connected_asks_at_once(void)
{
	struct world *w = world_new();
	CU_ASSERT_EQUAL(eese_ue_poll(&w->ue), UINT64_MAX);
	eese_ue_connected(&w->ue);
	EXPECT_REQUEST(w, 0, EESE_REQUEST_NO_KEYSET);
	CU_ASSERT_EQUAL(update(w, 17, 7, absent()), EESE_OK);
	CU_ASSERT_EQUAL(eese_ue_poll(&w->ue), UINT64_MAX);
	eese_ue_connected(&w->ue);
	EXPECT_NOTHING(w);
	world_free(w);
}

/* Bounds of the n-th wait for a KEY_UPDATE, in seconds without jitter. */
static void back_off_within(uint16_t random, unsigned percent)
{
	static const unsigned seconds[] = {2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600};
	struct world *w = world_new();
	w->random = random;
	publish(w, "a", true);
	const struct sent *s = next_sent(w);
	for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++) {
		uint64_t before = s->at;
		uint64_t expected = (uint64_t)seconds[i] * 10 * percent;
		run_for(w, 2 * 3600 * 1000);
		CU_ASSERT_PTR_NOT_NULL_FATAL(s = next_sent(w));
		CU_ASSERT_EQUAL(request_of(w, s, w->int_key, 0), EESE_REQUEST_NO_KEYSET);
		if (expected > 3600 * 1000) {
			expected = 3600 * 1000;
		}
		CU_ASSERT(s->at - before + 30 >= expected && s->at - before <= expected + 30);
	}
	world_free(w);
}

static void back_off_and_jitter(void)
{
	back_off_within(0, 75);
	back_off_within(UINT16_MAX, 125);
	back_off_within(0x8000, 100);
}

static void unanswered_runs_aka(void)
{
	struct world *w = world_new();
	eese_ue_connected(&w->ue);
	run_for(w, 2000 + 4000 + 8000 + 16000 + 31000);
	CU_ASSERT_EQUAL(requests_with(w, EESE_REQUEST_NO_KEYSET), 5);
	CU_ASSERT_EQUAL(w->event_count[EESE_UE_EVENT_RUN_AKA], 0);
	run_for(w, 2000);
	CU_ASSERT_EQUAL(w->event_count[EESE_UE_EVENT_RUN_AKA], 1);
	CU_ASSERT_EQUAL(w->last_event.reason, 0);
	run_for(w, DAY_MS - 3600 * 1000);
	CU_ASSERT_EQUAL(w->event_count[EESE_UE_EVENT_RUN_AKA], 1);
	run_for(w, 2 * 3600 * 1000);
	CU_ASSERT_EQUAL(w->event_count[EESE_UE_EVENT_RUN_AKA], 2);
	world_free(w);
}

static void transport_down(void)
{
	struct world *w = world_new();
	w->connected = false;
	publish(w, "a", true);
	publish(w, "b", true);
	run_for(w, 3600 * 1000);
	EXPECT_NOTHING(w);
	CU_ASSERT_EQUAL(w->event_count[EESE_UE_EVENT_RUN_AKA], 0);
	w->connected = true;
	eese_ue_connected(&w->ue);
	EXPECT_REQUEST(w, 0, EESE_REQUEST_NO_KEYSET);
	EXPECT_NOTHING(w);
	w->take = 1;
	CU_ASSERT_EQUAL(update(w, 8, 7, absent()), EESE_OK);
	EXPECT_DATA(w, 8, 7, 0, "a");
	EXPECT_NOTHING(w);
	run_for(w, 999);
	w->take = UINT32_MAX;
	EXPECT_NOTHING(w);
	run_for(w, 2);
	EXPECT_DATA(w, 8, 7, 1, "b");
	EXPECT_NOTHING(w);
	world_free(w);
}

static void repeats(void)
{
	struct world *w = world_new();
	CU_ASSERT_EQUAL(update(w, 8, 7, absent()), EESE_OK);
	publish(w, "a", true);
	const struct sent *first = next_sent(w);
	uint64_t at = first->at;
	for (uint64_t wait = 10000; wait <= 4 * 3600 * 1000; wait *= 2) {
		uint64_t expected = wait < 3600 * 1000 ? wait : 3600 * 1000;
		run_for(w, expected + 30);
		const struct sent *s = next_sent(w);
		if (s == NULL) {
			CU_FAIL("no repeat");
			break;
		}
		CU_ASSERT(s->at - at + 30 >= expected && s->at - at <= expected + 30);
		CU_ASSERT_EQUAL(s->len, first->len);
		CU_ASSERT_EQUAL(memcmp(s->octets, first->octets, s->len), 0);
		at = s->at;
	}
	eese_ue_connected(&w->ue);
	EXPECT_DATA(w, 8, 7, 0, "a");
	EXPECT_NOTHING(w);
	run_for(w, 10002);
	EXPECT_DATA(w, 8, 7, 0, "a");
	world_free(w);
}

static void negative_acknowledgements(void)
{
	struct world *w = world_new();
	CU_ASSERT_EQUAL(update(w, 8, 7, absent()), EESE_OK);
	uint32_t a = publish(w, "a", true);
	for (uint64_t wait = 1000; wait <= 64000; wait *= 2) {
		EXPECT_DATA(w, 8, 7, 0, "a");
		EXPECT_NOTHING(w);
		eese_ue_acknowledged(&w->ue, a, false);
		eese_ue_acknowledged(&w->ue, a, false); /* counts once a transmission */
		run_for(w, wait - 2);
		if (wait <= 10000) {
			EXPECT_NOTHING(w);
		}
		run_for(w, 4);
	}
	CU_ASSERT_EQUAL(w->fate[a], EESE_UE_EVENT_NONE);
	CU_ASSERT_EQUAL(eese_ue_held(&w->ue), 1);
	world_free(w);
}

static void unsupported_algorithm(void)
{
	struct world *w = world_new();
	w->config.algs = 1 << 3;
	world_init(w);
	publish(w, "a", true);
	EXPECT_REQUEST(w, 0, EESE_REQUEST_NO_KEYSET);
	unsigned writes = w->record_writes;
	CU_ASSERT_EQUAL(update_alg(w, 8, 7, EESE_ALG_AES_128_GCM, absent()), EESE_INVALID);
	CU_ASSERT_EQUAL(update_alg(w, 8, 7, 99, absent()), EESE_INVALID);
	CU_ASSERT_EQUAL(w->record_writes, writes);
	CU_ASSERT_EQUAL(eese_ue_ksn(&w->ue), 0);
	run_for(w, 2001);
	EXPECT_REQUEST(w, 0, EESE_REQUEST_ALG);
	CU_ASSERT_EQUAL(update_alg(w, 9, 8, EESE_ALG_CHACHA20_POLY1305, absent()),
			SMALL ? EESE_INVALID : EESE_OK);
	CU_ASSERT_EQUAL(update(w, 10, 9, absent()), EESE_OK);
	CU_ASSERT_EQUAL(update_alg(w, 11, 9, EESE_ALG_AES_CCM_16_128_128, valid(10)), EESE_INVALID);
	CU_ASSERT_EQUAL(eese_ue_ksn(&w->ue), 10);
	run_for(w, 3600 * 1000);
	CU_ASSERT(requests_with(w, EESE_REQUEST_ALG) > 3);
	CU_ASSERT_EQUAL(update(w, 12, 10, valid(10)), EESE_OK);
	unsigned so_far = requests_with(w, EESE_REQUEST_ALG);
	run_for(w, DAY_MS);
	CU_ASSERT_EQUAL(requests_with(w, EESE_REQUEST_ALG), so_far);
	world_free(w);
}

static void new_key(void)
{
	struct world *w = world_new();
	uint8_t old_key[EESE_INT_KEY_SIZE];
	memcpy(old_key, w->int_key, sizeof old_key);
	CU_ASSERT_EQUAL(update(w, 100, 7, absent()), EESE_OK);
	uint32_t a = publish(w, "a", true);
	EXPECT_DATA(w, 100, 7, 0, "a");
	key_of(2, w->int_key);
	CU_ASSERT_EQUAL(eese_ue_new_key(&w->ue, w->int_key), EESE_OK);
	EXPECT_NOTHING(w);
	/* In turns, the new one first. */
	eese_ue_refresh(&w->ue);
	EXPECT_REQUEST(w, 0, EESE_REQUEST_REFRESH);
	run_for(w, 2002);
	CU_ASSERT_EQUAL(request_of(w, next_sent(w), old_key, 100), EESE_REQUEST_REFRESH);
	/* A KEY_UPDATE under the old one still counts, and the new one stays. */
	memcpy(w->int_key, old_key, sizeof old_key);
	CU_ASSERT_EQUAL(update(w, 101, 8, valid(100)), EESE_OK);
	key_of(2, w->int_key);
	/* Whatever KSN: it starts anew, and what was held is protected anew. */
	CU_ASSERT_EQUAL(update(w, 5, 9, absent()), EESE_OK);
	EXPECT_DATA(w, 5, 9, 0, "a");
	memcpy(w->int_key, old_key, sizeof old_key);
	CU_ASSERT_EQUAL(update(w, 102, 9, absent()), EESE_NOT_AUTHENTIC);
	key_of(2, w->int_key);
	eese_ue_acknowledged(&w->ue, a, true);
	take_events(w);
	CU_ASSERT_EQUAL(w->fate[a], EESE_UE_EVENT_ACCEPTED);
	world_restart(w);
	CU_ASSERT_EQUAL(eese_ue_ksn(&w->ue), 5);
	world_free(w);
}

static void new_key_while_waiting(void)
{
	struct world *w = world_new();
	publish(w, "a", true);
	EXPECT_REQUEST(w, 0, EESE_REQUEST_NO_KEYSET);
	CU_ASSERT_EQUAL(error_of(w, EESE_ERROR_NO_KEY), EESE_OK);
	CU_ASSERT_EQUAL(w->event_count[EESE_UE_EVENT_RUN_AKA], 1);
	key_of(3, w->int_key);
	CU_ASSERT_EQUAL(eese_ue_new_key(&w->ue, w->int_key), EESE_OK);
	EXPECT_REQUEST(w, 0, EESE_REQUEST_NO_KEYSET);
	CU_ASSERT_EQUAL(update(w, 1, 9, absent()), EESE_OK);
	EXPECT_DATA(w, 1, 9, 0, "a");
	world_free(w);
}

/* Power cuts around the first KEY_UPDATE under the new key, with both keys stored. */
static void new_key_and_restart(void)
{
	struct world *w = world_new();
	uint8_t old_key[EESE_INT_KEY_SIZE], new_key[EESE_INT_KEY_SIZE];
	memcpy(old_key, w->int_key, sizeof old_key);
	key_of(2, new_key);
	CU_ASSERT_EQUAL(update(w, 100, 7, absent()), EESE_OK);
	CU_ASSERT_EQUAL(eese_ue_new_key(&w->ue, new_key), EESE_OK);
	CU_ASSERT_TRUE(eese_ue_has_new_key(&w->ue));
	/* Before it: the old one goes on. */
	world_restart(w);
	CU_ASSERT_FALSE(eese_ue_has_new_key(&w->ue));
	CU_ASSERT_EQUAL(eese_ue_new_key(&w->ue, new_key), EESE_OK);
	CU_ASSERT_TRUE(eese_ue_has_new_key(&w->ue));
	CU_ASSERT_EQUAL(eese_ue_ksn(&w->ue), 100);
	memcpy(w->int_key, new_key, sizeof new_key);
	CU_ASSERT_EQUAL(update(w, 5, 9, absent()), EESE_OK);
	CU_ASSERT_FALSE(eese_ue_has_new_key(&w->ue));
	publish(w, "a", true);
	EXPECT_DATA(w, 5, 9, 0, "a");
	/* After it: the record is the new one's, and its keyset doesn't begin at 0 again, whatever
	 * is recorded and played back. */
	memcpy(w->int_key, old_key, sizeof old_key);
	world_restart(w);
	CU_ASSERT_EQUAL(eese_ue_ksn(&w->ue), 0);
	CU_ASSERT_EQUAL(eese_ue_new_key(&w->ue, new_key), EESE_OK);
	CU_ASSERT_FALSE(eese_ue_has_new_key(&w->ue));
	CU_ASSERT_EQUAL(eese_ue_ksn(&w->ue), 5);
	CU_ASSERT_EQUAL(update(w, 100, 7, absent()), EESE_NOT_AUTHENTIC);
	memcpy(w->int_key, new_key, sizeof new_key);
	CU_ASSERT_EQUAL(update(w, 5, 9, absent()), EESE_OK);
	publish(w, "b", true);
	EXPECT_DATA(w, 5, 9, 64, "b");
	world_free(w);
}

/* Keys 1 and 2 of one IKID: found by search. */
static void new_key_of_the_same_ikid(void)
{
	struct world *w = world_new();
	uint8_t other[EESE_INT_KEY_SIZE] = {0};
	uint16_t ikid = (uint16_t)~w->ue.ikid;
	for (uint32_t i = 0; ikid != w->ue.ikid; i++) {
		memcpy(other, &i, sizeof i);
		CU_ASSERT_EQUAL_FATAL(eese_derive_ikid(other, &ikid), EESE_OK);
	}
	CU_ASSERT_EQUAL(eese_ue_new_key(&w->ue, other), EESE_INVALID);
	CU_ASSERT_FALSE(eese_ue_has_new_key(&w->ue));
	world_free(w);
}

/* A record that can't be read any more must not look like one that isn't there. */
static void new_key_and_unreadable_record(void)
{
	struct world *w = world_new();
	uint8_t new_key[EESE_INT_KEY_SIZE];
	key_of(2, new_key);
	w->record_there = true;
	w->record_fails = true;
	CU_ASSERT_EQUAL(eese_ue_new_key(&w->ue, new_key), EESE_STORAGE);
	CU_ASSERT_FALSE(eese_ue_has_new_key(&w->ue));
	world_free(w);
}

static void record_of_another_key(void)
{
	struct world *w = world_new();
	CU_ASSERT_EQUAL(update(w, 100, 7, absent()), EESE_OK);
	key_of(4, w->int_key);
	world_restart(w);
	CU_ASSERT_EQUAL(eese_ue_ksn(&w->ue), 0);
	CU_ASSERT_EQUAL(update(w, 50, 7, absent()), EESE_OK);
	world_free(w);
}

static void record_not_written(void)
{
	struct world *w = world_new();
	publish(w, "a", true);
	EXPECT_REQUEST(w, 0, EESE_REQUEST_NO_KEYSET);
	w->record_fails = true;
	CU_ASSERT_EQUAL(update(w, 100, 7, absent()), EESE_STORAGE);
	CU_ASSERT_EQUAL(eese_ue_ksn(&w->ue), 0);
	CU_ASSERT_EQUAL(w->event_count[EESE_UE_EVENT_NEW_KEYSET], 0);
	w->record_fails = false;
	run_for(w, 2001);
	EXPECT_REQUEST(w, 0, EESE_REQUEST_NO_KEYSET);
	CU_ASSERT_EQUAL(update(w, 100, 7, absent()), EESE_OK);
	EXPECT_DATA(w, 100, 7, 0, "a");
	/* The next one can't be stored: the old one stays, with everything under it. */
	w->record_fails = true;
	CU_ASSERT_EQUAL(update(w, 101, 8, invalid(100, 0, 0)), EESE_STORAGE);
	CU_ASSERT_EQUAL(eese_ue_ksn(&w->ue), 100);
	EXPECT_NOTHING(w);
	w->record_fails = false;
	CU_ASSERT_EQUAL(update(w, 101, 8, invalid(100, 0, 0)), EESE_OK);
	EXPECT_DATA(w, 101, 8, 0, "a");
	world_free(w);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"first contact", first_contact},
	    {"connected() asks at once", connected_asks_at_once},
	    {"KEY_REQUEST 0: back-off and jitter", back_off_and_jitter},
	    {"five unanswered: AKA, then once a day", unanswered_runs_aka},
	    {"transport down or full", transport_down},
	    {"unanswered messages are repeated alike", repeats},
	    {"negative acknowledgements", negative_acknowledgements},
	    {"algorithm not supported", unsupported_algorithm},
	    {"new key beside the old one", new_key},
	    {"new key while nothing else helps", new_key_while_waiting},
	    {"new key and restart", new_key_and_restart},
	    {"new key of the same IKID", new_key_of_the_same_ikid},
	    {"new key and unreadable record", new_key_and_unreadable_record},
	    {"record of another key", record_of_another_key},
	    {"record that can't be written", record_not_written},
	};
	return run_suite("ue contact", tests, sizeof tests / sizeof tests[0]);
}
