/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TLS connections: which certificates each began with, and how long its peer may take. A peer
 * that has not brought a whole request in time is cut off by shutdown(2), which the server's thread
 * then notices; so a stranger can't hold a place by sending an octet now and then.
 */
#ifndef EMKS_LINKS_H
#define EMKS_LINKS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "emks/daemon/tls.h"

enum { LINK_REQUEST_MS = 15000 }; /* for the handshake and a request's headers; for its body */

struct link {
	struct link *before, *after;
	struct tls *tls;
	gnutls_session_t session;
	int fd;
	int64_t deadline_ms; /* 0: none, between requests */
};

struct links {
	pthread_mutex_t lock;
	struct link *first;
	struct tls *tls; /* for new ones */
};

void links_start(struct links *l, struct tls *t);
void links_stop(struct links *l);

/* A new connection: its session gets the certificates. NULL, and it is cut off: out of memory. */
struct link *links_add(struct links *l, int fd, gnutls_session_t session, int64_t now_ms);
void links_remove(struct links *l, struct link *link);

/* A request's headers are there; the request is done. link may be NULL. */
void links_request(struct links *l, struct link *link, int64_t now_ms);
void links_idle(struct links *l, struct link *link);

/* Others for new connections. Those that are idle are cut off: who they are may have changed. */
void links_exchange(struct links *l, struct tls *t);
/* Those of now, which the caller leaves (tls_leave()). */
struct tls *links_tls(struct links *l);
/* Whether it began with others than those of now; it ends with its next answer then. */
bool links_outdated(struct links *l, const struct link *link);
void links_tick(struct links *l, int64_t now_ms);

#endif
