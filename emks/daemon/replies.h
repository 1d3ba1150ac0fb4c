/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replies that were given, so that a repeated datagram gets the same one (RFC 7252 4.2, 4.5). A
 * fixed number of places; one that is overwritten costs its peer a new run, no more. No secrets.
 */
#ifndef EMKS_REPLIES_H
#define EMKS_REPLIES_H

#include "emks/daemon/aka.h"

enum {
	REPLIES = 4096,
	REPLY_LIFE_S = 247,  /* EXCHANGE_LIFETIME */
	REPLY_PEER_MAX = 28, /* a struct sockaddr_in6 */
};

/* What makes two datagrams the same. Zero what is not used. */
struct reply_key {
	uint8_t peer[REPLY_PEER_MAX];
	uint64_t content; /* a hash over the request */
	uint16_t mid;
};

struct reply {
	struct reply_key key;
	int64_t until; /* 0: none */
	struct aka_answer answer;
};

struct replies {
	struct reply at[REPLIES];
};

/* The reply to this datagram; NULL: it is none that is remembered. */
const struct aka_answer *replies_find(const struct replies *r, int64_t now,
				      const struct reply_key *key);

void replies_add(struct replies *r, int64_t now, const struct reply_key *key,
		 const struct aka_answer *answer);

/* FNV-1a, to be started with any seed. */
uint64_t reply_hash(uint64_t hash, const void *p, size_t len);

#endif
