/* SPDX-License-Identifier: Apache-2.0 */
/* Contact from UEs whose key is not in hand, and what the EMKS says of them; clause 5, N6, N11. */
#include "endpoint_support.h"

#include <stdio.h>

/* Refused: ERROR with its reason, remembered; one request to the EMKS a minute at most. */
static void refused(void)
{
	for (unsigned s = STRANGER; s <= KEY_OLD; s++) {
		for (uint8_t reason = 1; reason <= 4; reason++) {
			char name[64];
			char error[16];
			if (reason == EESE_ERROR_UNREACHABLE) {
				continue;
			}
			struct world w;
			(void)snprintf(name, sizeof name, "%s, %u", state_names[s], reason);
			(void)snprintf(error, sizeof error, "ERROR %u", reason);
			world_in(&w, s);
			data_unknown(&w);
			EXPECT(answered(&w, "ask"), name);
			data_unknown(&w);
			EXPECT(answered(&w, ""), name); /* on its way */
			key_refused(&w, reason);
			EXPECT(answered(&w, error), name);
			data_unknown(&w);
			EXPECT(answered(&w, ""), name); /* budget */
			pass(&w, 30);
			data_unknown(&w);
			EXPECT(answered(&w, error), name); /* remembered */
			pass(&w, 30);
			data_unknown(&w);
			EXPECT(answered(&w, "ask"), name);
			EXPECT(counter(&w, EESE_COUNT_ASKED) == 2, name);
			EXPECT(eese_endpoint_count(w.ep) == (s != STRANGER), name);
			world_free(&w);
		}
	}
}

enum which { SAME = 1, OTHER = 2, THIRD = 3 };

/* A UE with a keyset, its key made at 100, and this in front of it on req. */
static void with_key_of_100(struct world *w, const uint8_t *asks_under)
{
	world_in(w, STRANGER);
	data_unknown(w);
	key_arrived(w, w->key, 100, 0);
	adopt(w, &w->current);
	data(w, &w->current, 0);
	pass(w, 3601);
	if (asks_under != NULL) {
		request_under(w, asks_under, 0);
		EXPECT(answered(w, "ask"), "foreign IKID");
	}
}

/* That is no answer: a UE without a key may make the EESE ask again soon, and it never doubles. */
static void not_reached(void)
{
	for (unsigned s = STRANGER; s <= KEY_OLD; s++) {
		struct world w;
		world_in(&w, s);
		data_unknown(&w);
		for (unsigned i = 0; i < 20; i++) {
			EXPECT(answered(&w, "ask"), state_names[s]);
			pass(&w, 100);
			key_refused(&w, EESE_ERROR_UNREACHABLE);
			EXPECT(answered(&w, "ERROR 2"), state_names[s]);
			w.now.ms += 2 * SECOND - 1;
			data_unknown(&w);
			EXPECT(!w.out.ask, state_names[s]);
			w.now.ms++;
			data_unknown(&w);
		}
		world_free(&w);
	}
}

static void asking_doubles(void)
{
	static const unsigned intervals[] = {60, 120, 240, 480, 960, 1920, 3600, 3600, 3600};
	struct world w;
	world_in(&w, STRANGER);
	data_unknown(&w);
	for (size_t i = 0; i < COUNT(intervals); i++) {
		EXPECT(w.out.ask, "asks");
		key_refused(&w, EESE_ERROR_UE_UNKNOWN);
		w.now.ms += intervals[i] * SECOND - 1;
		data_unknown(&w);
		EXPECT(!w.out.ask, "too early");
		w.now.ms += 1;
		data_unknown(&w);
	}
	world_free(&w);
}

/* The contact that waited is answered when the key comes. */
static void arrives(void)
{
	for (unsigned s = STRANGER; s <= KEY_OLD; s++) {
		struct world w;
		world_in(&w, s);
		data_unknown(&w);
		key_arrived(&w, w.key, UNIX - 5, 0);
		EXPECT(answered(&w, "UPDATE 3 new absent"), state_names[s]);
		CU_ASSERT_STRING_EQUAL(remaining(&w), "---+");
		CU_ASSERT_EQUAL(eese_endpoint_count(w.ep), 1);
		world_free(&w);

		world_in(&w, s);
		uint32_t r = (uint32_t)UNIX + 40000;
		request(&w, EESE_REQUEST_NO_KEYSET, r);
		key_arrived(&w, w.key, UNIX - 5, 0);
		EXPECT(answered(&w, "UPDATE 7 new absent"), state_names[s]);
		EXPECT(w.update.ksn > r, state_names[s]);
		CU_ASSERT_STRING_EQUAL(remaining(&w), "---+");
		world_free(&w);
	}
}

/* N11: a key past its expiry counts as none. */
static void arrives_expired(void)
{
	struct world w;
	world_in(&w, STRANGER);
	data_unknown(&w);
	key_arrived(&w, w.key, UNIX - 5, w.now.unix);
	EXPECT(answered(&w, "ERROR 4"), "expired");
	data_unknown(&w);
	CU_ASSERT_EQUAL(w.out.count, EESE_COUNT_REFUSED_NO_KEY);
	world_free(&w);
}

/* N11: an expired key makes no new keyset; the UE runs AKA. */
static void key_runs_out(void)
{
	struct world w;
	world_in(&w, VALID);
	set_ue(&w, w.key, w.now.unix + 5, NULL);
	pass(&w, 5);
	request(&w, EESE_REQUEST_REFRESH, w.current.up.ksn);
	EXPECT(answered(&w, "ask"), "expired");
	key_refused(&w, EESE_ERROR_NO_KEY);
	EXPECT(answered(&w, "ERROR 4"), "expired");
	pass(&w, 60);
	CU_ASSERT_EQUAL(eese_endpoint_expire_ue(w.ep, UE, strlen(UE), &w.out), EESE_OK);
	data(&w, &w.current, 101);
	EXPECT(answered(&w, "ask"), "no keyset");
	key_refused(&w, EESE_ERROR_NO_KEY);
	EXPECT(answered(&w, "ERROR 4"), "no keyset");
	downlink(&w);
	CU_ASSERT_EQUAL(w.result, EESE_NO_KEY);
	CU_ASSERT_FALSE(w.updated);
	world_free(&w);
}

/* Installed only if it is newer and the MAC held under it; then every keyset of the old is gone. */
static const struct row {
	const char *name;
	enum which asks, comes;
	uint64_t created;
	bool installed;
} rows[] = {
    {"newer, MAC holds", OTHER, OTHER, 101, true},
    {"as old, MAC holds", OTHER, OTHER, 100, false},
    {"older, MAC holds", OTHER, OTHER, 99, false},
    {"age unknown", OTHER, OTHER, 0, false},
    {"newer, MAC under another", THIRD, OTHER, 101, false},
    {"the same", OTHER, SAME, 100, false},
    {"the same, newer", OTHER, SAME, 101, false},
};

static void another_key(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *r = &rows[i];
		uint8_t asks[EESE_INT_KEY_SIZE];
		uint8_t comes[EESE_INT_KEY_SIZE];
		struct world w;
		key_of((uint8_t)r->asks, asks);
		key_of((uint8_t)r->comes, comes);
		with_key_of_100(&w, asks);
		struct eese_keyset old = w.current;
		if (r->installed) {
			memcpy(w.key, comes, sizeof w.key);
		}
		key_arrived(&w, comes, r->created, 0);
		EXPECT(w.updated == r->installed, r->name);
		if (r->installed) {
			EXPECT(answered(&w, "UPDATE 7 new absent"), r->name);
			EXPECT(strcmp(remaining(&w), "---+") == 0, r->name);
		}
		data(&w, &old, 5);
		EXPECT((w.out.verdict == EESE_DELIVER) == !r->installed, r->name);
		world_free(&w);
	}
}

/* A UE that has a new key now and then, and the budget of asking: a minute before each, however
 * many there were. */
static void next_keys(void)
{
	struct world w;
	with_key_of_100(&w, NULL);
	for (uint8_t i = 0; i < 8; i++) {
		bool waits = i % 2 == 1; /* as candidate */
		uint8_t next[EESE_INT_KEY_SIZE];
		uint8_t another[EESE_INT_KEY_SIZE];
		key_of((uint8_t)(OTHER + i), next);
		key_of(15, another);
		request_under(&w, waits ? another : next, 0);
		EXPECT(w.out.ask, "a minute later");
		memcpy(w.key, next, sizeof w.key);
		key_arrived(&w, next, UINT64_C(101) + i, 0);
		EXPECT(w.updated != waits, "came");
		pass(&w, 1);
		request_under(&w, next, 0);
		EXPECT(w.out.verdict == EESE_HANDLED, "in use");
		pass(&w, REST_S);
	}
	world_free(&w);
}

/* A MAC that is bad under the key in hand, the IKID notwithstanding. */
static void unasked_key(void)
{
	uint8_t key[EESE_INT_KEY_SIZE];
	struct world w;
	with_key_of_100(&w, NULL);
	key_of(OTHER, key);
	key_arrived(&w, key, 101, 0);
	CU_ASSERT_FALSE(w.updated);
	data(&w, &w.current, 5);
	CU_ASSERT_EQUAL(w.out.verdict, EESE_DELIVER);
	world_free(&w);
}

/* N6: the candidate waits for a MAC that holds under it. */
static void candidate(void)
{
	uint8_t third[EESE_INT_KEY_SIZE];
	uint8_t other[EESE_INT_KEY_SIZE];
	struct world w;
	key_of(THIRD, third);
	key_of(OTHER, other);
	with_key_of_100(&w, third);
	key_arrived(&w, other, 101, 0);
	request(&w, EESE_REQUEST_REFRESH, w.current.up.ksn); /* the key in hand still counts */
	EXPECT(answered(&w, "UPDATE 7 new valid:current"), "in hand");
	request_under(&w, third, 0);
	CU_ASSERT_EQUAL(w.out.count, EESE_COUNT_FAILED_MAC);
	memcpy(w.key, other, sizeof w.key);
	pass(&w, REST_S);
	request_under(&w, other, 0);
	CU_ASSERT_EQUAL(w.out.verdict, EESE_HANDLED);
	EXPECT(answered(&w, "UPDATE 7 new absent"), "candidate");
	CU_ASSERT_STRING_EQUAL(remaining(&w), "---+");
	world_free(&w);
}

/* What is not the operator's answer touches no key in hand. */
static void refused_with_key(void)
{
	for (uint8_t reason = 1; reason <= 4; reason++) {
		uint8_t third[EESE_INT_KEY_SIZE];
		struct world w;
		key_of(THIRD, third);
		with_key_of_100(&w, third);
		key_refused(&w, reason);
		CU_ASSERT_FALSE(w.updated);
		data(&w, &w.current, 5);
		CU_ASSERT_EQUAL(w.out.verdict, EESE_DELIVER);
		world_free(&w);
	}
}

/* Forged KEY_REQUESTs with the right IKID: at most one request a minute, and no answer at all. */
static void forged_request(void)
{
	uint8_t m[EESE_KEY_REQUEST_SIZE] = {0x82, 0xff};
	uint16_t ikid;
	unsigned asked = 0;
	struct world w;
	world_in(&w, VALID);
	CU_ASSERT_EQUAL(eese_derive_ikid(w.key, &ikid), EESE_OK);
	m[5] = (uint8_t)(ikid >> 8);
	m[6] = (uint8_t)ikid;
	for (unsigned s = 0; s < 3600; s++) {
		request_octets(&w, m, sizeof m);
		asked += w.out.ask;
		CU_ASSERT_EQUAL(w.out.control_len, 0);
		if (w.out.ask) {
			key_arrived(&w, w.key, 0, 0);
			CU_ASSERT_EQUAL(w.out.control_len, 0);
		}
		pass(&w, 1);
	}
	CU_ASSERT(asked >= 2 && asked <= 6);
	CU_ASSERT_STRING_EQUAL(remaining(&w), "-v-");
	world_free(&w);
}

static void stranger(struct world *w, unsigned i, size_t *live)
{
	char name[EESE_UE_ID_MAX + 1];
	uint8_t m[EESE_KEY_REQUEST_SIZE] = {0x80};
	uint8_t msg[16] = {0x01, (uint8_t)i};
	uint8_t buffer[64];
	bool ordered;
	int len = snprintf(name, sizeof name, "stranger-%u", i);
	eese_endpoint_data(w->ep, w->now, name, (size_t)len, "t", 1, msg, sizeof msg, buffer,
			   &w->out);
	CU_ASSERT_EQUAL(w->out.verdict, EESE_DROP);
	eese_endpoint_request(w->ep, w->now, name, (size_t)len, m, sizeof m, &w->out);
	CU_ASSERT_EQUAL(w->out.verdict, EESE_DROP);
	CU_ASSERT_EQUAL(eese_endpoint_downlink(w->ep, w->now, name, (size_t)len, "d", 1, msg, 1,
					       buffer, sizeof buffer, &ordered, &w->out),
			EESE_NO_KEY);
	if (i % 2 == 0) {
		eese_endpoint_key_refused(w->ep, w->now, name, (size_t)len, 1 + i % 4, &w->out);
	}
	CU_ASSERT_EQUAL(heap.live, *live);
}

/* No record is made before a tag or MAC held or the EMKS confirmed the UE. */
static void strangers(void)
{
	struct world w;
	world_in(&w, VALID);
	size_t live = heap.live;
	for (unsigned i = 0; i < 10000; i++) {
		stranger(&w, i, &live);
	}
	CU_ASSERT_EQUAL(eese_endpoint_count(w.ep), 1);
	CU_ASSERT(counter(&w, EESE_COUNT_ASKED) <= 10000);
	CU_ASSERT_STRING_EQUAL(remaining(&w), "-v-");
	world_free(&w);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"refused", refused},
	    {"not reached", not_reached},
	    {"asking doubles", asking_doubles},
	    {"arrives", arrives},
	    {"arrives expired", arrives_expired},
	    {"the key runs out", key_runs_out},
	    {"another key", another_key},
	    {"next keys", next_keys},
	    {"unasked key", unasked_key},
	    {"candidate", candidate},
	    {"refused with a key in hand", refused_with_key},
	    {"forged KEY_REQUEST", forged_request},
	    {"strangers", strangers},
	};
	return run_suite("endpoint: key server", tests, COUNT(tests));
}
