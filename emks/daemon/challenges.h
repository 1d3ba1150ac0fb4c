/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Challenges that wait for their answer, by their tokens. A fixed number of places, taken in turn:
 * a new challenge takes the place of the oldest one and of no other. Times are any clock's seconds.
 */
#ifndef EMKS_CHALLENGES_H
#define EMKS_CHALLENGES_H

#include "emks/hss/subscriber.h"

enum {
	TOKEN_SIZE = 12,                 /* two octets of place, ten that nobody can guess */
	TOKEN_TEXT = TOKEN_SIZE / 3 * 4, /* characters, base64url */
};

enum challenge_state {
	CHALLENGE_NONE,
	CHALLENGE_OPEN,
	CHALLENGE_DONE, /* answered well: the same answer gets the same reply */
};

struct challenge {
	enum challenge_state state;
	enum eese_domain domain;
	int64_t subscriber, sim; /* as in struct hss_subscriber */
	int64_t until;           /* no answer is taken from then on */
	int64_t key_expiry;      /* Unix time, once done */
	uint8_t token[TOKEN_SIZE];
	struct vector vector; /* key is wiped once done */
};

struct challenges;

/* count places (1..65536) of life_s seconds each. NULL: out of memory. */
struct challenges *challenges_new(size_t count, int64_t life_s);
void challenges_free(struct challenges *c);

/* A place for this vector, open; text gets its token and a NUL. NULL: no random octets. */
struct challenge *challenge_add(struct challenges *c, int64_t now, enum eese_domain domain,
				const struct hss_subscriber *subscriber,
				const struct vector *vector, char text[TOKEN_TEXT + 1]);

/* The challenge of this domain by len characters that came as a token; NULL: none, or its time is
 * over. */
struct challenge *challenge_find(struct challenges *c, int64_t now, enum eese_domain domain,
				 const char *text, size_t len);

/* Wipes it; its token is worth nothing any more. */
void challenge_end(struct challenge *challenge);

/* Ends those whose time is over. */
void challenges_sweep(struct challenges *c, int64_t now);

#endif
