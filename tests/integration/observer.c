/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool observer_open(struct observer *o, const struct broker *b, const char *username,
		   const char *filter)
{
	static int opened;
	char id[24];
	struct mqtt_login login = {.version = MQTT_5, .username = username};

	memset(o, 0, sizeof *o);
	snprintf(id, sizeof id, "observer-%d", opened++);
	login.client_id = id;
	return mqtt_connect(&o->link, b->port, &login) == 0 &&
	       mqtt_subscribe(&o->link, filter, 2) == 2 &&
	       mqtt_subscribe(&o->link, "test/sync/#", 0) == 0;
}

static bool is_event(const struct mqtt_message *m)
{
	const char *last = strrchr(m->topic, '/');

	return last != NULL && strcmp(last, "/event") == 0;
}

static void keep(struct observer *o, struct mqtt_message *m)
{
	if (!o->events && is_event(m)) {
		mqtt_message_free(m);
		return;
	}
	o->seen = realloc(o->seen, (o->count + 1) * sizeof(struct mqtt_message *));
	if (o->seen == NULL)
		abort();
	o->seen[o->count++] = m;
}

bool observer_sync(struct observer *o)
{
	char topic[64];
	const struct mqtt_publish mark = {.topic = topic};

	/* The round trip first: messages of a plugin go out a turn of the broker's loop later. */
	snprintf(topic, sizeof topic, "test/sync/%p/%u", (void *)o, o->marks++);
	if (!mqtt_sync(&o->link) || mqtt_publish(&o->link, &mark) != 0)
		return false;
	for (;;) {
		struct mqtt_message *m = mqtt_next(&o->link, MQTT_PATIENCE_MS);

		if (m == NULL)
			return false;
		if (strncmp(m->topic, "test/sync/", 10) != 0) {
			keep(o, m);
			continue;
		}
		if (strcmp(m->topic, topic) == 0) {
			mqtt_message_free(m);
			return true;
		}
		mqtt_message_free(m);
	}
}

bool observer_await(struct observer *o, size_t count, int timeout_ms)
{
	uint64_t end = mqtt_now_ms() + (uint64_t)timeout_ms;

	while (o->count < count) {
		uint64_t now = mqtt_now_ms();
		struct mqtt_message *m = mqtt_next(&o->link, end > now ? (int)(end - now) : 0);

		if (m == NULL)
			return false;
		if (strncmp(m->topic, "test/sync/", 10) == 0)
			mqtt_message_free(m);
		else
			keep(o, m);
	}
	return true;
}

size_t observer_count(const struct observer *o, const char *topic, const char *text)
{
	size_t n = 0;

	for (size_t i = 0; i < o->count; i++) {
		const struct mqtt_message *m = o->seen[i];

		if (strcmp(m->topic, topic) == 0 &&
		    (text == NULL ||
		     (m->len == strlen(text) && memcmp(m->payload, text, m->len) == 0)))
			n++;
	}
	return n;
}

size_t observer_of(const struct observer *o, const struct test_ue *u, const char *sub,
		   const char *text)
{
	char topic[EESE_TOPIC_MAX + 128];

	snprintf(topic, sizeof topic, "app/%s/up/%s", u->id, sub);
	return observer_count(o, topic, text);
}

void observer_forget(struct observer *o)
{
	for (size_t i = 0; i < o->count; i++)
		mqtt_message_free(o->seen[i]);
	o->count = 0;
}

void observer_close(struct observer *o)
{
	observer_forget(o);
	free(o->seen);
	o->seen = NULL;
	mqtt_disconnect(&o->link);
}
