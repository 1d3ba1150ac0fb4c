/* SPDX-License-Identifier: Apache-2.0 */
#include "observe.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "con.h"
#include "content.h"

enum {
	ROOM = 1024,
	SZX_1024 = 6,
	ON_THEIR_WAY_MAX = 32, /* messages to one client */
	SEQUENCE_MASK = 0xffffff,
	SHARES = 4,
};

struct observer {
	struct client *client; /* as long as there is the session, which is held */
	coap_session_t *session;
	uint8_t network[NETWORK_SIZE]; /* of the client */
	struct queue *queue;
	uint8_t token[TOKEN_MAX];
	uint8_t token_len;
	bool ctl;
	char *sub; /* NULL: every topic */
	uint32_t sequence;
	uint64_t announced;               /* number of the message whose first block it was given */
	uint64_t told;                    /* tag of the KEY_UPDATE it was given */
	uint64_t last;                    /* when it was last sent something */
	struct observer *prev, *next;     /* in queue.observers */
	struct observer *a_prev, *a_next; /* in gateway.observers, the longest untold first */
};

static struct observer *find(struct queue *q, const coap_session_t *session, const uint8_t *token,
			     size_t token_len)
{
	struct observer *o;

	DL_FOREACH(q->observers, o)
	{
		if (o->session == session && o->token_len == token_len &&
		    memcmp(o->token, token, token_len) == 0)
			return o;
	}
	return NULL;
}

void observe_end(struct gateway *g, struct observer *o)
{
	DL_DELETE(o->queue->observers, o);
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
	DL_DELETE2(g->observers, o, a_prev, a_next);
	g->observer_count--;
	con_observer_gone(o->queue, o);
	coap_session_release(o->session);
	free(o->sub);
	free(o);
}

void observe_gone(struct gateway *g, struct observer *o)
{
	g->counters.of[COUNT_OBSERVERS_GONE]++;
	observe_end(g, o);
}

/* One network has no more than a quarter of all. */
static bool is_room(const struct gateway *g, const uint8_t network[NETWORK_SIZE])
{
	const size_t max = (size_t)g->options->max_observers;
	const size_t share = (max + SHARES - 1) / SHARES;
	const struct observer *o;
	size_t count = 0;

	DL_FOREACH2(g->observers, o, a_next)
	{
		count += memcmp(o->network, network, NETWORK_SIZE) == 0;
	}
	return g->observer_count < max && count < share;
}

static struct observer *make(struct gateway *g, struct queue *q, const struct message *m)
{
	uint8_t network[NETWORK_SIZE];
	struct observer *o = NULL;

	peer_network(&m->peer, network);
	if (is_room(g, network))
		o = calloc(1, sizeof(*o));
	if (o == NULL)
		return NULL;
	if (m->path.has_sub) {
		o->sub = strdup(m->path.sub);
		if (o->sub == NULL) {
			free(o);
			return NULL;
		}
	}
	memcpy(o->network, network, sizeof(o->network));
	o->client = client_of(&g->clients, m->session);
	o->session = coap_session_reference(m->session);
	o->queue = q;
	o->ctl = m->path.kind == PATH_CTL;
	o->token_len = m->token_len;
	memcpy(o->token, m->token, sizeof(o->token));
	o->sequence = 1;
	DL_APPEND(q->observers, o);
	DL_APPEND2(g->observers, o, a_prev, a_next);
	g->observer_count++;
	return o;
}

static void touch(struct gateway *g, struct observer *o)
{
	o->last = gateway_now();
	/* It is in the list, and who is freed is not, which the analyzer doesn't know. */
	/* NOLINTBEGIN(clang-analyzer-core.NullDereference,clang-analyzer-unix.Malloc) */
	DL_DELETE2(g->observers, o, a_prev, a_next);
	DL_APPEND2(g->observers, o, a_prev, a_next);
	/* NOLINTEND(clang-analyzer-core.NullDereference,clang-analyzer-unix.Malloc) */
}

static struct reply notification(struct observer *o, uint64_t etag)
{
	struct reply r = reply_of(CODE_CONTENT);

	o->sequence = (o->sequence + 1) & SEQUENCE_MASK;
	r.has_observe = true;
	r.observe = o->sequence;
	r.has_max_age = true;
	r.has_etag = etag != 0;
	r.etag = etag;
	return r;
}

static coap_mid_t send_confirmable(struct observer *o, const struct reply *r)
{
	coap_pdu_t *pdu =
	    coap_pdu_init(COAP_MESSAGE_CON, COAP_EMPTY_CODE, coap_new_message_id(o->session),
			  coap_session_max_pdu_size(o->session));

	if (pdu == NULL)
		return COAP_INVALID_MID;
	if (coap_add_token(pdu, o->token_len, o->token) && reply_write(r, pdu))
		return coap_send(o->session, pdu);
	coap_delete_pdu(pdu);
	return COAP_INVALID_MID;
}

/* number: of the message that is in it as a whole; 0: none. */
static bool notify(struct gateway *g, struct observer *o, const struct reply *r, uint64_t number)
{
	g->counters.of[COUNT_NOTIFIED]++;
	touch(g, o);
	return con_sent(g, o->queue, o->client, send_confirmable(o, r), number, o);
}

static void tell_ctl(struct gateway *g, struct observer *o)
{
	struct ue *ue = o->queue->ue;
	const uint64_t tag = ue_update_tag(ue);
	struct reply r;

	if (ue->update_len == 0 || tag == o->told)
		return;
	r = notification(o, tag);
	r.format = FORMAT_OCTETS;
	r.payload = ue->update;
	r.payload_len = ue->update_len;
	if (!notify(g, o, &r, 0))
		return;
	o->told = tag;
	ue->update_new = false;
}

/* True: it was sent, and the next may be. */
static bool tell_next(struct gateway *g, struct observer *o)
{
	const struct wish w = {.sub = o->sub, .room = ROOM};
	struct ue *ue = o->queue->ue;
	struct content c;
	struct reply r;
	bool whole;

	content_make(g, ue, &w, &c);
	whole = c.len <= ROOM;
	if (c.len == 0 || (!whole && o->announced == c.last))
		return false;
	r = notification(o, c.last);
	r.format = c.format;
	r.payload = c.octets;
	r.payload_len = whole ? c.len : ROOM;
	if (!whole)
		r.block2 = (struct block){.present = true, .more = true, .szx = SZX_1024};
	if (!notify(g, o, &r, whole ? c.last : 0))
		return false;
	if (c.update)
		ue->update_new = false;
	if (!whole)
		o->announced = c.last;
	return whole;
}

static void tell(struct gateway *g, struct observer *o)
{
	if (o->client->closed)
		return;
	if (o->ctl)
		tell_ctl(g, o);
	else
		while (o->client->cons < ON_THEIR_WAY_MAX && tell_next(g, o))
			continue;
}

void observe_tell(struct gateway *g, struct queue *q)
{
	struct observer *o, *next;

	DL_FOREACH_SAFE(q->observers, o, next)
	{
		tell(g, o);
	}
}

/* Without Observe in the answer the client knows that it is not registered (RFC 7641 4.1). An empty
 * token can't be told from a ping's. */
void observe_begin(struct gateway *g, struct queue *q, const struct message *m, struct asker *a)
{
	struct observer *o = find(q, m->session, m->token, m->token_len);
	struct reply r;

	if (o == NULL && m->token_len > 0)
		o = make(g, q, m);
	if (o == NULL) {
		r = reply_of(CODE_CONTENT);
		r.has_max_age = true;
		asker_reply(g, a, &r);
		return;
	}
	o->announced = o->told = 0;
	touch(g, o);
	r = notification(o, 0);
	asker_reply(g, a, &r);
	tell(g, o);
}

void observe_cancel(struct gateway *g, const struct message *m)
{
	struct ue *ue = ues_find(&g->ues, m->path.ue);
	struct observer *o = NULL;

	if (ue != NULL && ue->queue != NULL)
		o = find(ue->queue, m->session, m->token, m->token_len);
	if (o != NULL)
		observe_end(g, o);
}

/* Nothing for a long time: is it still there? */
static void look_at(struct gateway *g, struct observer *o)
{
	const struct reply r = notification(o, 0);

	notify(g, o, &r, 0);
}

static void end_closed(struct gateway *g)
{
	struct observer *o, *next;

	g->clients.any_closed = false;
	DL_FOREACH_SAFE2(g->observers, o, next, a_next)
	{
		if (o->client->closed)
			observe_gone(g, o);
	}
}

uint64_t observe_poll(struct gateway *g, uint64_t now)
{
	const uint64_t quiet = g->options->observe_check;

	if (g->clients.any_closed)
		end_closed(g);
	while (g->observers != NULL && now >= g->observers->last + quiet)
		look_at(g, g->observers);
	return g->observers != NULL ? g->observers->last + quiet : UINT64_MAX;
}
