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
/* After the context was freed. NULL is well. */
void dtls_close(struct dtls *d);

#endif
