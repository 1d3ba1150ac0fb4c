/* SPDX-License-Identifier: Apache-2.0 */
/* The four AEADs over PSA, one shot a message; the key lives in PSA for that message only. */
#ifndef EESE_CORE_AEAD_H
#define EESE_CORE_AEAD_H

#include <stddef.h>

#include "eese/keys.h"

/* One message. in and out do not overlap. */
struct eese_aead {
	const uint8_t *key;   /* key_size octets */
	const uint8_t *nonce; /* nonce_size octets */
	const uint8_t *aad;
	size_t aad_len;
	const uint8_t *in;
	size_t in_len;
};

/* out takes in_len + tag_size octets: ciphertext || tag. EESE_CRYPTO. */
EESE_MUST_CHECK enum eese_result eese_aead_seal(const struct eese_alg_info *info,
						const struct eese_aead *m, uint8_t *out);

/* in_len is at least tag_size; out takes in_len - tag_size octets. EESE_NOT_AUTHENTIC,
 * EESE_CRYPTO: out is all zero. */
EESE_MUST_CHECK enum eese_result eese_aead_open(const struct eese_alg_info *info,
						const struct eese_aead *m, uint8_t *out);

#endif
