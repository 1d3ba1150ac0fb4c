/* SPDX-License-Identifier: Apache-2.0 */
/* Clause 5, 'KEY_REQUEST with a good MAC': every state, every reason, r on either side of what
 * is held; and those with a bad one. */
#include "endpoint_support.h"

#include <stdio.h>

enum place { ZERO, BELOW, CURRENT, BETWEEN, AT_PENDING, ABOVE };

struct row {
	enum state state;
	const char *reasons;
	enum place place;
	enum eese_counter count;
	const char *answer;
	const char *remaining;
};

#define ALL "012345"
#define TAKEN EESE_COUNT_REQUESTS
#define IGNORED EESE_COUNT_REQUEST_IGNORED

/*
 * ABOVE all that the EESE used: the UE was served by another EESE meanwhile, so a kid of ours may
 * mean another keyset to it. No ref may name one then, and what follows from an absent ref is
 * that nothing more is accepted under it.
 */
static const struct row rows[] = {
    {KEYED, ALL, ZERO, TAKEN, "UPDATE 7 new absent", "---+"},
    {KEYED, ALL, ABOVE, TAKEN, "UPDATE 7 new absent", "---+"},
    {PENDING, ALL, ZERO, TAKEN, "UPDATE 7 pending absent", "--v"},
    {PENDING, "02345", AT_PENDING, TAKEN, "UPDATE 7 pending absent", "--v"},
    {PENDING, "1", AT_PENDING, TAKEN, "UPDATE 7 new absent", "---+"},
    {PENDING, ALL, ABOVE, TAKEN, "UPDATE 7 new absent", "---+"},
    {VALID, ALL, ZERO, IGNORED, "", "-v-"},
    {VALID, ALL, BELOW, IGNORED, "", "-v-"},
    {VALID, "13", CURRENT, IGNORED, "", "-v-"},
    {VALID, "0245", CURRENT, TAKEN, "UPDATE 7 new valid:current", "-v-+"},
    {VALID, ALL, ABOVE, TAKEN, "UPDATE * new absent", "-i-+"},
    {VALID_PENDING, ALL, ZERO, IGNORED, "", "-vv"},
    {VALID_PENDING, ALL, BELOW, IGNORED, "", "-vv"},
    {VALID_PENDING, ALL, CURRENT, TAKEN, "UPDATE 7 pending valid:current", "-vv"},
    {VALID_PENDING, ALL, BETWEEN, TAKEN, "UPDATE 7 pending valid:current", "-vv"},
    {VALID_PENDING, "02345", AT_PENDING, TAKEN, "UPDATE 7 pending valid:current", "-vv"},
    {VALID_PENDING, "1", AT_PENDING, TAKEN, "UPDATE 7 new valid:current", "-v-+"},
    {VALID_PENDING, ALL, ABOVE, TAKEN, "UPDATE * new absent", "-i-+"},
    {TE2E, ALL, ZERO, IGNORED, "", "-i-"},
    {TE2E, ALL, BELOW, IGNORED, "", "-i-"},
    {TE2E, ALL, CURRENT, TAKEN, "UPDATE * new invalid:current", "-i-+"},
    {TE2E, ALL, ABOVE, TAKEN, "UPDATE * new absent", "-i-+"},
    {ENTERPRISE, ALL, BELOW, IGNORED, "", "-i-"},
    {ENTERPRISE, ALL, CURRENT, TAKEN, "UPDATE * new invalid:current", "-i-+"},
    {INTEGRITY, "012345", BELOW, IGNORED, "", "-iv"},
    {INTEGRITY, "023", CURRENT, TAKEN, "UPDATE * pending invalid:current", "-iv"},
    {INVALID_PENDING, ALL, BELOW, IGNORED, "", "-iv"},
    {INVALID_PENDING, ALL, CURRENT, TAKEN, "UPDATE * pending invalid:current", "-iv"},
    {INVALID_PENDING, ALL, BETWEEN, TAKEN, "UPDATE * pending invalid:current", "-iv"},
    {INVALID_PENDING, "02345", AT_PENDING, TAKEN, "UPDATE * pending invalid:current", "-iv"},
    {INVALID_PENDING, "1", AT_PENDING, TAKEN, "UPDATE * new invalid:current", "-i-+"},
    {INVALID_PENDING, ALL, ABOVE, TAKEN, "UPDATE * new absent", "-i-+"},
    {PREVIOUS, ALL, BELOW, IGNORED, "", "rv-"},
    {PREVIOUS, "13", CURRENT, IGNORED, "", "rv-"},
    {PREVIOUS, "0245", CURRENT, TAKEN, "UPDATE 7 new valid:current", "rv-+"},
    {ALL_THREE, ALL, BELOW, IGNORED, "", "rvv"},
    {ALL_THREE, ALL, CURRENT, TAKEN, "UPDATE 7 pending valid:current", "rvv"},
    {ALL_THREE, "1", AT_PENDING, TAKEN, "UPDATE 7 new valid:current", "rv-+"},
    {RESTORED, ALL, BELOW, IGNORED, "", "-i-"},
    {RESTORED, ALL, CURRENT, TAKEN, "UPDATE * new invalid:current", "-i-+"},
    {RESTORED, ALL, ABOVE, TAKEN, "UPDATE * new absent", "-i-+"},
    {RESTORED_BARE, ALL, BELOW, IGNORED, "", "-i-"},
    {RESTORED_BARE, ALL, CURRENT, TAKEN, "UPDATE * new absent", "-i-+"},
    {RESTORED_BARE, ALL, ABOVE, TAKEN, "UPDATE * new absent", "-i-+"},
};

static uint32_t r_at(const struct world *w, enum place p)
{
	switch (p) {
	case BELOW:
		return w->current.up.ksn - 1;
	case CURRENT:
		return w->current.up.ksn;
	case BETWEEN:
		return w->pending.up.ksn - 1;
	case AT_PENDING:
		return w->pending.up.ksn;
	case ABOVE:
		return (uint32_t)UNIX + 1000000;
	default:
		return 0;
	}
}

static void check_row(const struct row *row, uint8_t reason)
{
	struct world w;
	char name[64];
	(void)snprintf(name, sizeof name, "%s, reason %u, place %d", state_names[row->state],
		       reason, row->place);
	world_in(&w, row->state);
	uint32_t r = r_at(&w, row->place);
	request(&w, reason, r);
	EXPECT(w.out.verdict == EESE_HANDLED, name);
	EXPECT(w.out.count == row->count, name);
	EXPECT(answered(&w, row->answer), name);
	EXPECT(!w.updated || w.update.ksn >= r, name);
	EXPECT(!w.updated || strstr(row->answer, "new") == NULL || w.update.ksn > r, name);
	EXPECT(strcmp(remaining(&w), row->remaining) == 0, name);
	world_free(&w);
}

static void every_state(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (const char *c = rows[i].reasons; *c != '\0'; c++) {
			check_row(&rows[i], (uint8_t)(*c - '0'));
		}
	}
}

/* MAC wrong or IKID not ours: the EMKS is asked, nothing else changes. */
static void bad_mac(void)
{
	static const char *const remains[STATES] = {
	    [PENDING] = "--v",  [VALID] = "-v-",           [VALID_PENDING] = "-vv",
	    [TE2E] = "-i-",     [ENTERPRISE] = "-i-",      [INTEGRITY] = "-iv",
	    [PREVIOUS] = "rv-", [INVALID_PENDING] = "-iv", [ALL_THREE] = "rvv",
	    [RESTORED] = "-i-", [RESTORED_BARE] = "-i-",   [KEYED] = "---",
	};
	for (unsigned s = KEYED; s < STATES; s++) {
		uint8_t m[EESE_KEY_REQUEST_SIZE] = {0x82, 0xff, 0xff, 0xff, 0xf0};
		uint16_t ikid;
		for (unsigned foreign = 0; foreign < 2; foreign++) {
			struct world w;
			world_in(&w, s);
			CU_ASSERT_EQUAL(eese_derive_ikid(w.key, &ikid), EESE_OK);
			m[5] = (uint8_t)((ikid >> 8) ^ foreign);
			m[6] = (uint8_t)ikid;
			request_octets(&w, m, sizeof m);
			EXPECT(w.out.verdict == EESE_DROP, state_names[s]);
			EXPECT(w.out.count == EESE_COUNT_FAILED_MAC, state_names[s]);
			EXPECT(answered(&w, "ask"), state_names[s]);
			request_octets(&w, m, sizeof m); /* one request to the EMKS a minute */
			EXPECT(answered(&w, ""), state_names[s]);
			EXPECT(strcmp(remaining(&w), remains[s]) == 0, state_names[s]);
			world_free(&w);
		}
	}
}

static void without_key(void)
{
	for (unsigned s = STRANGER; s <= KEY_OLD; s++) {
		struct world w;
		world_in(&w, s);
		request(&w, EESE_REQUEST_NO_KEYSET, 0);
		EXPECT(w.out.verdict == EESE_DROP, state_names[s]);
		EXPECT(w.out.count == EESE_COUNT_REFUSED_NO_KEY, state_names[s]);
		EXPECT(answered(&w, "ask"), state_names[s]);
		world_free(&w);
	}
}

static void malformed(void)
{
	for (unsigned s = STRANGER; s < STATES; s++) {
		uint8_t m[16] = {0x80};
		struct world w;
		if (s == INTEGRITY) {
			continue; /* as the others that are invalid, but slow */
		}
		world_in(&w, s);
		for (size_t len = 0; len <= sizeof m; len++) {
			m[0] = len == EESE_KEY_REQUEST_SIZE ? 0x40 : 0x80;
			request_octets(&w, m, len);
			EXPECT(w.out.verdict == EESE_DROP, state_names[s]);
			EXPECT(w.out.count == EESE_COUNT_MALFORMED, state_names[s]);
			EXPECT(answered(&w, ""), state_names[s]);
		}
		world_free(&w);
	}
}

/* Clause 3: an unlisted reason is read as 2. */
static void unlisted_reason(void)
{
	struct world w;
	world_in(&w, VALID);
	request(&w, 63, w.current.up.ksn);
	EXPECT(answered(&w, "UPDATE 7 new valid:current"), "reason 63");
	world_free(&w);
}

/* N3: algorithm 10 from then on, before any comparison of r; once only. */
static void other_algorithm(void)
{
	static const enum place places[] = {ZERO, BELOW, CURRENT, AT_PENDING};
	for (size_t i = 0; i < COUNT(places); i++) {
		struct world w;
		world_config(&w);
		w.config.alg = EESE_ALG_AES_CCM_16_128_128;
		world_make(&w);
		bring(&w, VALID_PENDING);
		CU_ASSERT_EQUAL(w.pending.up.alg, EESE_ALG_AES_CCM_16_128_128);
		request(&w, EESE_REQUEST_ALG, r_at(&w, places[i]));
		EXPECT(answered(&w, "UPDATE 7 new valid:current"), "N3");
		CU_ASSERT_EQUAL(w.update.alg, EESE_ALG_AES_CCM_16_64_128);
		adopt(&w, &w.pending);
		pass(&w, REST_S);
		request(&w, EESE_REQUEST_ALG, w.current.up.ksn);
		EXPECT(answered(&w, "UPDATE 7 pending valid:current"), "N3 again");
		data(&w, &w.pending, 0);
		CU_ASSERT_EQUAL(w.out.verdict, EESE_DELIVER);
		w.current = w.pending;
		w.pending = (struct eese_keyset){0};
		request(&w, EESE_REQUEST_REFRESH, w.current.up.ksn);
		CU_ASSERT_EQUAL(w.update.alg, EESE_ALG_AES_CCM_16_64_128);
		world_free(&w);
	}
}

/* A recorded KEY_REQUEST of before the refresh asks for nothing any more. */
static void recorded(void)
{
	struct world w;
	world_in(&w, VALID);
	uint32_t r = w.current.up.ksn;
	request(&w, EESE_REQUEST_REFRESH, r);
	adopt(&w, &w.pending);
	data(&w, &w.pending, 0);
	w.current = w.pending;
	w.pending = (struct eese_keyset){0};
	for (unsigned reason = 0; reason <= EESE_REQUEST_ALG; reason++) {
		pass(&w, REST_S);
		request(&w, (uint8_t)reason, r);
		CU_ASSERT_EQUAL(w.out.count, EESE_COUNT_REQUEST_IGNORED);
		EXPECT(answered(&w, ""), "recorded");
	}
	world_free(&w);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"every state, reason and r", every_state},
	    {"bad MAC", bad_mac},
	    {"without key", without_key},
	    {"malformed", malformed},
	    {"unlisted reason", unlisted_reason},
	    {"other algorithm", other_algorithm},
	    {"recorded", recorded},
	};
	return run_suite("endpoint: KEY_REQUEST", tests, COUNT(tests));
}
