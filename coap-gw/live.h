/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The live connection: publishes for UEs, and hears the ctl of those it publishes for. Its session
 * ends with it, so that no queue of control messages for UEs long gone builds up at the broker.
 */
#ifndef EESE_COAP_GW_LIVE_H
#define EESE_COAP_GW_LIVE_H

#include "gateway.h"

/* Seconds after which a client that was told 5.03 may come again. */
enum { LIVE_COME_AGAIN = 5 };

bool live_open(struct gateway *g);

/* From now on, what is said on the UE's ctl is heard. False: not connected. */
bool live_hear(struct gateway *g, struct ue *ue);
/* The UE is forgotten. */
void live_deafen(struct gateway *g, struct ue *ue);

/* Begins a round trip through the broker, which ends in uplink_round_done(). Its message id, or 0.
 */
int live_round(struct gateway *g);

#endif
