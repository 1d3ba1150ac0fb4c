/* SPDX-License-Identifier: Apache-2.0 */
/* The four AEADs over PSA, one shot a message; the key lives in PSA for that message only. */
#ifndef EESE_CORE_AEAD_H
#define EESE_CORE_AEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "eese/keys.h"

/* One message. in and out do not overlap. */
struct eese_aead {
	bool seal;            /* else open */
	const uint8_t *key;   /* key_size octets */
	const uint8_t *nonce; /* nonce_size octets */
	const uint8_t *aad;
	size_t aad_len;
	const uint8_t *in; /* plaintext; to open: ciphertext || tag */
	size_t in_len;
};

/*
 * out_size is in_len and, to seal, tag_size more, to open, tag_size less; so many octets are
 * written. EESE_NOT_AUTHENTIC (to open), EESE_CRYPTO: out is all zero.
 */
EESE_MUST_CHECK enum eese_result eese_aead(const struct eese_alg_info *info,
					   const struct eese_aead *m, uint8_t *out,
					   size_t out_size);

#endif
