/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uplink: a POST becomes a PUBLISH, and what the EESE says of it the answer.
 *
 * The verdict is the PUBACK's reason code: below 0x80 the EESE has the message. What it has to say
 * beside that it publishes on ctl right behind the PUBACK, on the same connection. So when a round
 * trip that began after the PUBACK is over, whatever it said at once is here: no clock decides. The
 * round trip is an UNSUBSCRIBE of nothing, one for all that wait. Only where the EESE may have to
 * ask its key server first is there a wait by time, and a short one: what comes later is kept and
 * goes out with the UE's next answer.
 */
#ifndef EESE_COAP_GW_UPLINK_H
#define EESE_COAP_GW_UPLINK_H

#include "gateway.h"

/* Carries it on. True: the answer comes later. False: *r is the answer. */
bool uplink_post(struct gateway *g, const struct message *m, const uint8_t *payload, size_t len,
		 bool verified, struct reply *r);

/* From the live connection. */
void uplink_published(struct gateway *g, int mid, int reason);
void uplink_round_done(struct gateway *g, int mid);
/* Something came on the ctl of this UE. */
void uplink_control(struct gateway *g, struct ue *ue, const uint8_t *msg, size_t len);
/* The connection is gone: nobody will say what became of them. */
void uplink_connection_lost(struct gateway *g);

/* Does what is due; when it is needed next. */
uint64_t uplink_poll(struct gateway *g, uint64_t now);

#endif
