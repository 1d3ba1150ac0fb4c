/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Authentication vectors by MILENAGE. CK and IK are made and used up in here: what leaves is the
 * key derived from them for the domain that AMF binds the run to (clause 7).
 */
#ifndef EMKS_VECTOR_H
#define EMKS_VECTOR_H

#include "eese/domain.h"

enum {
	VECTOR_AUTN_SIZE = EESE_SQN_SIZE + EESE_AMF_SIZE + EESE_AKA_MAC_SIZE,
	VECTOR_AUTS_SIZE = EESE_SQN_SIZE + EESE_AKA_MAC_SIZE,
};

/* What the SIM has. Its owner wipes it. */
struct hss_secret {
	uint8_t k[EESE_K_SIZE];
	uint8_t opc[EESE_OP_SIZE];
};

/* xres and key are secret; the caller wipes. */
struct vector {
	uint8_t rand[EESE_AKA_RAND_SIZE];
	uint8_t autn[VECTOR_AUTN_SIZE];
	uint8_t xres[EESE_RES_SIZE];
	uint8_t key[EESE_INT_KEY_SIZE]; /* of the domain */
};

/* amf is the subscriber's; the vector's is the one of domain made of it. RAND is given. On any
 * result but EESE_OK out is all zero. */
EESE_MUST_CHECK enum eese_result vector_make(const struct hss_secret *secret,
					     enum eese_domain domain,
					     const uint8_t amf[EESE_AMF_SIZE], uint64_t sqn,
					     const uint8_t rand[EESE_AKA_RAND_SIZE],
					     struct vector *out);

/* TS 33.102 6.3.3, 6.3.5: the SQN_MS that AUTS tells. EESE_NOT_AUTHENTIC: MAC-S does not hold; sqn
 * is 0 then. */
EESE_MUST_CHECK enum eese_result vector_open_auts(const struct hss_secret *secret,
						  const uint8_t rand[EESE_AKA_RAND_SIZE],
						  const uint8_t auts[VECTOR_AUTS_SIZE],
						  uint64_t *sqn);

#endif
