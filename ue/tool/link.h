/* SPDX-License-Identifier: Apache-2.0 */
/* The MQTT side of a device: connecting, subscribing, and which message got which verdict. */
#ifndef EESE_TOOL_LINK_H
#define EESE_TOOL_LINK_H

#include <poll.h>

#include "eese/ue.h"
#include "flights.h"
#include "options.h"

struct mosquitto;

/* What the link tells its owner, from inside link_done(). */
struct link_owner {
	void *ctx;
	void (*ready)(void *ctx); /* every subscription is acknowledged, once a connection */
	void (*control)(void *ctx, const uint8_t *msg, size_t len);
	void (*downlink)(void *ctx, const char *topic, const uint8_t *msg, size_t len);
	void (*verdict)(void *ctx, uint32_t handle, bool positive);
};

struct link {
	const struct options *options;
	const char *ue_id;
	struct link_owner owner;
	struct mosquitto *mosq;
	bool ready;        /* messages can be sent */
	bool was_ready;    /* at least once */
	bool closing;      /* link_close() or link_stop_reading() */
	int subacks;       /* SUBACKs still to come on this connection */
	int code;          /* GO_ON, or why the link is at its end for good; was said */
	int complaint;     /* the last libmosquitto error said about sending */
	uint64_t retry_at; /* when to connect again; 0: not planned */
	uint64_t back_off; /* milliseconds */
	struct flights flights;
};

/* Connects. GO_ON, or an exit code (the reason was said). link_close() in any case. */
int link_open(struct link *l, const struct options *o, const char *ue_id,
	      const struct link_owner *owner);

/* Disconnects in order, waiting two seconds at most for what is still to be written. */
void link_close(struct link *l);

/* Says DISCONNECT; what the broker delivers from now on is not acknowledged and comes again. */
void link_stop_reading(struct link *l);

/* The send of a struct eese_ue_port. */
bool link_send(struct link *l, const struct eese_ue_message *m);

/* Whether so much is still to be written or acknowledged that nothing should be added. */
bool link_busy(const struct link *l);

/* Fills *p for the next poll(); the time link_done() is needed at the latest. */
uint64_t link_prepare(struct link *l, struct pollfd *p, uint64_t now);

/* Does what poll() said and what is due. GO_ON, or an exit code (the reason was said). */
int link_done(struct link *l, const struct pollfd *p, uint64_t now);

#endif
