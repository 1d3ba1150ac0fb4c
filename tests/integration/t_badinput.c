/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets, of any length, on any protected topic, from anybody: the broker runs on, nothing is
 * delivered, and no key event comes of it. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct broker broker;
static struct observer app;

static void start(void)
{
	static const struct ue_range ues[] = {{.prefix = "ue", .count = 40}, {0}};
	const struct broker_options o = {.ues = ues};

	REQUIRE(broker_start(&broker, &o));
	REQUIRE(observer_open(&app, &broker, TEST_APP_USER, "app/#"));
}

static void stop(void)
{
	observer_close(&app);
	broker_stop(&broker);
}

static bool fresh(struct test_ue *u, enum mqtt_version version)
{
	ue_take(u, "ue");
	if (!ue_connect(u, &broker, version, false) || !ue_first_contact(u) || !observer_sync(&app))
		return false;
	observer_forget(&app);
	return true;
}

/* Nothing but ERRORs came of it, and the keyset opens messages as before. */
static void expect_unmoved(struct test_ue *u)
{
	struct control c;

	while ((c = ue_control(u)).kind != CONTROL_NONE)
		EXPECT_EQUAL(c.kind, CONTROL_ERROR);
	EXPECT(observer_sync(&app));
	EXPECT_EQUAL(app.count, 0);
	EXPECT(broker_alive(&broker));
	EXPECT(taken(u->link.version, 1, ue_say(u, "t", "as before", 1)));
	EXPECT(observer_sync(&app));
	EXPECT_EQUAL(observer_of(&app, u, "t", "as before"), 1);
	EXPECT_EQUAL(app.count, 1);
}

static const char *const kinds[] = {"up/t", "req", "ctl", "down/t", "up/", "event"};

/* Every first octet with every length up to 80. */
static void every_head(enum mqtt_version version)
{
	struct test_ue u;
	uint8_t msg[80];
	char topic[128];
	struct mqtt_publish p = {.topic = topic, .payload = msg};

	REQUIRE(fresh(&u, version));
	for (size_t k = 0; k < 4; k++) {
		snprintf(topic, sizeof topic, "e2e/%s/%s", u.id, kinds[k]);
		for (unsigned first = 0; first < 256; first++) {
			memset(msg, (int)(first ^ 0x5a), sizeof msg);
			msg[0] = (uint8_t)first;
			for (p.len = 0; p.len <= sizeof msg; p.len++)
				REQUIRE(mqtt_send_publish(&u.link, &p) == 0);
			REQUIRE(mqtt_sync(&u.link));
		}
	}
	expect_unmoved(&u);
	mqtt_disconnect(&u.link);
}

static void test_every_head(void)
{
	harness_each_version(every_head);
}

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Random octets, from the UE and from a stranger, at every QoS. */
static void random_octets(enum mqtt_version version, uint8_t qos)
{
	static uint8_t msg[4096];
	struct test_ue u;
	struct mqtt stranger, *from;
	const struct mqtt_login login = {
	    .version = version, .client_id = "stranger", .username = "ue-39"};
	char topic[128];
	struct mqtt_publish p = {.topic = topic, .payload = msg, .qos = qos};
	uint32_t state = 0x5eed0000u + (uint32_t)version * 4 + qos;

	REQUIRE(fresh(&u, version));
	REQUIRE(mqtt_connect(&stranger, broker.port, &login) == 0);
	for (unsigned i = 0; i < 300; i++) {
		from = i % 3 == 0 ? &stranger : &u.link;
		snprintf(topic, sizeof topic, "%s/%s/%s", i % 7 == 0 ? "app" : "e2e", u.id,
			 kinds[next_random(&state) % 6]);
		p.len = next_random(&state) % (i % 10 == 0 ? sizeof msg : 64);
		for (size_t k = 0; k < p.len; k++)
			msg[k] = (uint8_t)next_random(&state);
		p.retain = i % 5 == 0;
		EXPECT(mqtt_publish(from, &p) >= 0);
	}
	EXPECT(mqtt_sync(&stranger));
	EXPECT(mqtt_sync(&u.link));
	mqtt_disconnect(&stranger);
	expect_unmoved(&u);
	mqtt_disconnect(&u.link);
}

static void test_random_octets(void)
{
	harness_each(random_octets);
}

/* Up to 1 MiB, and the limits of clause 2. */
static void long_payloads(enum mqtt_version version, uint8_t qos)
{
	static uint8_t msg[1024 * 1024];
	static const size_t sizes[] = {
	    EESE_PLAINTEXT_MAX, EESE_PLAINTEXT_MAX + 10, EESE_PLAINTEXT_MAX + 11,
	    EESE_MESSAGE_MAX,   EESE_MESSAGE_MAX + 1,    500000,
	    sizeof msg};
	struct test_ue u;
	char topic[128];
	struct mqtt_publish p = {.topic = topic, .payload = msg, .qos = qos};

	REQUIRE(fresh(&u, version));
	msg[0] = (uint8_t)((u.ksn & 7) << 3 | 1);
	msg[1] = 9;
	for (size_t k = 0; k < 4; k++) {
		snprintf(topic, sizeof topic, "e2e/%s/%s", u.id, kinds[k]);
		for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
			p.len = sizes[i];
			EXPECT(refused(version, qos, mqtt_publish(&u.link, &p)));
		}
	}
	expect_unmoved(&u);
	mqtt_disconnect(&u.link);
}

static void test_long_payloads(void)
{
	harness_each(long_payloads);
}

/* The longest plaintext there is goes through. */
static void test_longest(void)
{
	static uint8_t plain[EESE_PLAINTEXT_MAX], msg[EESE_MESSAGE_MAX];
	struct test_ue u;
	char topic[128];
	struct mqtt_publish p = {.topic = topic, .payload = msg, .qos = 2};

	REQUIRE(fresh(&u, MQTT_5));
	memset(plain, 'x', sizeof plain);
	snprintf(topic, sizeof topic, "e2e/%s/up/t", u.id);
	REQUIRE(eese_data_seal(&u.set.up, u.id, "t", 1, u.number++, plain, sizeof plain, msg,
			       sizeof msg, &p.len) == EESE_OK);
	EXPECT_EQUAL(mqtt_publish(&u.link, &p), 0);
	EXPECT(observer_sync(&app));
	EXPECT(app.count == 1 && app.seen[0]->len == sizeof plain &&
	       memcmp(app.seen[0]->payload, plain, sizeof plain) == 0);
	mqtt_disconnect(&u.link);
}

#define TEN "0123456789"
#define SIXTY TEN TEN TEN TEN TEN TEN

/* UE-IDs that are none, and topics that are not quite protected ones. A name the broker itself
 * does not take may cost the connection, nothing else. */
static void odd_topics(enum mqtt_version version)
{
	static const char *const topics[] = {
	    "e2e//up/t",
	    "e2e///",
	    "e2e/",
	    "e2e",
	    "e2e/" SIXTY "12345/up/t",
	    "e2e/" SIXTY SIXTY "/req",
	    "e2e/a b/up/t",
	    "e2e/\xc3\xbc/up/t",
	    "e2e/a%/up/t",
	    "e2e/a\x01/up/t",
	    "e2e/%s/up",
	    "e2e/%s",
	    "e2e/%s/",
	    "e2e/%s/upper",
	    "e2e/%s/req/x",
	    "e2e/%s/request",
	    "e2e/%s/ctl/x",
	    "e2e/%s/down",
	    "e2e/%s/other",
	    "e2e/%s//up/t",
	    "/e2e/%s/up/t",
	    "e2e/%s/up//",
	    "e2e/+/up/t",
	    "e2e/#",
	    "e2e/%s/up/+",
	    "e2e/%s/up/#",
	    "app//down/t",
	    "app/%s/down",
	    "app/%s/up/t",
	    "app/a b/down/t",
	    "$e",
	    "$CONTROL/eese/v2",
	    "$CONTROL/eese/v1/response",
	    "$SYS/broker/eese/x",
	};
	static const uint8_t msg[40] = {0x01, 0x05, 0x7f};
	struct test_ue u;
	char topic[256];
	struct mqtt_publish p = {.topic = topic, .payload = msg, .len = sizeof msg};

	REQUIRE(fresh(&u, version));
	for (size_t i = 0; i < sizeof topics / sizeof *topics; i++) {
		for (p.qos = 0; p.qos <= 2; p.qos++) {
			struct mqtt m;
			const struct mqtt_login login = {
			    .version = version, .client_id = "odd", .username = u.id};

			snprintf(topic, sizeof topic, topics[i], u.id);
			REQUIRE(mqtt_connect(&m, broker.port, &login) == 0);
			(void)mqtt_publish(&m, &p);
			(void)mqtt_sync(&m);
			mqtt_abort(&m);
		}
	}
	expect_unmoved(&u);
	mqtt_disconnect(&u.link);
}

static void test_odd_topics(void)
{
	harness_each_version(odd_topics);
}

/* What follows up/: 1,024 octets at most, then refused; the broker takes up to 65,535. */
static void test_long_topics(void)
{
	static char topic[65536], sub[EESE_TOPIC_MAX + 1];
	struct test_ue u;
	uint8_t msg[64] = {0x01, 0x05};
	struct mqtt_publish p = {.topic = topic, .payload = msg, .qos = 1};
	static const size_t lengths[] = {EESE_TOPIC_MAX + 1, 4000, 65000};

	REQUIRE(fresh(&u, MQTT_5));
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		size_t head = (size_t)snprintf(topic, sizeof topic, "e2e/%s/up/", u.id);

		memset(topic + head, 'x', lengths[i]);
		topic[head + lengths[i]] = '\0';
		p.len = sizeof msg;
		EXPECT_EQUAL(mqtt_publish(&u.link, &p), 0x87);
	}
	expect_unmoved(&u);
	observer_forget(&app);
	memset(sub, 'y', EESE_TOPIC_MAX);
	REQUIRE(eese_data_seal(&u.set.up, u.id, sub, EESE_TOPIC_MAX, u.number++,
			       (const uint8_t *)"long", 4, msg, sizeof msg, &p.len) == EESE_OK);
	snprintf(topic, sizeof topic, "e2e/%s/up/%s", u.id, sub);
	EXPECT_EQUAL(mqtt_publish(&u.link, &p), 0);
	EXPECT(observer_sync(&app));
	EXPECT_EQUAL(observer_of(&app, &u, sub, "long"), 1);
	mqtt_disconnect(&u.link);
}

/* Clause 2's v for algorithm 10, clause 5 step 6: at half of it a refresh, at v it is over. */
static void test_integrity_limit(void)
{
	struct test_ue u;
	struct octets msg;
	char topic[EESE_TOPIC_MAX + 128];
	struct mqtt_publish p;
	uint32_t half = eese_alg_info(EESE_ALG_AES_CCM_16_64_128)->failed_limit / 2;
	struct control c, ahead = {.kind = CONTROL_NONE};
	struct eese_key_update update;

	REQUIRE(fresh(&u, MQTT_5));
	ue_seal_number(&u, "t", "forged", 20, &msg);
	msg.p[msg.len - 1] ^= 1;
	p = ue_uplink(&u, "t", &msg, 0, topic);
	for (uint32_t i = 0; i < half; i++)
		REQUIRE(mqtt_send_publish(&u.link, &p) == 0);
	while ((c = ue_control(&u)).kind != CONTROL_NONE)
		if (c.kind == CONTROL_UPDATE)
			ahead = c;
	REQUIRE(ahead.kind == CONTROL_UPDATE);
	EXPECT_EQUAL(ahead.update.reason, EESE_UPDATE_AHEAD);
	EXPECT_EQUAL(ahead.update.ref.form, EESE_REF_VALID);
	EXPECT_EQUAL(ue_say(&u, "t", "not refused", 1), 0);
	for (uint32_t i = 0; i < half; i++)
		REQUIRE(mqtt_send_publish(&u.link, &p) == 0);
	while (ue_control(&u).kind != CONTROL_NONE)
		continue;
	EXPECT_EQUAL(ue_say(&u, "t", "refused", 1), 0x87);
	REQUIRE(ue_update(&u, EESE_UPDATE_INTEGRITY, &update));
	EXPECT_EQUAL(update.ksn, ahead.update.ksn);
	EXPECT_EQUAL(update.ref.form, EESE_REF_INVALID);
	ue_adopt(&u, &update);
	EXPECT_EQUAL(ue_say(&u, "t", "again", 1), 0);
	EXPECT(observer_sync(&app));
	EXPECT_EQUAL(observer_of(&app, &u, "t", "not refused"), 1);
	EXPECT_EQUAL(observer_of(&app, &u, "t", "refused"), 0);
	EXPECT_EQUAL(observer_of(&app, &u, "t", "again"), 1);
	mqtt_disconnect(&u.link);
}

/* Octets that are no MQTT at all. */
static void test_no_mqtt(void)
{
	uint32_t state = 0xbadbeef;

	for (int i = 0; i < 50; i++) {
		struct mqtt m;
		const struct mqtt_login login = {
		    .version = MQTT_5, .client_id = "noise", .username = "ue-0"};
		char noise[64];
		struct mqtt_publish p = {.topic = noise, .qos = (uint8_t)(i % 4), .payload = noise};

		REQUIRE(mqtt_connect(&m, broker.port, &login) == 0);
		for (size_t k = 0; k < sizeof noise - 1; k++)
			noise[k] = (char)(1 + next_random(&state) % 255);
		noise[sizeof noise - 1] = '\0';
		p.len = sizeof noise;
		(void)mqtt_send_publish(&m, &p);
		(void)mqtt_sync(&m);
		mqtt_abort(&m);
	}
	EXPECT(broker_alive(&broker));
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},
	    {"every first octet and length", test_every_head},
	    {"random octets", test_random_octets},
	    {"long payloads", test_long_payloads},
	    {"the longest plaintext", test_longest},
	    {"odd topics", test_odd_topics},
	    {"long topics", test_long_topics},
	    {"integrity limit", test_integrity_limit},
	    {"no MQTT", test_no_mqtt},
	    {"stop", stop},
	};

	return harness_main("badinput", tests, sizeof tests / sizeof *tests);
}
