/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "plugin/plugin.h"

static const char *const plugin_names[EESE_PLUGIN_COUNTERS] = {
    [EESE_PLUGIN_TOPIC_REFUSED] = "rejected/topic",
    [EESE_PLUGIN_WRITE_REFUSED] = "acl/publish/rejected",
    [EESE_PLUGIN_SUBSCRIBE_REFUSED] = "acl/subscribe/rejected",
    [EESE_PLUGIN_DOWNLINK_REFUSED] = "downlink/rejected",
    [EESE_PLUGIN_DOWNLINK_DROPPED] = "downlink/dropped",
    [EESE_PLUGIN_CONTROL_REFUSED] = "control/rejected",
    [EESE_PLUGIN_LOST] = "messages/lost",
    [EESE_PLUGIN_STORE_COMMITS] = "store/commits",
    [EESE_PLUGIN_STORE_FAILURES] = "store/failures",
    [EESE_PLUGIN_STORE_WAITING] = "store/waiting",
    [EESE_PLUGIN_STORE_FAILING] = "store/failing",
    [EESE_PLUGIN_EVENTS_SENT] = "events/sent",
    [EESE_PLUGIN_EVENTS_DROPPED] = "events/dropped",
};

static const char *const state_names[EESE_STATES] = {
    [EESE_STATE_NO_KEY] = "ues/noKey",          [EESE_STATE_NEW] = "ues/new",
    [EESE_STATE_PENDING] = "ues/pending",       [EESE_STATE_VALID] = "ues/valid",
    [EESE_STATE_REFRESHING] = "ues/refreshing", [EESE_STATE_EXPIRED] = "ues/expired",
};

/* Where each kind begins. */
enum {
	PLUGINS = EESE_COUNT_MAX,
	HELD = PLUGINS + EESE_PLUGIN_COUNTERS,
	UES = HELD + 1,
	BY_STATE = UES + 1,
	KEYSOURCE = BY_STATE + EESE_STATES,
};

uint64_t eese_metric_value(const struct eese_plugin *p, size_t i)
{
	if (i < PLUGINS)
		return eese_endpoint_counter(p->endpoint, (enum eese_counter)i);
	if (i < HELD)
		return p->counters[i - PLUGINS];
	if (i < BY_STATE)
		return i == HELD ? p->hold.count : eese_endpoint_count(p->endpoint);
	if (i < KEYSOURCE)
		return eese_endpoint_tally(p->endpoint, (enum eese_ue_state)(i - BY_STATE));
	return eese_keysource_value(p, i - KEYSOURCE);
}

const char *eese_metric_name(size_t i)
{
	if (i < PLUGINS)
		return eese_counter_name((enum eese_counter)i);
	if (i < HELD)
		return plugin_names[i - PLUGINS];
	if (i < BY_STATE)
		return i == HELD ? "downlink/held" : "ues/count";
	if (i < KEYSOURCE)
		return state_names[i - BY_STATE];
	return eese_keysource_value_name(i - KEYSOURCE);
}

/* Retained at QoS 2, as the broker's own. */
static bool publish(const char *what, uint64_t n)
{
	char topic[128], text[24];
	int len = snprintf(text, sizeof text, "%" PRIu64, n);
	char *payload = mosquitto_malloc((size_t)len + 1);

	if (payload == NULL)
		return false;
	memcpy(payload, text, (size_t)len + 1);
	snprintf(topic, sizeof topic, "$SYS/broker/eese/%s", what);
	if (mosquitto_broker_publish(NULL, topic, len, payload, 2, true, NULL) == MOSQ_ERR_SUCCESS)
		return true;
	mosquitto_free(payload);
	return false;
}

void eese_metrics_tick(struct eese_plugin *p, struct eese_time now)
{
	struct eese_metrics *m = &p->metrics;

	if (p->options.sys_interval_s == 0 || (m->started && now.ms < m->due_ms))
		return;
	m->due_ms = now.ms + p->options.sys_interval_s * UINT64_C(1000);
	for (size_t i = 0; i < EESE_METRICS; i++) {
		uint64_t n = eese_metric_value(p, i);

		if ((!m->started || n != m->last[i]) && publish(eese_metric_name(i), n))
			m->last[i] = n;
	}
	m->started = true;
}
