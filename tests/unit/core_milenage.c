/* SPDX-License-Identifier: Apache-2.0 */
#include <CUnit/CUnit.h>
#include <string.h>

#include "core_support.h"
#include "eese/keys.h"
#include "eese/milenage.h"
#include "vectors_milenage.h"

static void check_f1(const struct milenage_vector *v, const uint8_t *k, const uint8_t *opc,
		     const uint8_t *rand)
{
	struct octets sqn = octets_of(v->sqn), amf = octets_of(v->amf);
	uint8_t mac_a[EESE_AKA_MAC_SIZE], mac_s[EESE_AKA_MAC_SIZE];

	CU_ASSERT(eese_milenage_f1(k, opc, rand, sqn.p, amf.p, mac_a, mac_s) == EESE_OK);
	CU_ASSERT(is_hex(mac_a, sizeof(mac_a), v->f1));
	CU_ASSERT(is_hex(mac_s, sizeof(mac_s), v->f1star));
	memset(mac_a, 0, sizeof(mac_a));
	memset(mac_s, 0, sizeof(mac_s));
	CU_ASSERT(eese_milenage_f1(k, opc, rand, sqn.p, amf.p, mac_a, NULL) == EESE_OK);
	CU_ASSERT(eese_milenage_f1(k, opc, rand, sqn.p, amf.p, NULL, mac_s) == EESE_OK);
	CU_ASSERT(is_hex(mac_a, sizeof(mac_a), v->f1));
	CU_ASSERT(is_hex(mac_s, sizeof(mac_s), v->f1star));
	octets_free(&sqn);
	octets_free(&amf);
}

static void check_f2345(const struct milenage_vector *v, const uint8_t *k, const uint8_t *opc,
			const uint8_t *rand)
{
	struct eese_milenage_out out;

	CU_ASSERT(eese_milenage_f2345(k, opc, rand, &out) == EESE_OK);
	CU_ASSERT(is_hex(out.res, sizeof(out.res), v->f2));
	CU_ASSERT(is_hex(out.ck, sizeof(out.ck), v->f3));
	CU_ASSERT(is_hex(out.ik, sizeof(out.ik), v->f4));
	CU_ASSERT(is_hex(out.ak, sizeof(out.ak), v->f5));
	CU_ASSERT(is_hex(out.ak_star, sizeof(out.ak_star), v->f5star));
}

static void test_sets(void)
{
	for (size_t i = 0; i < COUNT(milenage_vectors); i++) {
		const struct milenage_vector *v = &milenage_vectors[i];
		struct octets k = octets_of(v->k), op = octets_of(v->op), rand = octets_of(v->rand);
		uint8_t opc[EESE_OP_SIZE];

		CU_ASSERT(eese_milenage_opc(k.p, op.p, opc) == EESE_OK);
		CU_ASSERT(is_hex(opc, sizeof(opc), v->opc));
		check_f1(v, k.p, opc, rand.p);
		check_f2345(v, k.p, opc, rand.p);
		/* in place, as a caller may do it */
		CU_ASSERT(eese_milenage_opc(k.p, op.p, op.p) == EESE_OK);
		CU_ASSERT(is_hex(op.p, op.len, v->opc));
		octets_free(&k);
		octets_free(&op);
		octets_free(&rand);
	}
}

/* TS 33.102 clause 6.3.3: AUTS = (SQN_MS xor AK*) || MAC-S, MAC-S over AMF 0000. */
static void check_auts(const struct auts_vector *v)
{
	static const uint8_t amf[EESE_AMF_SIZE] = {0, 0};
	struct octets k = octets_of(v->k), opc = octets_of(v->opc), rand = octets_of(v->rand);
	struct octets auts = octets_of(v->auts);
	struct eese_milenage_out out;
	uint8_t sqn[EESE_SQN_SIZE], mac_s[EESE_AKA_MAC_SIZE];

	CU_ASSERT_EQUAL_FATAL(auts.len, EESE_SQN_SIZE + EESE_AKA_MAC_SIZE);
	CU_ASSERT(eese_milenage_f2345(k.p, opc.p, rand.p, &out) == EESE_OK);
	for (size_t i = 0; i < sizeof(sqn); i++)
		sqn[i] = auts.p[i] ^ out.ak_star[i];
	CU_ASSERT(is_hex(sqn, sizeof(sqn), v->sqn_ms));
	CU_ASSERT(eese_milenage_f1(k.p, opc.p, rand.p, sqn, amf, NULL, mac_s) == EESE_OK);
	CU_ASSERT(eese_equal(mac_s, auts.p + EESE_SQN_SIZE, sizeof(mac_s)));
	octets_free(&k);
	octets_free(&opc);
	octets_free(&rand);
	octets_free(&auts);
}

static void test_auts(void)
{
	for (size_t i = 0; i < COUNT(auts_vectors); i++)
		check_auts(&auts_vectors[i]);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"test sets of TS 35.208", test_sets},
	    {"AUTS", test_auts},
	};

	return run_suite("core milenage", tests, COUNT(tests));
}
