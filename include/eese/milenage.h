/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MILENAGE: f1..f5, f1*, f5* of TS 35.206 over PSA's AES block. The caller wipes the outputs.
 * On any result but EESE_OK the outputs are all zero.
 */
#ifndef EESE_MILENAGE_H
#define EESE_MILENAGE_H

#include <stdint.h>

#include "eese/result.h"

enum {
	EESE_K_SIZE = 16,
	EESE_OP_SIZE = 16,
	EESE_AKA_RAND_SIZE = 16,
	EESE_SQN_SIZE = 6,
	EESE_AMF_SIZE = 2,
	EESE_AKA_MAC_SIZE = 8,
	EESE_RES_SIZE = 8,
	EESE_AK_SIZE = 6,
};

/* OPc = OP xor E_K(OP). */
EESE_MUST_CHECK enum eese_result eese_milenage_opc(const uint8_t k[EESE_K_SIZE],
						   const uint8_t op[EESE_OP_SIZE],
						   uint8_t opc[EESE_OP_SIZE]);

/* f1 (MAC-A, for AUTN) and f1* (MAC-S, for AUTS); either output may be NULL. */
EESE_MUST_CHECK enum eese_result
eese_milenage_f1(const uint8_t k[EESE_K_SIZE], const uint8_t opc[EESE_OP_SIZE],
		 const uint8_t rand[EESE_AKA_RAND_SIZE], const uint8_t sqn[EESE_SQN_SIZE],
		 const uint8_t amf[EESE_AMF_SIZE], uint8_t mac_a[EESE_AKA_MAC_SIZE],
		 uint8_t mac_s[EESE_AKA_MAC_SIZE]);

struct eese_milenage_out {
	uint8_t res[EESE_RES_SIZE];    /* f2 */
	uint8_t ck[16];                /* f3 */
	uint8_t ik[16];                /* f4 */
	uint8_t ak[EESE_AK_SIZE];      /* f5 */
	uint8_t ak_star[EESE_AK_SIZE]; /* f5*, for resynchronisation */
};

EESE_MUST_CHECK enum eese_result eese_milenage_f2345(const uint8_t k[EESE_K_SIZE],
						     const uint8_t opc[EESE_OP_SIZE],
						     const uint8_t rand[EESE_AKA_RAND_SIZE],
						     struct eese_milenage_out *out);

#endif
