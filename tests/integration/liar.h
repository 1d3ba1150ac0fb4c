/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gateway that lies: between one device and an honest gateway it drops requests, delays, repeats
 * and swaps them, keeps answers back, gives old ones and makes some up. It needs no key for that.
 */
#ifndef EESE_TESTS_LIAR_H
#define EESE_TESTS_LIAR_H

#include "coap.h"

enum { LIAR_KEPT = 64 }; /* requests and answers that may come again */

enum liar_manner {
	HONEST,
	LIES,   /* at every other request */
	TEASES, /* tells readings to wait until a KEY_REQUEST comes, and lets one more through */
};

struct liar {
	uint16_t port;
	enum liar_manner manner;
	struct coap front, back;
	struct coap_message *requests[LIAR_KEPT], *answers[LIAR_KEPT];
	size_t request_count, answer_count;
	struct coap_message *late; /* comes after the next one */
	unsigned lies;
	bool let_through; /* the next reading */
};

/* In front of the gateway at this port; honest at first. */
bool liar_open(struct liar *l, uint16_t gateway_port);
void liar_close(struct liar *l);

/* Something came from the device (l->front.fd is readable). */
void liar_hear(struct liar *l);

#endif
