/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run of AKA as the UE sees it, clause 7. Free of any transport: the caller carries the octets
 * over the CoAP stack it has.
 *
 *   POST enps/aka, payload UE-ID or IMSI -> 2.01, the challenge: eese_aka_challenge(), which gives
 *     RES:  PUT to the Location-Path       -> 2.04: eese_aka_accepted()
 *     AUTS: PUT to Location-Path?auts      -> 2.01, a new challenge: eese_aka_challenge() again
 *
 * The HPS domain's paths begin with hps/.
 */
#ifndef EESE_AKA_H
#define EESE_AKA_H

#include "eese/usim.h"

enum {
	EESE_AKA_CHALLENGE_SIZE = EESE_AKA_RAND_SIZE + EESE_AUTN_SIZE, /* RAND || AUTN */
	EESE_AKA_LIFETIME_SIZE = 4,
	EESE_AKA_RESYNCS_MAX = 2, /* AUTS a run: a home network that understood it needs one */
};

enum eese_aka_state {
	EESE_AKA_WAITING,  /* for a challenge */
	EESE_AKA_ANSWERED, /* RES was given out: the key may be in force at the other end */
	EESE_AKA_DONE,     /* and now it is known to be */
	EESE_AKA_FAILED,   /* begin a new run */
};

/* The run. Its members are the library's. */
struct eese_aka {
	const struct eese_usim *usim;
	enum eese_domain domain;
	enum eese_aka_state state;
	uint8_t resyncs;
	uint8_t key[EESE_INT_KEY_SIZE];
	uint32_t lifetime;
};

/* What to send in a PUT. */
struct eese_aka_answer {
	bool auts; /* with ?auts */
	uint8_t octets[EESE_RES_MAX];
	size_t len;
};

/* usim must outlive the run. */
void eese_aka_start(struct eese_aka *a, const struct eese_usim *usim, enum eese_domain domain);

/*
 * The payload of 2.01. EESE_OK: *answer is to be sent. EESE_MALFORMED: no challenge;
 * EESE_NOT_AUTHENTIC: not made by who has this USIM's key; EESE_INVALID: genuine, but made for
 * another domain; EESE_FULL: the sequence number is not fresh, still, after AUTS; EESE_STORAGE,
 * EESE_CRYPTO: of the USIM. All these end the run, and nothing is to be sent. EESE_EXPIRED: the run
 * waits for no challenge (a repeated answer); it changes nothing. *answer is all zero but on
 * EESE_OK.
 */
EESE_MUST_CHECK enum eese_result eese_aka_challenge(struct eese_aka *a, const uint8_t *payload,
						    size_t len, struct eese_aka_answer *answer);

/*
 * The payload of 2.04: the key is in force for *lifetime seconds. EESE_MALFORMED: not four octets,
 * or no time at all; the run stays where it was. EESE_EXPIRED: no RES was given out.
 */
EESE_MUST_CHECK enum eese_result eese_aka_accepted(struct eese_aka *a, const uint8_t *payload,
						   size_t len);

/*
 * The domain's key (e2e_int_key of EnPS), as soon as RES was given out: if the answer to it is
 * lost, nobody here knows whether the key is in force, and it goes beside the old one
 * (eese_ue_new_key()). *lifetime is 0 while it isn't known. false: there is none; out is all zero.
 */
bool eese_aka_key(const struct eese_aka *a, uint8_t out[EESE_INT_KEY_SIZE], uint32_t *lifetime);

/* NULL-safe. */
void eese_aka_wipe(struct eese_aka *a);

#endif
