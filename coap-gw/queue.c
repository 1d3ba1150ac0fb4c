/* SPDX-License-Identifier: Apache-2.0 */
#include "queue.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <utlist.h>

#include "con.h"
#include "gateway.h"
#include "host/say.h"
#include "keep.h"
#include "observe.h"
#include "poll.h"

enum {
	SWEEP = 60000,
	LOOK = 5000,
	TRIES = 16, /* strangers that are looked at for one to be given up */
	MEBI = 1 << 20,
};

static uint64_t unix_now(void)
{
	return (uint64_t)time(NULL);
}

static void removed(struct gateway *g, struct queue *q, size_t count)
{
	q->count -= count;
	g->queues.messages -= count;
	g->counters.of[COUNT_DOWNLINK_ACKNOWLEDGED] += count;
}

/* ---- the UEs ---- */

static void make_stranger(struct gateway *g, struct queue *q)
{
	q->stranger = true;
	g->queues.stranger_count++;
	DL_APPEND2(g->queues.strangers, q, s_prev, s_next);
}

void queue_no_stranger(struct gateway *g, struct queue *q)
{
	if (!q->stranger)
		return;
	q->stranger = false;
	g->queues.stranger_count--;
	DL_DELETE2(g->queues.strangers, q, s_prev, s_next);
}

static void renew_stranger(struct gateway *g, struct queue *q)
{
	queue_no_stranger(g, q);
	make_stranger(g, q);
}

static struct queue *make(struct gateway *g, struct ue *ue, int64_t row, uint64_t until)
{
	struct queue *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return NULL;
	q->ue = ue;
	q->row = row;
	q->until = q->written = until;
	ue->queue = q;
	ue_hold(&g->ues, ue);
	g->queues.count++;
	if (!ue->known)
		make_stranger(g, q);
	return q;
}

static void drop(struct gateway *g, struct queue *q)
{
	if (q->subscribing)
		HASH_DEL(g->queues.by_sub, q);
	poll_drop(g, q);
	while (q->observers != NULL)
		observe_end(g, q->observers);
	cons_drop(g, q);
	if (q->news)
		DL_DELETE(g->queues.news, q);
	queue_no_stranger(g, q);
	q->ue->queue = NULL;
	ue_release(&g->ues, q->ue);
	g->queues.count--;
	g->queues.messages -= q->count;
	free(q);
}

static void take_up(void *ctx, const struct spool_ue *from)
{
	struct gateway *g = ctx;
	struct ue *ue = ues_take(&g->ues, from->name);
	struct queue *q = ue != NULL ? make(g, ue, from->row, from->until) : NULL;

	if (q == NULL) {
		say_error("%s: more UEs in the spool than --max-ues allows", from->name);
		return;
	}
	q->count = from->waiting;
	/* It may have got it, and acknowledge it now. */
	q->offered = q->kept = from->offered;
	g->queues.messages += from->waiting;
	ue_keep_update(ue, from->update, from->update_len);
}

bool queues_open(struct gateway *g)
{
	g->queues.spool = spool_open(g->options->spool, g->options->spool_sync);
	return g->queues.spool != NULL && spool_each(g->queues.spool, take_up, g);
}

void queues_close(struct gateway *g)
{
	struct ue *ue, *next;

	HASH_ITER(hh, g->ues.by_id, ue, next)
	{
		if (ue->queue != NULL)
			drop(g, ue->queue);
	}
	spool_close(g->queues.spool);
	g->queues.spool = NULL;
}

/* Nobody takes its downlink any more. */
static void give_up(struct gateway *g, struct queue *q)
{
	keep_deafen(g, q);
	spool_forget(g->queues.spool, q->row);
	drop(g, q);
}

static bool is_idle(const struct queue *q)
{
	return q->count == 0 && q->observers == NULL && q->polls == NULL && q->cons == NULL;
}

/* Half of all UEs may be strangers; one more takes the place of one for which nothing waits. */
static bool room_for(struct gateway *g, const struct ue *ue)
{
	const size_t max = (g->ues.count_max + 1) / 2;

	for (int i = 0; !ue->known && g->queues.stranger_count >= max; i++) {
		struct queue *q = g->queues.strangers;

		if (i == TRIES)
			return false;
		if (is_idle(q))
			give_up(g, q);
		else
			renew_stranger(g, q);
	}
	return true;
}

struct queue *queue_want(struct gateway *g, struct ue *ue)
{
	const uint64_t life = g->options->poll_life / 1000, until = unix_now() + life;
	struct queue *q = ue->queue;
	int64_t row;

	if (q == NULL) {
		row = room_for(g, ue) ? spool_want(g->queues.spool, ue->id, until) : 0;
		q = row != 0 ? make(g, ue, row, until) : NULL;
		if (q == NULL)
			return NULL;
	} else if (q->stranger) {
		renew_stranger(g, q);
	}
	q->until = until;
	/* Not at each poll: what is lost with the process is a sixteenth of the time. */
	if (until > q->written + life / 16 && spool_want(g->queues.spool, ue->id, until) != 0)
		q->written = until;
	keep_hear(g, q);
	return q;
}

/* ---- messages ---- */

/* It has none if the transaction that made it failed. */
static bool ensure_row(struct gateway *g, struct queue *q)
{
	if (q->row == 0)
		q->row = spool_want(g->queues.spool, q->ue->id, q->until);
	return q->row != 0;
}

static void tell_of_drop(struct gateway *g, const char *why)
{
	g->counters.of[COUNT_DOWNLINK_DROPPED]++;
	if (gateway_now() < g->complain_at)
		return;
	g->complain_at = gateway_now() + SWEEP;
	say_error("downlink is dropped: %s", why);
}

static const char *no_room(struct gateway *g, const struct queue *q, size_t len)
{
	const struct options *o = g->options;

	if (len > EESE_MESSAGE_MAX)
		return "a message is longer than any can be";
	if (q->count >= (size_t)o->queue_ue)
		return "a UE has as many messages waiting as --queue-ue allows";
	if (g->queues.messages >= (size_t)o->queue_all)
		return "as many messages wait as --queue-all allows";
	if (spool_size(g->queues.spool) >= (uint64_t)o->spool_max * MEBI)
		return "the spool is as large as --spool-max allows";
	return NULL;
}

void queue_note(struct gateway *g, struct queue *q)
{
	if (q->news)
		return;
	q->news = true;
	DL_APPEND(g->queues.news, q);
}

static void put(struct gateway *g, struct queue *q, const char *sub, const uint8_t *octets,
		size_t len)
{
	const char *why = no_room(g, q, len);

	if (why != NULL) {
		tell_of_drop(g, why);
		return;
	}
	if (!ensure_row(g, q) || spool_put(g->queues.spool, q->row, sub, octets, len) == 0)
		return; /* queues_settle() will say so */
	q->count++;
	g->queues.messages++;
	queue_note(g, q);
}

void queue_put(struct gateway *g, struct queue *q, const char *sub, const uint8_t *octets,
	       size_t len)
{
	g->counters.of[COUNT_DOWNLINK]++;
	put(g, q, sub, octets, len);
}

bool queue_announces(struct gateway *g, const struct queue *q, const uint8_t *msg)
{
	struct spooled m;

	return spool_newest_control(g->queues.spool, q->row, &m) && m.len >= EESE_KEY_UPDATE_MIN &&
	       ue_same_keyset(m.octets, msg);
}

/* Among the messages, as it stands before those that are protected under its keyset and behind
 * those of the keyset before, which the UE lets go of. A repeat takes the place of what it repeats.
 */
void queue_update(struct gateway *g, struct queue *q, const uint8_t *msg, size_t len)
{
	struct spooled m;

	if (len < EESE_KEY_UPDATE_MIN || len > EESE_KEY_UPDATE_MAX || ue_uses(q->ue, msg) ||
	    !ensure_row(g, q))
		return;
	spool_update(g->queues.spool, q->row, msg, len);
	if (queue_announces(g, q, msg) && spool_newest_control(g->queues.spool, q->row, &m))
		spool_replace(g->queues.spool, m.number, msg, len);
	else
		put(g, q, SPOOL_CONTROL, msg, len);
}

void queue_keyset_used(struct gateway *g, struct queue *q)
{
	const size_t count = spool_remove_control(g->queues.spool, q->row);

	spool_update(g->queues.spool, q->row, NULL, 0);
	q->count -= count;
	g->queues.messages -= count;
}

void queue_delivered(struct gateway *g, struct queue *q, uint64_t number)
{
	removed(g, q, spool_remove(g->queues.spool, q->row, number, number));
}

/* What the spool has of it. What is on its way may have to be given again, and after a restart
 * nobody knows any more that it was. */
static void keep_offered(struct gateway *g, struct queue *q, uint64_t number)
{
	q->kept = number;
	spool_offer(g->queues.spool, q->row, number);
}

void queue_offer(struct gateway *g, struct queue *q, uint64_t number)
{
	const uint64_t on_its_way = con_lowest(q);

	if (number > q->offered)
		q->offered = number;
	if (on_its_way != 0 && on_its_way <= number)
		number = on_its_way - 1;
	if (number > q->kept)
		keep_offered(g, q, number);
}

void queue_on_its_way(struct gateway *g, struct queue *q, uint64_t number)
{
	if (number <= q->kept)
		keep_offered(g, q, number - 1);
}

void queue_failed(struct queue *q, uint64_t number)
{
	if (q->offered >= number)
		q->offered = number - 1;
}

bool queue_next(struct gateway *g, const struct queue *q, uint64_t after, const char *sub,
		struct spooled *out)
{
	if (q->count == 0)
		return false;
	while (spool_next(g->queues.spool, q->row, after, sub, out)) {
		if (!con_carries(q, out->number))
			return true;
		after = out->number;
	}
	return false;
}

/* Those on their way are left to what becomes of them. */
void queue_acknowledge(struct gateway *g, struct queue *q, uint64_t number, const char *sub)
{
	struct spooled m;

	if (number > q->offered)
		return;
	while (queue_next(g, q, 0, sub, &m) && m.number <= number)
		queue_delivered(g, q, m.number);
}

/* ---- the loop ---- */

static void recount(void *ctx, const struct spool_ue *from)
{
	struct gateway *g = ctx;
	struct ue *ue = ues_find(&g->ues, from->name);

	if (ue == NULL || ue->queue == NULL)
		return;
	ue->queue->row = from->row;
	ue->queue->count = from->waiting;
	ue->queue->kept = from->offered;
	g->queues.messages += from->waiting;
}

/* As the spool has it: recount() fills them in again. */
static void forget_counts(struct gateway *g)
{
	struct ue *ue, *next;

	g->queues.messages = 0;
	HASH_ITER(hh, g->ues.by_id, ue, next)
	{
		if (ue->queue == NULL)
			continue;
		ue->queue->row = 0;
		ue->queue->count = 0;
	}
}

bool queues_settle(struct gateway *g)
{
	struct queue *q;

	if (!spool_commit(g->queues.spool)) {
		forget_counts(g);
		spool_each(g->queues.spool, recount, g);
		return false;
	}
	while ((q = g->queues.news) != NULL) {
		DL_DELETE(g->queues.news, q);
		q->news = false;
		observe_tell(g, q);
	}
	return true;
}

static void sweep(struct gateway *g)
{
	const uint64_t now = unix_now();
	struct ue *ue, *next;

	HASH_ITER(hh, g->ues.by_id, ue, next)
	{
		struct queue *q = ue->queue;

		if (q == NULL || q->observers != NULL || q->until >= now)
			continue;
		say_debug("%s: nobody polls for it any more", ue->id);
		give_up(g, q);
	}
}

uint64_t queues_poll(struct gateway *g, uint64_t now)
{
	const uint64_t life = g->options->poll_life;

	clients_poll(&g->clients);
	if (now >= g->queues.swept + (life < SWEEP ? life : SWEEP)) {
		g->queues.swept = now;
		sweep(g);
	}
	if (now >= g->queues.looked + LOOK) {
		const uint64_t late = now - g->queues.looked - LOOK;

		g->queues.looked = now;
		cons_poll(g, now, late);
	}
	return g->queues.looked + LOOK;
}
