/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The USIM as AKA needs it (TS 33.102 clause 6.3), behind an interface of one function: a physical
 * card can stand there as well as the software one below. Pure: no I/O of its own.
 */
#ifndef EESE_USIM_H
#define EESE_USIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "eese/domain.h"
#include "eese/milenage.h"

enum {
	EESE_AUTN_SIZE = EESE_SQN_SIZE + EESE_AMF_SIZE + EESE_AKA_MAC_SIZE, /* SQN^AK AMF MAC-A */
	EESE_AUTS_SIZE = EESE_SQN_SIZE + EESE_AKA_MAC_SIZE,                 /* SQN_MS^AK* MAC-S */
	EESE_RES_MAX = 16, /* a card's RES has 4..16 octets */
};

/* What a USIM answers to a challenge. The caller wipes it. */
struct eese_usim_answer {
	uint8_t res[EESE_RES_MAX]; /* on EESE_OK: res_len octets */
	size_t res_len;
	uint8_t ck[EESE_CK_SIZE], ik[EESE_IK_SIZE]; /* on EESE_OK */
	uint8_t auts[EESE_AUTS_SIZE];               /* on EESE_REPLAY */
};

/*
 * The command AUTHENTICATE for a run in domain. What the answer doesn't say is all zero.
 *
 * EESE_OK: RES, CK and IK; the sequence number is stored as used and can't be taken again.
 * EESE_REPLAY: the challenge is genuine but its sequence number is not fresh: AUTS.
 * EESE_NOT_AUTHENTIC: MAC-A did not hold.
 * EESE_INVALID: genuine, but AMF binds it to another domain or to none (clause 7).
 * EESE_STORAGE: the sequence number could not be stored. EESE_CRYPTO: the card or PSA refused.
 *
 * A card knows no domains: before it is asked, compare AUTN's AMF by eese_amf_binds(). That it is
 * not authenticated yet then does no harm: the card's own check of MAC-A covers it.
 */
struct eese_usim {
	enum eese_result (*authenticate)(void *ctx, enum eese_domain domain,
					 const uint8_t rand[EESE_AKA_RAND_SIZE],
					 const uint8_t autn[EESE_AUTN_SIZE],
					 struct eese_usim_answer *out);
	void *ctx;
};

/* ---- A software USIM: MILENAGE, sequence numbers by TS 33.102 Annex C.2 ---- */

/* SQN = SEQ || IND: IND five bits, for each value of it a slot with the highest SEQ taken. */
enum {
	EESE_SQN_IND_BITS = 5,
	EESE_SQN_SLOTS = 1 << EESE_SQN_IND_BITS,
	EESE_SQN_ARRAY_SIZE = EESE_SQN_SLOTS * EESE_SQN_SIZE,
};

/* Annex C.3: no SEQ more than this above the highest one is taken, so that nobody wraps it round.
 */
#define EESE_SQN_DELTA (UINT64_C(1) << 28)

struct eese_soft_usim {
	uint8_t k[EESE_K_SIZE], opc[EESE_OP_SIZE];
	uint64_t seq[EESE_SQN_SLOTS]; /* the highest taken of each IND; 0: none */
	uint64_t delta;               /* Annex C.2.1 */
	uint64_t age_limit; /* L of Annex C.2.2: SEQ so far below the highest are not taken; 0: no
			       limit */

	/*
	 * Stores the sequence numbers, SQN of each slot as six octets in the order of IND. Durable
	 * when it returns true: a challenge that is taken once more after a power cut or from a
	 * backup gives an old key again, and with it nonces that were used.
	 */
	bool (*store)(void *ctx, const uint8_t sqns[EESE_SQN_ARRAY_SIZE]);
	void *ctx;
};

/*
 * Starts it with the numbers last stored; sqns NULL: a new one, none was taken yet. Delta is
 * EESE_SQN_DELTA and there is no age limit unless the caller sets them afterwards. EESE_MALFORMED:
 * a slot's number has another IND; *u is all zero then.
 */
EESE_MUST_CHECK enum eese_result
eese_soft_usim_init(struct eese_soft_usim *u, const uint8_t k[EESE_K_SIZE],
		    const uint8_t opc[EESE_OP_SIZE], const uint8_t *sqns,
		    bool (*store)(void *ctx, const uint8_t sqns[EESE_SQN_ARRAY_SIZE]), void *ctx);

/* The interface to it; u must outlive the result. */
struct eese_usim eese_soft_usim_interface(struct eese_soft_usim *u);

/* Wipes K, OPc and all else. NULL-safe. */
void eese_soft_usim_wipe(struct eese_soft_usim *u);

#endif
