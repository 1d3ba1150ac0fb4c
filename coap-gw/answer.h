/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that are given when the request's handler has long returned. */
#ifndef EESE_COAP_GW_ANSWER_H
#define EESE_COAP_GW_ANSWER_H

#include "exchange.h"

struct gateway;

/* Who asked, and how to answer. Holds a reference to the session until it is answered. */
struct asker {
	coap_session_t *session; /* NULL: answered */
	struct exchange_key key; /* the request */
	coap_pdu_type_t type;    /* the request's */
	uint32_t no_response;
	struct block block1;
	size_t size;   /* octets of the request */
	bool verified; /* the address is known to be its own */
	bool acked;    /* an empty ACK was sent: the response will be a message of its own */
};

void asker_init(struct asker *a, const struct message *m, bool verified);

/* Tells a CON's sender that it came and will be answered. */
void asker_ack(struct gateway *g, struct asker *a);

/* Octets of payload a reply with the other parts of this one may have: what one datagram holds, and
 * no more than three times what an unverified sender sent. */
size_t asker_room(const struct asker *a, const struct reply *r);

/* Whether this reply as a whole is no more than that. */
bool asker_fits(const struct asker *a, const struct reply *r);

/* Answers, remembers it for a retransmission, and lets go of the session. */
void asker_reply(struct gateway *g, struct asker *a, const struct reply *r);

/* Sends the answer as a confirmable message of its own; its id. The session is still held. */
coap_mid_t asker_confirm(struct gateway *g, struct asker *a, const struct reply *r);

/* Lets go without an answer. */
void asker_forget(struct asker *a);

#endif
