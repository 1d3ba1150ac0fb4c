/* SPDX-License-Identifier: Apache-2.0 */
#include "con.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "gateway.h"
#include "observe.h"
#include "queue.h"

enum {
	PING_AFTER = 16,   /* unsettled messages */
	STANDSTILL = 5000, /* the longest that may not show as late in cons_poll() */
};

/* A confirmable message of ours. */
struct con_key {
	const coap_session_t *session;
	coap_mid_t mid;
	int zero;
};

struct con {
	struct con_key key;
	coap_session_t *session; /* a reference */
	struct queue *queue;
	uint64_t number;           /* of the message in it; 0: none */
	struct observer *observer; /* NULL: none, or it is gone */
	bool ping;
	uint64_t until;
	UT_hash_handle hh;
	struct con *prev, *next; /* in queue.cons */
};

/* MAX_TRANSMIT_WAIT of RFC 7252 4.8.2, with ACK_RANDOM_FACTOR 1.5: 93 s by default. */
static uint64_t transmit_wait(const struct options *o)
{
	return o->ack_timeout * ((UINT64_C(2) << o->max_retransmit) - 1) * 3 / 2;
}

static struct con_key con_key(const coap_session_t *session, coap_mid_t mid)
{
	struct con_key k;

	memset(&k, 0, sizeof(k));
	k.session = session;
	k.mid = mid;
	return k;
}

static void con_drop(struct gateway *g, struct con *con)
{
	struct client *client = coap_session_get_app_data(con->session);

	/* It is taken out before it is freed, which the analyzer doesn't follow. */
	HASH_DEL(g->queues.by_mid, con); /* NOLINT(clang-analyzer-unix.Malloc) */
	DL_DELETE(con->queue->cons, con);
	if (client != NULL)
		client->cons--;
	coap_session_release(con->session);
	free(con);
}

static bool con_make(struct gateway *g, struct queue *q, struct client *client, coap_mid_t mid,
		     uint64_t number, struct observer *o)
{
	struct con *con = NULL;

	if (mid != COAP_INVALID_MID && !client->closed)
		con = calloc(1, sizeof(*con));
	if (con == NULL)
		return false;
	con->key = con_key(client->session, mid);
	con->queue = q;
	con->number = number;
	con->observer = o;
	/* One after the other is sent. */
	con->until = gateway_now() + transmit_wait(g->options) * (++client->cons) + STANDSTILL;
	HASH_ADD(hh, g->queues.by_mid, key, sizeof(con->key), con);
	if (con->hh.tbl == NULL) {
		client->cons--;
		free(con);
		return false;
	}
	con->session = coap_session_reference(client->session);
	DL_APPEND(q->cons, con);
	return true;
}

void cons_drop(struct gateway *g, struct queue *q)
{
	while (q->cons != NULL)
		con_drop(g, q->cons);
}

bool con_carries(const struct queue *q, uint64_t number)
{
	const struct con *con;

	DL_FOREACH(q->cons, con)
	{
		if (con->number == number)
			return true;
	}
	return false;
}

uint64_t con_lowest(const struct queue *q)
{
	const struct con *con;
	uint64_t lowest = 0;

	DL_FOREACH(q->cons, con)
	{
		if (con->number != 0 && (lowest == 0 || con->number < lowest))
			lowest = con->number;
	}
	return lowest;
}

static void con_acknowledged(struct gateway *g, struct con *con)
{
	struct queue *q = con->queue;

	if (con->number > 0)
		queue_delivered(g, q, con->number);
	con_drop(g, con);
	/* There is room for more on their way. */
	if (q->observers != NULL && q->count > 0)
		queue_note(g, q);
}

static bool has_ping(const struct queue *q, const coap_session_t *session, size_t *messages)
{
	const struct con *con;

	*messages = 0;
	DL_FOREACH(q->cons, con)
	{
		if (con->session != session)
			continue;
		if (con->ping)
			return true;
		++*messages;
	}
	return false;
}

static void ping(struct gateway *g, struct queue *q, struct client *client)
{
	size_t messages;

	if (has_ping(q, client->session, &messages) || messages < PING_AFTER)
		return;
	if (con_make(g, q, client, coap_session_send_ping(client->session), 0, NULL))
		q->cons->prev->ping = true;
}

bool con_sent(struct gateway *g, struct queue *q, struct client *client, coap_mid_t mid,
	      uint64_t number, struct observer *o)
{
	if (!con_make(g, q, client, mid, number, o))
		return false;
	g->counters.of[COUNT_DOWNLINK_HANDED] += number > 0;
	if (number > 0)
		queue_on_its_way(g, q, number);
	ping(g, q, client);
	return true;
}

/* A ping is sent when what went before it is settled, and what failed was heard of. */
static void settle_before(struct gateway *g, struct con *end)
{
	struct queue *q = end->queue;
	struct con *con = q->cons, *next;

	for (; con != end; con = next) {
		next = con->next;
		if (con->session == end->session)
			con_acknowledged(g, con);
	}
}

void con_nack(struct gateway *g, coap_session_t *session, coap_mid_t mid, bool reset)
{
	const struct con_key k = con_key(session, mid);
	struct observer *o;
	struct queue *q;
	struct con *con;

	HASH_FIND(hh, g->queues.by_mid, &k, sizeof(k), con);
	if (con == NULL)
		return;
	q = con->queue;
	o = con->observer;
	if (con->ping && reset)
		settle_before(g, con);
	else if (!reset)
		client_lost(&g->clients, session);
	if (con->number > 0)
		queue_failed(q, con->number);
	con_drop(g, con);
	if (o != NULL)
		observe_gone(g, o);
	if (q->observers != NULL)
		queue_note(g, q);
}

void con_observer_gone(struct queue *q, const struct observer *o)
{
	struct con *con;

	DL_FOREACH(q->cons, con)
	{
		if (con->observer == o)
			con->observer = NULL;
	}
}

/* Of each queue's, the first is due first, but for those of several clients. */
void cons_poll(struct gateway *g, uint64_t now, uint64_t late)
{
	struct con *con, *next;

	HASH_ITER(hh, g->queues.by_mid, con, next)
	{
		con->until += late;
		if (now >= con->until)
			con_acknowledged(g, con);
	}
}
