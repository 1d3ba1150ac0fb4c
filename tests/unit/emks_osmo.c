/* SPDX-License-Identifier: Apache-2.0 */
/* The AuC's vectors and its handling of AUTS against an implementation that isn't ours. */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <string.h>

#include "core_support.h"
#include "emks/hss/sqn.h"
#include "emks/hss/vector.h"
#include "osmo_support.h"

/* K, OPc or OP, and the AMF that domain makes of the subscriber's. */
static const struct {
	const char *k, *opc, *op;
	uint8_t amf[EESE_AMF_SIZE];
	enum eese_domain domain;
	const char *bound;
} cards[] = {
    {"465b5ce8b199b49faa5f0a2ee238a6bc",
     "cd63cb71954a9f4e48a5994e37a02baf",
     NULL,
     {0x80, 0x00},
     EESE_DOMAIN_ENPS,
     "8045"},
    {"465b5ce8b199b49faa5f0a2ee238a6bc",
     NULL,
     "cdc202d5123e20f62b6d676ac72cb318",
     {0x00, 0x00},
     EESE_DOMAIN_HPS,
     "8048"},
    {"0396eb317b6d1c36f19c1c84cd6ffd16",
     "53c15671c60a4b731c55b4a441c0bde2",
     NULL,
     {0xff, 0xff},
     EESE_DOMAIN_ENPS,
     "ff45"},
    {"fec86ba6eb707ed08905757b1bb44b8f",
     NULL,
     "dbc59adcb6f9a0ef735477b7fadf8374",
     {0x9d, 0x02},
     EESE_DOMAIN_HPS,
     "9d48"},
    {"00000000000000000000000000000000",
     "00000000000000000000000000000000",
     NULL,
     {0x12, 0x34},
     EESE_DOMAIN_ENPS,
     "9245"},
    {"ffffffffffffffffffffffffffffffff",
     NULL,
     "ffffffffffffffffffffffffffffffff",
     {0x12, 0x34},
     EESE_DOMAIN_HPS,
     "9248"},
};

static const uint64_t sqns[] = {
    0, 33, UINT64_C(0xff9bb4d0b607), UINT64_C(0x123456789abc), UINT64_C(1) << 47, SQN_MAX,
};

static void secret_of(size_t card, struct hss_secret *out)
{
	struct octets k = octets_of(cards[card].k);
	struct octets op = octets_of(cards[card].opc ? cards[card].opc : cards[card].op);

	memcpy(out->k, k.p, sizeof(out->k));
	memcpy(out->opc, op.p, sizeof(out->opc));
	if (!cards[card].opc)
		CU_ASSERT(eese_milenage_opc(k.p, op.p, out->opc) == EESE_OK);
	octets_free(&k);
	octets_free(&op);
}

static bool osmo(size_t card, uint64_t sqn, const char *rand, const char *auts,
		 struct osmo_vector *out)
{
	const struct osmo_input in = {.k = cards[card].k,
				      .opc = cards[card].opc,
				      .op = cards[card].op,
				      .amf = cards[card].bound,
				      .rand = rand,
				      .auts = auts,
				      .sqn = sqn};

	return osmo_run(&in, out);
}

/* RAND, AUTN and RES are the same, and so is the key that their CK and IK give. */
static void check_vector(size_t card, uint64_t sqn)
{
	struct hss_secret secret;
	struct osmo_vector theirs;
	struct vector ours;
	uint8_t key[EESE_INT_KEY_SIZE];
	struct octets rand, ck, ik;
	char hex[33];

	osmo_random(hex);
	CU_ASSERT_FATAL(osmo(card, sqn, hex, "", &theirs));
	rand = octets_of(hex);
	ck = octets_of(theirs.ck);
	ik = octets_of(theirs.ik);
	secret_of(card, &secret);
	CU_ASSERT(vector_make(&secret, cards[card].domain, cards[card].amf, sqn, rand.p, &ours) ==
		  EESE_OK);
	CU_ASSERT(is_hex(ours.rand, sizeof(ours.rand), hex));
	CU_ASSERT(is_hex(ours.autn, sizeof(ours.autn), theirs.autn));
	CU_ASSERT(is_hex(ours.xres, sizeof(ours.xres), theirs.res));
	CU_ASSERT(eese_derive_domain_key(cards[card].domain, ck.p, ik.p, key) == EESE_OK);
	CU_ASSERT(eese_equal(key, ours.key, sizeof(key)));
	octets_free(&rand);
	octets_free(&ck);
	octets_free(&ik);
}

static void test_vectors(void)
{
	for (size_t i = 0; i < COUNT(cards); i++)
		for (size_t j = 0; j < COUNT(sqns); j++)
			check_vector(i, sqns[j]);
}

/* TS 33.102 6.3.3: what this card sends when its number is sqn. */
static void make_auts(const struct hss_secret *secret, const uint8_t *rand, uint64_t sqn,
		      uint8_t out[VECTOR_AUTS_SIZE])
{
	static const uint8_t amf[EESE_AMF_SIZE] = {0, 0};
	struct eese_milenage_out f;
	uint8_t octets[EESE_SQN_SIZE];

	sqn_write(sqn, octets);
	CU_ASSERT(eese_milenage_f2345(secret->k, secret->opc, rand, &f) == EESE_OK);
	for (size_t i = 0; i < sizeof(octets); i++)
		out[i] = octets[i] ^ f.ak_star[i];
	CU_ASSERT(eese_milenage_f1(secret->k, secret->opc, rand, octets, amf, NULL,
				   out + EESE_SQN_SIZE) == EESE_OK);
}

/* Both read the same number out of AUTS; both refuse one with any bit changed. */
static void check_auts(size_t card, uint64_t sqn)
{
	struct hss_secret secret;
	struct osmo_vector theirs;
	struct octets rand;
	uint8_t auts[VECTOR_AUTS_SIZE];
	char hex[33], auts_hex[2 * VECTOR_AUTS_SIZE + 1] = "", want[32];
	uint64_t ms;

	osmo_random(hex);
	rand = octets_of(hex);
	secret_of(card, &secret);
	make_auts(&secret, rand.p, sqn, auts);
	for (size_t i = 0; i < sizeof(auts); i++)
		(void)snprintf(auts_hex + 2 * i, 3, "%02x", auts[i]);
	CU_ASSERT_FATAL(osmo(card, 0, hex, auts_hex, &theirs));
	(void)snprintf(want, sizeof(want), "%llu", (unsigned long long)sqn);
	CU_ASSERT_STRING_EQUAL(theirs.sqn_ms, want);
	CU_ASSERT(vector_open_auts(&secret, rand.p, auts, &ms) == EESE_OK);
	CU_ASSERT_EQUAL(ms, sqn);
	for (size_t bit = 0; bit < 8 * sizeof(auts); bit++) {
		auts[bit / 8] ^= (uint8_t)(1U << bit % 8);
		CU_ASSERT(vector_open_auts(&secret, rand.p, auts, &ms) == EESE_NOT_AUTHENTIC);
		CU_ASSERT_EQUAL(ms, 0);
		auts[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	octets_free(&rand);
}

static void test_auts(void)
{
	for (size_t i = 0; i < COUNT(cards); i++)
		for (size_t j = 0; j < COUNT(sqns); j++)
			check_auts(i, sqns[j]);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"vectors", test_vectors},
	    {"AUTS", test_auts},
	};

	random_seed();
	return run_suite("emks vectors and osmo-auc-gen", tests, COUNT(tests));
}
