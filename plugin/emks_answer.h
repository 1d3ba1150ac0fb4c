/* SPDX-License-Identifier: Apache-2.0 */
/* What the EMKS answers (clause 8), read strictly: whatever is not as it must be is no answer. */
#ifndef EESE_PLUGIN_EMKS_ANSWER_H
#define EESE_PLUGIN_EMKS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "endpoint/endpoint.h"

/* RANDs that one request asks for. */
enum { EESE_EMKS_BATCH = 256 };

/*
 * The answer 200 to retrieve: it must be about ue_id, and its intKeyId must be the key's. body has
 * a NUL behind its len octets. NULL, or what is wrong, a static text; *out is all zero then.
 */
const char *eese_emks_read_key(const char *body, size_t len, const char *ue_id,
			       struct eese_key_grant *out);

/*
 * A problem (RFC 9457) in answer to retrieve, 403 or 404: NULL if it is about the UE; else it is
 * about us or about the request, and what it is, a static text.
 */
const char *eese_emks_read_problem(const char *body, size_t len);

/* The answer 200 to rands: 1 to EESE_EMKS_BATCH of them, no two the same. *count is 0 on failure.
 */
const char *eese_emks_read_rands(const char *body, size_t len,
				 uint8_t out[EESE_EMKS_BATCH][EESE_RAND_SIZE], size_t *count);

#endif
