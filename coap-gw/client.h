/* SPDX-License-Identifier: Apache-2.0 */
/* What the gateway knows of a CoAP client for as long as libcoap remembers its address. */
#ifndef EESE_COAP_GW_CLIENT_H
#define EESE_COAP_GW_CLIENT_H

#include "eese/wire.h"
#include "message.h"

struct client {
	coap_session_t *session;
	char name[EESE_UE_ID_MAX + 1]; /* by DTLS, of its pre-shared key or certificate; "": none */
	bool verified; /* it is where it says: it sent back an Echo, or did a DTLS handshake */
	size_t cons;   /* confirmable messages of ours to it, neither acknowledged nor given up */
	bool lost;     /* it no longer answers: what is still to be sent to it is given up */
	bool closed;   /* its DTLS ended: libcoap keeps what is sent to it, and tells nobody */
	struct client *prev, *next;
};

struct clients {
	struct client *list;
	size_t count;
	/* For each of them. */
	coap_fixed_point_t ack_timeout;
	uint16_t max_retransmit;
	bool any_lost;
	bool any_closed; /* since observe_poll() looked */
};

/* That of a session, made if there is none; NULL: no memory. */
struct client *client_of(struct clients *c, coap_session_t *session);

/* What its DTLS handshake calls it; longer than a UE-ID can be: none. */
void client_named(struct client *c, const void *name, size_t len);

/* It did not acknowledge a confirmable message; takes effect in clients_poll(). */
void client_lost(struct clients *c, coap_session_t *session);
/* Gives up what libcoap still has for those that are lost. */
void clients_poll(struct clients *c);

/* Its DTLS ended, or began again. */
void client_closed(struct clients *c, coap_session_t *session);
void client_opened(coap_session_t *session);

/* libcoap forgets the session. */
void client_gone(struct clients *c, coap_session_t *session);
void clients_clear(struct clients *c);

/*
 * Whether the request shows that its sender is at its address (RFC 9175): an Echo of ours in it,
 * not older than a minute, makes the client verified. It always is with DTLS.
 */
bool client_verify(struct client *c, const struct message *m, uint64_t now);

/* 4.01 with an Echo for this sender to send back. */
struct reply client_ask(const struct message *m, uint64_t now);

/* The key of the Echo values. False: no random numbers. */
bool client_seed(void);

#endif
