/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client published something. What is handed on in place keeps the broker's own way (QoS, order,
 * acknowledgement); what can't be becomes a message of the broker, and the incoming one the sink.
 */
#include <string.h>

#include "plugin/ending.h"
#include "plugin/plugin.h"

static int refuse(struct eese_plugin *p, enum eese_plugin_counter counter)
{
	p->counters[counter]++;
	return MOSQ_ERR_ACL_DENIED;
}

static bool retain_wanted(const struct eese_plugin *p, const struct eese_topic *t)
{
	const char *list = p->options.retain_topics;
	char filter[EESE_TOPIC_MAX + 1];
	const char *word;
	size_t len;
	bool matches;

	while (list != NULL && (word = eese_next_word(&list, &len), len > 0)) {
		memcpy(filter, word, len); /* its length was checked when it was read */
		filter[len] = '\0';
		if (mosquitto_topic_matches_sub(filter, t->sub, &matches) == MOSQ_ERR_SUCCESS &&
		    matches)
			return true;
	}
	return false;
}

/*
 * In place at QoS 0 and 1 only: a QoS 2 retransmission is compared with what was stored, and can't
 * be opened twice. Properties are whoever's carried the message, and can't be taken off in place
 * in all versions of the broker. Retained, it would be the UE's, whose right to publish plaintext
 * the broker may ask for later (check_retain_source).
 */
static bool up_in_place(const struct eese_plugin *p, const struct mosquitto_evt_message *m,
			bool retain)
{
	return m->qos < 2 && !retain && m->properties == NULL &&
	       p->roots.app_len <= p->roots.base_len;
}

/* payload is taken over. */
static int deliver(struct eese_plugin *p, struct mosquitto_evt_message *m,
		   const struct eese_topic *t, uint8_t *payload, size_t len, bool retain)
{
	if (up_in_place(p, m, retain)) {
		eese_replace_payload(m, payload, len);
		eese_replace_level(m, p->roots.base_len, p->roots.app, p->roots.app_len);
		m->retain = false;
		return MOSQ_ERR_SUCCESS;
	}
	if (!eese_send(p->roots.app, t, "up/", payload, len, m->qos, retain)) {
		p->counters[EESE_PLUGIN_LOST]++;
		mosquitto_log_printf(MOSQ_LOG_ERR,
				     EESE_LOG "out of memory: a message of %.*s is lost",
				     (int)t->ue_len, t->ue);
	}
	return eese_sink(m);
}

static int uplink(struct eese_plugin *p, struct mosquitto_evt_message *m,
		  const struct eese_topic *t)
{
	struct eese_time now = eese_plugin_now();
	struct eese_actions what;
	bool retain = m->retain && retain_wanted(p, t);
	/* Nothing longer is opened. Made before, so that a lack of memory changes no state. */
	size_t size = m->payloadlen <= EESE_MESSAGE_MAX ? m->payloadlen : 0;
	uint8_t *plain;

	if (eese_ending() && !up_in_place(p, m, retain))
		return MOSQ_ERR_CONN_LOST;
	plain = mosquitto_malloc(size + 1);
	if (plain == NULL)
		return MOSQ_ERR_ACL_DENIED;
	eese_endpoint_data(p->endpoint, now, t->ue, t->ue_len, t->sub, t->sub_len, m->payload,
			   m->payloadlen, plain, &what);
	eese_answer(p, t, now, &what);
	if (what.verdict == EESE_DELIVER)
		return deliver(p, m, t, plain, what.plain_len, retain);
	mosquitto_free(plain);
	return what.verdict == EESE_DROP ? MOSQ_ERR_ACL_DENIED : eese_sink(m);
}

static int request(struct eese_plugin *p, struct mosquitto_evt_message *m,
		   const struct eese_topic *t)
{
	struct eese_time now = eese_plugin_now();
	struct eese_actions what;

	eese_endpoint_request(p->endpoint, now, t->ue, t->ue_len, m->payload, m->payloadlen, &what);
	eese_answer(p, t, now, &what);
	return what.verdict == EESE_DROP ? MOSQ_ERR_ACL_DENIED : eese_sink(m);
}

int eese_on_message(int event, void *event_data, void *userdata)
{
	struct eese_plugin *p = userdata;
	struct mosquitto_evt_message *m = event_data;
	struct eese_topic t;

	(void)event;
	eese_topic_parse(&p->roots, m->topic, &t);
	switch (t.kind) {
	case EESE_TOPIC_OTHER:
		return MOSQ_ERR_SUCCESS;
	case EESE_TOPIC_UP:
		return uplink(p, m, &t);
	case EESE_TOPIC_REQUEST:
		return request(p, m, &t);
	case EESE_TOPIC_DOWN:
		return eese_ending() ? MOSQ_ERR_CONN_LOST : eese_downlink(p, m, &t);
	case EESE_TOPIC_CONTROL:
	case EESE_TOPIC_SEALED:
	case EESE_TOPIC_OPENED:
	case EESE_TOPIC_EVENT:
	case EESE_TOPIC_NONE:
		break; /* the EESE publishes there, nobody else */
	}
	return refuse(p, EESE_PLUGIN_TOPIC_REFUSED);
}
