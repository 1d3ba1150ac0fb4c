/* SPDX-License-Identifier: Apache-2.0 */
/* DTLS to a CoAP server: with a pre-shared key, or with certificates. */
#ifndef EESE_TOOL_COAP_DTLS_H
#define EESE_TOOL_COAP_DTLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options.h"

enum { COAP_DTLS_IDENTITY_MAX = 64, COAP_DTLS_KEY_MAX = 64 };

struct coap_address_t;
struct coap_context_t;
struct coap_session_t;

/* Strings are the options'. */
struct coap_dtls {
	char identity[COAP_DTLS_IDENTITY_MAX + 1];
	uint8_t key[COAP_DTLS_KEY_MAX];
	size_t key_len;        /* 0: by certificates */
	const char *ca, *cert; /* PEM files; cert NULL: this client shows none */
	const char *cert_key;
	const char *host; /* whom the server's certificate must be for; NULL: anybody */
};

/* Takes what the options say of it; host outlives *d. false: it was said what is wrong. The caller
 * wipes *d in any case. */
bool coap_dtls_read(struct coap_dtls *d, const struct options *o, const char *host);
void coap_dtls_wipe(struct coap_dtls *d);

/* A session to this address, whose handshake begins; NULL: it can't be had. d outlives it. */
struct coap_session_t *coap_dtls_session(struct coap_dtls *d, struct coap_context_t *context,
					 const struct coap_address_t *to);

#endif
