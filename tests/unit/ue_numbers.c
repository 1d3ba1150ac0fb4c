/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers: never one twice, not even after a power cut (3.1, 6); N10; the limit q (N11). */
#include "ue_support.h"

#include <stdio.h>

#include <stdlib.h>

enum { K = 16 };

static int64_t number_of(const struct world *w, const struct sent *s)
{
	struct eese_data_head head;
	(void)w;
	return s != NULL && s->channel == EESE_UE_UP &&
		       eese_data_head(s->octets, s->len, &head) == EESE_OK
		   ? (int64_t)head.number
		   : -1;
}

static void restart_goes_on_behind(void)
{
	static const uint32_t blocks[] = {0, 1, 2, 5, 64, 1000};
	for (size_t b = 0; b < sizeof blocks / sizeof blocks[0]; b++) {
		struct world *w = world_new();
		int64_t last = -1;
		w->config.reserve_block = blocks[b];
		world_init(w);
		CU_ASSERT_EQUAL(update(w, K, 1, absent()), EESE_OK);
		for (int life = 0; life < 20; life++) {
			for (int i = 0; i < life * 7 % 11; i++) {
				uint32_t handle = publish(w, "a", true);
				int64_t n = number_of(w, next_sent(w));
				CU_ASSERT(n > last);
				CU_ASSERT(i == 0 || n == last + 1);
				CU_ASSERT(last < 0 || n - last <= 1 + (blocks[b] ? blocks[b] : 64));
				last = n;
				eese_ue_acknowledged(&w->ue, handle, true);
				take_events(w);
			}
			world_restart(w);
			CU_ASSERT_EQUAL(eese_ue_ksn(&w->ue), K);
		}
		world_free(w);
	}
}

/* The same octets once more are a repeat; others under the same number are what must not be. */
static void expect_first_use(struct sent *before, const struct sent *s)
{
	if (before->len > 0) {
		CU_ASSERT_EQUAL(before->len, s->len);
		CU_ASSERT(memcmp(before->octets, s->octets, s->len) == 0);
	}
	*before = *s;
}

/* Power is cut at every write in turn, before and after it; plaintexts all differ, so a number
 * used twice under one keyset would show as two different messages with the same head. */
static void power_cut_at_every_write(void)
{
	for (unsigned cut = 0; cut < 14; cut++) {
		struct world *w = world_new();
		static struct sent used[8][4096];
		unsigned texts = 0;
		memset(used, 0, sizeof used);
		w->config.reserve_block = 3;
		world_init(w);
		uint32_t ksn = K;
		for (int life = 0; life < 6; life++) {
			w->writes_left = cut;
			for (int i = 0; i < 12; i++) {
				if (i == 5 || eese_ue_ksn(&w->ue) == 0) {
					enum eese_result r = update(w, ksn + (i == 5), 1, absent());
					ksn += r == EESE_OK && i == 5 && ksn < K + 3;
				}
				char text[16];
				(void)snprintf(text, sizeof text, "text %u", texts++);
				publish(w, text, true);
			}
			take_events(w);
			for (const struct sent *s; (s = next_sent(w)) != NULL;) {
				int64_t n = number_of(w, s);
				CU_ASSERT_FATAL(n < 4096);
				if (n >= 0) {
					expect_first_use(&used[s->octets[0] >> 3 & 7][n], s);
				}
			}
			w->writes_left = UINT32_MAX;
			world_restart(w);
		}
		world_free(w);
	}
}

static void reservation_that_fails(void)
{
	struct world *w = world_new();
	w->config.reserve_block = 2;
	world_init(w);
	CU_ASSERT_EQUAL(update(w, K, 1, absent()), EESE_OK);
	w->record_fails = true;
	publish(w, "a", true);
	publish(w, "b", true);
	publish(w, "c", true);
	EXPECT_DATA(w, K, 1, 0, "a");
	EXPECT_DATA(w, K, 1, 1, "b");
	EXPECT_NOTHING(w);
	run_for(w, 3500);
	EXPECT_NOTHING(w);
	w->record_fails = false;
	run_for(w, 1000);
	EXPECT_DATA(w, K, 1, 2, "c");
	EXPECT_NOTHING(w);
	world_free(w);
}

/* N10 */
static void never_63_above_the_oldest(void)
{
	struct world *w = world_new();
	uint32_t handle[70];
	CU_ASSERT_EQUAL(update(w, K, 1, absent()), EESE_OK);
	uint32_t oldest = publish(w, "o", true);
	EXPECT_DATA(w, K, 1, 0, "o");
	for (int i = 1; i < 64; i++) {
		handle[i] = publish(w, "m", true);
		EXPECT_DATA(w, K, 1, i, "m");
		eese_ue_acknowledged(&w->ue, handle[i], true);
		take_events(w);
	}
	publish(w, "x", true);
	publish(w, "y", true);
	EXPECT_NOTHING(w);
	run_for(w, 9000);
	EXPECT_NOTHING(w);
	eese_ue_acknowledged(&w->ue, oldest, true);
	EXPECT_DATA(w, K, 1, 64, "x");
	EXPECT_DATA(w, K, 1, 65, "y");
	world_free(w);
}

/* A message without verdict does not hold up others. */
static void unacknowledged_does_not_block(void)
{
	struct world *w = world_new();
	CU_ASSERT_EQUAL(update(w, K, 1, absent()), EESE_OK);
	uint32_t first = publish(w, "o", false);
	for (int i = 1; i < 100; i++) {
		eese_ue_acknowledged(&w->ue, publish(w, "m", true), true);
		take_events(w);
		CU_ASSERT_EQUAL(w->fate[first],
				i < 64 ? EESE_UE_EVENT_NONE : EESE_UE_EVENT_UNCONFIRMED);
	}
	world_free(w);
}

static void at_most_64_held(void)
{
	struct world *w = world_new();
	uint32_t handle;
	for (int i = 0; i < 64; i++) {
		publish(w, "a", true);
	}
	CU_ASSERT_EQUAL(eese_ue_publish(&w->ue, "t", 1, NULL, 0, true, &handle), EESE_FULL);
	CU_ASSERT_EQUAL(handle, 0);
	CU_ASSERT_EQUAL(eese_ue_held(&w->ue), 64);
	CU_ASSERT_EQUAL(update(w, K, 1, absent()), EESE_OK);
	CU_ASSERT_EQUAL(eese_ue_publish(&w->ue, "t", 1, NULL, 0, true, &handle), EESE_FULL);
	eese_ue_acknowledged(&w->ue, 5, true);
	CU_ASSERT_EQUAL(eese_ue_publish(&w->ue, "", 0, NULL, 0, true, &handle), EESE_OK);
	CU_ASSERT_EQUAL(number_of(w, &w->sent[w->sent_count - 1]), 63); /* 64 waits for 0 */
	eese_ue_acknowledged(&w->ue, 1, true);
	CU_ASSERT_EQUAL(number_of(w, &w->sent[w->sent_count - 1]), 64);
	world_free(w);
}

/* N11: q = 2^20 units; a restart counts what was reserved as used. */
static void stops_at_q(void)
{
	struct world *w = world_new();
	w->config.reserve_block = (1 << 20) - 3;
	world_init(w);
	CU_ASSERT_EQUAL(update(w, K, 1, absent()), EESE_OK);
	world_restart(w);
	publish(w, "a", true);
	EXPECT_DATA(w, K, 1, (1 << 20) - 3, "a");
	uint8_t big[4097] = {0}; /* two units, so q is reached with it */
	uint32_t handle;
	w->scratch[0] = 0;
	w->config.scratch_size = sizeof w->scratch;
	CU_ASSERT_EQUAL(eese_ue_publish(&w->ue, "t", 1, big, sizeof big, true, &handle),
			EESE_INVALID); /* beyond scratch */
	publish(w, "b", true);
	EXPECT_DATA(w, K, 1, (1 << 20) - 2, "b");
	CU_ASSERT_EQUAL(requests_with(w, EESE_REQUEST_REFRESH), 0);
	publish(w, "c", true);
	EXPECT_DATA(w, K, 1, (1 << 20) - 1, "c");
	EXPECT_REQUEST(w, K, EESE_REQUEST_REFRESH);
	publish(w, "d", true);
	EXPECT_NOTHING(w);
	run_for(w, 2001);
	EXPECT_REQUEST(w, K, EESE_REQUEST_REFRESH);
	world_restart(w);
	publish(w, "d", true);
	EXPECT_REQUEST(w, K, EESE_REQUEST_REFRESH);
	EXPECT_NOTHING(w);
	CU_ASSERT_EQUAL(update(w, K + 1, 2, valid(K)), EESE_OK);
	EXPECT_DATA(w, K + 1, 2, 0, "d");
	run_for(w, 10 * 1000);
	CU_ASSERT_EQUAL(requests_with(w, EESE_REQUEST_REFRESH), 3);
	world_free(w);
}

/* Clause 2: a message counts once per started unit of plaintext. */
static void units_of_big_messages(void)
{
	static uint8_t scratch[EESE_MESSAGE_MAX];
	static uint8_t arena[EESE_PLAINTEXT_MAX + 100];
	static uint8_t big[EESE_PLAINTEXT_MAX]; /* 16 units */
	struct world *w = world_new();
	uint32_t handle;
	w->config.scratch = scratch;
	w->config.scratch_size = sizeof scratch;
	w->config.arena = arena;
	w->config.arena_size = sizeof arena;
	w->config.reserve_block = (1 << 20) - 20;
	world_init(w);
	CU_ASSERT_EQUAL(update(w, K, 1, absent()), EESE_OK);
	world_restart(w);
	CU_ASSERT_EQUAL(eese_ue_publish(&w->ue, "t", 1, big, sizeof big, true, &handle), EESE_OK);
	eese_ue_acknowledged(&w->ue, handle, true);
	take_events(w);
	CU_ASSERT_EQUAL(requests_with(w, EESE_REQUEST_REFRESH), 0);
	size_t sent = w->sent_count;
	CU_ASSERT_EQUAL(eese_ue_publish(&w->ue, "t", 1, big, sizeof big, true, &handle), EESE_OK);
	CU_ASSERT_EQUAL(w->sent_count, sent + 1);
	CU_ASSERT_EQUAL(requests_with(w, EESE_REQUEST_REFRESH), 1);
	world_free(w);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"a restart goes on behind", restart_goes_on_behind},
	    {"power cut at every write", power_cut_at_every_write},
	    {"a reservation that fails", reservation_that_fails},
	    {"N10: never more than 63 above the oldest", never_63_above_the_oldest},
	    {"N10: without verdict", unacknowledged_does_not_block},
	    {"at most 64 are held", at_most_64_held},
	    {"N11: stops at q", stops_at_q},
	    {"units of big messages", units_of_big_messages},
	};
	return run_suite("ue numbers", tests, sizeof tests / sizeof tests[0]);
}
