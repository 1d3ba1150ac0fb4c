/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Observation of ctl and down (RFC 7641). libcoap's own is for resources that are there
 * beforehand, and looks at all of them for each notification; these are UEs.
 * Every notification is confirmable. A client that leaves one unacknowledged, or resets it, is no
 * longer told.
 */
#ifndef EESE_COAP_GW_OBSERVE_H
#define EESE_COAP_GW_OBSERVE_H

#include "answer.h"
#include "gateway.h"

/* Values of the option in a request. */
enum { OBSERVE_REGISTER = 0, OBSERVE_CANCEL = 1 };

/* Registers, or renews, and answers. */
void observe_begin(struct gateway *g, struct queue *q, const struct message *m, struct asker *a);

/* The client wants no more of this. */
void observe_cancel(struct gateway *g, const struct message *m);

/* Something may be there for the observers of this UE. */
void observe_tell(struct gateway *g, struct queue *q);

/* It ends: because the client is gone, or the queue. */
void observe_gone(struct gateway *g, struct observer *o);
void observe_end(struct gateway *g, struct observer *o);

/* Does what is due; when it is needed next. */
uint64_t observe_poll(struct gateway *g, uint64_t now);

#endif
