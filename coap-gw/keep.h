/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kept connection: ctl and downlink of the UEs that somebody polls or observes, in a session
 * that outlives the gateway. What the broker delivers is acknowledged when the spool has it.
 */
#ifndef EESE_COAP_GW_KEEP_H
#define EESE_COAP_GW_KEEP_H

#include "gateway.h"

bool keep_open(struct gateway *g);

/* Sees to it that the broker has the subscriptions of this UE; poll_heard() when it has. */
void keep_hear(struct gateway *g, struct queue *q);
/* Nobody polls any more. */
void keep_deafen(struct gateway *g, struct queue *q);

#endif
