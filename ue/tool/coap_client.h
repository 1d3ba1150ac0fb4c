/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CoAP server (RFC 7252 over UDP) as its client sees it: requests out, answers in, and a
 * descriptor for poll(). Nothing here waits. Retransmission and blocks (RFC 7959) are libcoap's.
 */
#ifndef EESE_TOOL_COAP_CLIENT_H
#define EESE_TOOL_COAP_CLIENT_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolve.h"

struct coap_dtls;

enum {
	COAP_CLIENT_HOST_MAX = 255,
	COAP_CLIENT_PATH_MAX = 1500, /* octets, with one for the length of each segment */
	COAP_CLIENT_TOKEN = 8,
	COAP_CLIENT_NO_FORMAT = 0x10000,
};

/* A path or a query as CoAP has it: segments of 0 to 255 octets, whatever these are. */
struct coap_client_path {
	uint8_t octets[COAP_CLIENT_PATH_MAX]; /* each segment behind its length */
	size_t len;
};

/* Adds a segment. false: there is no room. */
bool coap_client_path_add(struct coap_client_path *p, const void *segment, size_t len);

/* What is asked. Pointers need to be valid during coap_client_send() only. */
struct coap_client_request {
	uint8_t method; /* a code of RFC 7252: 1 GET, 2 POST, 3 PUT, 4 DELETE */
	bool non;       /* not confirmable: sent once */
	const struct coap_client_path *path;
	const char *query;   /* one; NULL: none */
	const uint8_t *echo; /* NULL: none */
	size_t echo_len;
	const uint8_t *payload;
	size_t len;
	uint64_t patience; /* milliseconds until no answer counts as none */
};

/* What came; valid during the call only. */
struct coap_client_answer {
	unsigned code;   /* 201 is 2.01; 0: none came, and why says why */
	const char *why; /* NULL unless code is 0 */
	const uint8_t *payload;
	size_t len;
	unsigned format;     /* Content-Format; COAP_CLIENT_NO_FORMAT: none */
	const uint8_t *echo; /* to be sent back in the same request; NULL: none */
	size_t echo_len;
	struct coap_client_path location; /* Location-Path; empty if there is none, or too long */
};

/* One request under way. The caller's; all zero: none. */
struct coap_client_exchange {
	struct coap_client_exchange *next;
	uint8_t token[COAP_CLIENT_TOKEN];
	uint64_t deadline;
	/* Called once, from coap_client_done(); the exchange is free again by then. From in there
	 * the client must not be closed or sent to another address. */
	void (*answered)(void *ctx, const struct coap_client_answer *a);
	void *ctx;
};

enum coap_client_state {
	COAP_CLIENT_CLOSED,
	COAP_CLIENT_RESOLVING,
	COAP_CLIENT_OPEN, /* requests can be sent */
	COAP_CLIENT_FAILED,
};

struct coap_client {
	enum coap_client_state state;
	const char *why; /* FAILED: why, a static text */
	char host[COAP_CLIENT_HOST_MAX + 1];
	uint16_t port;
	unsigned address; /* which of those found is in use */
	bool refused;     /* ICMP said that nobody listens there */
	bool answered;    /* the caller's: somebody does. Then ICMP ends nothing: libcoap goes on */
	struct resolve resolve;
	struct coap_dtls *dtls; /* NULL: without */
	bool stale;             /* the server may have forgotten the DTLS session */
	struct coap_context_t *context;
	struct coap_session_t *session;
	struct coap_client_exchange *open;
};

/* Takes coap://HOST[:PORT] apart, without anything behind it, or coaps://.. unless secure is NULL.
 * NULL, or what is wrong with it. */
const char *coap_client_uri(const char *uri, char host[COAP_CLIENT_HOST_MAX + 1], uint16_t *port,
			    bool *secure);

/* Begins to find the server (RESOLVING). On failure state is FAILED. coap_client_close() in any
 * case. *c must be all zero, or closed. dtls: NULL, or how; it outlives the client. */
void coap_client_open(struct coap_client *c, const char *host, uint16_t port,
		      struct coap_dtls *dtls);

/* Goes to the next address of the host. false: there is none left. */
bool coap_client_next_address(struct coap_client *c);

/* Sends a confirmable request; x->answered and x->ctx are set. false: not OPEN, or no memory. */
bool coap_client_send(struct coap_client *c, struct coap_client_exchange *x,
		      const struct coap_client_request *r, uint64_t now);

/* Fills *p for the next poll(); the time coap_client_done() is needed at the latest. Times are in
 * milliseconds of the caller's clock. */
uint64_t coap_client_prepare(const struct coap_client *c, struct pollfd *p, uint64_t now);

/* Does what came and what is due. */
void coap_client_done(struct coap_client *c, uint64_t now);

/* What is under way is forgotten without a call. */
void coap_client_close(struct coap_client *c);

#endif
