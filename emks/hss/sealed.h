/* SPDX-License-Identifier: Apache-2.0 */
/* K and OPc as they are stored: sealed, and to be opened only for the IMSI they are of. */
#ifndef EMKS_SEALED_H
#define EMKS_SEALED_H

#include "emks/hss/vector.h"
#include "host/seal.h"

enum { HSS_SEALED_SIZE = EESE_K_SIZE + EESE_OP_SIZE + EESE_SEAL_OVERHEAD };

/* On failure out is all zero. */
EESE_MUST_CHECK enum eese_result hss_seal(const uint8_t kek[EESE_KEK_SIZE], const char *imsi,
					  const struct hss_secret *secret,
					  uint8_t out[HSS_SEALED_SIZE]);

/* As eese_unseal(). */
EESE_MUST_CHECK enum eese_result hss_unseal(const uint8_t kek[EESE_KEK_SIZE], const char *imsi,
					    const uint8_t *sealed, size_t len,
					    struct hss_secret *out);

#endif
