/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway's one state, and who does what with it. */
#ifndef EESE_COAP_GW_GATEWAY_H
#define EESE_COAP_GW_GATEWAY_H

#include "body.h"
#include "broker.h"
#include "client.h"
#include "counters.h"
#include "dtls.h"
#include "exchange.h"
#include "limit.h"
#include "message.h"
#include "options.h"
#include "queue.h"
#include "stats.h"
#include "ue.h"

struct uplink;

struct uplinks {
	struct uplink *by_mid; /* published, the PUBACK is still to come */
	struct uplink *rounds; /* those that wait for a round trip, in the order they began to */
	struct uplink *keys;   /* those that wait a while longer, in the order they began to */
	struct uplink *fresh;  /* all that are open, the oldest first: those young .. */
	struct uplink *late;   /* .. and those whose sender was told to wait */
	size_t count;
	unsigned round; /* counts the round trips */
	int round_mid;  /* of the one under way; 0: none is */
};

struct gateway {
	const struct options *options;
	coap_context_t *coap;
	struct dtls *dtls;   /* NULL: nobody comes by DTLS */
	struct broker live;  /* publishes and hears ctl; nothing of it outlives the connection */
	unsigned connection; /* counts those */
	struct broker keep;  /* hears ctl and downlink of UEs that are polled or observed */
	unsigned keep_connection;
	struct ues ues;
	struct clients clients;
	struct uplinks uplinks;
	struct queues queues;
	struct poll *polls; /* that wait for a SUBACK, the oldest first */
	size_t poll_count;
	struct observer *observers;
	size_t observer_count;
	struct exchanges *exchanges;
	struct bodies *bodies;
	struct limits *limits;
	struct counters counters;
	struct stats stats;
	bool told_of_refusal;
	uint64_t complain_at; /* when the next dropped downlink may be spoken of */
	bool draining;        /* told to end: no new requests */
};

/* Milliseconds of a clock that never goes back. */
uint64_t gateway_now(void);

#endif
