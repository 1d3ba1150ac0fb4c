/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "plugin/plugin.h"

enum { TOPIC_SIZE = EESE_UE_ID_MAX + 1 + EESE_UE_ID_MAX + sizeof "/down/" + EESE_TOPIC_MAX };

bool eese_send(const char *prefix, const struct eese_topic *t, const char *kind, void *payload,
	       size_t len, int qos, bool retain)
{
	char topic[TOPIC_SIZE];
	int n = snprintf(topic, sizeof topic, "%s/%.*s/%s%.*s", prefix, (int)t->ue_len, t->ue, kind,
			 (int)t->sub_len, t->sub_len > 0 ? t->sub : "");

	if (n > 0 && (size_t)n < sizeof topic && len <= INT_MAX &&
	    mosquitto_broker_publish(NULL, topic, (int)len, payload, qos, retain, NULL) ==
		MOSQ_ERR_SUCCESS)
		return true;
	mosquitto_free(payload);
	return false;
}

bool eese_send_copy(const char *prefix, const struct eese_topic *t, const char *kind,
		    const void *payload, size_t len, int qos)
{
	/* mosquitto_broker_publish_copy() of 2.0.11 spoils the count of the broker's memory. */
	void *copy = mosquitto_malloc(len);

	if (copy == NULL)
		return false;
	memcpy(copy, payload, len);
	return eese_send(prefix, t, kind, copy, len, qos, false);
}
