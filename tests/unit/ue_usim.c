/* SPDX-License-Identifier: Apache-2.0 */
#include "eese/usim.h"

#include <CUnit/CUnit.h>
#include <string.h>

#include "aka_support.h"
#include "vectors_milenage.h"

/* A challenge to the card, octets as the home network makes them but for what the test changes. */
static enum eese_result ask(struct card *c, const uint8_t challenge[EESE_AKA_CHALLENGE_SIZE],
			    struct eese_usim_answer *out)
{
	memset(out, 0xa5, sizeof(*out));
	return c->usim.authenticate(c->usim.ctx, EESE_DOMAIN_ENPS, challenge,
				    challenge + EESE_AKA_RAND_SIZE, out);
}

static enum eese_result ask_for(struct card *c, uint64_t seq, unsigned ind,
				struct eese_usim_answer *out)
{
	uint8_t challenge[EESE_AKA_CHALLENGE_SIZE];

	challenge_of(seq, ind, 0x80, 0x45, challenge);
	return ask(c, challenge, out);
}

#define EXPECT_TAKEN(c, seq, ind)                                                                  \
	do {                                                                                       \
		struct eese_usim_answer a_;                                                        \
		CU_ASSERT_EQUAL(ask_for((c), (seq), (ind), &a_), EESE_OK);                         \
	} while (0)

/* Not fresh; AUTS names SQN_MS. */
static void expect_stale(struct card *c, uint64_t seq, unsigned ind, uint64_t sqn_ms)
{
	uint8_t challenge[EESE_AKA_CHALLENGE_SIZE];
	struct eese_usim_answer a;

	challenge_of(seq, ind, 0x80, 0x45, challenge);
	CU_ASSERT_EQUAL(ask(c, challenge, &a), EESE_REPLAY);
	CU_ASSERT_EQUAL(sqn_of_auts(challenge, a.auts), sqn_ms);
	CU_ASSERT(is_zero(a.res, sizeof(a.res)));
	CU_ASSERT(is_zero(a.ck, sizeof(a.ck)));
	CU_ASSERT(is_zero(a.ik, sizeof(a.ik)));
}

/* Made by osmo-auc-gen: SQN 33, AMF 8045. */
static void test_known_answer(void)
{
	struct octets challenge = octets_of("23553cbe9637a89d218ae64dae47bf35"
					    "aa689c6483518045b46b98fb0eabe3d9");
	struct card c;
	struct eese_usim_answer a;

	card_new(&c);
	CU_ASSERT_EQUAL(ask(&c, challenge.p, &a), EESE_OK);
	CU_ASSERT_EQUAL(a.res_len, 8);
	CU_ASSERT(is_hex(a.res, a.res_len, "a54211d5e3ba50bf"));
	CU_ASSERT(is_hex(a.ck, sizeof(a.ck), "b40ba9a3c58b2a05bbf0d987b21bf8cb"));
	CU_ASSERT(is_hex(a.ik, sizeof(a.ik), "f769bcd751044604127672711c6d3441"));
	CU_ASSERT(is_zero(a.auts, sizeof(a.auts)));
	CU_ASSERT(is_hex(c.stored + EESE_SQN_SIZE, EESE_SQN_SIZE, "000000000021"));
	octets_free(&challenge);
}

/* The sets of TS 35.208 have good MACs, and AMFs that name no domain. */
static void test_sets_of_no_domain(void)
{
	for (size_t i = 0; i < COUNT(milenage_vectors); i++) {
		const struct milenage_vector *v = &milenage_vectors[i];
		struct octets k = octets_of(v->k), opc = octets_of(v->opc);
		struct octets rand = octets_of(v->rand), ak = octets_of(v->f5);
		struct octets parts[] = {octets_of(v->sqn), octets_of(v->amf), octets_of(v->f1)};
		uint8_t challenge[EESE_AKA_CHALLENGE_SIZE], *at = challenge;
		struct card c;
		struct eese_usim_answer a;

		card_new(&c);
		memcpy(c.soft.k, k.p, k.len);
		memcpy(c.soft.opc, opc.p, opc.len);
		memcpy(at, rand.p, rand.len);
		at += rand.len;
		for (size_t j = 0; j < ak.len; j++)
			parts[0].p[j] ^= ak.p[j];
		for (size_t j = 0; j < COUNT(parts); at += parts[j++].len)
			memcpy(at, parts[j].p, parts[j].len);
		CU_ASSERT_EQUAL(ask(&c, challenge, &a), EESE_INVALID);
		CU_ASSERT(is_zero(&a, sizeof(a)));
		CU_ASSERT_EQUAL(c.stores, 0);
		for (size_t j = 0; j < COUNT(parts); j++)
			octets_free(&parts[j]);
		octets_free(&k);
		octets_free(&opc);
		octets_free(&rand);
		octets_free(&ak);
	}
}

/* Each bit of a challenge counts, and a bad one leaves no trace. MAC goes first: a changed AMF is
 * told as not authentic. */
static void test_changed_bits(void)
{
	uint8_t challenge[EESE_AKA_CHALLENGE_SIZE];
	struct card c;
	struct eese_usim_answer a;

	card_new(&c);
	challenge_of(7, 3, 0x80, 0x45, challenge);
	for (size_t bit = 0; bit < 8 * sizeof(challenge); bit++) {
		challenge[bit / 8] ^= (uint8_t)(1U << bit % 8);
		CU_ASSERT_EQUAL(ask(&c, challenge, &a), EESE_NOT_AUTHENTIC);
		CU_ASSERT(is_zero(&a, sizeof(a)));
		challenge[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	CU_ASSERT_EQUAL(c.stores, 0);
	CU_ASSERT_EQUAL(ask(&c, challenge, &a), EESE_OK);
}

/* In each domain its own low octet under the separation bit, nothing else. */
static void ask_in_domains(uint8_t amf_high, uint8_t amf_low)
{
	uint8_t challenge[EESE_AKA_CHALLENGE_SIZE];
	struct card c;
	struct eese_usim_answer a;

	challenge_of(1, 1, amf_high, amf_low, challenge);
	for (int d = 0; d < EESE_DOMAINS; d++) {
		const bool fits =
		    amf_high >= 0x80 && amf_low == (d == EESE_DOMAIN_ENPS ? 0x45 : 0x48);

		card_new(&c);
		CU_ASSERT_EQUAL(c.usim.authenticate(c.usim.ctx, (enum eese_domain)d, challenge,
						    challenge + EESE_AKA_RAND_SIZE, &a),
				fits ? EESE_OK : EESE_INVALID);
		CU_ASSERT_EQUAL(c.stores, fits ? 1 : 0);
		CU_ASSERT(fits || is_zero(&a, sizeof(a)));
	}
}

static void test_domains(void)
{
	static const uint8_t lows[] = {0x00, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0xc5, 0xff};

	for (unsigned high = 0; high < 256; high++)
		for (size_t i = 0; i < COUNT(lows); i++)
			ask_in_domains((uint8_t)high, lows[i]);
}

/* Annex C.2.2: each IND has its slot; the highest SQN of all is SQN_MS. */
static void test_slots(void)
{
	struct card c;

	card_new(&c);
	expect_stale(&c, 0, 0, 0);
	EXPECT_TAKEN(&c, 10, 5);
	expect_stale(&c, 10, 5, 10 << 5 | 5);
	expect_stale(&c, 9, 5, 10 << 5 | 5);
	/* Older ones in other slots are taken once each. */
	EXPECT_TAKEN(&c, 1, 6);
	EXPECT_TAKEN(&c, 9, 4);
	expect_stale(&c, 1, 6, 10 << 5 | 5);
	EXPECT_TAKEN(&c, 10, 31);
	expect_stale(&c, 10, 31, 10 << 5 | 31);
	EXPECT_TAKEN(&c, 11, 0);
	expect_stale(&c, 10, 5, 11 << 5 | 0);
	for (unsigned ind = 0; ind < EESE_SQN_SLOTS; ind++)
		EXPECT_TAKEN(&c, 12, ind);
	for (unsigned ind = 0; ind < EESE_SQN_SLOTS; ind++)
		expect_stale(&c, 12, ind, 12 << 5 | 31);
}

static void test_delta(void)
{
	const uint64_t high = EESE_SQN_DELTA + 100;
	struct card c;

	card_new(&c);
	EXPECT_TAKEN(&c, 100, 1);
	expect_stale(&c, high + 1, 2, 100 << 5 | 1);
	expect_stale(&c, (UINT64_C(1) << 43) - 1, 3, 100 << 5 | 1);
	EXPECT_TAKEN(&c, high, 2);
	EXPECT_TAKEN(&c, high + 1, 2);
	/* Up to the last one there is: all 48 bits count. */
	c.soft.delta = UINT64_MAX;
	EXPECT_TAKEN(&c, (UINT64_C(1) << 43) - 1, 31);
	expect_stale(&c, (UINT64_C(1) << 43) - 1, 31, (UINT64_C(1) << 48) - 1);
}

static void test_age_limit(void)
{
	struct card c;

	card_new(&c);
	c.soft.age_limit = 8;
	EXPECT_TAKEN(&c, 100, 1);
	EXPECT_TAKEN(&c, 93, 2);
	expect_stale(&c, 92, 3, 100 << 5 | 1);
	c.soft.age_limit = 0;
	EXPECT_TAKEN(&c, 92, 3);
}

/* What was answered once is never answered again, power cut or not. */
static void test_durable(void)
{
	struct card c;
	struct eese_usim_answer a;

	card_new(&c);
	for (unsigned ind = 0; ind < EESE_SQN_SLOTS; ind++)
		EXPECT_TAKEN(&c, 40 + ind, ind);
	CU_ASSERT_EQUAL(c.stores, EESE_SQN_SLOTS);
	card_restart(&c);
	for (unsigned ind = 0; ind < EESE_SQN_SLOTS; ind++)
		expect_stale(&c, 40 + ind, ind, 71 << 5 | 31);
	/* Not stored, no RES. */
	c.store_fails = true;
	CU_ASSERT_EQUAL(ask_for(&c, 80, 0, &a), EESE_STORAGE);
	CU_ASSERT(is_zero(&a, sizeof(a)));
	c.store_fails = false;
	CU_ASSERT_EQUAL(ask_for(&c, 80, 0, &a), EESE_OK);
}

static void test_damaged_array(void)
{
	struct octets k = octets_of(card_k), opc = octets_of(card_opc);
	struct eese_soft_usim soft;
	struct card c;

	card_new(&c);
	EXPECT_TAKEN(&c, 3, 3);
	for (unsigned bit = 0; bit < EESE_SQN_IND_BITS; bit++) {
		c.stored[EESE_SQN_SIZE * 4 - 1] ^= (uint8_t)(1U << bit);
		CU_ASSERT_EQUAL(eese_soft_usim_init(&soft, k.p, opc.p, c.stored, NULL, NULL),
				EESE_MALFORMED);
		CU_ASSERT(is_zero(&soft, sizeof(soft)));
		c.stored[EESE_SQN_SIZE * 4 - 1] ^= (uint8_t)(1U << bit);
	}
	octets_free(&k);
	octets_free(&opc);
}

static void test_wipe(void)
{
	struct card c;

	card_new(&c);
	eese_soft_usim_wipe(&c.soft);
	CU_ASSERT(is_zero(&c.soft, sizeof(c.soft)));
	eese_soft_usim_wipe(NULL);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"known answer", test_known_answer},
	    {"test sets of TS 35.208 belong to no domain", test_sets_of_no_domain},
	    {"changed bits", test_changed_bits},
	    {"domains", test_domains},
	    {"slots", test_slots},
	    {"delta", test_delta},
	    {"age limit", test_age_limit},
	    {"durable", test_durable},
	    {"damaged array", test_damaged_array},
	    {"wipe", test_wipe},
	};

	return run_suite("ue usim", tests, COUNT(tests));
}
