/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets at rest: AES-256-GCM under a KEK, with a random nonce each time. At most 2^32 may be
 * sealed under one KEK (NIST SP 800-38D, 8.3). context says what the secret is and whose, such as
 * the table and the row's key; what was sealed opens only with the same.
 */
#ifndef EESE_HOST_SEAL_H
#define EESE_HOST_SEAL_H

#include "eese/keys.h"
#include "host/kek.h"

/* nonce and tag */
enum { EESE_SEAL_OVERHEAD = 12 + 16 };

/* out takes plain_len + EESE_SEAL_OVERHEAD octets. EESE_CRYPTO: out is all zero. */
EESE_MUST_CHECK enum eese_result eese_seal(const uint8_t kek[EESE_KEK_SIZE], const void *context,
					   size_t context_len, const uint8_t *plain,
					   size_t plain_len, uint8_t *out);

/* len must be exactly out_size + EESE_SEAL_OVERHEAD, else EESE_MALFORMED. EESE_NOT_AUTHENTIC:
 * another KEK or context, or changed. On failure out is all zero. */
EESE_MUST_CHECK enum eese_result eese_unseal(const uint8_t kek[EESE_KEK_SIZE], const void *context,
					     size_t context_len, const uint8_t *sealed, size_t len,
					     uint8_t *out, size_t out_size);

#endif
