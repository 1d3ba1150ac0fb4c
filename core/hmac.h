/* SPDX-License-Identifier: Apache-2.0 */
/* HMAC-SHA-256 in pieces. A failure on the way shows at the finish. */
#ifndef EESE_CORE_HMAC_H
#define EESE_CORE_HMAC_H

#include <psa/crypto.h>

#include "eese/result.h"

enum { EESE_HMAC_SIZE = 32 };

struct eese_hmac {
	psa_mac_operation_t op;
	psa_key_id_t key;
	psa_status_t status;
};

/* Every start needs its finish: it is what frees. */
void eese_hmac_start(struct eese_hmac *h, const uint8_t *key, size_t key_len);

/* p may be NULL if len is 0. */
void eese_hmac_add(struct eese_hmac *h, const void *p, size_t len);

/* On failure out is all zero. */
EESE_MUST_CHECK enum eese_result eese_hmac_finish(struct eese_hmac *h, uint8_t out[EESE_HMAC_SIZE]);

#endif
