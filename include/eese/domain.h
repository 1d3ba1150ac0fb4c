/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The domains a subscriber may run AKA in, clause 7. AMF binds a run to its domain, and each domain
 * derives with an FC and a name of its own, so keys of one open nothing in the other.
 */
#ifndef EESE_DOMAIN_H
#define EESE_DOMAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "eese/keys.h"
#include "eese/milenage.h"

enum eese_domain {
	EESE_DOMAIN_ENPS, /* end-to-end: UE to EESE, solution #5 of TR 33.863 */
	EESE_DOMAIN_HPS,  /* end-to-middle: UE to home network, solution #3 */
	EESE_DOMAINS,     /* how many there are */
};

/* AMF, clause 7: first octet AND this, and the whole second octet. */
enum {
	EESE_AMF_SEPARATION = 0x80, /* TS 33.102 Annex H */
	EESE_AMF_ENPS = 0x45,
	EESE_AMF_HPS = 0x48,
};

/* Turns a subscriber's AMF into that of a run in domain; the seven bits that are neither stay. */
void eese_amf_bind(enum eese_domain domain, uint8_t amf[EESE_AMF_SIZE]);

/* Whether a run with this AMF is one of domain: what a UE checks before it computes RES. */
bool eese_amf_binds(enum eese_domain domain, const uint8_t amf[EESE_AMF_SIZE]);

/*
 * The 32-octet key of a run: KDF(CK||IK, FFE0, "CIoT End-to-end") for EnPS, which is e2e_int_key;
 * KDF(CK||IK, FFE5, "CIoT End-to-middle") for HPS. EESE_INVALID: domain is none. On any result but
 * EESE_OK out is all zero.
 */
EESE_MUST_CHECK enum eese_result eese_derive_domain_key(enum eese_domain domain,
							const uint8_t ck[EESE_CK_SIZE],
							const uint8_t ik[EESE_IK_SIZE],
							uint8_t out[EESE_INT_KEY_SIZE]);

#endif
