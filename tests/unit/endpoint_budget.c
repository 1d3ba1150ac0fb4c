/* SPDX-License-Identifier: Apache-2.0 */
/* Clause 5, 'Budgets a UE'. */
#include "endpoint_support.h"

/* One contact after another, forever the same. */
typedef void contact(struct world *w);

static void forged(struct world *w)
{
	data_forged(w, &w->current, 7);
}

static void unknown(struct world *w)
{
	data_unknown(w);
}

static void refused(struct world *w)
{
	data(w, &w->current, 150);
}

static void accepted(struct world *w)
{
	static uint64_t number = 1000;
	data(w, &w->current, number++);
}

static void under_previous(struct world *w)
{
	data(w, &w->previous, 150);
}

static void asked(struct world *w)
{
	request(w, EESE_REQUEST_REFRESH, w->current.up.ksn);
}

static void starts_contact(struct world *w)
{
	downlink(w);
}

static const struct row {
	const char *name;
	enum state state;
	contact *contact;
} rows[] = {
    {"ERROR 6", VALID, forged},
    {"ERROR 6, unknown kid", RESTORED, unknown},
    {"KEY_UPDATE 3", PENDING, unknown},
    {"current invalid", INVALID_PENDING, refused},
    {"accepted, pending", VALID_PENDING, accepted},
    {"previous", PREVIOUS, under_previous},
    {"KEY_REQUEST", VALID_PENDING, asked},
    {"downlink", VALID_PENDING, starts_contact},
};

/* Seconds until the contact is answered again: asked at their ends and just before. */
static unsigned gap(struct world *w, const struct row *r)
{
	for (unsigned s = 1; s < 100; s++) {
		w->now.ms += SECOND - 1;
		r->contact(w);
		if (w->out.control_len > 0) {
			return 0;
		}
		w->now.ms += 1;
		r->contact(w);
		if (w->out.control_len > 0) {
			return s;
		}
	}
	return 0;
}

/* 1, 2, 4 .. 32, 60, 60 s after the one before; the first of them may be of the making. */
static void interval_doubles(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world w;
		world_in(&w, rows[i].state);
		rows[i].contact(&w);
		EXPECT(w.out.control_len > 0, rows[i].name);
		unsigned expected = gap(&w, &rows[i]);
		EXPECT(expected == 1 || expected == 2, rows[i].name);
		for (unsigned n = 0; n < 8; n++) {
			expected = expected > 30 ? 60 : expected * 2;
			EXPECT(gap(&w, &rows[i]) == expected, rows[i].name);
		}
		world_free(&w);
	}
}

static void configured_interval(void)
{
	struct world w;
	world_config(&w);
	w.config.update_interval_ms = 250;
	world_make(&w);
	bring(&w, VALID);
	data_forged(&w, &w.current, 7);
	EXPECT(answered(&w, "ERROR 6"), "first");
	w.now.ms += 249;
	data_forged(&w, &w.current, 7);
	EXPECT(answered(&w, ""), "too early");
	w.now.ms += 1;
	data_forged(&w, &w.current, 7);
	EXPECT(answered(&w, "ERROR 6"), "second");
	world_free(&w);
}

/* What an attacker can bring about never delays what a UE with keys is told, nor the other way. */
static void no_common_timer(void)
{
	struct world w;
	world_in(&w, TE2E);
	for (int i = 0; i < 20; i++) {
		pass(&w, REST_S);
		data_forged(&w, &w.current, 7);
		EXPECT(answered(&w, "ERROR 6"), "rest");
	}
	data(&w, &w.current, 150);
	EXPECT(answered(&w, "UPDATE 1 new invalid:current"), "authentic, new");
	adopt(&w, &w.pending);
	for (int i = 0; i < 20; i++) {
		pass(&w, REST_S);
		data_forged(&w, &w.current, 7);
		EXPECT(answered(&w, "ERROR 6"), "rest");
		data(&w, &w.current, 150);
		EXPECT(answered(&w, "UPDATE 1 pending invalid:current"), "authentic");
		data_forged(&w, &w.current, 7);
		EXPECT(answered(&w, ""), "rest, spent");
	}
	world_free(&w);
}

static void confirmation_resets(void)
{
	struct world w;
	world_in(&w, VALID_PENDING);
	for (int i = 0; i < 10; i++) {
		pass(&w, REST_S);
		asked(&w);
		forged(&w);
	}
	data(&w, &w.pending, 0);
	CU_ASSERT_EQUAL(w.out.verdict, EESE_DELIVER);
	w.previous = w.current;
	w.current = w.pending;
	w.pending = (struct eese_keyset){0};
	under_previous(&w);
	EXPECT(answered(&w, "UPDATE * current invalid:previous"), "authentic");
	forged(&w);
	EXPECT(answered(&w, "ERROR 6"), "rest");
	w.now.ms += SECOND;
	under_previous(&w);
	EXPECT(answered(&w, "UPDATE * current invalid:previous"), "authentic again");
	forged(&w);
	EXPECT(answered(&w, "ERROR 6"), "rest again");
	w.now.ms += SECOND;
	under_previous(&w);
	EXPECT(answered(&w, ""), "two seconds now");
	world_free(&w);
}

/* A contact that brings no confirmation resets nothing. */
static void nothing_else_resets(void)
{
	struct world w;
	world_in(&w, VALID_PENDING);
	for (int i = 0; i < 10; i++) {
		pass(&w, REST_S);
		asked(&w);
		forged(&w);
	}
	data(&w, &w.current, 150);
	data(&w, &w.current, 150);
	downlink(&w);
	pass(&w, 59);
	asked(&w);
	EXPECT(answered(&w, ""), "authentic");
	forged(&w);
	EXPECT(answered(&w, ""), "rest");
	world_free(&w);
}

/* New KSN, or another form of ref: at once, once. */
static void news_at_once(void)
{
	struct world w;
	world_in(&w, VALID_PENDING);
	asked(&w);
	asked(&w);
	EXPECT(answered(&w, ""), "held back");
	CU_ASSERT_EQUAL(eese_endpoint_expire_ue(w.ep, UE, strlen(UE), &w.out), EESE_OK);
	asked(&w);
	EXPECT(answered(&w, "UPDATE * pending invalid:current"), "other form of ref");
	asked(&w);
	EXPECT(answered(&w, ""), "held back again");
	request(&w, EESE_REQUEST_STALE_KSN, w.pending.up.ksn);
	EXPECT(answered(&w, "UPDATE * new invalid:current"), "new KSN");
	asked(&w);
	EXPECT(answered(&w, ""), "and again");
	world_free(&w);
}

/* The rest has no such exception: else recordings would bring it about. */
static void rest_has_no_news(void)
{
	struct world w;
	world_in(&w, KEYED);
	data_unknown(&w);
	EXPECT(answered(&w, "UPDATE 3 new absent"), "first");
	adopt(&w, &w.pending);
	for (int i = 0; i < 5; i++) {
		data_unknown(&w);
		EXPECT(answered(&w, ""), "held back");
	}
	request(&w, EESE_REQUEST_NO_KEYSET, 0);
	EXPECT(answered(&w, "UPDATE 7 pending absent"), "authentic: its own budget");
	world_free(&w);
}

/* ERROR, too, is an answer to the contact that it answers: here no KSN is left. */
static void error_to_authentic(void)
{
	struct world w;
	world_in(&w, VALID);
	request(&w, EESE_REQUEST_REFRESH, UINT32_MAX);
	EXPECT(answered(&w, "ERROR 4"), "KEY_REQUEST");
	for (int i = 0; i < 3; i++) {
		pass(&w, REST_S);
		forged(&w);
		EXPECT(answered(&w, "ERROR 6"), "rest");
		data(&w, &w.current, 150);
		EXPECT(answered(&w, "ERROR 4"), "data");
	}
	world_free(&w);
}

/* Each UE has budgets of its own. */
static void not_shared_by_ues(void)
{
	struct world w;
	struct eese_ue_entry entry = {.has_key = true};
	uint8_t m[64];
	uint8_t plain[64];
	world_in(&w, VALID);
	memcpy(entry.int_key, w.key, sizeof w.key);
	CU_ASSERT_EQUAL(eese_endpoint_set_ue(w.ep, "meter-18", 8, &entry), EESE_OK);
	forged(&w);
	forged(&w);
	EXPECT(answered(&w, ""), "spent");
	size_t len = message(&w.current, 7, m);
	eese_endpoint_data(w.ep, w.now, "meter-18", 8, "t", 1, m, len, plain, &w.out);
	CU_ASSERT(w.out.control_len >= EESE_KEY_UPDATE_MIN);
	world_free(&w);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"interval doubles to 60 s", interval_doubles},
	    {"configured interval", configured_interval},
	    {"no common timer", no_common_timer},
	    {"confirmation resets", confirmation_resets},
	    {"nothing else resets", nothing_else_resets},
	    {"news at once", news_at_once},
	    {"the rest has no news", rest_has_no_news},
	    {"ERROR to authentic contact", error_to_authentic},
	    {"not shared by UEs", not_shared_by_ues},
	};
	return run_suite("endpoint: budgets", tests, COUNT(tests));
}
