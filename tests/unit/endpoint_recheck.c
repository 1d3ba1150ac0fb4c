/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the operator still stands by a key that he gave: when he is asked, and what he may say.
 */
#include "endpoint_support.h"

enum { RECHECK_S = 3600, CREATED = 100 };

/* A UE with the operator's key, asked for just now, and a keyset that accepted number 0. */
static void world_of_operator(struct world *w, uint32_t recheck_s)
{
	world_config(w);
	w->config.recheck_s = recheck_s;
	world_make(w);
	data_unknown(w);
	key_arrived(w, w->key, CREATED, 0);
	adopt(w, &w->current);
	data(w, &w->current, 0);
	CU_ASSERT_EQUAL(w->out.verdict, EESE_DELIVER);
}

static void expire(struct world *w)
{
	CU_ASSERT_EQUAL(eese_endpoint_expire_ue(w->ep, UE, strlen(UE), &w->out), EESE_OK);
}

/* The next keyset, announced and not used yet. */
static void announce(struct world *w)
{
	request(w, EESE_REQUEST_REFRESH, w->current.up.ksn);
	CU_ASSERT(w->updated);
	adopt(w, &w->pending);
}

static enum eese_ue_state state_of(const struct world *w)
{
	struct eese_ue_info info;
	CU_ASSERT(eese_endpoint_info(w->ep, w->now, UE, strlen(UE), &info));
	return info.state;
}

/* ---- when ---- */

static void delivered(struct world *w)
{
	data(w, &w->current, 5);
	CU_ASSERT_EQUAL(w->out.verdict, EESE_DELIVER);
}

static void seen(struct world *w)
{
	data(w, &w->current, 0);
	CU_ASSERT_EQUAL(w->out.verdict, EESE_SWALLOW);
}

static void asks(struct world *w)
{
	request(w, EESE_REQUEST_DOWNLINK, w->current.up.ksn);
}

static void confirms(struct world *w)
{
	data(w, &w->pending, 0);
	CU_ASSERT_EQUAL(w->out.verdict, EESE_DELIVER);
}

static void under_previous(struct world *w)
{
	data(w, &w->previous, 7);
	CU_ASSERT_EQUAL(w->out.count, EESE_COUNT_REFUSED_PREVIOUS);
}

static void under_invalid(struct world *w)
{
	data(w, &w->current, 5);
	CU_ASSERT_EQUAL(w->out.count, EESE_COUNT_REFUSED_INVALID);
}

static void sealed(struct world *w)
{
	downlink(w);
	CU_ASSERT_EQUAL(w->result, EESE_OK);
}

static void forged(struct world *w)
{
	data_forged(w, &w->current, 5);
}

static void refresh(struct world *w)
{
	announce(w);
	data(w, &w->pending, 0);
	w->previous = w->current;
	w->current = w->pending;
	memset(&w->pending, 0, sizeof w->pending);
}

static const struct contact {
	const char *name;
	void (*before)(struct world *w); /* while he need not be asked */
	void (*contact)(struct world *w);
	bool asks;
} contacts[] = {
    {"uplink", NULL, delivered, true},
    {"uplink that was seen", NULL, seen, true},
    {"uplink that confirms", announce, confirms, true},
    {"uplink under previous", refresh, under_previous, true},
    {"uplink under an invalid keyset", expire, under_invalid, true},
    {"KEY_REQUEST", NULL, asks, true},
    {"downlink", NULL, sealed, true},
    {"downlink that starts the contact", expire, sealed, true},
    {"downlink under a pending", announce, sealed, true},
    {"uplink under an unknown keyset", NULL, data_unknown, false},
    {"forged uplink", NULL, forged, false},
    {"a reader of ctl", announce, listening, false},
};

/* One contact so long after he was asked last: whether he is asked again. */
static bool asked_after(const struct contact *c, uint32_t recheck_s, uint64_t seconds)
{
	struct world w;
	world_of_operator(&w, recheck_s);
	uint64_t before = counter(&w, EESE_COUNT_ASKED);
	if (c->before != NULL) {
		c->before(&w);
		EXPECT(!w.out.ask, c->name);
	}
	pass(&w, seconds);
	c->contact(&w);
	bool asked = w.out.ask;
	EXPECT(counter(&w, EESE_COUNT_ASKED) == before + asked, c->name);
	world_free(&w);
	return asked;
}

static void when(void)
{
	for (size_t i = 0; i < COUNT(contacts); i++) {
		const struct contact *c = &contacts[i];
		EXPECT(!asked_after(c, RECHECK_S, RECHECK_S - 1), c->name);
		EXPECT(asked_after(c, RECHECK_S, RECHECK_S) == c->asks, c->name);
		EXPECT(asked_after(c, RECHECK_S, RECHECK_S * UINT64_C(20)) == c->asks, c->name);
		EXPECT(!asked_after(c, 0, RECHECK_S * UINT64_C(20)), c->name);
	}
}

/* While the answer is on its way service goes on, and nobody asks twice. */
static void meanwhile(void)
{
	struct world w;
	world_of_operator(&w, RECHECK_S);
	pass(&w, RECHECK_S);
	data(&w, &w.current, 1);
	CU_ASSERT(w.out.ask);
	for (unsigned n = 2; n < 50; n++) {
		pass(&w, 60);
		data(&w, &w.current, n);
		CU_ASSERT_EQUAL(w.out.verdict, EESE_DELIVER);
		CU_ASSERT_FALSE(w.out.ask);
		CU_ASSERT_EQUAL(w.out.control_len, 0);
	}
	world_free(&w);
}

/* Keys of a file, of a command, or that one of them named since, are none of the operator's. */
static void not_his(void)
{
	struct world w;
	world_config(&w);
	w.config.recheck_s = RECHECK_S;
	world_make(&w);
	bring(&w, VALID);
	pass(&w, RECHECK_S);
	data(&w, &w.current, 101);
	CU_ASSERT_EQUAL(counter(&w, EESE_COUNT_ASKED), 0);
	world_free(&w);

	world_of_operator(&w, RECHECK_S);
	pass(&w, RECHECK_S);
	data(&w, &w.current, 1);
	CU_ASSERT(w.out.ask);
	set_ue(&w, w.key, 0, NULL);
	key_denied(&w, EESE_ERROR_NOT_APPLICABLE);
	CU_ASSERT_EQUAL(w.out.control_len, 0);
	CU_ASSERT_EQUAL(w.out.events, 0);
	data(&w, &w.current, 2);
	CU_ASSERT_EQUAL(w.out.verdict, EESE_DELIVER);
	CU_ASSERT_FALSE(w.out.ask);
	world_free(&w);
}

/* When he was asked last is not known after a start: he is, at the first contact. */
static void after_start(void)
{
	struct world w;
	world_of_operator(&w, RECHECK_S);
	restart(&w, true);
	data_unknown(&w);
	CU_ASSERT_FALSE(w.out.ask);
	data(&w, &w.current, 1);
	CU_ASSERT_EQUAL(w.out.count, EESE_COUNT_REFUSED_INVALID);
	CU_ASSERT(w.out.ask);
	key_arrived(&w, w.key, CREATED, 0);
	pass(&w, RECHECK_S - 1);
	data(&w, &w.current, 1);
	CU_ASSERT_FALSE(w.out.ask);
	world_free(&w);
}

/* ---- what he may say ---- */

/* A world that asked him just now, on number 1. */
static void world_asking(struct world *w)
{
	world_of_operator(w, RECHECK_S);
	pass(w, RECHECK_S);
	data(w, &w->current, 1);
	EXPECT(answered(w, "ask"), "due");
}

static void expect_goes_on(struct world *w, uint64_t number)
{
	CU_ASSERT_EQUAL(w->out.control_len, 0);
	CU_ASSERT_EQUAL(w->out.events, 0);
	data(w, &w->current, number);
	CU_ASSERT_EQUAL(w->out.verdict, EESE_DELIVER);
	CU_ASSERT_EQUAL(w->out.control_len, 0);
	downlink(w);
	CU_ASSERT_EQUAL(w->result, EESE_OK);
	CU_ASSERT_EQUAL(state_of(w), EESE_STATE_VALID);
	CU_ASSERT_EQUAL(counter(w, EESE_COUNT_WITHDRAWN), 0);
}

/* The same key: good for as long again, and what a KEY_REQUEST may ask is as before. */
static void same_key(void)
{
	uint8_t next[EESE_INT_KEY_SIZE];
	struct world w;
	world_asking(&w);
	key_arrived(&w, w.key, CREATED, 0);
	expect_goes_on(&w, 2);
	pass(&w, RECHECK_S - 1);
	data(&w, &w.current, 3);
	CU_ASSERT_FALSE(w.out.ask);
	pass(&w, 1);
	data(&w, &w.current, 4);
	CU_ASSERT(w.out.ask);
	key_arrived(&w, w.key, CREATED, 0);
	key_of(2, next);
	request_under(&w, next, 0);
	CU_ASSERT(w.out.ask);
	world_free(&w);
}

/* A newer one waits for a MAC under it, and was asked for already then. */
static void newer_key(void)
{
	uint8_t next[EESE_INT_KEY_SIZE];
	struct world w;
	key_of(2, next);
	world_asking(&w);
	key_arrived(&w, next, CREATED + 1, 0);
	expect_goes_on(&w, 2);
	pass(&w, RECHECK_S - 1);
	data(&w, &w.current, 3);
	CU_ASSERT_FALSE(w.out.ask);
	memcpy(w.key, next, sizeof w.key);
	request_under(&w, next, 0);
	EXPECT(answered(&w, "UPDATE 7 new absent"), "in use");
	world_free(&w);
}

/* An older one is not his word for the key in hand, nor against it: he is asked again, ever more
 * seldom. */
static void older_key(void)
{
	uint8_t older[EESE_INT_KEY_SIZE];
	struct world w;
	key_of(2, older);
	world_asking(&w);
	key_arrived(&w, older, CREATED - 1, 0);
	expect_goes_on(&w, 2);
	pass(&w, 59);
	data(&w, &w.current, 3);
	CU_ASSERT_FALSE(w.out.ask);
	pass(&w, 1);
	data(&w, &w.current, 4);
	CU_ASSERT(w.out.ask);
	key_arrived(&w, older, CREATED - 1, 0);
	pass(&w, 119);
	data(&w, &w.current, 5);
	CU_ASSERT_FALSE(w.out.ask);
	world_free(&w);
}

/* Not reached: the UE hears nothing of it, and he is asked each minute. */
static void not_reached(void)
{
	struct world w;
	world_asking(&w);
	for (unsigned n = 2; n < 20; n++) {
		key_refused(&w, EESE_ERROR_UNREACHABLE);
		expect_goes_on(&w, (uint64_t)2 * n);
		pass(&w, 59);
		data(&w, &w.current, (uint64_t)2 * n);
		CU_ASSERT_FALSE(w.out.ask);
		pass(&w, 1);
		data(&w, &w.current, (uint64_t)2 * n + 1);
		CU_ASSERT(w.out.ask);
	}
	world_free(&w);
}

static const struct denial {
	const char *name, *error;
	uint8_t reason;
} denials[] = {
    {"unknown", "ERROR 1", EESE_ERROR_UE_UNKNOWN},
    {"not applicable", "ERROR 3", EESE_ERROR_NOT_APPLICABLE},
    {"no key there", "ERROR 4", EESE_ERROR_NO_KEY},
};

/* Nothing is opened, sealed or announced under his key any more, and the UE is told why. */
static void expect_withdrawn(struct world *w, const struct denial *d)
{
	EXPECT(answered(w, d->error), d->name);
	EXPECT(w->out.events == EESE_EVENT_KEY_WITHDRAWN, d->name);
	EXPECT(w->out.withdrawn_reason == d->reason, d->name);
	EXPECT(counter(w, EESE_COUNT_WITHDRAWN) == 1, d->name);
	EXPECT(state_of(w) == EESE_STATE_NO_KEY, d->name);
	EXPECT(!eese_endpoint_has_key(w->ep, w->now, UE, strlen(UE)), d->name);
	pass(w, 30);
	data(w, &w->current, 2);
	EXPECT(w->out.verdict == EESE_DROP, d->name);
	EXPECT(answered(w, d->error), d->name);
	data(w, &w->current, 0);
	EXPECT(w->out.verdict == EESE_SWALLOW, d->name);
	request(w, EESE_REQUEST_REFRESH, w->current.up.ksn);
	EXPECT(!w->updated && w->out.verdict == EESE_DROP, d->name);
	downlink(w);
	EXPECT(w->result == EESE_NO_KEY, d->name);
	EXPECT(eese_endpoint_refusal(w->ep, UE, strlen(UE)) == d->reason, d->name);
}

/* Given back: with what was accepted before still known, so that nothing comes twice. */
static void expect_given_back(struct world *w, const struct denial *d)
{
	struct eese_keyset anew;
	pass(w, 30);
	data(w, &w->current, 2);
	EXPECT(answered(w, "ask"), d->name);
	key_arrived(w, w->key, CREATED, 0);
	EXPECT(answered(w, "UPDATE 3 new invalid:current"), d->name);
	EXPECT(eese_ref_accepted(&w->update.ref, 1) && !eese_ref_accepted(&w->update.ref, 2),
	       d->name);
	adopt(w, &anew);
	data(w, &anew, 0);
	EXPECT(w->out.verdict == EESE_DELIVER, d->name);
	EXPECT(state_of(w) == EESE_STATE_VALID, d->name);
}

static void denied(void)
{
	for (size_t i = 0; i < COUNT(denials); i++) {
		struct world w;
		world_asking(&w);
		key_denied(&w, denials[i].reason);
		expect_withdrawn(&w, &denials[i]);
		expect_given_back(&w, &denials[i]);
		world_free(&w);
	}
}

/* Another key instead, since the UE ran AKA: with it nothing of the old one is left. */
static void another_instead(void)
{
	uint8_t next[EESE_INT_KEY_SIZE];
	struct eese_keyset old;
	struct world w;
	key_of(2, next);
	world_asking(&w);
	key_denied(&w, EESE_ERROR_NO_KEY);
	old = w.current;
	pass(&w, 60);
	request_under(&w, next, 0);
	EXPECT(answered(&w, "ask"), "another");
	memcpy(w.key, next, sizeof w.key);
	key_arrived(&w, next, CREATED + 1, 0);
	EXPECT(answered(&w, "UPDATE 7 new absent"), "another");
	data(&w, &old, 1);
	CU_ASSERT_NOT_EQUAL(w.out.verdict, EESE_SWALLOW);
	world_free(&w);
}

/* Also what is announced and not used yet, whoever uses it then, and a newer key that waits. */
static void all_of_it(void)
{
	uint8_t next[EESE_INT_KEY_SIZE];
	struct world w;
	world_of_operator(&w, RECHECK_S);
	announce(&w);
	pass(&w, RECHECK_S);
	data(&w, &w.current, 1);
	CU_ASSERT(w.out.ask);
	key_denied(&w, EESE_ERROR_NOT_APPLICABLE);
	pass(&w, 30);
	data(&w, &w.pending, 0);
	CU_ASSERT_EQUAL(w.out.verdict, EESE_DROP);
	EXPECT(answered(&w, "ERROR 3"), "pending");
	listening(&w);
	CU_ASSERT_EQUAL(w.out.control_len, 0);
	world_free(&w);

	key_of(2, next);
	world_asking(&w);
	key_arrived(&w, next, CREATED + 1, 0);
	pass(&w, RECHECK_S);
	data(&w, &w.current, 2);
	CU_ASSERT(w.out.ask);
	key_denied(&w, EESE_ERROR_NOT_APPLICABLE);
	pass(&w, 60);
	data(&w, &w.current, 2);
	key_arrived(&w, w.key, CREATED, 0);
	CU_ASSERT(w.updated);
	request_under(&w, next, 0);
	CU_ASSERT_EQUAL(w.out.count, EESE_COUNT_FAILED_MAC);
	world_free(&w);
}

/* He says so whoever made the EESE ask; and once is enough. */
static void unasked(void)
{
	uint8_t other[EESE_INT_KEY_SIZE];
	struct world w;
	key_of(3, other);
	world_of_operator(&w, 0);
	request_under(&w, other, 0);
	EXPECT(answered(&w, "ask"), "foreign IKID");
	key_denied(&w, EESE_ERROR_NOT_APPLICABLE);
	CU_ASSERT_EQUAL(w.out.events, EESE_EVENT_KEY_WITHDRAWN);
	pass(&w, 60);
	data(&w, &w.current, 2);
	EXPECT(answered(&w, "ask"), "again");
	key_denied(&w, EESE_ERROR_NOT_APPLICABLE);
	CU_ASSERT_EQUAL(w.out.events, 0);
	CU_ASSERT_EQUAL(counter(&w, EESE_COUNT_WITHDRAWN), 1);
	world_free(&w);
}

/* The UE's new key while he is being asked: one answer does for both. A request that was answered
 * is not answered again later. */
static void request_meanwhile(void)
{
	uint8_t next[EESE_INT_KEY_SIZE];
	uint8_t third[EESE_INT_KEY_SIZE];
	struct world w;
	key_of(2, next);
	world_asking(&w);
	request_under(&w, next, 0);
	CU_ASSERT_FALSE(w.out.ask);
	memcpy(w.key, next, sizeof w.key);
	key_arrived(&w, next, CREATED + 1, 0);
	EXPECT(answered(&w, "UPDATE 7 new absent"), "in use");
	world_free(&w);

	world_asking(&w);
	request_under(&w, next, 0);
	key_arrived(&w, w.key, CREATED, 0);
	EXPECT(answered(&w, "ERROR 4"), "none newer");
	pass(&w, RECHECK_S);
	data(&w, &w.current, 2);
	EXPECT(answered(&w, "ask"), "an hour later");
	key_refused(&w, EESE_ERROR_UNREACHABLE);
	EXPECT(answered(&w, ""), "nobody waits");
	world_free(&w);

	key_of(3, third);
	world_asking(&w);
	request_under(&w, third, 0);
	key_arrived(&w, next, CREATED + 1, 0);
	EXPECT(answered(&w, ""), "not under it");
	pass(&w, RECHECK_S);
	data(&w, &w.current, 2);
	EXPECT(answered(&w, "ask"), "an hour later");
	key_refused(&w, EESE_ERROR_UNREACHABLE);
	EXPECT(answered(&w, ""), "nobody waits");
	world_free(&w);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"when", when},
	    {"meanwhile", meanwhile},
	    {"not the operator's", not_his},
	    {"after a start", after_start},
	    {"the same key", same_key},
	    {"a newer key", newer_key},
	    {"an older key", older_key},
	    {"not reached", not_reached},
	    {"denied", denied},
	    {"another instead", another_instead},
	    {"all of it", all_of_it},
	    {"whoever asked", unasked},
	    {"a KEY_REQUEST meanwhile", request_meanwhile},
	};
	return run_suite("endpoint: recheck", tests, COUNT(tests));
}
