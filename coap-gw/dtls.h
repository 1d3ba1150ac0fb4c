/* SPDX-License-Identifier: Apache-2.0 */
/* DTLS for the clients' way to the gateway: pre-shared keys, a certificate, or both. */
#ifndef EESE_COAP_GW_DTLS_H
#define EESE_COAP_GW_DTLS_H

#include <coap3/coap.h>

#include "client.h"
#include "options.h"

struct dtls;

/* Makes the context's DTLS endpoints use what the options name; before there are such endpoints.
 * Clients get their names. NULL: a file is wrong, which was said. */
struct dtls *dtls_open(coap_context_t *coap, const struct options *o, struct clients *clients);
/* Whether the session's handshake brought DTLS 1.2 or a later one. */
bool dtls_is_current(const coap_session_t *session);

/* After the context was freed. NULL is well. */
void dtls_close(struct dtls *d);

#endif
