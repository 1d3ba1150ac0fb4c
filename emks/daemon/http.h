/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTPS server: libmicrohttpd on a thread of its own, mutual TLS by tls.h, answers by api.h. */
#ifndef EMKS_HTTP_H
#define EMKS_HTTP_H

#include "emks/daemon/api.h"
#include "emks/daemon/tls.h"

struct http_server;

/* Listens on address (listen.h). api is used by the server's thread only until the server is
 * stopped; t is left to the caller. NULL: wrong says why. */
struct http_server *http_server_start(const char *address, struct api *api, struct tls *t,
				      char *wrong, size_t size);

/* New connections use t from now on. */
void http_server_exchange(struct http_server *s, struct tls *t);

/* Ends connections that take too long to bring a request; call it about once a second. */
void http_server_tick(struct http_server *s);

/* Ends all connections. NULL is well. */
void http_server_stop(struct http_server *s);

#endif
