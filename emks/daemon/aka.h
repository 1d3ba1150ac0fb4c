/* SPDX-License-Identifier: Apache-2.0 */
/* AKA as clause 7 has it, apart from CoAP: requests in, answers out. Codes are CoAP's, as 401 for
 * 4.01. */
#ifndef EMKS_AKA_H
#define EMKS_AKA_H

#include "emks/daemon/challenges.h"
#include "emks/hss/auc.h"

enum { AKA_PAYLOAD_MAX = EESE_AKA_RAND_SIZE + VECTOR_AUTN_SIZE };

struct aka {
	struct auc auc;
	struct challenges *challenges;
	int64_t key_life_s;
};

/* now: a clock that never steps back, and Unix time, both in seconds. */
struct aka_time {
	int64_t steady, unix;
};

struct aka_answer {
	int code;
	char token[TOKEN_TEXT + 1]; /* 2.01: of the challenge; empty otherwise */
	uint8_t payload[AKA_PAYLOAD_MAX];
	size_t len;
};

/* POST: who is IMSI or UE-ID. */
void aka_start(struct aka *a, const struct aka_time *now, enum eese_domain domain, const char *who,
	       size_t len, struct aka_answer *out);

/* PUT: RES. */
void aka_finish(struct aka *a, const struct aka_time *now, enum eese_domain domain,
		const char *token, size_t token_len, const uint8_t *res, size_t len,
		struct aka_answer *out);

/* PUT ?auts: AUTS. */
void aka_resync(struct aka *a, const struct aka_time *now, enum eese_domain domain,
		const char *token, size_t token_len, const uint8_t *auts, size_t len,
		struct aka_answer *out);

#endif
