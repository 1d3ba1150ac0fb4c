/* SPDX-License-Identifier: Apache-2.0 */
/* The software USIM against a home network that isn't ours: osmo-auc-gen of libosmocore. */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <string.h>

#include "aka_support.h"
#include "osmo_support.h"

/* auts: hexadecimal, or "" for none. false: it refused. */
static bool osmo(uint64_t sqn, const char *rand, const char *auts, struct osmo_vector *out)
{
	const struct osmo_input in = {
	    .k = card_k, .opc = card_opc, .amf = "8045", .rand = rand, .auts = auts, .sqn = sqn};

	return osmo_run(&in, out);
}

static enum eese_result ask(struct card *c, const struct osmo_vector *v,
			    struct eese_usim_answer *out)
{
	struct octets rand = octets_of(v->rand), autn = octets_of(v->autn);
	enum eese_result r =
	    c->usim.authenticate(c->usim.ctx, EESE_DOMAIN_ENPS, rand.p, autn.p, out);

	octets_free(&rand);
	octets_free(&autn);
	return r;
}

static void hex_of(const uint8_t *p, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++)
		(void)sprintf(out + 2 * i, "%02x", p[i]);
}

static void test_vectors(void)
{
	struct card c;

	card_new(&c);
	for (unsigned i = 0; i < 16; i++) {
		const uint64_t sqn = (uint64_t)(100 + i) << 5 | i;
		char rand[33];
		struct osmo_vector v;
		struct eese_usim_answer a;

		osmo_random(rand);
		CU_ASSERT_FATAL(osmo(sqn, rand, "", &v));
		CU_ASSERT_EQUAL_FATAL(ask(&c, &v, &a), EESE_OK);
		CU_ASSERT(is_hex(a.res, a.res_len, v.res));
		CU_ASSERT(is_hex(a.ck, sizeof(a.ck), v.ck));
		CU_ASSERT(is_hex(a.ik, sizeof(a.ik), v.ik));
		CU_ASSERT_EQUAL(ask(&c, &v, &a), EESE_REPLAY);
	}
}

/* It understands our AUTS, and the vector it makes upon it is taken. */
static void test_auts(void)
{
	/* Small, past 32 bits, and near the end of the 48. */
	static const uint64_t seqs[] = {5, UINT64_C(1) << 30, (UINT64_C(1) << 42) + 12345};

	for (size_t i = 0; i < COUNT(seqs); i++) {
		const unsigned ind = (unsigned)(7 * i + 1);
		char rand[33], auts[2 * EESE_AUTS_SIZE + 1] = "", sqn_ms[32];
		struct osmo_vector v;
		struct eese_usim_answer a;
		struct card c;

		card_new(&c);
		c.soft.seq[ind] = seqs[i];
		osmo_random(rand);
		CU_ASSERT_FATAL(osmo(seqs[i] << 5 | ind, rand, "", &v));
		CU_ASSERT_EQUAL_FATAL(ask(&c, &v, &a), EESE_REPLAY);
		hex_of(a.auts, sizeof(a.auts), auts);
		CU_ASSERT_FATAL(osmo(0, rand, auts, &v));
		(void)snprintf(sqn_ms, sizeof(sqn_ms), "%llu",
			       (unsigned long long)(seqs[i] << 5 | ind));
		CU_ASSERT_STRING_EQUAL(v.sqn_ms, sqn_ms);
		CU_ASSERT_EQUAL(ask(&c, &v, &a), EESE_OK);
		CU_ASSERT(is_hex(a.res, a.res_len, v.res));
	}
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"vectors", test_vectors},
	    {"AUTS", test_auts},
	};

	random_seed();
	return run_suite("ue usim and osmo-auc-gen", tests, COUNT(tests));
}
