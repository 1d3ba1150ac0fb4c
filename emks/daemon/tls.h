/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mutual TLS: this server's certificate, the CA that EESEs' certificates come from, and which EESE
 * a certificate stands for. All of it can be exchanged while connections live.
 */
#ifndef EMKS_TLS_H
#define EMKS_TLS_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>

#include "emks/config.h"

enum { TLS_WRONG_SIZE = 2048, TLS_NAME_SIZE = sizeof((struct config_eese *)0)->name };

/* What one reading of the files brought; counted by its users, from any thread. */
struct tls;

/* Reads the files c names. NULL: wrong says which one and why. */
struct tls *tls_read(const struct config *c, char wrong[TLS_WRONG_SIZE]);
struct tls *tls_use(struct tls *t);
void tls_leave(struct tls *t); /* NULL is well */

/* The files' octets as PEM, for a library that wants to see some. */
const char *tls_cert_pem(const struct tls *t);
const char *tls_key_pem(const struct tls *t);

/* Makes a new session show this certificate, and end in its handshake unless the peer shows a valid
 * one of ours for clients. */
bool tls_set_up(struct tls *t, gnutls_session_t session);

/* After the handshake: the EESE the peer's certificate stands for, into name; false: none, or it
 * has expired since. Unless t verified it in the handshake (by_t) it is verified now. */
bool tls_peer(const struct tls *t, gnutls_session_t session, bool by_t, char name[TLS_NAME_SIZE]);

/* TLS 1.2 and up, AEAD only. */
extern const char tls_priorities[];

#endif
