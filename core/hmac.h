/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EESE_CORE_HMAC_H
#define EESE_CORE_HMAC_H

#include <stddef.h>
#include <stdint.h>

#include "eese/result.h"

enum { EESE_HMAC_SIZE = 32 };

/* The first size octets of HMAC-SHA-256, EESE_HMAC_SIZE at most. EESE_CRYPTO: out is all zero. */
EESE_MUST_CHECK enum eese_result eese_hmac(const uint8_t *key, size_t key_len, const uint8_t *in,
					   size_t len, uint8_t *out, size_t size);

#endif
