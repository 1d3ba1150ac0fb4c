/* SPDX-License-Identifier: Apache-2.0 */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool open_ue(struct fleet *f, size_t i, const struct fleet_options *o)
{
	char id[EESE_UE_ID_MAX + 1], filter[EESE_UE_ID_MAX + 16];

	snprintf(id, sizeof id, "ue-%zu", i);
	ue_named(&f->keys[i], id);
	if (!link_open(&f->ues[i], o->port != 0 ? o->port : f->b.port, id, o->ca))
		return false;
	snprintf(filter, sizeof filter, "e2e/%s/ctl", id);
	if (!link_subscribe(&f->ues[i], filter, 1))
		return false;
	snprintf(filter, sizeof filter, "e2e/%s/down/#", id);
	return link_subscribe(&f->ues[i], filter, 1);
}

bool fleet_start(struct fleet *f, const struct fleet_options *o)
{
	const struct ue_range range[] = {{.prefix = "ue", .count = (int)scale.ues}, {0}};
	const struct broker_options broker = {.ues = range,
					      .plugin_lines = o->plugin_lines,
					      .conf_lines = o->conf_lines,
					      .no_plugin = !o->plugin};
	bool ok;

	memset(f, 0, sizeof *f);
	f->plugin = o->plugin;
	f->count = scale.ues;
	f->keys = calloc(f->count, sizeof *f->keys);
	f->ues = calloc(f->count, sizeof *f->ues);
	ok = f->keys != NULL && f->ues != NULL && broker_start(&f->b, &broker) &&
	     link_open(&f->app, f->b.port, TEST_APP_USER, NULL) &&
	     link_subscribe(&f->app, "app/+/up/#", 2) && link_subscribe(&f->app, "other/#", 2);
	for (size_t i = 0; ok && i < f->count; i++)
		ok = open_ue(f, i, o);
	return ok && (!f->plugin || fleet_refresh(f, 0, f->count));
}

void fleet_stop(struct fleet *f)
{
	for (size_t i = 0; f->ues != NULL && i < f->count; i++)
		link_close(&f->ues[i]);
	link_close(&f->app);
	broker_stop(&f->b);
	free(f->ues);
	free(f->keys);
	memset(f, 0, sizeof *f);
}

/* What makes the EESE announce a keyset: a KEY_REQUEST, or data under the one that is invalid. */
static bool send_cause(struct fleet *f, size_t i)
{
	struct test_ue *u = &f->keys[i];
	const struct eese_key_request r = {.reason = EESE_REQUEST_NO_KEYSET, .ikid = u->ikid};
	char topic[EESE_TOPIC_MAX];
	uint8_t packet[512];
	struct octets msg;

	if (u->ksn == 0) {
		snprintf(topic, sizeof topic, "e2e/%s/req", u->id);
		msg.len = EESE_KEY_REQUEST_SIZE;
		if (eese_key_request_encode(u->control_key, u->id, &r, msg.p) != EESE_OK)
			return false;
	} else {
		snprintf(topic, sizeof topic, "e2e/%s/up/t", u->id);
		ue_seal(u, "t", "under the old keyset", &msg);
	}
	return link_write(&f->ues[i], packet, link_publish(packet, topic, msg.p, msg.len, 0, 0));
}

static bool take_update(struct fleet *f, size_t i)
{
	struct test_ue *u = &f->keys[i];
	struct eese_key_update update;
	const uint8_t *msg;
	size_t len;

	if (!link_message(&f->ues[i], &msg, &len) ||
	    eese_key_update_decode(u->control_key, u->id, msg, len, &update) != EESE_OK)
		return false;
	ue_adopt(u, &update);
	return true;
}

static bool send_confirmation(struct fleet *f, size_t i)
{
	char topic[EESE_TOPIC_MAX];
	uint8_t packet[512];
	struct octets msg;

	snprintf(topic, sizeof topic, "e2e/%s/up/t", f->keys[i].id);
	ue_seal(&f->keys[i], "t", "under the new keyset", &msg);
	return link_write(&f->ues[i], packet, link_publish(packet, topic, msg.p, msg.len, 0, 0));
}

static bool each(struct fleet *f, size_t from, size_t to, bool (*step)(struct fleet *, size_t))
{
	for (size_t i = from; i < to; i++) {
		if (!step(f, i)) {
			printf("  %s: not refreshed\n", f->keys[i].id);
			return false;
		}
	}
	return true;
}

bool fleet_refresh(struct fleet *f, size_t from, size_t to)
{
	for (size_t at = from; at < to; at += WINDOW) {
		size_t end = at + WINDOW < to ? at + WINDOW : to;

		if (!each(f, at, end, send_cause) || !each(f, at, end, take_update) ||
		    !each(f, at, end, send_confirmation) || !link_take(&f->app, end - at))
			return false;
	}
	return true;
}
