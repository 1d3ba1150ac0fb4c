/* SPDX-License-Identifier: Apache-2.0 */
#include "poll.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "answer.h"
#include "con.h"
#include "content.h"
#include "hash.h"
#include "live.h"
#include "observe.h"

enum { SZX_MAX = 6, PARK_MS = 5000 };

/* One that waits for the broker's SUBACK. */
struct poll {
	struct message m; /* its pointers into the PDU are no longer valid */
	struct asker asker;
	struct queue *queue;
	uint64_t until;
	struct poll *prev, *next; /* in queue.polls */
	struct poll *w_prev, *w_next;
};

static struct reply content_reply(uint64_t etag)
{
	struct reply r = reply_of(CODE_CONTENT);

	/* Never from a cache. */
	r.has_max_age = true;
	r.max_age = 0;
	r.has_etag = etag != 0;
	r.etag = etag;
	return r;
}

static void nothing(struct gateway *g, const struct message *m, struct asker *a)
{
	struct reply r = content_reply(0);

	/* RFC 7252 5.9.1.3: what it has is still the newest. */
	if (m->acks && !m->ride) {
		r.code = CODE_VALID;
		r.has_etag = true;
		r.etag = m->ack;
	}
	asker_reply(g, a, &r);
}

/* More than the sender may be given before it is known to be where it says. */
static void ask_address(struct gateway *g, const struct message *m, struct asker *a)
{
	const struct reply r = client_ask(m, gateway_now());

	g->counters.of[COUNT_ECHO]++;
	asker_reply(g, a, &r);
}

static void give_ctl(struct gateway *g, struct ue *ue, const struct message *m, struct asker *a)
{
	struct reply r;

	if (ue->update_len == 0) {
		r = content_reply(0);
		asker_reply(g, a, &r);
		return;
	}
	r = content_reply(ue_update_tag(ue));
	if (m->acks && m->ack == r.etag) {
		r.code = CODE_VALID;
	} else {
		r.format = FORMAT_OCTETS;
		r.payload = ue->update;
		r.payload_len = ue->update_len;
	}
	if (!asker_fits(a, &r)) {
		ask_address(g, m, a);
		return;
	}
	ue->update_new = false;
	asker_reply(g, a, &r);
}

/* In a message of its own, which the client acknowledges. */
static void give_confirmable(struct gateway *g, struct queue *q, struct asker *a,
			     const struct reply *r, uint64_t number)
{
	struct client *client = client_of(&g->clients, a->session);
	const coap_mid_t mid = asker_confirm(g, a, r);

	if (client != NULL)
		con_sent(g, q, client, mid, number, NULL);
	asker_forget(a);
}

/* The block that was asked for. False: there is no such. */
static bool cut(const struct message *m, const struct content *c, size_t room, struct reply *r)
{
	uint8_t szx = SZX_MAX;
	size_t offset, size;

	if (m->block2.present && m->block2.szx < szx)
		szx = m->block2.szx;
	while (szx > 0 && ((size_t)16 << szx) > room)
		szx--;
	size = (size_t)16 << szx;
	offset = (size_t)m->block2.num * size;
	if (offset >= c->len || size > room)
		return false;
	r->payload = c->octets + offset;
	r->payload_len = c->len - offset < size ? c->len - offset : size;
	r->block2 = (struct block){
	    .present = true, .more = c->len - offset > size, .num = m->block2.num, .szx = szx};
	return true;
}

static void refuse(struct gateway *g, struct asker *a, uint8_t code)
{
	const struct reply r = reply_of(code);

	g->counters.of[COUNT_BAD]++;
	asker_reply(g, a, &r);
}

static size_t block_size(const struct message *m)
{
	return (size_t)16 << (m->block2.present && m->block2.szx < SZX_MAX ? m->block2.szx
									   : SZX_MAX);
}

static void give_down(struct gateway *g, struct ue *ue, const struct message *m, struct asker *a)
{
	struct queue *q = ue->queue;
	const bool tells = m->ride || m->acks;
	struct reply r = content_reply(UINT64_MAX);
	struct wish w = {
	    .sub = m->path.has_sub ? m->path.sub : NULL, .many = tells, .alone = m->block2.num > 0};
	struct content c;

	if (m->acks)
		queue_acknowledge(g, q, m->ack, w.sub);
	r.format = FORMAT_CBOR_SEQ;
	w.room = asker_room(a, &r);
	if (w.room > block_size(m))
		w.room = block_size(m);
	content_make(g, ue, &w, &c);
	if (c.len == 0) {
		nothing(g, m, a);
		return;
	}
	/* A confirmable message is sent up to five times. */
	if (!a->verified && (!tells || c.len > w.room)) {
		ask_address(g, m, a);
		return;
	}
	r = content_reply(c.last);
	r.format = c.format;
	r.payload = c.octets;
	r.payload_len = c.len;
	if ((c.len > w.room || m->block2.num > 0) && !cut(m, &c, w.room, &r)) {
		refuse(g, a, CODE_BAD_REQUEST);
		return;
	}
	if (c.update)
		ue->update_new = false;
	if (tells && c.last != 0)
		queue_offer(g, q, c.last);
	if (tells || c.last == 0 || r.block2.more)
		asker_reply(g, a, &r);
	else
		give_confirmable(g, q, a, &r, c.last);
}

static void give(struct gateway *g, struct queue *q, const struct message *m, struct asker *a)
{
	if (m->path.kind == PATH_CTL)
		give_ctl(g, q->ue, m, a);
	else
		give_down(g, q->ue, m, a);
}

static void leave(struct gateway *g, struct poll *p)
{
	DL_DELETE(p->queue->polls, p);
	DL_DELETE2(g->polls, p, w_prev, w_next);
	g->poll_count--;
}

static void unpark(struct gateway *g, struct poll *p)
{
	leave(g, p);
	if (p->m.observe == OBSERVE_REGISTER)
		observe_begin(g, p->queue, &p->m, &p->asker);
	else
		give(g, p->queue, &p->m, &p->asker);
	free(p);
}

void poll_heard(struct gateway *g, struct queue *q)
{
	/* Each is taken out before it is freed, which the analyzer doesn't follow. */
	while (q->polls != NULL)
		unpark(g, q->polls); /* NOLINT(clang-analyzer-unix.Malloc) */
}

void poll_drop(struct gateway *g, struct queue *q)
{
	while (q->polls != NULL) {
		struct poll *p = q->polls;
		const struct reply r = reply_later(CODE_UNAVAILABLE, LIVE_COME_AGAIN);

		leave(g, p); /* NOLINT(clang-analyzer-unix.Malloc) */
		g->counters.of[COUNT_UNAVAILABLE]++;
		asker_reply(g, &p->asker, &r);
		free(p);
	}
}

uint64_t poll_due(struct gateway *g, uint64_t now)
{
	/* All wait equally long, so that the first is due first. */
	while (g->polls != NULL && now >= g->polls->until)
		unpark(g, g->polls);
	return g->polls != NULL ? g->polls->until : UINT64_MAX;
}

/* Until then there might be a message that nobody keeps. */
static void park(struct gateway *g, struct queue *q, const struct message *m, struct asker *a)
{
	struct poll *p = NULL;

	if (g->poll_count < (size_t)g->options->max_requests)
		p = calloc(1, sizeof(*p));
	if (p == NULL) {
		const struct reply r = reply_later(CODE_UNAVAILABLE, LIVE_COME_AGAIN);

		g->counters.of[COUNT_UNAVAILABLE]++;
		asker_reply(g, a, &r);
		return;
	}
	p->m = *m;
	p->m.payload = p->m.echo = NULL;
	p->asker = *a;
	p->queue = q;
	p->until = gateway_now() + PARK_MS;
	DL_APPEND(q->polls, p);
	DL_APPEND2(g->polls, p, w_prev, w_next);
	g->poll_count++;
}

/* Accept, and what can be asked of down. */
static uint8_t objection(const struct message *m)
{
	const bool bundle = m->path.kind == PATH_DOWN && !m->path.has_sub;

	if (m->bad_query)
		return CODE_BAD_REQUEST;
	if (m->if_none_match || m->if_match_other)
		return CODE_PRECONDITION;
	if (m->accept != FORMAT_NONE && m->accept != (bundle ? FORMAT_CBOR_SEQ : FORMAT_OCTETS))
		return CODE_NOT_ACCEPTABLE;
	if (m->block2.present && m->block2.szx > SZX_MAX)
		return CODE_BAD_REQUEST;
	return 0;
}

static struct queue *queue_for(struct gateway *g, const struct message *m, struct reply *r)
{
	const struct options *o = g->options;
	struct ue *ue = g->draining ? NULL : ues_take(&g->ues, m->path.ue);
	uint8_t network[NETWORK_SIZE];
	struct queue *q = NULL;

	*r = reply_later(CODE_UNAVAILABLE, LIVE_COME_AGAIN);
	peer_network(&m->peer, network);
	if (ue != NULL && !ue_within_rate(ue, network, gateway_now(), o->rate_ue, o->burst_ue)) {
		*r = reply_later(CODE_TOO_MANY, 1);
		g->counters.of[COUNT_TOO_MANY]++;
		return NULL;
	}
	if (ue != NULL)
		q = queue_want(g, ue);
	/* What waits here is given out without the broker too. */
	if (q != NULL && !g->keep.up && q->count == 0)
		q = NULL;
	g->counters.of[COUNT_UNAVAILABLE] += q == NULL;
	return q;
}

bool poll_get(struct gateway *g, const struct message *m, struct reply *r)
{
	struct client *client = client_of(&g->clients, m->session);
	const uint8_t code = objection(m);
	struct queue *q;
	struct asker a;

	*r = reply_of(code);
	if (code != 0) {
		g->counters.of[COUNT_BAD]++;
		return false;
	}
	if (m->observe == OBSERVE_CANCEL) {
		observe_cancel(g, m);
		*r = content_reply(0);
		return false;
	}
	q = client != NULL ? queue_for(g, m, r) : NULL;
	if (q == NULL)
		return false;
	asker_init(&a, m, client->verified);
	if (m->observe == OBSERVE_REGISTER && !a.verified) {
		ask_address(g, m, &a);
	} else if (!q->heard && g->keep.up) {
		park(g, q, m, &a);
	} else if (m->observe == OBSERVE_REGISTER) {
		observe_begin(g, q, m, &a);
	} else {
		give(g, q, m, &a);
	}
	return true;
}
