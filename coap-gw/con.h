/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Confirmable messages of ours that carry downlink. libcoap does not tell of an ACK, but does tell
 * if none came, within MAX_TRANSMIT_WAIT of RFC 7252 4.8.2. After that time without such news it
 * was acknowledged. As libcoap sends a client the next confirmable message only when the one before
 * is settled (NSTART 1), an empty one, to which every client answers with RST, tells sooner where
 * many are on their way.
 */
#ifndef EESE_COAP_GW_CON_H
#define EESE_COAP_GW_CON_H

#include "client.h"

struct gateway;
struct observer;
struct queue;

/* The confirmable message with this id carries message number, 0: none; o: it is for this observer,
 * may be NULL. False: no memory, or it was not sent. */
bool con_sent(struct gateway *g, struct queue *q, struct client *client, coap_mid_t mid,
	      uint64_t number, struct observer *o);

/* Whether this message is on its way in one. */
bool con_carries(const struct queue *q, uint64_t number);

/* The lowest number that is on its way; 0: none is. */
uint64_t con_lowest(const struct queue *q);

/* libcoap gave a confirmable message up, or the client reset it. */
void con_nack(struct gateway *g, coap_session_t *session, coap_mid_t mid, bool reset);

/* An observer ends: nothing on its way points to it any more. */
void con_observer_gone(struct queue *q, const struct observer *o);

/* Forgets those of a queue that ends. */
void cons_drop(struct gateway *g, struct queue *q);

/* Those that nobody complained of in time are acknowledged. late: by how much this call is later
 * than it should be; meanwhile libcoap repeated nothing, and heard of no ACK. */
void cons_poll(struct gateway *g, uint64_t now, uint64_t late);

#endif
