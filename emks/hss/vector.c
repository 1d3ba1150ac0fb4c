/* SPDX-License-Identifier: Apache-2.0 */
#include "emks/hss/vector.h"

#include <string.h>

#include "emks/crypto.h"
#include "emks/hss/sqn.h"

/* 6.3.2: AUTN = SQN xor AK || AMF || MAC-A. */
static void write_autn(const uint8_t *sqn, const uint8_t *ak, const uint8_t *amf,
		       const uint8_t *mac_a, uint8_t autn[VECTOR_AUTN_SIZE])
{
	for (size_t i = 0; i < EESE_SQN_SIZE; i++)
		autn[i] = sqn[i] ^ ak[i];
	memcpy(autn + EESE_SQN_SIZE, amf, EESE_AMF_SIZE);
	memcpy(autn + EESE_SQN_SIZE + EESE_AMF_SIZE, mac_a, EESE_AKA_MAC_SIZE);
}

static enum eese_result make(const struct hss_secret *secret, enum eese_domain domain,
			     const uint8_t amf[EESE_AMF_SIZE], uint64_t sqn,
			     const uint8_t rand[EESE_AKA_RAND_SIZE], struct vector *out)
{
	uint8_t sqn_octets[EESE_SQN_SIZE], bound[EESE_AMF_SIZE], mac_a[EESE_AKA_MAC_SIZE];
	struct eese_milenage_out f;
	enum eese_result r;

	memset(out, 0, sizeof *out);
	memcpy(bound, amf, sizeof bound);
	eese_amf_bind(domain, bound);
	sqn_write(sqn, sqn_octets);
	r = eese_milenage_f1(secret->k, secret->opc, rand, sqn_octets, bound, mac_a, NULL);
	if (r != EESE_OK)
		return r;
	r = eese_milenage_f2345(secret->k, secret->opc, rand, &f);
	if (r == EESE_OK)
		r = eese_derive_domain_key(domain, f.ck, f.ik, out->key);
	if (r == EESE_OK) {
		memcpy(out->rand, rand, sizeof out->rand);
		memcpy(out->xres, f.res, sizeof out->xres);
		write_autn(sqn_octets, f.ak, bound, mac_a, out->autn);
	}
	eese_wipe(&f, sizeof f);
	return r;
}

enum eese_result vector_make(const struct hss_secret *secret, enum eese_domain domain,
			     const uint8_t amf[EESE_AMF_SIZE], uint64_t sqn,
			     const uint8_t rand[EESE_AKA_RAND_SIZE], struct vector *out)
{
	enum eese_result r;

	crypto_begin();
	r = make(secret, domain, amf, sqn, rand, out);
	crypto_end();
	return r;
}

static enum eese_result open_auts(const struct hss_secret *secret,
				  const uint8_t rand[EESE_AKA_RAND_SIZE],
				  const uint8_t auts[VECTOR_AUTS_SIZE], uint64_t *sqn)
{
	/* 6.3.3: MAC-S is over an AMF of zeros. */
	static const uint8_t amf[EESE_AMF_SIZE] = {0, 0};
	uint8_t sqn_ms[EESE_SQN_SIZE], mac_s[EESE_AKA_MAC_SIZE];
	struct eese_milenage_out f;
	enum eese_result r;

	*sqn = 0;
	r = eese_milenage_f2345(secret->k, secret->opc, rand, &f);
	for (size_t i = 0; i < sizeof sqn_ms; i++)
		sqn_ms[i] = auts[i] ^ f.ak_star[i];
	eese_wipe(&f, sizeof f);
	if (r == EESE_OK)
		r = eese_milenage_f1(secret->k, secret->opc, rand, sqn_ms, amf, NULL, mac_s);
	if (r == EESE_OK && !eese_equal(mac_s, auts + EESE_SQN_SIZE, sizeof mac_s))
		r = EESE_NOT_AUTHENTIC;
	eese_wipe(mac_s, sizeof mac_s);
	if (r == EESE_OK)
		*sqn = sqn_read(sqn_ms);
	return r;
}

enum eese_result vector_open_auts(const struct hss_secret *secret,
				  const uint8_t rand[EESE_AKA_RAND_SIZE],
				  const uint8_t auts[VECTOR_AUTS_SIZE], uint64_t *sqn)
{
	enum eese_result r;

	crypto_begin();
	r = open_auts(secret, rand, auts, sqn);
	crypto_end();
	return r;
}
