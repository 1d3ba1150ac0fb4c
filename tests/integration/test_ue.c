/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void test_int_key(const char *ue_id, uint8_t out[EESE_INT_KEY_SIZE])
{
	static const char secret[] = "integration tests";
	const struct eese_octets id = {.p = ue_id, .len = strlen(ue_id)};

	if (eese_kdf((const uint8_t *)secret, sizeof secret - 1, 0, &id, 1, out) != EESE_OK)
		abort();
}

void ue_named(struct test_ue *u, const char *id)
{
	memset(u, 0, sizeof *u);
	u->link.fd = -1;
	snprintf(u->id, sizeof u->id, "%s", id);
	test_int_key(u->id, u->int_key);
	if (eese_derive_control_key(u->int_key, u->id, u->control_key) != EESE_OK ||
	    eese_derive_ikid(u->int_key, &u->ikid) != EESE_OK)
		abort();
}

void ue_take(struct test_ue *u, const char *prefix)
{
	static struct {
		char prefix[32];
		int used;
	} taken_of[16];
	char id[EESE_UE_ID_MAX + 1];
	size_t i = 0;

	while (taken_of[i].prefix[0] != '\0' && strcmp(taken_of[i].prefix, prefix) != 0)
		i++;
	snprintf(taken_of[i].prefix, sizeof taken_of[i].prefix, "%s", prefix);
	snprintf(id, sizeof id, "%s-%d", prefix, taken_of[i].used++);
	ue_named(u, id);
}

bool ue_connect(struct test_ue *u, const struct broker *b, enum mqtt_version version,
		bool persistent)
{
	char filter[EESE_UE_ID_MAX + 16];
	struct mqtt_login login = {.version = version, .username = u->id};

	login.client_id = u->id;
	login.persistent = persistent;
	if (mqtt_connect(&u->link, b->port, &login) != 0)
		return false;
	snprintf(filter, sizeof filter, "e2e/%s/ctl", u->id);
	if (mqtt_subscribe(&u->link, filter, 1) != 1)
		return false;
	snprintf(filter, sizeof filter, "e2e/%s/down/#", u->id);
	return mqtt_subscribe(&u->link, filter, 1) == 1;
}

void ue_seal_number(const struct test_ue *u, const char *sub, const char *text, uint64_t number,
		    struct octets *out)
{
	if (eese_data_seal(&u->set.up, u->id, sub, strlen(sub), number, (const uint8_t *)text,
			   strlen(text), out->p, sizeof out->p, &out->len) != EESE_OK)
		abort();
}

void ue_seal(struct test_ue *u, const char *sub, const char *text, struct octets *out)
{
	ue_seal_number(u, sub, text, u->number++, out);
}

struct mqtt_publish ue_uplink(const struct test_ue *u, const char *sub, const struct octets *msg,
			      uint8_t qos, char *topic)
{
	struct mqtt_publish p = {.payload = msg->p, .len = msg->len, .qos = qos};

	snprintf(topic, EESE_TOPIC_MAX + 128, "e2e/%s/up/%s", u->id, sub);
	p.topic = topic;
	return p;
}

int ue_send(struct test_ue *u, const char *sub, const struct octets *msg, uint8_t qos)
{
	char topic[EESE_TOPIC_MAX + 128];
	struct mqtt_publish p = ue_uplink(u, sub, msg, qos, topic);
	int reason = mqtt_publish(&u->link, &p);

	/* No acknowledgement at QoS 0: the round trip stands for it. */
	if (reason >= 0 && qos == 0 && !mqtt_sync(&u->link))
		return MQTT_CLOSED;
	return reason;
}

int ue_say(struct test_ue *u, const char *sub, const char *text, uint8_t qos)
{
	struct octets msg;

	ue_seal(u, sub, text, &msg);
	return ue_send(u, sub, &msg, qos);
}

static void read_control(struct test_ue *u, const struct mqtt_message *m, struct control *out)
{
	enum eese_kind kind;
	char topic[EESE_UE_ID_MAX + 16];

	out->kind = CONTROL_OTHER;
	snprintf(topic, sizeof topic, "e2e/%s/ctl", u->id);
	if (strcmp(topic, m->topic) != 0 || eese_message_kind(m->payload, m->len, &kind) != EESE_OK)
		return;
	if (kind == EESE_KIND_KEY_UPDATE &&
	    eese_key_update_decode(u->control_key, u->id, m->payload, m->len, &out->update) ==
		EESE_OK)
		out->kind = CONTROL_UPDATE;
	else if (kind == EESE_KIND_ERROR &&
		 eese_error_decode(m->payload, m->len, &out->error) == EESE_OK)
		out->kind = CONTROL_ERROR;
}

struct control ue_control(struct test_ue *u)
{
	struct control out = {.kind = CONTROL_NONE};
	struct mqtt_message *m;

	/* Whatever is to come is in front of the answer to a PINGREQ: no time is waited for. */
	if (u->link.first == NULL && !mqtt_sync(&u->link))
		return out;
	m = mqtt_next(&u->link, 0);
	if (m != NULL)
		read_control(u, m, &out);
	mqtt_message_free(m);
	return out;
}

bool ue_update(struct test_ue *u, uint8_t reason, struct eese_key_update *out)
{
	struct control c = ue_control(u);

	if (c.kind != CONTROL_UPDATE || c.update.reason != reason) {
		printf("\n  %s: no KEY_UPDATE %d but kind %d, reason %d\n", u->id, reason, c.kind,
		       c.kind == CONTROL_UPDATE ? c.update.reason : c.error.reason);
		return false;
	}
	*out = c.update;
	return true;
}

bool ue_quiet(struct test_ue *u)
{
	return mqtt_sync(&u->link) && u->link.first == NULL;
}

void ue_adopt(struct test_ue *u, const struct eese_key_update *update)
{
	if (eese_derive_keyset(u->int_key, u->id, update->rand, update->ksn, update->alg,
			       &u->set) != EESE_OK)
		abort();
	u->ksn = update->ksn;
	u->number = 0;
	memcpy(u->rand, update->rand, sizeof u->rand);
}

int ue_request(struct test_ue *u, uint8_t reason, uint32_t ksn, uint8_t qos)
{
	const struct eese_key_request r = {.reason = reason, .ksn = ksn, .ikid = u->ikid};
	uint8_t msg[EESE_KEY_REQUEST_SIZE];
	char topic[EESE_UE_ID_MAX + 16];
	struct mqtt_publish p = {.payload = msg, .len = sizeof msg, .qos = qos};

	snprintf(topic, sizeof topic, "e2e/%s/req", u->id);
	p.topic = topic;
	if (eese_key_request_encode(u->control_key, u->id, &r, msg) != EESE_OK)
		abort();
	return mqtt_publish(&u->link, &p);
}

bool ue_first_contact(struct test_ue *u)
{
	struct eese_key_update update;
	int reason = ue_request(u, EESE_REQUEST_NO_KEYSET, 0, 1);

	if (reason < 0 || reason >= 0x80 || !ue_update(u, EESE_UPDATE_ASKED, &update))
		return false;
	ue_adopt(u, &update);
	return taken(u->link.version, 1, ue_say(u, "contact", "hello", 1)) && ue_quiet(u);
}

bool taken(enum mqtt_version version, uint8_t qos, int reason)
{
	return reason >= 0 && (version != MQTT_5 || qos == 0 || reason < 0x80);
}

bool refused(enum mqtt_version version, uint8_t qos, int reason)
{
	return version == MQTT_5 && qos > 0 ? reason == 0x87 : reason == 0;
}
