/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One MQTT 5 connection: made again whenever it is lost, each time with a new client of
 * libmosquitto, so that nothing of an old connection is sent on a new one. Connecting (DNS, TCP,
 * TLS) is done in a thread of its own, as it may take minutes; all else in the caller's.
 */
#ifndef EESE_COAP_GW_BROKER_H
#define EESE_COAP_GW_BROKER_H

#include <mosquitto.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "host/login.h"

/* Told from inside broker_done(), broker_cut() and broker_close(). */
struct broker_owner {
	void *ctx;
	/* Connected; had_session: the broker still has the subscriptions of the last time. */
	void (*up)(void *ctx, bool had_session);
	void (*down)(void *ctx);
	void (*message)(void *ctx, const char *topic, const uint8_t *payload, size_t len);
	void (*published)(void *ctx, int mid, int reason);
	void (*subscribed)(void *ctx, int mid, int reason);
	void (*unsubscribed)(void *ctx, int mid);
	/* What was read is dealt with: its acknowledgements may go out. False: they must not, and
	 * the connection is cut. NULL: always. */
	bool (*settle)(void *ctx);
};

struct dial;

struct broker {
	const struct eese_login *login;
	struct broker_owner owner;
	const char *what; /* for messages */
	char id[80];
	uint32_t session_expiry; /* seconds; 0: nothing outlives a connection */
	struct mosquitto *mosq;  /* NULL: not connected, or the thread has it */
	struct dial *dial;       /* the thread's, while it connects */
	bool up;
	size_t unacknowledged; /* PUBLISHes that the broker did not take or refuse yet */
	bool was_up;           /* at least once */
	bool closing;
	int refusal; /* the CONNACK's code of the last try that was refused */
	int said;    /* the last failure that was said */
	uint64_t retry_at;
	uint64_t back_off; /* milliseconds */
};

/* Begins to connect. id and expiry as MQTT means them. False: no memory. */
bool broker_open(struct broker *b, const struct eese_login *login, const char *what, const char *id,
		 uint32_t session_expiry, const struct broker_owner *owner);

/* DISCONNECT, waiting a second at most for what is still to be written. */
void broker_close(struct broker *b);

/* Drops the connection as it is; what was not acknowledged comes again. */
void broker_cut(struct broker *b, const char *why);

/* False: not now, or never with this topic; *mid is that of on_published etc. */
/* At QoS 1. */
bool broker_publish(struct broker *b, const char *topic, const void *payload, size_t len,
		    bool retain, int *mid);
/* At QoS 1; all in one packet. */
bool broker_subscribe(struct broker *b, char *const *filters, int count, int *mid);
bool broker_unsubscribe(struct broker *b, const char *filter, int *mid);

/* Fills *p for the next poll(); when broker_done() is needed at the latest. */
uint64_t broker_prepare(struct broker *b, struct pollfd *p, uint64_t now);
void broker_done(struct broker *b, const struct pollfd *p, uint64_t now);

#endif
