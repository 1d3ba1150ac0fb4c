/* SPDX-License-Identifier: Apache-2.0 */
#include "aka_support.h"

#include <CUnit/CUnit.h>
#include <string.h>

const char *const card_k = "465b5ce8b199b49faa5f0a2ee238a6bc";
const char *const card_opc = "cd63cb71954a9f4e48a5994e37a02baf";

static bool store(void *ctx, const uint8_t sqns[EESE_SQN_ARRAY_SIZE])
{
	struct card *c = ctx;

	if (c->store_fails)
		return false;
	memcpy(c->stored, sqns, sizeof(c->stored));
	c->stores++;
	return true;
}

static void start(struct card *c, const uint8_t *sqns)
{
	struct octets k = octets_of(card_k), opc = octets_of(card_opc);

	CU_ASSERT(eese_soft_usim_init(&c->soft, k.p, opc.p, sqns, store, c) == EESE_OK);
	c->usim = eese_soft_usim_interface(&c->soft);
	octets_free(&k);
	octets_free(&opc);
}

void card_new(struct card *c)
{
	memset(c, 0, sizeof(*c));
	start(c, NULL);
}

void card_restart(struct card *c)
{
	start(c, c->stores > 0 ? c->stored : NULL);
}

void challenge_of(uint64_t seq, unsigned ind, uint8_t amf_high, uint8_t amf_low,
		  uint8_t out[EESE_AKA_CHALLENGE_SIZE])
{
	struct octets k = octets_of(card_k), opc = octets_of(card_opc);
	const uint8_t amf[EESE_AMF_SIZE] = {amf_high, amf_low};
	struct eese_milenage_out f;
	uint8_t sqn[EESE_SQN_SIZE], *autn = out + EESE_AKA_RAND_SIZE;

	for (unsigned i = 0; i < EESE_SQN_SIZE; i++)
		sqn[i] = (uint8_t)((seq << EESE_SQN_IND_BITS | ind) >> (8 * (5 - i)));
	memset(out, 0x5a, EESE_AKA_RAND_SIZE);
	memcpy(out, sqn, sizeof(sqn));
	CU_ASSERT(eese_milenage_f2345(k.p, opc.p, out, &f) == EESE_OK);
	for (unsigned i = 0; i < EESE_SQN_SIZE; i++)
		autn[i] = sqn[i] ^ f.ak[i];
	memcpy(autn + EESE_SQN_SIZE, amf, sizeof(amf));
	CU_ASSERT(eese_milenage_f1(k.p, opc.p, out, sqn, amf, autn + EESE_SQN_SIZE + EESE_AMF_SIZE,
				   NULL) == EESE_OK);
	octets_free(&k);
	octets_free(&opc);
}

uint64_t sqn_of_auts(const uint8_t challenge[EESE_AKA_CHALLENGE_SIZE],
		     const uint8_t auts[EESE_AUTS_SIZE])
{
	static const uint8_t amf[EESE_AMF_SIZE] = {0, 0};
	struct octets k = octets_of(card_k), opc = octets_of(card_opc);
	struct eese_milenage_out f;
	uint8_t sqn[EESE_SQN_SIZE], mac_s[EESE_AKA_MAC_SIZE];
	uint64_t v = 0;

	CU_ASSERT(eese_milenage_f2345(k.p, opc.p, challenge, &f) == EESE_OK);
	for (unsigned i = 0; i < EESE_SQN_SIZE; i++) {
		sqn[i] = auts[i] ^ f.ak_star[i];
		v = v << 8 | sqn[i];
	}
	CU_ASSERT(eese_milenage_f1(k.p, opc.p, challenge, sqn, amf, NULL, mac_s) == EESE_OK);
	octets_free(&k);
	octets_free(&opc);
	return eese_equal(mac_s, auts + EESE_SQN_SIZE, sizeof(mac_s)) ? v : UINT64_MAX;
}
