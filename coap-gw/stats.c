/* SPDX-License-Identifier: Apache-2.0 */
#include "stats.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "gateway.h"
#include "host/rfc3339.h"
#include "host/say.h"

enum { TEXT_ROOM = 4096, REFUSED_FROM = 0x80 };

struct text {
	char octets[TEXT_ROOM];
	size_t len;
};

static void __attribute__((format(printf, 2, 3))) add(struct text *t, const char *format, ...)
{
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(t->octets + t->len, sizeof(t->octets) - t->len, format, arguments);
	va_end(arguments);
	if (n > 0 && (size_t)n < sizeof(t->octets) - t->len)
		t->len += (size_t)n;
}

/* How much of each bound is in use. */
static void add_levels(const struct gateway *g, struct text *t)
{
	const struct {
		const char *name;
		size_t value;
	} levels[] = {
	    {"ues", g->ues.count},
	    {"clients", g->clients.count},
	    {"requests", g->uplinks.count},
	    {"ues-polled", g->queues.count},
	    {"messages-waiting", g->queues.messages},
	    {"observers", g->observer_count},
	};

	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++)
		add(t, "%s\"%s\":%zu", i > 0 ? "," : "", levels[i].name, levels[i].value);
}

static void make(const struct gateway *g, struct text *t)
{
	char at[EESE_RFC3339_SIZE];

	eese_rfc3339_write((uint64_t)time(NULL), at);
	t->len = 0;
	add(t, "{\"time\":\"%s\",\"counted\":{", at);
	for (size_t i = 0; i < COUNTERS; i++)
		add(t, "%s\"%s\":%" PRIu64, i > 0 ? "," : "", counter_name(i), g->counters.of[i]);
	add(t, "},\"now\":{");
	add_levels(g, t);
	add(t, "}}");
}

/* Retained, so that who comes later sees the last one; the time in it says how old it is. At QoS 1,
 * as only a PUBACK tells of a refusal. */
static void publish(struct gateway *g)
{
	struct text t;

	make(g, &t);
	if (!broker_publish(&g->live, g->options->stats_topic, t.octets, t.len, true,
			    &g->stats.mid))
		g->stats.mid = 0;
}

void stats_up(struct gateway *g)
{
	g->stats = (struct stats){0};
}

uint64_t stats_poll(struct gateway *g, uint64_t now)
{
	if (g->options->stats_interval == 0 || !g->live.up)
		return UINT64_MAX;
	if (now >= g->stats.due) {
		/* None beside one that the broker did not take yet. */
		if (g->stats.mid == 0)
			publish(g);
		g->stats.due = now + g->options->stats_interval;
	}
	return g->stats.due;
}

void stats_published(struct gateway *g, int mid, int reason)
{
	if (mid != g->stats.mid)
		return;
	g->stats.mid = 0;
	if (reason < REFUSED_FROM || g->stats.complained)
		return;
	g->stats.complained = true;
	say_error("the broker does not take the counters on %s: its ACL has to let the user '%s' "
		  "write there",
		  g->options->stats_topic,
		  g->options->login.username != NULL ? g->options->login.username : "gateway");
}

void stats_last(struct gateway *g)
{
	if (g->options->stats_interval > 0)
		publish(g);
}
