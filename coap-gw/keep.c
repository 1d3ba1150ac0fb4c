/* SPDX-License-Identifier: Apache-2.0 */
#include "keep.h"

#include <stdio.h>
#include <string.h>

#include "eese/control.h"
#include "host/say.h"
#include "observe.h"
#include "poll.h"
#include "queue.h"
#include "topic.h"

struct filters {
	char ctl[TOPIC_ROOM], down[TOPIC_ROOM];
};

static void fill(const struct gateway *g, const char *id, struct filters *f)
{
	snprintf(f->ctl, sizeof(f->ctl), "%s/%s/ctl", g->options->base, id);
	snprintf(f->down, sizeof(f->down), "%s/%s/down/#", g->options->base, id);
}

static void unsubscribe(struct gateway *g, const char *id)
{
	struct filters f;

	fill(g, id, &f);
	broker_unsubscribe(&g->keep, f.ctl, NULL);
	broker_unsubscribe(&g->keep, f.down, NULL);
}

void keep_hear(struct gateway *g, struct queue *q)
{
	struct filters f;
	/* ctl first: a KEY_UPDATE must not come later than what it is for. */
	char *const filters[] = {f.ctl, f.down};

	if (q->asked == g->keep_connection || !g->keep.up)
		return;
	fill(g, q->ue->id, &f);
	if (!broker_subscribe(&g->keep, filters, 2, &q->sub_mid))
		return;
	q->asked = g->keep_connection;
	HASH_ADD(hh, g->queues.by_sub, sub_mid, sizeof(q->sub_mid), q);
	q->subscribing = q->hh.tbl != NULL;
}

void keep_deafen(struct gateway *g, struct queue *q)
{
	unsubscribe(g, q->ue->id);
}

/* Where the broker has lost the session, or this process is new, all are to be subscribed; where
 * it has it, doing it again does no harm. */
static void on_up(void *ctx, bool had_session)
{
	struct gateway *g = ctx;
	struct ue *ue, *next;

	g->keep_connection++;
	HASH_CLEAR(hh, g->queues.by_sub);
	HASH_ITER(hh, g->ues.by_id, ue, next)
	{
		if (ue->queue == NULL)
			continue;
		ue->queue->subscribing = false;
		ue->queue->heard &= had_session;
		keep_hear(g, ue->queue);
	}
	say_event("connected to the broker for downlink%s", had_session ? "" : ", a new session");
}

static void on_subscribed(void *ctx, int mid, int reason)
{
	struct gateway *g = ctx;
	struct queue *q;

	topic_granted(g, reason);
	HASH_FIND_INT(g->queues.by_sub, &mid, q);
	if (q == NULL)
		return;
	HASH_DEL(g->queues.by_sub, q);
	q->subscribing = false;
	q->heard = true;
	poll_heard(g, q);
}

static void on_control(struct gateway *g, struct queue *q, const uint8_t *payload, size_t len)
{
	enum eese_kind kind;

	if (eese_message_kind(payload, len, &kind) != EESE_OK || kind != EESE_KIND_KEY_UPDATE)
		return;
	ue_keep_update(q->ue, payload, len);
	queue_update(g, q, payload, len);
	queue_note(g, q);
}

static void on_message(void *ctx, const char *topic, const uint8_t *payload, size_t len)
{
	static const char down[] = "down/";
	struct gateway *g = ctx;
	char id[EESE_UE_ID_MAX + 1];
	const char *rest;
	struct ue *ue;
	struct queue *q;

	if (!topic_id(g, topic, id, &rest))
		return;
	ue = ues_find(&g->ues, id);
	q = ue != NULL ? ue->queue : NULL;
	if (q == NULL)
		unsubscribe(g, id); /* left from before; nobody polls for it */
	else if (strcmp(rest, "ctl") == 0)
		on_control(g, q, payload, len);
	else if (strncmp(rest, down, sizeof(down) - 1) == 0)
		queue_put(g, q, rest + sizeof(down) - 1, payload, len);
}

static bool settle(void *ctx)
{
	return queues_settle(ctx);
}

bool keep_open(struct gateway *g)
{
	const struct broker_owner owner = {
	    .ctx = g,
	    .up = on_up,
	    .message = on_message,
	    .subscribed = on_subscribed,
	    .settle = settle,
	};
	char id[80];

	snprintf(id, sizeof(id), "%.70s-keep", g->options->id);
	return broker_open(&g->keep, &g->options->login, "downlink", id,
			   (uint32_t)(g->options->poll_life / 1000), &owner);
}
