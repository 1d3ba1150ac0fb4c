/* SPDX-License-Identifier: Apache-2.0 */
/* The software USIM against a home network that isn't ours: osmo-auc-gen of libosmocore. */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <string.h>

#include "aka_support.h"

/* What osmo-auc-gen printed. */
struct vector {
	char rand[64], autn[64], ik[64], ck[64], res[64], sqn_ms[64];
};

static void take_line(const char *line, struct vector *out)
{
	const struct {
		const char *name;
		char *to;
	} fields[] = {{"RAND", out->rand}, {"AUTN", out->autn}, {"IK", out->ik},
		      {"CK", out->ck},     {"RES", out->res},   {"SQN.MS", out->sqn_ms}};

	for (size_t i = 0; i < COUNT(fields); i++) {
		const size_t len = strlen(fields[i].name);

		if (strncmp(line, fields[i].name, len) == 0 && line[len] == ':')
			(void)sscanf(line + len + 1, "%63s", fields[i].to);
	}
}

/* auts: hexadecimal, or "" for none. false: it refused. */
static bool osmo(uint64_t sqn, const char *rand, const char *auts, struct vector *out)
{
	char command[512], line[256];
	FILE *p;

	memset(out, 0, sizeof(*out));
	(void)snprintf(command, sizeof(command),
		       OSMO_AUC_GEN " -3 -a milenage -k %s -o %s -f 8045 -s %llu -r %s %s %s 2>&1",
		       card_k, card_opc, (unsigned long long)sqn, rand, *auts ? "-A" : "", auts);
	p = popen(command, "r");
	if (!p)
		return false;
	while (fgets(line, sizeof(line), p))
		take_line(line, out);
	return pclose(p) == 0;
}

static enum eese_result ask(struct card *c, const struct vector *v, struct eese_usim_answer *out)
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

static void random_hex(char out[33])
{
	(void)sprintf(out, "%016llx%016llx", (unsigned long long)random_next(),
		      (unsigned long long)random_next());
}

static void test_vectors(void)
{
	struct card c;

	card_new(&c);
	for (unsigned i = 0; i < 16; i++) {
		const uint64_t sqn = (uint64_t)(100 + i) << 5 | i;
		char rand[33];
		struct vector v;
		struct eese_usim_answer a;

		random_hex(rand);
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
		struct vector v;
		struct eese_usim_answer a;
		struct card c;

		card_new(&c);
		c.soft.seq[ind] = seqs[i];
		random_hex(rand);
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
