/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Payloads that come in blocks (RFC 7959, Block1), put together in order. libcoap would do it too,
 * but lets a sender say how much memory is taken for it.
 */
#ifndef EESE_COAP_GW_BODY_H
#define EESE_COAP_GW_BODY_H

#include "message.h"

struct bodies;

/* At most count unfinished ones, a quarter of them of one source network; each at most size octets.
 */
struct bodies *bodies_new(size_t count, size_t size);
void bodies_free(struct bodies *b);

enum body_result {
	BODY_WHOLE,      /* *out is the payload, valid until the next call */
	BODY_MORE,       /* taken, the next block is awaited */
	BODY_INCOMPLETE, /* a block before this one is missing */
	BODY_TOO_LARGE,
	BODY_BAD,  /* not a block that RFC 7959 allows */
	BODY_FULL, /* no place for another unfinished one */
};

/* Of a request without Block1 the payload is whole. */
enum body_result body_take(struct bodies *b, const struct message *m, uint64_t now,
			   const uint8_t **out, size_t *out_len);

#endif
