/* SPDX-License-Identifier: Apache-2.0 */
/* The CoAP server: AKA over libcoap. One thread. */
#ifndef EMKS_COAP_H
#define EMKS_COAP_H

#include "emks/daemon/aka.h"

struct coap_server;

/* Listens on address (listen.h); a stays the caller's. NULL: wrong says why. */
struct coap_server *coap_server_start(const char *address, struct aka *a, char *wrong, size_t size);

/* Readable when coap_server_run() has something to do; call it at least once a second. */
int coap_server_fd(const struct coap_server *s);
void coap_server_run(struct coap_server *s);

void coap_server_stop(struct coap_server *s);

#endif
