/* SPDX-License-Identifier: Apache-2.0 */
#include "live.h"

#include <stdio.h>
#include <string.h>

#include "eese/control.h"
#include "host/say.h"
#include "topic.h"
#include "uplink.h"

/* Nobody subscribes to it. */
#define NO_SUBSCRIPTION "eese-coap-gw/no/such/#"

static void ctl_topic(const struct gateway *g, const struct ue *ue, char out[TOPIC_ROOM])
{
	snprintf(out, TOPIC_ROOM, "%s/%s/ctl", g->options->base, ue->id);
}

bool live_hear(struct gateway *g, struct ue *ue)
{
	char topic[TOPIC_ROOM];
	char *const filters[] = {topic};

	if (ue->heard == g->connection)
		return true;
	ctl_topic(g, ue, topic);
	if (!broker_subscribe(&g->live, filters, 1, NULL))
		return false;
	ue->heard = g->connection;
	return true;
}

void live_deafen(struct gateway *g, struct ue *ue)
{
	char topic[TOPIC_ROOM];

	if (ue->heard != g->connection)
		return;
	ctl_topic(g, ue, topic);
	broker_unsubscribe(&g->live, topic, NULL);
}

int live_round(struct gateway *g)
{
	int mid;

	return broker_unsubscribe(&g->live, NO_SUBSCRIPTION, &mid) ? mid : 0;
}

static void on_up(void *ctx, bool had_session)
{
	struct gateway *g = ctx;

	(void)had_session;
	g->connection++;
	g->counters.of[COUNT_CONNECTED]++;
	stats_up(g);
	say_event("connected to the broker");
}

static void on_down(void *ctx)
{
	uplink_connection_lost(ctx);
}

static void on_message(void *ctx, const char *topic, const uint8_t *payload, size_t len)
{
	struct gateway *g = ctx;
	const char *rest;
	struct ue *ue = topic_ue(g, topic, &rest);
	enum eese_kind kind;

	if (ue == NULL || strcmp(rest, "ctl") != 0 ||
	    eese_message_kind(payload, len, &kind) != EESE_OK)
		return;
	g->counters.of[COUNT_KEY_UPDATES] += kind == EESE_KIND_KEY_UPDATE;
	g->counters.of[COUNT_ERRORS] += kind == EESE_KIND_ERROR;
	ue_keep_update(ue, payload, len);
	if (kind == EESE_KIND_KEY_UPDATE)
		ue->told = g->connection;
	uplink_control(g, ue, payload, len);
}

static void on_published(void *ctx, int mid, int reason)
{
	uplink_published(ctx, mid, reason);
	stats_published(ctx, mid, reason);
}

static void on_unsubscribed(void *ctx, int mid)
{
	uplink_round_done(ctx, mid);
}

static void on_subscribed(void *ctx, int mid, int reason)
{
	(void)mid;
	topic_granted(ctx, reason);
}

bool live_open(struct gateway *g)
{
	const struct broker_owner owner = {
	    .ctx = g,
	    .up = on_up,
	    .down = on_down,
	    .message = on_message,
	    .published = on_published,
	    .subscribed = on_subscribed,
	    .unsubscribed = on_unsubscribed,
	};
	char id[80];

	snprintf(id, sizeof(id), "%.70s-live", g->options->id);
	return broker_open(&g->live, &g->options->login, "uplink", id, 0, &owner);
}
