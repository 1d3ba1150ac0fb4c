/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted, on a topic of the gateway's own: a JSON object, retained, every so often. */
#ifndef EESE_COAP_GW_STATS_H
#define EESE_COAP_GW_STATS_H

#include <stdbool.h>
#include <stdint.h>

struct gateway;

struct stats {
	uint64_t due;    /* milliseconds; 0: as soon as there is a connection */
	int mid;         /* of the one whose PUBACK is awaited; 0: none is */
	bool complained; /* of a refusal, on this connection */
};

/* There is a new connection. */
void stats_up(struct gateway *g);
/* Publishes them if it is time; when it is next. */
uint64_t stats_poll(struct gateway *g, uint64_t now);
/* The broker's answer to a message of this connection, theirs or another. */
void stats_published(struct gateway *g, int mid, int reason);
/* Once more, before the connection ends. */
void stats_last(struct gateway *g);

#endif
