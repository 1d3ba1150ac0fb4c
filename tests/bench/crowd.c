/* SPDX-License-Identifier: Apache-2.0 */
#include "crowd.h"

#include <stdio.h>
#include <string.h>

bool crowd_open(struct crowd *c, uint16_t port)
{
	memset(c, 0, sizeof *c);
	return link_open(&c->gateway, port, TEST_GATEWAY_USER, NULL) &&
	       link_subscribe(&c->gateway, "e2e/+/ctl", 0) &&
	       link_open(&c->app, port, TEST_APP_USER, NULL) &&
	       link_subscribe(&c->app, "app/+/up/#", 0);
}

void crowd_close(struct crowd *c)
{
	link_close(&c->gateway);
	link_close(&c->app);
}

static bool publish(struct link *l, const char *topic, const uint8_t *msg, size_t len)
{
	uint8_t packet[512];

	return link_write(l, packet, link_publish(packet, topic, msg, len, 0, 0));
}

static bool ask(struct crowd *c, const struct test_ue *u)
{
	const struct eese_key_request r = {.reason = u->ksn == 0 ? EESE_REQUEST_NO_KEYSET
								 : EESE_REQUEST_REFRESH,
					   .ksn = u->ksn,
					   .ikid = u->ikid};
	uint8_t msg[EESE_KEY_REQUEST_SIZE];
	char topic[128];

	snprintf(topic, sizeof topic, "e2e/%s/req", u->id);
	return eese_key_request_encode(u->control_key, u->id, &r, msg) == EESE_OK &&
	       publish(&c->gateway, topic, msg, sizeof msg);
}

static bool say(struct crowd *c, struct test_ue *u)
{
	struct octets msg;
	char topic[128];

	snprintf(topic, sizeof topic, "e2e/%s/up/t", u->id);
	ue_seal(u, "t", "0123456789012345678901234567890123456789012345678901234567890123", &msg);
	return publish(&c->gateway, topic, msg.p, msg.len);
}

/* Answers come in the order of the requests. */
static bool adopt(struct crowd *c, struct test_ue *u)
{
	struct eese_key_update update;
	const uint8_t *msg;
	size_t len;

	if (!link_message(&c->gateway, &msg, &len) ||
	    eese_key_update_decode(u->control_key, u->id, msg, len, &update) != EESE_OK)
		return false;
	ue_adopt(u, &update);
	return true;
}

static bool refresh_window(struct crowd *c, struct test_ue *ues, size_t count, size_t more)
{
	bool ok = true;

	for (size_t i = 0; i < count && ok; i++)
		ok = ask(c, &ues[i]);
	for (size_t i = 0; i < count && ok; i++)
		ok = adopt(c, &ues[i]) && say(c, &ues[i]);
	ok = ok && link_take(&c->app, count);
	for (size_t n = 0; n < more && ok; n++) {
		for (size_t i = 0; i < count && ok; i++)
			ok = say(c, &ues[i]);
		ok = ok && link_take(&c->app, count);
	}
	return ok;
}

bool crowd_refresh(struct crowd *c, struct test_ue *ues, size_t count, size_t more)
{
	for (size_t at = 0; at < count; at += WINDOW)
		if (!refresh_window(c, ues + at, at + WINDOW < count ? WINDOW : count - at, more))
			return false;
	return true;
}
