/* SPDX-License-Identifier: Apache-2.0 */
#include "eese/aka.h"

#include <CUnit/CUnit.h>
#include <string.h>

#include "aka_support.h"

static const uint8_t an_hour[] = {0, 0, 0x0e, 0x10};

static void expect_no_key(const struct eese_aka *a)
{
	uint8_t key[EESE_INT_KEY_SIZE];
	uint32_t lifetime;

	memset(key, 1, sizeof(key));
	CU_ASSERT_FALSE(eese_aka_key(a, key, &lifetime));
	CU_ASSERT(is_zero(key, sizeof(key)));
}

static void expect_key(const struct eese_aka *a, const char *hex, uint32_t lifetime)
{
	uint8_t key[EESE_INT_KEY_SIZE];
	uint32_t got;

	CU_ASSERT_TRUE(eese_aka_key(a, key, &got));
	CU_ASSERT(is_hex(key, sizeof(key), hex));
	CU_ASSERT_EQUAL(got, lifetime);
}

/* AUTN by osmo-auc-gen, keys by another implementation of HMAC-SHA-256. The same RAND in the two
 * domains gives two keys. */
static void test_known_answers(void)
{
	static const struct {
		enum eese_domain domain;
		const char *challenge, *key;
	} runs[] = {
	    {EESE_DOMAIN_ENPS, "23553cbe9637a89d218ae64dae47bf35aa689c6483518045b46b98fb0eabe3d9",
	     "7e32f57e4fb3b8f374c8e119f8e3b7a5540b882eb0ace5f427a4494924249ff4"},
	    {EESE_DOMAIN_HPS, "23553cbe9637a89d218ae64dae47bf35aa689c648351804828663b3f1d0ab101",
	     "e5a2e746343fa29ddbb5a99a26bf2662f728bdedf05b7c872de48cdc8b830fb7"},
	};

	for (size_t i = 0; i < COUNT(runs); i++) {
		struct octets challenge = octets_of(runs[i].challenge);
		struct eese_aka a;
		struct eese_aka_answer answer;
		struct card c;

		card_new(&c);
		eese_aka_start(&a, &c.usim, runs[i].domain);
		expect_no_key(&a);
		CU_ASSERT_EQUAL(eese_aka_challenge(&a, challenge.p, challenge.len, &answer),
				EESE_OK);
		CU_ASSERT_FALSE(answer.auts);
		CU_ASSERT(is_hex(answer.octets, answer.len, "a54211d5e3ba50bf"));
		expect_key(&a, runs[i].key, 0);
		CU_ASSERT_EQUAL(eese_aka_accepted(&a, an_hour, sizeof(an_hour)), EESE_OK);
		CU_ASSERT_EQUAL(a.state, EESE_AKA_DONE);
		expect_key(&a, runs[i].key, 3600);
		octets_free(&challenge);
	}
}

/* A stale number, AUTS, then a fresh one; a home network that never understands is left. */
static void test_resynchronisation(void)
{
	uint8_t challenge[EESE_AKA_CHALLENGE_SIZE];
	struct eese_aka a;
	struct eese_aka_answer answer;
	struct card c;

	card_new(&c);
	c.soft.seq[9] = 50;
	eese_aka_start(&a, &c.usim, EESE_DOMAIN_ENPS);
	challenge_of(50, 9, 0x80, 0x45, challenge);
	CU_ASSERT_EQUAL(eese_aka_challenge(&a, challenge, sizeof(challenge), &answer), EESE_OK);
	CU_ASSERT_TRUE(answer.auts);
	CU_ASSERT_EQUAL(answer.len, EESE_AUTS_SIZE);
	CU_ASSERT_EQUAL(sqn_of_auts(challenge, answer.octets), 50 << 5 | 9);
	expect_no_key(&a);
	challenge_of(51, 9, 0x80, 0x45, challenge);
	CU_ASSERT_EQUAL(eese_aka_challenge(&a, challenge, sizeof(challenge), &answer), EESE_OK);
	CU_ASSERT_FALSE(answer.auts);
	CU_ASSERT_EQUAL(a.state, EESE_AKA_ANSWERED);

	eese_aka_start(&a, &c.usim, EESE_DOMAIN_ENPS);
	for (int i = 0; i < EESE_AKA_RESYNCS_MAX; i++)
		CU_ASSERT_EQUAL(eese_aka_challenge(&a, challenge, sizeof(challenge), &answer),
				EESE_OK);
	CU_ASSERT_EQUAL(eese_aka_challenge(&a, challenge, sizeof(challenge), &answer), EESE_FULL);
	CU_ASSERT(is_zero(&answer, sizeof(answer)));
	CU_ASSERT_EQUAL(a.state, EESE_AKA_FAILED);
}

/* Whatever is no challenge ends the run, and the next one is not hurt. */
static void test_bad_challenges(void)
{
	uint8_t good[EESE_AKA_CHALLENGE_SIZE], many[4096] = {0};
	struct eese_aka a;
	struct eese_aka_answer answer;
	struct card c;

	card_new(&c);
	challenge_of(1, 0, 0x80, 0x45, good);
	memcpy(many, good, sizeof(good));
	for (size_t len = 0; len <= sizeof(many); len += len < 64 ? 1 : 997) {
		if (len == sizeof(good))
			continue;
		eese_aka_start(&a, &c.usim, EESE_DOMAIN_ENPS);
		CU_ASSERT_EQUAL(eese_aka_challenge(&a, many, len, &answer), EESE_MALFORMED);
		CU_ASSERT(is_zero(&answer, sizeof(answer)));
		CU_ASSERT_EQUAL(a.state, EESE_AKA_FAILED);
		CU_ASSERT_EQUAL(eese_aka_challenge(&a, good, sizeof(good), &answer), EESE_EXPIRED);
		expect_no_key(&a);
	}
	for (unsigned amf = 0; amf < 3; amf++) {
		static const uint8_t amfs[][2] = {{0x80, 0x48}, {0x00, 0x45}, {0x80, 0x00}};

		challenge_of(1, 0, amfs[amf][0], amfs[amf][1], many);
		eese_aka_start(&a, &c.usim, EESE_DOMAIN_ENPS);
		CU_ASSERT_EQUAL(eese_aka_challenge(&a, many, sizeof(good), &answer), EESE_INVALID);
		CU_ASSERT(is_zero(&answer, sizeof(answer)));
		expect_no_key(&a);
	}
	good[20] ^= 1;
	eese_aka_start(&a, &c.usim, EESE_DOMAIN_ENPS);
	CU_ASSERT_EQUAL(eese_aka_challenge(&a, good, sizeof(good), &answer), EESE_NOT_AUTHENTIC);
	good[20] ^= 1;
	CU_ASSERT_EQUAL(c.stores, 0);
	eese_aka_start(&a, &c.usim, EESE_DOMAIN_ENPS);
	CU_ASSERT_EQUAL(eese_aka_challenge(&a, good, sizeof(good), &answer), EESE_OK);
}

/* A repeated challenge must not cost the key whose RES is under way. */
static void test_repeated_answers(void)
{
	uint8_t challenge[EESE_AKA_CHALLENGE_SIZE], key[EESE_INT_KEY_SIZE];
	struct eese_aka a;
	struct eese_aka_answer answer;
	struct card c;
	uint32_t lifetime;

	card_new(&c);
	eese_aka_start(&a, &c.usim, EESE_DOMAIN_ENPS);
	CU_ASSERT_EQUAL(eese_aka_accepted(&a, an_hour, sizeof(an_hour)), EESE_EXPIRED);
	challenge_of(1, 0, 0x80, 0x45, challenge);
	CU_ASSERT_EQUAL(eese_aka_challenge(&a, challenge, sizeof(challenge), &answer), EESE_OK);
	CU_ASSERT_EQUAL(eese_aka_challenge(&a, challenge, sizeof(challenge), &answer),
			EESE_EXPIRED);
	CU_ASSERT_EQUAL(eese_aka_accepted(&a, an_hour, 3), EESE_MALFORMED);
	CU_ASSERT_EQUAL(eese_aka_accepted(&a, challenge, 5), EESE_MALFORMED);
	CU_ASSERT_EQUAL(eese_aka_accepted(&a, (const uint8_t[4]){0}, 4), EESE_MALFORMED);
	CU_ASSERT_TRUE(eese_aka_key(&a, key, &lifetime));
	CU_ASSERT_EQUAL(lifetime, 0);
	CU_ASSERT_EQUAL(eese_aka_accepted(&a, an_hour, sizeof(an_hour)), EESE_OK);
	CU_ASSERT_EQUAL(eese_aka_accepted(&a, an_hour, sizeof(an_hour)), EESE_EXPIRED);
	CU_ASSERT_EQUAL(eese_aka_challenge(&a, challenge, sizeof(challenge), &answer),
			EESE_EXPIRED);
	CU_ASSERT_TRUE(eese_aka_key(&a, key, &lifetime));
	CU_ASSERT_EQUAL(lifetime, 3600);
}

/* A card that looks at no domain, and one whose answers are no good. */
static enum eese_result heedless(void *ctx, enum eese_domain domain,
				 const uint8_t rand[EESE_AKA_RAND_SIZE],
				 const uint8_t autn[EESE_AUTN_SIZE], struct eese_usim_answer *out)
{
	(void)domain;
	(void)rand;
	(void)autn;
	memset(out, 0x11, sizeof(*out));
	out->res_len = *(const size_t *)ctx;
	return EESE_OK;
}

static void test_other_usims(void)
{
	static const struct {
		size_t res_len;
		uint8_t amf_low;
		enum eese_result result;
	} cases[] = {
	    {8, 0x45, EESE_OK},     {4, 0x45, EESE_OK},
	    {16, 0x45, EESE_OK},    {8, 0x48, EESE_INVALID},
	    {3, 0x45, EESE_CRYPTO}, {17, 0x45, EESE_CRYPTO},
	    {0, 0x45, EESE_CRYPTO}, {(size_t)-1, 0x45, EESE_CRYPTO},
	};
	uint8_t challenge[EESE_AKA_CHALLENGE_SIZE];
	struct eese_aka a;
	struct eese_aka_answer answer;

	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t res_len = cases[i].res_len;
		const struct eese_usim usim = {heedless, &res_len};

		challenge_of(1, 0, 0x80, cases[i].amf_low, challenge);
		eese_aka_start(&a, &usim, EESE_DOMAIN_ENPS);
		CU_ASSERT_EQUAL(eese_aka_challenge(&a, challenge, sizeof(challenge), &answer),
				cases[i].result);
		CU_ASSERT_EQUAL(answer.len, cases[i].result == EESE_OK ? res_len : 0);
		if (cases[i].result != EESE_OK)
			expect_no_key(&a);
	}
}

static void test_wipe(void)
{
	uint8_t challenge[EESE_AKA_CHALLENGE_SIZE];
	struct eese_aka a;
	struct eese_aka_answer answer;
	struct card c;

	card_new(&c);
	challenge_of(1, 0, 0x80, 0x45, challenge);
	eese_aka_start(&a, &c.usim, EESE_DOMAIN_ENPS);
	CU_ASSERT_EQUAL(eese_aka_challenge(&a, challenge, sizeof(challenge), &answer), EESE_OK);
	eese_aka_wipe(&a);
	CU_ASSERT(is_zero(&a, sizeof(a)));
	eese_aka_wipe(NULL);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"known answers", test_known_answers},   {"resynchronisation", test_resynchronisation},
	    {"bad challenges", test_bad_challenges}, {"repeated answers", test_repeated_answers},
	    {"other USIMs", test_other_usims},       {"wipe", test_wipe},
	};

	return run_suite("ue aka", tests, COUNT(tests));
}
