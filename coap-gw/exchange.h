/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exchanges: which requests came, and what was answered, so that a retransmission (same sender,
 * same message id, RFC 7252 4.5) gets the same answer and is carried on only once. It has the same
 * token too; with another it is a request of somebody else, whom a NAT gave the sender's port.
 */
#ifndef EESE_COAP_GW_EXCHANGE_H
#define EESE_COAP_GW_EXCHANGE_H

#include "message.h"

enum exchange_state {
	EXCHANGE_OPEN,  /* not answered yet, nothing sent */
	EXCHANGE_ACKED, /* an empty ACK was sent; the response is or will be a message of its own */
	EXCHANGE_ANSWERED, /* the response was in the ACK, or in the NON, and is kept here */
};

struct exchange;
struct exchanges;

/* What names a request; comparable octet by octet. */
struct exchange_key {
	struct peer peer;
	uint16_t mid;
	uint8_t token_len;
	uint8_t zero;
	uint8_t token[TOKEN_MAX];
};

struct exchange_key exchange_key(const struct message *m);

/* At most count are remembered, and octets of their answers; the oldest go first. */
struct exchanges *exchanges_new(uint32_t count, size_t octets);
void exchanges_free(struct exchanges *x);

/* The one of this request; NULL: it was not seen, or long ago. */
struct exchange *exchange_find(struct exchanges *x, const struct message *m, uint64_t now);

/* Remembers a new one as open. False: no memory. */
bool exchange_begin(struct exchanges *x, const struct message *m, uint64_t now);

enum exchange_state exchange_state(const struct exchange *e);

/* The kept answer; its payload belongs to the exchange. */
const struct reply *exchange_reply(const struct exchange *e);

/* Nothing if the request is no longer remembered. */
void exchange_acked(struct exchanges *x, const struct exchange_key *key);
void exchange_answered(struct exchanges *x, const struct exchange_key *key, const struct reply *r);

#endif
