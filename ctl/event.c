/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/event.h"

#include <stdio.h>
#include <string.h>

#include "ctl/out.h"
#include "ctl/request.h"

enum { EVENT_MAX = 65536, MORE_ROOM = 512 };

/* Whether ue is the level between the first and the last one. */
static bool on_topic_of(const char *topic, const char *ue)
{
	const size_t len = strlen(ue);
	const char *level = strchr(topic, '/');

	return level != NULL && strncmp(level + 1, ue, len) == 0 && level[1 + len] == '/';
}

static bool is_head(const char *name)
{
	return strcmp(name, "event") == 0 || strcmp(name, "ueId") == 0 || strcmp(name, "time") == 0;
}

/* The members of any event there may be once: "  cause te2e  ksn 17". */
static void more_text(const cJSON *event, char out[MORE_ROOM])
{
	size_t len = 0;

	out[0] = '\0';
	for (const cJSON *m = event->child; m != NULL && len < MORE_ROOM; m = m->next) {
		int n = 0;

		if (is_head(m->string))
			continue;
		if (cJSON_IsString(m))
			n = snprintf(out + len, MORE_ROOM - len, "  %s %s", m->string,
				     m->valuestring);
		else if (cJSON_IsNumber(m))
			n = snprintf(out + len, MORE_ROOM - len, "  %s %.0f", m->string,
				     m->valuedouble);
		len += n > 0 ? (size_t)n : 0;
	}
}

static bool print(const char *topic, const cJSON *event, bool json)
{
	const char *name = member_text(event, "event"), *ue = member_text(event, "ueId"),
		   *time = member_text(event, "time");
	char more[MORE_ROOM];

	if (name == NULL || ue == NULL || time == NULL || !on_topic_of(topic, ue))
		return false;
	if (json) {
		out_json(event);
	} else {
		more_text(event, more);
		out_line("%s  %-16s  %-15s%s", time, ue, name, more);
	}
	out_flush();
	return true;
}

bool event_print(const char *topic, const void *payload, size_t len, bool json)
{
	cJSON *event = len > 0 && len <= EVENT_MAX ? cJSON_ParseWithLength(payload, len) : NULL;
	const bool printed = cJSON_IsObject(event) && print(topic, event, json);

	cJSON_Delete(event);
	return printed;
}
