/* SPDX-License-Identifier: Apache-2.0 */
/* A home network for the tests of the UE's side of AKA, and a USIM that belongs to it. */
#ifndef EESE_TESTS_AKA_SUPPORT_H
#define EESE_TESTS_AKA_SUPPORT_H

#include "core_support.h"
#include "eese/aka.h"

/* A software USIM and what was stored of it. */
struct card {
	struct eese_soft_usim soft;
	struct eese_usim usim;
	uint8_t stored[EESE_SQN_ARRAY_SIZE];
	unsigned stores;
	bool store_fails;
};

extern const char *const card_k, *const card_opc; /* of every card here, in hexadecimal */

void card_new(struct card *c);     /* no number was taken yet */
void card_restart(struct card *c); /* power cut: what was stored is all that is left */

/* RAND || AUTN by this card's home network; RAND is made of SQN. */
void challenge_of(uint64_t seq, unsigned ind, uint8_t amf_high, uint8_t amf_low,
		  uint8_t out[EESE_AKA_CHALLENGE_SIZE]);

/* An AUTS of this card as its home network reads it: SQN_MS; UINT64_MAX: MAC-S doesn't hold. */
uint64_t sqn_of_auts(const uint8_t challenge[EESE_AKA_CHALLENGE_SIZE],
		     const uint8_t auts[EESE_AUTS_SIZE]);

#endif
