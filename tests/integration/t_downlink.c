/* SPDX-License-Identifier: Apache-2.0 */
/* Downlink: encrypted for the UE alone, behind the KEY_UPDATE it needs, never in the clear. */
#include "harness.h"

#include <stdio.h>
#include <string.h>

static struct broker broker;
static struct observer app;
static struct mqtt sender; /* the application */

static void start(void)
{
	static const struct ue_range ues[] = {
	    {.prefix = "ue", .count = 60}, {.prefix = "short", .count = 10, .te2e_s = 1}, {0}};
	const struct broker_options o = {.ues = ues,
					 .plugin_lines = "plugin_opt_refresh_margin 0\n"};
	const struct mqtt_login login = {
	    .version = MQTT_5, .client_id = "application", .username = TEST_APP_USER};

	REQUIRE(broker_start(&broker, &o));
	REQUIRE(observer_open(&app, &broker, TEST_APP_USER, "#"));
	REQUIRE(mqtt_connect(&sender, broker.port, &login) == 0);
}

static void stop(void)
{
	observer_close(&app);
	mqtt_disconnect(&sender);
	broker_stop(&broker);
}

static int tell(const struct test_ue *u, const char *sub, const char *text, uint8_t qos)
{
	char topic[256];
	const struct mqtt_publish p = {
	    .topic = topic, .payload = text, .len = strlen(text), .qos = qos, .retain = true};
	int reason;

	snprintf(topic, sizeof topic, "app/%s/down/%s", u->id, sub);
	reason = mqtt_publish(&sender, &p);
	return mqtt_sync(&sender) ? reason : MQTT_CLOSED;
}

#define ANY_NUMBER UINT64_MAX

/* The next message to the UE opens to text under its keyset, on sub, with this number. */
static void expect_opens(struct test_ue *u, const char *sub, const char *text, uint64_t number)
{
	struct mqtt_message *m;
	struct eese_data_head head;
	char topic[256];
	uint8_t plain[2048];
	size_t len;

	EXPECT(mqtt_sync(&u->link));
	m = mqtt_next(&u->link, 0);
	REQUIRE(m != NULL);
	snprintf(topic, sizeof topic, "e2e/%s/down/%s", u->id, sub);
	EXPECT(strcmp(m->topic, topic) == 0);
	EXPECT(!m->retain);
	if (eese_data_head(m->payload, m->len, &head) != EESE_OK ||
	    eese_data_open(&u->set.down, u->id, sub, strlen(sub), m->payload, m->len, plain,
			   sizeof plain, &len) != EESE_OK) {
		EXPECT(!"the message opens");
	} else {
		EXPECT_EQUAL(head.kid, u->ksn & 7);
		EXPECT(number == ANY_NUMBER || head.number == number);
		EXPECT(len == strlen(text) && memcmp(plain, text, len) == 0);
		EXPECT(m->len - len >= 10 && m->len - len <= 12);
	}
	mqtt_message_free(m);
}

/* The EESE starts the contact: KEY_UPDATE 0 first, then the message under what it announced. */
static void contact(enum mqtt_version version, uint8_t qos)
{
	struct test_ue u;
	struct eese_key_update update;
	char topic[256];

	ue_take(&u, "ue");
	REQUIRE(ue_connect(&u, &broker, version, false));
	EXPECT(taken(MQTT_5, qos, tell(&u, "valve", "open", qos)));
	REQUIRE(ue_update(&u, EESE_UPDATE_CONTACT, &update));
	EXPECT_EQUAL(update.ref.form, EESE_REF_ABSENT);
	ue_adopt(&u, &update);
	expect_opens(&u, "valve", "open", 0);
	/* Unconfirmed: what follows comes under the same one. */
	EXPECT(taken(MQTT_5, qos, tell(&u, "valve", "shut", qos)));
	expect_opens(&u, "valve", "shut", 1);
	EXPECT(taken(version, qos, ue_say(&u, "t", "confirmed", qos)));
	for (uint64_t number = 2; number < 7; number++) {
		EXPECT(taken(MQTT_5, qos, tell(&u, "", "again", qos)));
		expect_opens(&u, "", "again", number);
	}
	EXPECT(ue_quiet(&u));
	/* Nobody reads the plaintext on its way down, and nothing is kept. */
	EXPECT(observer_sync(&app));
	snprintf(topic, sizeof topic, "app/%s/down/valve", u.id);
	EXPECT_EQUAL(observer_count(&app, topic, NULL), 0);
	EXPECT_EQUAL(observer_of(&app, &u, "t", "confirmed"), 1);
	mqtt_disconnect(&u.link);
}

static void test_contact(void)
{
	harness_each(contact);
}

/* A sleeping UE finds KEY_UPDATE and messages in its session, in that order. */
static void sleeping(enum mqtt_version version)
{
	struct test_ue u;
	struct eese_key_update update;

	ue_take(&u, "ue");
	REQUIRE(ue_connect(&u, &broker, version, true));
	mqtt_disconnect(&u.link);
	EXPECT(taken(MQTT_5, 1, tell(&u, "a", "first", 1)));
	EXPECT(taken(MQTT_5, 2, tell(&u, "b", "second", 2)));
	REQUIRE(ue_connect(&u, &broker, version, true));
	REQUIRE(ue_update(&u, EESE_UPDATE_CONTACT, &update));
	ue_adopt(&u, &update);
	expect_opens(&u, "a", "first", 0);
	expect_opens(&u, "b", "second", 1);
	mqtt_disconnect(&u.link);
}

static void test_sleeping(void)
{
	harness_each_version(sleeping);
}

/* te2e counts for downlink too: KEY_UPDATE with what became of the uplink before. */
static void test_expired(void)
{
	struct test_ue u;
	struct control c;

	ue_take(&u, "short");
	REQUIRE(ue_connect(&u, &broker, MQTT_5, false) && ue_first_contact(&u));
	EXPECT(taken(MQTT_5, 1, tell(&u, "x", "under current", 1)));
	expect_opens(&u, "x", "under current", 0);
	harness_sleep_ms(1100);
	EXPECT(taken(MQTT_5, 1, tell(&u, "x", "under pending", 1)));
	c = ue_control(&u);
	REQUIRE(c.kind == CONTROL_UPDATE);
	EXPECT(c.update.reason == EESE_UPDATE_CONTACT || c.update.reason == EESE_UPDATE_EXPIRED);
	EXPECT(c.update.ksn > u.ksn);
	EXPECT_EQUAL(c.update.ref.form, EESE_REF_INVALID);
	EXPECT_EQUAL(c.update.ref.next, 1);
	ue_adopt(&u, &c.update);
	expect_opens(&u, "x", "under pending", 0);
	mqtt_disconnect(&u.link);
}

/* Unknown UE, or none at all: refused, and not seen by anybody. */
static void test_no_such_ue(void)
{
	static const char *const topics[] = {"app/nobody/down/x", "app//down/x",
					     "app/white space/down/x"};
	struct mqtt_publish p = {.payload = "secret", .len = 6};

	observer_forget(&app);
	for (size_t i = 0; i < sizeof topics / sizeof *topics; i++) {
		p.topic = topics[i];
		for (uint8_t qos = 0; qos <= 2; qos++) {
			p.qos = qos;
			EXPECT(refused(MQTT_5, qos, mqtt_publish(&sender, &p)));
		}
	}
	EXPECT(mqtt_sync(&sender));
	EXPECT(observer_sync(&app));
	for (size_t i = 0; i < app.count; i++)
		EXPECT(app.seen[i]->len != 6 || memcmp(app.seen[i]->payload, "secret", 6) != 0);
}

/* QoS 2, PUBREC lost: the UE gets it once; a number may be left out. */
static void test_dup(void)
{
	struct test_ue u;
	struct mqtt_publish p = {.payload = "once", .len = 4, .qos = 2};
	char topic[128];
	int mid;

	ue_take(&u, "ue");
	REQUIRE(ue_connect(&u, &broker, MQTT_5, false) && ue_first_contact(&u));
	snprintf(topic, sizeof topic, "app/%s/down/x", u.id);
	p.topic = topic;
	mid = mqtt_send_publish(&sender, &p);
	EXPECT(taken(MQTT_5, 2, mqtt_wait(&sender, MQTT_PUBREC, (uint16_t)mid)));
	p.dup = true;
	p.mid = (uint16_t)mid;
	EXPECT_EQUAL(mqtt_send_publish(&sender, &p), mid);
	EXPECT(taken(MQTT_5, 2, mqtt_wait(&sender, MQTT_PUBREC, (uint16_t)mid)));
	EXPECT(mqtt_send_ack(&sender, MQTT_PUBREL, (uint16_t)mid));
	EXPECT_EQUAL(mqtt_wait(&sender, MQTT_PUBCOMP, (uint16_t)mid), 0);
	EXPECT(mqtt_sync(&sender));
	expect_opens(&u, "x", "once", ANY_NUMBER);
	EXPECT(ue_quiet(&u));
	mqtt_disconnect(&u.link);
}

/* What the application's MQTT properties say stays behind. */
static void no_properties(enum mqtt_version version, uint8_t qos)
{
	static const uint8_t properties[] = {0x26, 0, 1, 'k', 0, 1, 'v', 0x03, 0, 1, 't'};
	struct test_ue u;
	char topic[128];
	const struct mqtt_publish p = {.topic = topic,
				       .payload = "bare",
				       .len = 4,
				       .qos = qos,
				       .properties = properties,
				       .properties_len = sizeof properties};

	ue_take(&u, "ue");
	REQUIRE(ue_connect(&u, &broker, version, false) && ue_first_contact(&u));
	snprintf(topic, sizeof topic, "app/%s/down/x", u.id);
	EXPECT(taken(MQTT_5, qos, mqtt_publish(&sender, &p)));
	EXPECT(mqtt_sync(&sender) && mqtt_sync(&u.link));
	REQUIRE(u.link.first != NULL);
	EXPECT_EQUAL(u.link.first->properties_len, 0);
	expect_opens(&u, "x", "bare", 0);
	mqtt_disconnect(&u.link);
}

static void test_no_properties(void)
{
	harness_each(no_properties);
}

/* Up to the limit of clause 2 and one octet beyond. */
static void test_sizes(void)
{
	static uint8_t big[EESE_PLAINTEXT_MAX + 1], plain[EESE_MESSAGE_MAX];
	struct test_ue u;
	struct mqtt_message *m;
	struct mqtt_publish p = {.payload = big, .len = EESE_PLAINTEXT_MAX, .qos = 1};
	char topic[128];
	size_t len = 0;

	ue_take(&u, "ue");
	REQUIRE(ue_connect(&u, &broker, MQTT_5, false) && ue_first_contact(&u));
	snprintf(topic, sizeof topic, "app/%s/down/x", u.id);
	p.topic = topic;
	EXPECT(taken(MQTT_5, 1, mqtt_publish(&sender, &p)));
	EXPECT(mqtt_sync(&sender));
	m = mqtt_next(&u.link, MQTT_PATIENCE_MS);
	REQUIRE(m != NULL);
	EXPECT(eese_data_open(&u.set.down, u.id, "x", 1, m->payload, m->len, plain, sizeof plain,
			      &len) == EESE_OK);
	EXPECT_EQUAL(len, EESE_PLAINTEXT_MAX);
	mqtt_message_free(m);
	p.len = sizeof big;
	EXPECT_EQUAL(mqtt_publish(&sender, &p), 0x87);
	EXPECT(ue_quiet(&u));
	mqtt_disconnect(&u.link);
}

static bool hears_pending(struct test_ue *u, const struct eese_key_update *first)
{
	struct control c = ue_control(u);

	return c.kind == CONTROL_UPDATE && c.update.ksn == first->ksn &&
	       memcmp(c.update.rand, first->rand, sizeof first->rand) == 0;
}

/* Without a session the KEY_UPDATE goes nowhere, and the message behind it too. Whoever subscribes
 * ctl hears it, so that what comes next opens. */
static void test_nobody_listened(void)
{
	struct eese_key_update first;
	struct test_ue u;

	ue_take(&u, "ue");
	EXPECT(taken(MQTT_5, 1, tell(&u, "x", "lost", 1)));
	REQUIRE(ue_connect(&u, &broker, MQTT_5, false));
	REQUIRE(ue_update(&u, EESE_UPDATE_CONTACT, &first) && ue_quiet(&u));
	EXPECT(taken(MQTT_5, 1, tell(&u, "x", "and found", 1)));
	ue_adopt(&u, &first);
	expect_opens(&u, "x", "and found", 1);
	EXPECT(ue_quiet(&u));
	/* Again with each subscription, until the keyset is confirmed. */
	EXPECT_EQUAL(mqtt_subscribe(&u.link, "e2e/other/ctl", 1), 0x87);
	EXPECT(ue_quiet(&u));
	mqtt_disconnect(&u.link);
	REQUIRE(ue_connect(&u, &broker, MQTT_3_1_1, false));
	EXPECT(hears_pending(&u, &first));
	EXPECT(taken(MQTT_3_1_1, 1, ue_say(&u, "t", "confirmed", 1)) && ue_quiet(&u));
	mqtt_disconnect(&u.link);
	REQUIRE(ue_connect(&u, &broker, MQTT_5, false));
	EXPECT(ue_control(&u).kind == CONTROL_NONE);
	mqtt_disconnect(&u.link);
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},
	    {"the EESE starts the contact", test_contact},
	    {"a sleeping UE", test_sleeping},
	    {"nobody listened", test_nobody_listened},
	    {"expired", test_expired},
	    {"no such UE", test_no_such_ue},
	    {"QoS 2", test_dup},
	    {"no properties", test_no_properties},
	    {"sizes", test_sizes},
	    {"stop", stop},
	};

	return harness_main("downlink", tests, sizeof tests / sizeof *tests);
}
