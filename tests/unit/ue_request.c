/* SPDX-License-Identifier: Apache-2.0 */
/* ERROR and the limits of KEY_REQUEST: clauses 3.5 and 6, N8, N9. */
#include "ue_support.h"

enum { K = 16 };

static struct world *with_keyset(void)
{
	struct world *w = world_new();
	CU_ASSERT_EQUAL(update(w, K, 1, absent()), EESE_OK);
	return w;
}

static void told_to_wait(void)
{
	static const uint8_t reasons[] = {EESE_ERROR_UE_UNKNOWN, EESE_ERROR_UNREACHABLE,
					  EESE_ERROR_NOT_APPLICABLE, EESE_ERROR_EXPIRED};
	for (size_t i = 0; i < sizeof reasons; i++) {
		struct world *w = with_keyset();
		uint32_t a = publish(w, "a", true);
		skip_sent(w);
		CU_ASSERT_EQUAL(error_of(w, reasons[i]), EESE_OK);
		CU_ASSERT_EQUAL(w->event_count[EESE_UE_EVENT_WAIT], 1);
		CU_ASSERT_EQUAL(w->last_event.reason, reasons[i]);
		EXPECT_NOTHING(w);
		/* More of them neither hasten nor delay. */
		run_for(w, 1000);
		CU_ASSERT_EQUAL(error_of(w, reasons[i]), EESE_OK);
		run_for(w, 995);
		EXPECT_NOTHING(w);
		run_for(w, 10);
		EXPECT_REQUEST(w, K, EESE_REQUEST_REFRESH);
		run_for(w, 3990);
		EXPECT_NOTHING(w);
		run_for(w, 10);
		EXPECT_REQUEST(w, K, EESE_REQUEST_REFRESH);
		/* The EESE took something: it is over. */
		eese_ue_acknowledged(&w->ue, a, true);
		run_for(w, DAY_MS);
		CU_ASSERT_EQUAL(requests_with(w, EESE_REQUEST_REFRESH), 2);
		CU_ASSERT_EQUAL(eese_ue_ksn(&w->ue), K);
		world_free(w);
	}
}

static void wait_without_keyset(void)
{
	struct world *w = world_new();
	eese_ue_connected(&w->ue);
	EXPECT_REQUEST(w, 0, EESE_REQUEST_NO_KEYSET);
	for (int i = 0; i < 1000; i++) {
		CU_ASSERT_EQUAL(error_of(w, EESE_ERROR_UNREACHABLE), EESE_OK);
		run_for(w, 100);
	}
	unsigned n = requests_with(w, EESE_REQUEST_NO_KEYSET);
	CU_ASSERT(n >= 5 && n <= 7);
	world_free(w);
}

static void run_aka_once_an_hour(void)
{
	struct world *w = with_keyset();
	publish(w, "a", true);
	for (int i = 0; i < 36; i++) {
		CU_ASSERT_EQUAL(error_of(w, EESE_ERROR_NO_KEY), EESE_OK);
		run_for(w, 5 * 60 * 1000);
	}
	CU_ASSERT_EQUAL(w->event_count[EESE_UE_EVENT_RUN_AKA], 3);
	CU_ASSERT_EQUAL(eese_ue_held(&w->ue), 1);
	CU_ASSERT_EQUAL(eese_ue_ksn(&w->ue), K);
	world_free(w);
}

/* Forged ERRORs must not bring about a refresh every few seconds, whoever answers. */
static void errors_do_not_wear_out_the_record(void)
{
	struct world *w = with_keyset();
	unsigned writes = w->record_writes;
	size_t requests = 0;
	uint32_t ksn = K;
	for (int i = 0; i < 24 * 3600; i++) {
		(void)error_of(w, EESE_ERROR_UNREACHABLE);
		run_for(w, 1000);
		unsigned now = requests_with(w, EESE_REQUEST_REFRESH);
		if (now > requests) {
			requests = now;
			ksn++;
			CU_ASSERT_EQUAL(update(w, ksn, 1, valid(ksn - 1)), EESE_OK);
		}
	}
	CU_ASSERT(w->record_writes - writes < 50);
	world_free(w);
}

/* Nor if between them, messages are acknowledged, which anyone can forge too. */
static void acceptance_does_not_help_errors(void)
{
	struct world *w = with_keyset();
	size_t requests = 0;
	uint32_t ksn = K;
	for (int i = 0; i < 3600; i++) {
		(void)error_of(w, EESE_ERROR_UNREACHABLE);
		run_for(w, 1000);
		unsigned now = requests_with(w, EESE_REQUEST_REFRESH);
		if (now > requests) {
			requests = now;
			ksn++;
			CU_ASSERT_EQUAL(update(w, ksn, 1, valid(ksn - 1)), EESE_OK);
			eese_ue_acknowledged(&w->ue, publish(w, "a", true), true);
		}
	}
	CU_ASSERT(requests > 5 && requests <= 61);
	/* What the application asks for is not held back by it. */
	eese_ue_acknowledged(&w->ue, publish(w, "a", true), true);
	run_for(w, 1000);
	eese_ue_refresh(&w->ue);
	CU_ASSERT_EQUAL(requests_with(w, EESE_REQUEST_REFRESH), requests + 1);
	world_free(w);
}

/* N9: once more the same octets; at the second since the last KEY_UPDATE KEY_REQUEST 4. */
static void error_6_rules(void)
{
	struct world *w = with_keyset();
	publish(w, "a", true);
	publish(w, "b", true);
	skip_sent(w);
	CU_ASSERT_EQUAL(error_6(w, K, 7), EESE_OK);     /* not held */
	CU_ASSERT_EQUAL(error_6(w, K + 1, 0), EESE_OK); /* other keyset */
	run_for(w, 5000);
	EXPECT_NOTHING(w);
	CU_ASSERT_EQUAL(error_6(w, K, 0), EESE_OK);
	CU_ASSERT_EQUAL(error_6(w, K, 0), EESE_OK); /* once a transmission */
	EXPECT_NOTHING(w);
	run_for(w, 2001);
	EXPECT_DATA(w, K, 1, 0, "a");
	EXPECT_NOTHING(w);
	CU_ASSERT_EQUAL(error_6(w, K, 1), EESE_OK); /* whichever message */
	EXPECT_REQUEST(w, K, EESE_REQUEST_ERROR_6);
	CU_ASSERT_EQUAL(eese_ue_held(&w->ue), 2);
	CU_ASSERT_EQUAL(update(w, K + 1, 2, absent()), EESE_OK);
	EXPECT_DATA(w, K + 1, 2, 0, "a");
	EXPECT_DATA(w, K + 1, 2, 1, "b");
	CU_ASSERT_EQUAL(error_6(w, K + 1, 1), EESE_OK); /* the first again */
	EXPECT_NOTHING(w);
	world_free(w);
}

/* N8, and that KEY_REQUEST 4 has had its chances before. */
static void given_back_after_five(void)
{
	struct world *w = with_keyset();
	uint32_t a = publish(w, "a", true);
	for (int i = 0; i < 5; i++) {
		EXPECT_DATA(w, K, 1, 0, "a");
		CU_ASSERT_EQUAL(w->fate[a], EESE_UE_EVENT_NONE);
		CU_ASSERT_EQUAL(error_6(w, K, 0), EESE_OK);
		eese_ue_acknowledged(&w->ue, a, false);
		while (w->taken < w->sent_count && w->sent[w->taken].channel == EESE_UE_REQ) {
			w->taken++;
		}
		for (int t = 0; t < 200 && w->taken == w->sent_count && i < 4; t++) {
			run_for(w, 1000);
			while (w->taken < w->sent_count &&
			       w->sent[w->taken].channel == EESE_UE_REQ) {
				w->taken++;
			}
		}
	}
	CU_ASSERT_EQUAL(w->fate[a], EESE_UE_EVENT_FAILED);
	CU_ASSERT(requests_with(w, EESE_REQUEST_ERROR_6) >= 3);
	CU_ASSERT_EQUAL(eese_ue_held(&w->ue), 0);
	world_free(w);
}

static void error_6_on_a_transport_without_verdicts(void)
{
	struct world *w = with_keyset();
	publish(w, "a", false);
	EXPECT_DATA(w, K, 1, 0, "a");
	CU_ASSERT_EQUAL(error_6(w, K, 0), EESE_OK);
	run_for(w, 2001);
	EXPECT_DATA(w, K, 1, 0, "a");
	CU_ASSERT_EQUAL(error_6(w, K, 0), EESE_OK);
	EXPECT_REQUEST(w, K, EESE_REQUEST_ERROR_6);
	run_for(w, 30000);
	EXPECT_NOTHING(w);
	CU_ASSERT_EQUAL(update(w, K + 1, 2, absent()), EESE_OK);
	EXPECT_DATA(w, K + 1, 2, 0, "a");
	world_free(w);
}

/* KEY_REQUEST 1, 3 and 4: one in 60 s, doubling to an hour, reset by an accepted uplink. */
static void limited_requests(void)
{
	static const uint64_t seconds[] = {0, 60, 120, 240, 480, 960, 1920, 3600, 3600};
	struct world *w = with_keyset();
	CU_ASSERT_EQUAL(update(w, K, 9, absent()), EESE_REPLAY);
	const struct sent *s = next_sent(w);
	for (size_t i = 1; i < sizeof seconds / sizeof seconds[0]; i++) {
		/* The second waits for the 60 s of the first; all others come after 2 h. */
		uint64_t due = i == 1 ? s->at + 60000 : w->now;
		CU_ASSERT_EQUAL(update(w, K, 9, absent()), EESE_REPLAY);
		run_for(w, 2 * 3600 * 1000);
		CU_ASSERT_PTR_NOT_NULL_FATAL(s = next_sent(w));
		CU_ASSERT_EQUAL(s->at, due);
		EXPECT_NOTHING(w);
	}
	world_free(w);

	w = with_keyset();
	uint64_t last = 0;
	size_t n = 0;
	for (int t = 0; t < 4 * 3600; t++) {
		CU_ASSERT_EQUAL(update(w, K, 9, absent()), EESE_REPLAY);
		run_for(w, 1000);
		while ((s = next_sent(w)) != NULL) {
			CU_ASSERT_EQUAL(request_of(w, s, w->int_key, K), EESE_REQUEST_STALE_KSN);
			CU_ASSERT(n < 9 && (s->at - last) / 1000 >= seconds[n]);
			last = s->at;
			n++;
		}
	}
	CU_ASSERT(n >= 8);
	uint32_t a = publish(w, "a", true);
	skip_sent(w);
	eese_ue_acknowledged(&w->ue, a, true);
	CU_ASSERT_EQUAL(update(w, K, 9, absent()), EESE_REPLAY);
	run_for(w, 61000);
	EXPECT_REQUEST(w, K, EESE_REQUEST_STALE_KSN);
	world_free(w);
}

static void one_timer_for_all_three(void)
{
	struct world *w = with_keyset();
	CU_ASSERT_EQUAL(downlink(w, K + 1, 2, 0, "x"), UNOPENED);
	EXPECT_REQUEST(w, K, EESE_REQUEST_DOWNLINK);
	CU_ASSERT_EQUAL(update(w, K, 9, absent()), EESE_REPLAY);
	publish(w, "a", true);
	publish(w, "b", true);
	skip_sent(w);
	CU_ASSERT_EQUAL(error_6(w, K, 0), EESE_OK);
	CU_ASSERT_EQUAL(error_6(w, K, 1), EESE_OK);
	run_for(w, 59000);
	CU_ASSERT_EQUAL(requests_with(w, EESE_REQUEST_ERROR_6), 0);
	run_for(w, 1001);
	CU_ASSERT_EQUAL(requests_with(w, EESE_REQUEST_ERROR_6), 1);
	CU_ASSERT_EQUAL(requests_with(w, EESE_REQUEST_STALE_KSN), 0);
	/* What is waiting is no longer needed once there is a newer keyset. */
	CU_ASSERT_EQUAL(update(w, K, 9, absent()), EESE_REPLAY);
	CU_ASSERT_EQUAL(update(w, K + 1, 2, absent()), EESE_OK);
	run_for(w, 3600 * 1000);
	CU_ASSERT_EQUAL(requests_with(w, EESE_REQUEST_STALE_KSN), 0);
	world_free(w);
}

static void refresh_is_limited(void)
{
	struct world *w = with_keyset();
	for (int i = 0; i < 600; i++) {
		eese_ue_refresh(&w->ue);
		run_for(w, 100);
	}
	unsigned n = requests_with(w, EESE_REQUEST_REFRESH);
	CU_ASSERT(n >= 4 && n <= 6);
	CU_ASSERT_EQUAL(update(w, K + 1, 2, valid(K)), EESE_OK);
	run_for(w, DAY_MS);
	CU_ASSERT_EQUAL(requests_with(w, EESE_REQUEST_REFRESH), n);
	world_free(w);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"told to wait", told_to_wait},
	    {"errors and acceptance in turns", acceptance_does_not_help_errors},
	    {"told to wait without a keyset", wait_without_keyset},
	    {"ERROR 4: AKA once an hour", run_aka_once_an_hour},
	    {"forged ERRORs do not wear out the record", errors_do_not_wear_out_the_record},
	    {"N9: ERROR 6", error_6_rules},
	    {"N8: given back after five", given_back_after_five},
	    {"ERROR 6 without verdicts", error_6_on_a_transport_without_verdicts},
	    {"KEY_REQUEST 1: 60 s to an hour", limited_requests},
	    {"KEY_REQUEST 1, 3, 4: one timer", one_timer_for_all_three},
	    {"refresh() is limited", refresh_is_limited},
	};
	return run_suite("ue request", tests, sizeof tests / sizeof tests[0]);
}
