/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/rewrite.h"

#include <string.h>

int eese_sink(struct mosquitto_evt_message *m)
{
	memcpy(m->topic, EESE_SINK_TOPIC, sizeof EESE_SINK_TOPIC);
	m->payload = NULL;
	m->payloadlen = 0;
	m->retain = false;
	return MOSQ_ERR_SUCCESS;
}

void eese_replace_payload(struct mosquitto_evt_message *m, uint8_t *payload, size_t len)
{
	if (len == 0) {
		mosquitto_free(payload);
		payload = NULL;
	} else {
		payload[len] = '\0'; /* other code in the broker counts on it */
	}
	m->payload = payload;
	m->payloadlen = (uint32_t)len;
}

void eese_replace_level(struct mosquitto_evt_message *m, size_t old_len, const char *level,
			size_t len)
{
	memmove(m->topic + len, m->topic + old_len, strlen(m->topic + old_len) + 1);
	memcpy(m->topic, level, len);
}
