/* SPDX-License-Identifier: Apache-2.0 */
/* Plaintext from an application on its way to a UE: sealed and sent, held until there is a key, or
 * refused. */
#include "plugin/plugin.h"

/*
 * QoS 2 in place: a retransmission is sealed anew and takes the place of the one that was stored,
 * so that one arrives. Its way starts when the publisher releases it, behind the KEY_UPDATE.
 */
static bool in_place(const struct eese_plugin *p, const struct mosquitto_evt_message *m)
{
	return m->qos == 2 && m->properties == NULL && p->roots.base_len <= p->roots.app_len;
}

/* What is to go to the UE, behind its KEY_UPDATE: mosquitto_malloc()'s, with room for a NUL. */
static enum eese_result seal(struct eese_plugin *p, struct eese_time now,
			     const struct eese_topic *t, const void *plain, size_t len,
			     uint8_t **sealed, size_t *sealed_len)
{
	size_t size = len + (size_t)EESE_DATA_OVERHEAD_MAX;
	struct eese_actions what;
	bool ordered;
	enum eese_result r;

	*sealed = mosquitto_malloc(size + 1);
	if (*sealed == NULL)
		return EESE_FULL;
	r = eese_endpoint_downlink(p->endpoint, now, t->ue, t->ue_len, t->sub, t->sub_len, plain,
				   len, *sealed, size, &ordered, &what);
	eese_answer(p, t, now, &what);
	*sealed_len = what.sealed_len;
	if (r != EESE_OK) {
		mosquitto_free(*sealed);
		*sealed = NULL;
	}
	return r;
}

bool eese_send_sealed(struct eese_plugin *p, struct eese_time now, const struct eese_topic *t,
		      const void *plain, size_t len, int qos)
{
	uint8_t *sealed;
	size_t sealed_len;

	return seal(p, now, t, plain, len, &sealed, &sealed_len) == EESE_OK &&
	       eese_send(p->roots.base, t, "down/", sealed, sealed_len, qos, false);
}

static int refuse(struct eese_plugin *p, struct eese_time now, const struct eese_topic *t,
		  const char *why)
{
	const struct eese_happened what = {EESE_TELL_DOWNLINK_DROPPED, why, 0};

	p->counters[EESE_PLUGIN_DOWNLINK_REFUSED]++;
	eese_tell(p, now, t->ue, t->ue_len, &what);
	return MOSQ_ERR_ACL_DENIED;
}

/* Behind whatever waits for this UE already, or as the first. */
static int hold(struct eese_plugin *p, struct eese_time now, struct mosquitto_evt_message *m,
		const struct eese_topic *t)
{
	const char *why = eese_hold_add(p, now, t, m->payload, m->payloadlen, m->qos);

	return why == NULL ? eese_sink(m) : refuse(p, now, t, why);
}

static int send(struct eese_plugin *p, struct eese_time now, struct mosquitto_evt_message *m,
		const struct eese_topic *t)
{
	uint8_t *sealed;
	size_t len;
	enum eese_result r = seal(p, now, t, m->payload, m->payloadlen, &sealed, &len);

	if (r == EESE_NO_KEY || r == EESE_FULL)
		return hold(p, now, m, t);
	if (r != EESE_OK)
		return refuse(p, now, t, "too long");
	if (in_place(p, m)) {
		eese_replace_payload(m, sealed, len);
		eese_replace_level(m, p->roots.app_len, p->roots.base, p->roots.base_len);
		m->retain = false;
		return MOSQ_ERR_SUCCESS;
	}
	return eese_send(p->roots.base, t, "down/", sealed, len, m->qos, false)
		   ? eese_sink(m)
		   : refuse(p, now, t, "out of memory");
}

int eese_downlink(struct eese_plugin *p, struct mosquitto_evt_message *m,
		  const struct eese_topic *t)
{
	struct eese_time now = eese_plugin_now();

	if (m->payloadlen > EESE_PLAINTEXT_MAX || t->sub_len > EESE_TOPIC_MAX)
		return refuse(p, now, t, "too long");
	eese_hold_flush(p, now, t);
	return eese_hold_has(&p->hold, t) ? hold(p, now, m, t) : send(p, now, m, t);
}
