/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET of ctl and down.
 *
 * A plain GET of down gives the next message in a confirmable message of its own, whose ACK tells
 * that it arrived. With d, or an ETag, the UE tells itself, with its next request; then the answer
 * is in the ACK, two datagrams less.
 */
#ifndef EESE_COAP_GW_POLL_H
#define EESE_COAP_GW_POLL_H

#include "gateway.h"

/* True: it is or will be answered. False: *r is the answer. */
bool poll_get(struct gateway *g, const struct message *m, struct reply *r);

/* The broker has the subscriptions of this UE. */
void poll_heard(struct gateway *g, struct queue *q);

/* The queue goes: who waits is answered. */
void poll_drop(struct gateway *g, struct queue *q);

/* Does what is due; when it is needed next. */
uint64_t poll_due(struct gateway *g, uint64_t now);

#endif
