/* SPDX-License-Identifier: Apache-2.0 */
/* TLS to an eese-emksd with plant-a's certificate, for what is no HTTP. */
#ifndef EESE_TESTS_RAW_TLS_H
#define EESE_TESTS_RAW_TLS_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>

#include "emks.h"

/* A connection to a port of 127.0.0.1, with a time limit on reading and writing. */
int raw_connect(uint16_t port);

struct raw_tls {
	int fd;
	gnutls_certificate_credentials_t credentials;
	gnutls_session_t session;
};

/* False: the handshake failed. To be closed in either case. */
bool raw_tls_open(struct raw_tls *r, const struct emks *e);
void raw_tls_close(struct raw_tls *r);

/* What comes until this stands in it, the peer ends, or the time limit; with a NUL. */
void raw_tls_hear(struct raw_tls *r, const char *until, char *answer, size_t size);

/* Says these octets and no more; what is answered, with a NUL. */
void raw_tls_say(const struct emks *e, const void *octets, size_t len, char *answer, size_t size);

/* Says head, and then again until max octets are sent or the peer takes no more; a "%1024s" in it
 * stands for as many blanks. How many octets were sent. */
size_t raw_tls_flood(const struct emks *e, const char *head, const char *again, size_t max);

#endif
