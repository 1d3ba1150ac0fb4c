/* SPDX-License-Identifier: Apache-2.0 */
/* The CoAP side: where clients come, and which of their requests goes where. */
#ifndef EESE_COAP_GW_SERVER_H
#define EESE_COAP_GW_SERVER_H

#include "gateway.h"

/* GO_ON, or an exit code (the reason was said). server_close() in any case. */
int server_open(struct gateway *g);
void server_close(struct gateway *g);

/* A descriptor that is readable when server_done() has something to do. */
int server_descriptor(const struct gateway *g);
void server_done(struct gateway *g);

#endif
