/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a device reaches its EESE: which message got which verdict, and what came for the device. Of
 * two kinds: MQTT with the broker, and CoAP with a gateway in between.
 */
#ifndef EESE_TOOL_LINK_H
#define EESE_TOOL_LINK_H

#include <poll.h>

#include "coap_client.h"
#include "coap_dtls.h"
#include "eese/ue.h"
#include "flights.h"
#include "options.h"

struct mosquitto;
struct link;

/* What the link tells its owner, from inside link_done(). */
struct link_owner {
	void *ctx;
	void (*ready)(void *ctx); /* messages can be sent; once a connection */
	void (*control)(void *ctx, const uint8_t *msg, size_t len);
	void (*downlink)(void *ctx, const char *topic, const uint8_t *msg, size_t len);
	void (*verdict)(void *ctx, uint32_t handle, bool positive);
};

/* The functions below, for one kind. */
struct link_kind {
	int (*open)(struct link *l);
	void (*stop_reading)(struct link *l);
	void (*close)(struct link *l);
	bool (*send)(struct link *l, const struct eese_ue_message *m);
	bool (*busy)(const struct link *l);
	uint64_t (*prepare)(struct link *l, struct pollfd *p, uint64_t now);
	int (*done)(struct link *l, const struct pollfd *p, uint64_t now);
};

struct link_of_mqtt {
	struct mosquitto *mosq;
	uint16_t at_once;  /* how many messages libmosquitto has under way, of those it has */
	int subacks;       /* SUBACKs still to come on this connection */
	int complaint;     /* the last libmosquitto error said about sending */
	uint64_t retry_at; /* when to connect again; 0: not planned */
	uint64_t back_off; /* milliseconds */
};

enum {
	LINK_POSTS = 4, /* requests with a message under way */
	LINK_SAID = 64, /* octets of what the answer to one may hold: a KEY_UPDATE or an ERROR */
	LINK_POLLED = EESE_MESSAGE_MAX + EESE_TOPIC_MAX + 256, /* .. and that to a poll */
};

/* A request with a message in it, and its answer. */
struct link_post {
	struct coap_client_exchange exchange;
	bool used, came;
	int flight; /* its mid in flights */
	uint8_t asked[EESE_KEY_REQUEST_SIZE];
	size_t asked_len; /* 0: it is no KEY_REQUEST */
	unsigned code;
	const char *why;
	uint8_t said[LINK_SAID];
	size_t len;
};

struct link_of_coap {
	struct coap_client client;
	struct coap_dtls dtls;
	struct link_post posts[LINK_POSTS];
	struct coap_client_exchange exchange; /* of the poll */
	bool polling, polled;
	unsigned poll_code;
	uint8_t echo[40]; /* RFC 9175: shows the gateway that we are where we say */
	size_t echo_len;  /* 0: not asked for it */
	uint8_t *octets;  /* LINK_POLLED of them, what the poll brought */
	size_t len;
	uint64_t poll_at;          /* when to poll again */
	uint64_t number;           /* of the last message that was handed out */
	bool numbered;             /* there is one */
	bool to_tell;              /* and the gateway does not know */
	uint8_t update[LINK_SAID]; /* a KEY_UPDATE that is not taken yet */
	size_t update_len;         /* 0: none */
	int flight;                /* the last mid given */
	unsigned complaint;        /* the last answer that was complained of */
};

struct link {
	const struct link_kind *kind; /* NULL: never opened */
	const struct options *options;
	const char *ue_id;
	struct link_owner owner;
	bool ready;     /* messages can be sent */
	bool was_ready; /* at least once */
	bool closing;   /* link_close() or link_stop_reading() */
	int code;       /* GO_ON, or why the link is at its end for good; was said */
	struct flights flights;
	union {
		struct link_of_mqtt mqtt;
		struct link_of_coap coap;
	};
};

/* Begins to connect. GO_ON, or an exit code (the reason was said). link_close() in any case. */
int link_open(struct link *l, const struct options *o, const char *ue_id,
	      const struct link_owner *owner);

/* Disconnects in order, waiting two seconds at most for what is still to be sent. */
void link_close(struct link *l);

/* Nothing is handed out any more; what was not comes again to the next who reads. */
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
