/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Downlink of the UEs that somebody polls or observes. What the broker delivers goes into the
 * spool before the broker is told that it arrived, and stays there until the UE has it, which
 * shows in one of two ways:
 *   - the UE says so: the number of a message in its next request acknowledges all up to it;
 *   - it went out in a confirmable message that was acknowledged (con.h).
 * Numbers are the spool's.
 */
#ifndef EESE_COAP_GW_QUEUE_H
#define EESE_COAP_GW_QUEUE_H

#include "client.h"
#include "spool.h"
#include "ue.h"

struct gateway;
struct con;
struct observer;

struct queue {
	struct ue *ue;
	int64_t row;
	uint64_t until;     /* Unix seconds: when nobody is taken to poll any more */
	uint64_t written;   /* the same as the spool has it */
	size_t count;       /* messages in the spool */
	uint64_t offered;   /* highest number handed out for the UE itself to acknowledge */
	uint64_t kept;      /* .. as the spool has it: nothing up to it is on its way */
	unsigned asked;     /* the broker connection on which its topics were subscribed; 0: none */
	bool heard;         /* the broker has the subscription */
	bool news;          /* something came in this turn */
	struct con *cons;   /* on their way in confirmable messages, in the order they were sent */
	struct poll *polls; /* answered when the broker has the subscription */
	struct observer *observers;
	bool stranger;             /* in queues.strangers */
	bool subscribing;          /* in queues.by_sub */
	int sub_mid;               /* of the SUBSCRIBE under way */
	UT_hash_handle hh;         /* in queues.by_sub */
	struct queue *prev, *next; /* in queues.news */
	struct queue *s_prev, *s_next;
};

struct queues {
	struct spool *spool;
	struct con *by_mid;
	struct queue *by_sub; /* whose SUBACK is awaited */
	struct queue *news;   /* those with news, observers are to be told */
	/* Of UEs of which the EESE took no message since they are remembered, the longest not
	 * polled first. Anybody can poll for them. */
	struct queue *strangers;
	size_t stranger_count;
	size_t count;    /* UEs */
	size_t messages; /* in the spool */
	uint64_t swept;  /* when those nobody polls were last looked for */
	uint64_t looked; /* when confirmable messages were last looked at */
};

/* Takes up what the spool has. False: the reason was said. */
bool queues_open(struct gateway *g);
void queues_close(struct gateway *g);

/* Somebody polls or observes this UE: makes its queue or renews it. NULL: it can't be had. */
struct queue *queue_want(struct gateway *g, struct ue *ue);

/* The EESE took a message of this UE. */
void queue_no_stranger(struct gateway *g, struct queue *q);

/* A message from the broker, or a KEY_UPDATE. */
void queue_put(struct gateway *g, struct queue *q, const char *sub, const uint8_t *octets,
	       size_t len);
void queue_update(struct gateway *g, struct queue *q, const uint8_t *msg, size_t len);
/* The UE uses the keyset of its newest KEY_UPDATE: it needs none any more. */
void queue_keyset_used(struct gateway *g, struct queue *q);
/* Whether this KEY_UPDATE's keyset is announced among the messages that wait. */
bool queue_announces(struct gateway *g, const struct queue *q, const uint8_t *msg);

/* Observers are to be told, when what came is settled. */
void queue_note(struct gateway *g, struct queue *q);

/* The first message above after that is not on its way; only of sub unless that is NULL. */
bool queue_next(struct gateway *g, const struct queue *q, uint64_t after, const char *sub,
		struct spooled *out);

/* All up to this number was handed out, but for what is on its way. */
void queue_offer(struct gateway *g, struct queue *q, uint64_t number);
/* This message goes out in a confirmable message. */
void queue_on_its_way(struct gateway *g, struct queue *q, uint64_t number);

/* The UE says that it has all up to this number, only of sub unless that is NULL. Only what was
 * offered can be acknowledged. */
void queue_acknowledge(struct gateway *g, struct queue *q, uint64_t number, const char *sub);

/* The UE has message number. */
void queue_delivered(struct gateway *g, struct queue *q, uint64_t number);
/* It was on its way and did not arrive: it waits again, and a higher number that the UE was given
 * meanwhile does not stand for it. */
void queue_failed(struct queue *q, uint64_t number);

/* What was put is in the spool, so that the broker may be told; observers are. False: it is not.
 */
bool queues_settle(struct gateway *g);

/* Does what is due; when it is needed next. */
uint64_t queues_poll(struct gateway *g, uint64_t now);

#endif
