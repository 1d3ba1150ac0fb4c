/* SPDX-License-Identifier: Apache-2.0 */
#include "live.h"

#include <stdio.h>
#include <string.h>

#include "eese/control.h"
#include "host/say.h"
#include "uplink.h"

enum { TOPIC_ROOM = OPTIONS_BASE_MAX + EESE_UE_ID_MAX + 8 };

/* Nobody subscribes to it. */
#define NO_SUBSCRIPTION "eese-coap-gw/no/such/#"

static void ctl_topic(const struct gateway *g, const struct ue *ue, char out[TOPIC_ROOM])
{
	snprintf(out, TOPIC_ROOM, "%s/%s/ctl", g->options->base, ue->id);
}

bool live_hear(struct gateway *g, struct ue *ue)
{
	char topic[TOPIC_ROOM];

	if (ue->heard == g->connection)
		return true;
	ctl_topic(g, ue, topic);
	if (!broker_subscribe(&g->live, topic, NULL))
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
	say_event("connected to the broker");
}

static void on_down(void *ctx)
{
	uplink_connection_lost(ctx);
}

/* The UE of <base>/<ue>/ctl; NULL: another topic, or none that is served. */
static struct ue *ue_of(const struct gateway *g, const char *topic)
{
	const size_t base = strlen(g->options->base);
	char id[EESE_UE_ID_MAX + 1];
	const char *slash;
	size_t len;

	if (strncmp(topic, g->options->base, base) != 0 || topic[base] != '/')
		return NULL;
	topic += base + 1;
	slash = strchr(topic, '/');
	len = slash != NULL ? (size_t)(slash - topic) : 0;
	if (len == 0 || len > EESE_UE_ID_MAX || strcmp(slash, "/ctl") != 0)
		return NULL;
	memcpy(id, topic, len);
	id[len] = '\0';
	return ues_find(&g->ues, id);
}

static void on_message(void *ctx, const char *topic, const uint8_t *payload, size_t len)
{
	struct gateway *g = ctx;
	struct ue *ue = ue_of(g, topic);
	enum eese_kind kind;

	if (ue == NULL || eese_message_kind(payload, len, &kind) != EESE_OK)
		return;
	g->counters.of[COUNT_KEY_UPDATES] += kind == EESE_KIND_KEY_UPDATE;
	g->counters.of[COUNT_ERRORS] += kind == EESE_KIND_ERROR;
	ue_keep_update(ue, payload, len);
	uplink_control(g, ue, payload, len);
}

static void on_published(void *ctx, int mid, int reason)
{
	uplink_published(ctx, mid, reason);
}

static void on_unsubscribed(void *ctx, int mid)
{
	uplink_round_done(ctx, mid);
}

static void on_subscribed(void *ctx, int mid, int reason)
{
	struct gateway *g = ctx;

	(void)mid;
	if (reason < 0x80 || g->told_of_refusal)
		return;
	g->told_of_refusal = true;
	say_error("the broker refuses to let the user '%s' read %s/+/ctl: is it named in "
		  "plugin_opt_gateways?",
		  g->options->login.username ? g->options->login.username : "gateway",
		  g->options->base);
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
