/* SPDX-License-Identifier: Apache-2.0 */
/* A raw key in PSA for the one operation that needs it. */
#ifndef EESE_CORE_PSA_KEY_H
#define EESE_CORE_PSA_KEY_H

#include <psa/crypto.h>
#include <stddef.h>
#include <stdint.h>

/* The caller destroys *id, on failure too: it is PSA_KEY_ID_NULL then. */
psa_status_t eese_psa_key(psa_key_type_t type, psa_algorithm_t alg, psa_key_usage_t usage,
			  const uint8_t *key, size_t size, psa_key_id_t *id);

#endif
