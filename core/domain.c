/* SPDX-License-Identifier: Apache-2.0 */
#include "eese/domain.h"

#include <string.h>

#include "core/fc.h"

static const struct {
	uint8_t amf; /* low octet */
	uint16_t fc;
	struct eese_octets name;
} domains[EESE_DOMAINS] = {
    [EESE_DOMAIN_ENPS] = {EESE_AMF_ENPS, EESE_FC_INT_KEY, {"CIoT End-to-end", 15}},
    [EESE_DOMAIN_HPS] = {EESE_AMF_HPS, EESE_FC_HPS_KEY, {"CIoT End-to-middle", 18}},
};

void eese_amf_bind(enum eese_domain domain, uint8_t amf[EESE_AMF_SIZE])
{
	amf[0] |= EESE_AMF_SEPARATION;
	amf[1] = domains[domain].amf;
}

bool eese_amf_binds(enum eese_domain domain, const uint8_t amf[EESE_AMF_SIZE])
{
	return domain < EESE_DOMAINS && (amf[0] & EESE_AMF_SEPARATION) != 0 &&
	       amf[1] == domains[domain].amf;
}

/* Clauses 2 and 7. */
enum eese_result eese_derive_domain_key(enum eese_domain domain, const uint8_t ck[EESE_CK_SIZE],
					const uint8_t ik[EESE_IK_SIZE],
					uint8_t out[EESE_INT_KEY_SIZE])
{
	uint8_t key[EESE_CK_SIZE + EESE_IK_SIZE];
	enum eese_result r;

	memset(out, 0, EESE_INT_KEY_SIZE);
	if (domain >= EESE_DOMAINS)
		return EESE_INVALID;
	memcpy(key, ck, EESE_CK_SIZE);
	memcpy(key + EESE_CK_SIZE, ik, EESE_IK_SIZE);
	r = eese_kdf(key, sizeof(key), domains[domain].fc, &domains[domain].name, 1, out);
	eese_wipe(key, sizeof(key));
	return r;
}

enum eese_result eese_derive_int_key(const uint8_t ck[EESE_CK_SIZE], const uint8_t ik[EESE_IK_SIZE],
				     uint8_t out[EESE_INT_KEY_SIZE])
{
	return eese_derive_domain_key(EESE_DOMAIN_ENPS, ck, ik, out);
}
