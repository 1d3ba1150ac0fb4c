/* SPDX-License-Identifier: Apache-2.0 */
/* The AuC: challenges for subscribers. All that comes out is RAND, AUTN, XRES and the domain's key.
 */
#ifndef EMKS_AUC_H
#define EMKS_AUC_H

#include "emks/hss/block.h"
#include "emks/hss/vector.h"

struct auc {
	struct db *db;
	struct sqn_blocks sqn;
};

/* For the subscriber of this IMSI or UE-ID; its SQN is durable before this returns. The caller
 * wipes out; on any verdict but HSS_OK it is all zero. */
enum hss_verdict auc_challenge(struct auc *a, enum eese_domain domain, const char *who, size_t len,
			       struct hss_subscriber *subscriber, struct vector *out);

/* AUTS in answer to the challenge with this RAND: a new challenge, after resynchronisation.
 * Outputs as above; they must not overlap rand. */
enum hss_verdict auc_resync(struct auc *a, enum eese_domain domain, int64_t id,
			    const uint8_t rand[EESE_AKA_RAND_SIZE],
			    const uint8_t auts[VECTOR_AUTS_SIZE], struct hss_subscriber *subscriber,
			    struct vector *out);

#endif
