/* SPDX-License-Identifier: Apache-2.0 */
#include "uplink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "answer.h"
#include "content.h"
#include "eese/control.h"
#include "eese/data.h"
#include "live.h"

enum {
	REFUSED_FROM = 0x80, /* MQTT 5: reason codes from here on are failures */
	/* Before the client's first retransmission after 2 s (ACK_TIMEOUT, RFC 7252 4.8). */
	ACK_AFTER = 1500,
	/* In a KEY_REQUEST and in a KEY_UPDATE. */
	KSN_AT = 1,
	KSN_SIZE = 4,
};

enum state {
	PUBLISHED, /* the PUBACK is to come */
	DECIDED,   /* it came, and nothing is to be waited for */
	ROUND,     /* it came, a round trip is under way or to begin */
	KEYS,      /* nothing came at once: perhaps the EESE asks its key server */
};

struct uplink {
	struct asker asker;
	struct ue *ue;
	enum state state;
	bool request;  /* a KEY_REQUEST */
	bool accepted; /* by the PUBACK */
	bool ride;
	bool late;      /* in uplinks.late */
	unsigned round; /* the one to wait for */
	int mid;
	uint64_t began, until;
	uint8_t ksn[KSN_SIZE];            /* of a KEY_REQUEST: the newest that the UE knows */
	uint8_t head[EESE_DATA_HEAD_MAX]; /* names a data message, and ERROR 6 the one it is of */
	uint8_t head_len;
	UT_hash_handle hh;
	struct uplink *prev, *next;       /* in uplinks.fresh or .late */
	struct uplink *ue_prev, *ue_next; /* in ue.uplinks */
	struct uplink *w_prev, *w_next;   /* in uplinks.rounds or .keys */
};

static void leave_state(struct uplinks *all, struct uplink *u)
{
	switch (u->state) {
	case PUBLISHED:
		HASH_DEL(all->by_mid, u);
		break;
	case ROUND:
		DL_DELETE2(all->rounds, u, w_prev, w_next);
		break;
	case KEYS:
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
		DL_DELETE2(all->keys, u, w_prev, w_next);
		break;
	case DECIDED:
		break;
	}
	u->state = DECIDED;
}

/* Out of every list, and answered. */
static void finish(struct gateway *g, struct uplink *u, const struct reply *r)
{
	struct uplinks *all = &g->uplinks;

	leave_state(all, u);
	if (u->late)
		DL_DELETE(all->late, u);
	else
		DL_DELETE(all->fresh, u); /* NOLINT(clang-analyzer-core.NullDereference) */
	DL_DELETE2(u->ue->uplinks, u, ue_prev, ue_next);
	ue_release(&g->ues, u->ue);
	all->count--;
	asker_reply(g, &u->asker, r);
	free(u);
}

static void unavailable(struct gateway *g, struct uplink *u)
{
	const struct reply r = reply_later(CODE_UNAVAILABLE, LIVE_COME_AGAIN);

	g->counters.of[COUNT_UNAVAILABLE]++;
	finish(g, u, &r);
}

/* The answer as the PUBACK has it, with what the EESE said, if anything. */
static void answer(struct gateway *g, struct uplink *u, const uint8_t *said, size_t len)
{
	struct reply r = reply_of(u->accepted ? CODE_CHANGED : CODE_UNAUTHORIZED);

	if (len > 0) {
		r.format = FORMAT_OCTETS;
		r.payload = said;
		r.payload_len = len;
	}
	/* Of so few octets, it was no message of a UE. */
	if (!asker_fits(&u->asker, &r))
		r = reply_of(r.code);
	if (r.payload_len > 0 && said == u->ue->update)
		u->ue->update_new = false;
	finish(g, u, &r);
}

/* Accepted, and whatever waits for the UE rides back. */
static void answer_with_ride(struct gateway *g, struct uplink *u)
{
	struct ue *ue = u->ue;
	struct reply r = reply_of(CODE_CHANGED);
	/* Of itself it comes behind what was sent before it; who asked for it gets it first. */
	const bool first =
	    u->request ||
	    (ue->update_new && !(ue->queue != NULL && queue_announces(g, ue->queue, ue->update)));
	const size_t update_len = first ? ue->update_len : 0;
	struct content c;

	r.format = FORMAT_CBOR_SEQ;
	content_ride(g, ue, ue->update, update_len, asker_room(&u->asker, &r), &c);
	if (c.update)
		ue->update_new = false;
	if (c.last != 0)
		queue_offer(g, ue->queue, c.last);
	g->counters.of[COUNT_DOWNLINK_HANDED] += c.last != 0;
	if (c.len == 0)
		r.format = FORMAT_NONE;
	r.payload = c.octets;
	r.payload_len = c.len;
	finish(g, u, &r);
}

/* With the KEY_UPDATE that waits for this UE: what it still has to know. */
static void answer_with_update(struct gateway *g, struct uplink *u)
{
	if (u->accepted && u->ride)
		answer_with_ride(g, u);
	else
		answer(g, u, u->ue->update, u->ue->update_len);
}

/* With this KEY_UPDATE, which may be of a keyset that the UE uses already. */
static void answer_with(struct gateway *g, struct uplink *u, const uint8_t *msg, size_t len)
{
	if (u->ue->update_len == len && memcmp(u->ue->update, msg, len) == 0)
		answer_with_update(g, u);
	else
		answer(g, u, msg, len);
}

static void begin_round(struct gateway *g)
{
	struct uplinks *all = &g->uplinks;

	if (all->round_mid != 0 || all->rounds == NULL)
		return;
	all->round_mid = live_round(g);
	all->round++;
}

static void wait_for_round(struct gateway *g, struct uplink *u)
{
	struct uplinks *all = &g->uplinks;

	/* One that is under way began before this PUBACK. */
	u->round = all->round + 1;
	u->state = ROUND;
	DL_APPEND2(all->rounds, u, w_prev, w_next);
	begin_round(g);
}

static void keyset_used(struct gateway *g, struct ue *ue, uint8_t first)
{
	if (ue_accepted(ue, first) && ue->queue != NULL)
		queue_keyset_used(g, ue->queue);
}

static void known(struct gateway *g, const struct uplink *u)
{
	uint8_t network[NETWORK_SIZE];

	peer_network(&u->asker.key.peer, network);
	ue_known(u->ue, network);
	if (u->ue->queue != NULL)
		queue_no_stranger(g, u->ue->queue);
}

void uplink_published(struct gateway *g, int mid, int reason)
{
	struct uplink *u;

	HASH_FIND_INT(g->uplinks.by_mid, &mid, u);
	if (u == NULL)
		return;
	leave_state(&g->uplinks, u);
	u->accepted = reason < REFUSED_FROM;
	g->counters.of[u->accepted ? COUNT_ACCEPTED : COUNT_REFUSED]++;
	if (u->accepted && !u->request && u->head_len > 0) {
		keyset_used(g, u->ue, u->head[0]);
		known(g, u);
	}
	if (u->accepted && !u->request && !u->ride)
		answer(g, u, NULL, 0);
	else
		wait_for_round(g, u);
}

/*
 * Refused, and the EESE, whose answers have a budget, may have held back the KEY_UPDATE that it
 * sent before. Not if the UE knows that keyset: then the EESE has none of it any more, and a
 * KEY_UPDATE would only keep the UE from asking for another. Nor if the EESE sent it before it was
 * last reached, as it may have forgotten it meanwhile.
 */
static bool update_helps(const struct gateway *g, const struct uplink *u)
{
	const struct ue *ue = u->ue;

	if (ue->update_len == 0 || ue->told != g->connection)
		return false;
	if (u->request)
		return memcmp(u->ksn, ue->update + KSN_AT, KSN_SIZE) != 0;
	return u->head_len > 0 && !ue_update_is_of(ue->update, u->head[0]);
}

/* The round trip is over and nothing came on ctl. */
static void round_over(struct gateway *g, struct uplink *u, uint64_t now)
{
	if (u->accepted && !u->request) {
		answer_with_ride(g, u);
	} else if (update_helps(g, u)) {
		answer_with_update(g, u);
	} else {
		leave_state(&g->uplinks, u);
		u->state = KEYS;
		u->until = now + g->options->ctl_wait;
		DL_APPEND2(g->uplinks.keys, u, w_prev, w_next);
	}
}

void uplink_round_done(struct gateway *g, int mid)
{
	struct uplinks *all = &g->uplinks;
	struct uplink *u, *next;
	const uint64_t now = gateway_now();

	if (mid != all->round_mid)
		return;
	all->round_mid = 0;
	for (u = all->rounds; u != NULL && u->round <= all->round; u = next) {
		next = u->w_next;
		round_over(g, u, now);
	}
	begin_round(g);
}

/* ERROR 6 names the message it is of; the others are of the UE. */
static bool is_of(const struct uplink *u, const uint8_t *msg, size_t len)
{
	struct eese_error e;

	if (eese_error_decode(msg, len, &e) != EESE_OK || e.reason != EESE_ERROR_KEY_UNKNOWN)
		return true;
	return u->head_len == len - 1 && memcmp(u->head, msg + 1, len - 1) == 0;
}

/* Before its PUBACK, a message can't have been spoken of. A KEY_UPDATE is for every one of the UE
 * that waits; one that was accepted, and whose sender asked for nothing, waits no more. */
void uplink_control(struct gateway *g, struct ue *ue, const uint8_t *msg, size_t len)
{
	struct uplink *u, *next;
	enum eese_kind kind;

	if (eese_message_kind(msg, len, &kind) != EESE_OK)
		return;
	for (u = ue->uplinks; u != NULL; u = next) {
		next = u->ue_next;
		if (u->state == PUBLISHED)
			continue;
		if (kind == EESE_KIND_KEY_UPDATE) {
			answer_with(g, u, msg, len);
		} else if (kind == EESE_KIND_ERROR && (!u->accepted || u->request) &&
			   is_of(u, msg, len)) {
			u->accepted = false;
			answer(g, u, msg, len);
		}
	}
}

void uplink_connection_lost(struct gateway *g)
{
	while (g->uplinks.late != NULL)
		unavailable(g, g->uplinks.late);
	while (g->uplinks.fresh != NULL)
		unavailable(g, g->uplinks.fresh);
	g->uplinks.round_mid = 0;
}

static void tell_to_wait(struct gateway *g, struct uplink *u)
{
	asker_ack(g, &u->asker);
	DL_DELETE(g->uplinks.fresh, u);
	DL_APPEND(g->uplinks.late, u);
	u->late = true;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Each list is in the order of its times, so that its first tells when it is due. */
uint64_t uplink_poll(struct gateway *g, uint64_t now)
{
	struct uplinks *all = &g->uplinks;
	const uint64_t patience = g->options->answer_wait;
	uint64_t due = UINT64_MAX;

	while (all->keys != NULL && now >= all->keys->until)
		answer(g, all->keys, NULL, 0);
	while (all->fresh != NULL && now >= all->fresh->began + ACK_AFTER)
		tell_to_wait(g, all->fresh);
	while (all->late != NULL && now >= all->late->began + patience)
		unavailable(g, all->late);
	if (all->keys != NULL)
		due = all->keys->until;
	if (all->fresh != NULL)
		due = earlier(due, all->fresh->began + ACK_AFTER);
	if (all->late != NULL)
		due = earlier(due, all->late->began + patience);
	return due;
}

static bool topic_of(const struct gateway *g, const struct message *m, char *out, size_t size)
{
	const int n =
	    m->path.kind == PATH_REQ
		? snprintf(out, size, "%s/%s/req", g->options->base, m->path.ue)
		: snprintf(out, size, "%s/%s/up/%s", g->options->base, m->path.ue, m->path.sub);

	return n > 0 && (size_t)n < size;
}

static struct uplink *make(struct ue *ue, const struct message *m, const uint8_t *payload,
			   size_t len, bool verified)
{
	struct uplink *u = calloc(1, sizeof(*u));
	struct eese_data_head head;

	if (u == NULL)
		return NULL;
	u->ue = ue;
	asker_init(&u->asker, m, verified);
	u->request = m->path.kind == PATH_REQ;
	u->ride = m->ride;
	u->began = gateway_now();
	if (u->request && len >= KSN_AT + KSN_SIZE)
		memcpy(u->ksn, payload + KSN_AT, KSN_SIZE);
	if (!u->request && eese_data_head(payload, len, &head) == EESE_OK) {
		u->head_len = head.size;
		memcpy(u->head, payload, head.size);
	}
	return u;
}

static bool carry_on(struct gateway *g, struct uplink *u, const struct message *m,
		     const uint8_t *payload, size_t len)
{
	struct uplinks *all = &g->uplinks;
	char topic[OPTIONS_BASE_MAX + EESE_UE_ID_MAX + EESE_TOPIC_MAX + 8];

	/* ctl first: what is said of the message must find somebody who listens. */
	if (!topic_of(g, m, topic, sizeof(topic)) || !live_hear(g, u->ue) ||
	    !broker_publish(&g->live, topic, payload, len, false, &u->mid))
		return false;
	HASH_ADD_INT(all->by_mid, mid, u);
	if (u->hh.tbl == NULL)
		return false;
	DL_APPEND(all->fresh, u);
	DL_APPEND2(u->ue->uplinks, u, ue_prev, ue_next);
	ue_hold(&g->ues, u->ue);
	all->count++;
	return true;
}

static bool can_carry(const struct gateway *g)
{
	const size_t max = (size_t)g->options->max_requests;
	/* What the broker was given and does not take is held by libmosquitto, however long ago
	 * its sender was told 5.03. */
	const size_t held = g->live.unacknowledged - (g->stats.mid != 0);

	return g->live.up && !g->draining && g->uplinks.count < max && held < max;
}

/* A UE that lets messages ride back polls thereby. */
static void look_for_downlink(struct gateway *g, struct ue *ue, const struct message *m)
{
	struct queue *q = queue_want(g, ue);

	if (q != NULL && m->acks)
		queue_acknowledge(g, q, m->ack, NULL);
}

bool uplink_post(struct gateway *g, const struct message *m, const uint8_t *payload, size_t len,
		 bool verified, struct reply *r)
{
	uint8_t network[NETWORK_SIZE];
	struct uplink *u;
	struct ue *ue;

	*r = reply_later(CODE_UNAVAILABLE, LIVE_COME_AGAIN);
	ue = can_carry(g) ? ues_take(&g->ues, m->path.ue) : NULL;
	if (ue == NULL) {
		g->counters.of[COUNT_UNAVAILABLE]++;
		return false;
	}
	peer_network(&m->peer, network);
	if (!ue_within_rate(ue, network, gateway_now(), g->options->rate_ue,
			    g->options->burst_ue)) {
		g->counters.of[COUNT_TOO_MANY]++;
		*r = reply_later(CODE_TOO_MANY, 1);
		return false;
	}
	if (m->ride)
		look_for_downlink(g, ue, m);
	u = make(ue, m, payload, len, verified);
	if (u != NULL && carry_on(g, u, m, payload, len)) {
		g->counters.of[COUNT_KEY_REQUESTS] += u->request;
		return true;
	}
	g->counters.of[COUNT_UNAVAILABLE]++;
	if (u != NULL)
		asker_forget(&u->asker);
	free(u);
	return false;
}
