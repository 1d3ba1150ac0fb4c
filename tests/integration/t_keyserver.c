/* SPDX-License-Identifier: Apache-2.0 */
/* The EMKS as the source of keys and RANDs: clause 8, and clause 5's asking of it. */
#include "keyserver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct keyserver k;

/* By data and by KEY_REQUEST: a stranger becomes a UE. */
static void first_contact(enum mqtt_version version)
{
	struct test_ue u, v;

	ue_take(&u, "far");
	REQUIRE(ue_connect(&u, &k.broker, version, false));
	EXPECT(refused(version, 1, say_unknown(&u)));
	REQUIRE(await_update(&u, EESE_UPDATE_UNKNOWN));
	EXPECT(taken(version, 1, ue_say(&u, "t", "found", 1)));
	EXPECT_EQUAL(hostile_asked(k.emks, u.id), 1);
	mqtt_disconnect(&u.link);

	ue_take(&v, "far");
	REQUIRE(ue_connect(&v, &k.broker, version, false));
	EXPECT(refused(version, 1, ue_request(&v, EESE_REQUEST_NO_KEYSET, 0, 1)));
	REQUIRE(await_update(&v, EESE_UPDATE_ASKED));
	EXPECT(taken(version, 1, ue_say(&v, "t", "found", 1)));
	EXPECT_EQUAL(hostile_asked(k.emks, v.id), 1);
	mqtt_disconnect(&v.link);
}

/* One connection is enough for one after the other; nobody asks for a UE of the key file. */
static void test_first_contact(void)
{
	struct test_ue filed;

	REQUIRE(keyserver_start(&k, ""));
	harness_each_version(first_contact);
	REQUIRE(newcomer(&filed, &k, "file"));
	EXPECT(ue_first_contact(&filed));
	EXPECT_EQUAL(hostile_asked(k.emks, filed.id), 0);
	EXPECT(hostile_look(k.emks).client_named);
	EXPECT_EQUAL(hostile_look(k.emks).connections, 1);
	EXPECT_EQUAL(hostile_look(k.emks).rands, 0);
	mqtt_disconnect(&filed.link);
	keyserver_stop(&k);
}

/* Without a key file every UE is the EMKS's. */
static void test_no_key_file(void)
{
	struct broker_options o = {.no_key_option = true};
	struct test_ue u;
	char url[64];

	k.port = 0;
	REQUIRE(keyserver_serve(&k, NULL));
	snprintf(url, sizeof url, "https://localhost:%u/", k.port);
	o.plugin_lines = keyserver_lines(&k, url, "client.pem", "client-key.pem", "");
	REQUIRE(broker_start(&k.broker, &o));
	REQUIRE(newcomer(&u, &k, "file"));
	EXPECT_EQUAL(say_unknown(&u), 0x87);
	EXPECT(await_update(&u, EESE_UPDATE_UNKNOWN));
	mqtt_disconnect(&u.link);
	keyserver_stop(&k);
}

/* Told, and remembered. */
static void test_refused(void)
{
	static const struct {
		enum hostile_way way;
		uint8_t error;
	} rows[] = {
	    {HOSTILE_NO_KEY, EESE_ERROR_NO_KEY},
	    {HOSTILE_FORBIDDEN, EESE_ERROR_NOT_APPLICABLE},
	    {HOSTILE_UNKNOWN, EESE_ERROR_UE_UNKNOWN},
	};

	REQUIRE(keyserver_start(&k, ""));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct test_ue u;

		REQUIRE(newcomer(&u, &k, "far"));
		hostile_be(k.emks, rows[i].way);
		EXPECT_EQUAL(say_unknown(&u), 0x87);
		EXPECT(await_error(&u, rows[i].error));
		hostile_be(k.emks, HOSTILE_RIGHT);
		harness_sleep_ms(1100); /* the budget of answers */
		EXPECT_EQUAL(say_unknown(&u), 0x87);
		EXPECT(await_error(&u, rows[i].error));
		EXPECT_EQUAL(hostile_asked(k.emks, u.id), 1);
		mqtt_disconnect(&u.link);
	}
	keyserver_stop(&k);
}

static bool contact(struct test_ue *u)
{
	return newcomer(u, &k, "far") && say_unknown(u) == 0x87 &&
	       await_update(u, EESE_UPDATE_UNKNOWN) && ue_say(u, "t", "found", 1) < 0x80;
}

/* The UE ran AKA: its KEY_REQUEST under the new key brings it, once the EMKS has it. */
static void test_newer_key(void)
{
	struct test_ue u, old;

	REQUIRE(keyserver_start(&k, ""));
	hostile_key(k.emks, 0, -60, 3600);
	REQUIRE(contact(&u));
	old = u;
	hostile_key(k.emks, 1, -30, 3600);
	ue_rekey(&u, 1);
	EXPECT_EQUAL(ue_request(&u, EESE_REQUEST_NO_KEYSET, 0, 1), 0x87);
	REQUIRE(await_update(&u, EESE_UPDATE_ASKED));
	EXPECT(ue_say(&u, "t", "new", 1) < 0x80);
	/* nothing of the old one opens */
	old.link = u.link;
	EXPECT_EQUAL(ue_say(&old, "t", "old", 1), 0x87);
	EXPECT_EQUAL(hostile_asked(k.emks, u.id), 2);
	mqtt_disconnect(&u.link);
	keyserver_stop(&k);
}

/* An older key, and one under which the MAC does not hold, touch nothing. */
static void test_not_newer_key(void)
{
	static const struct {
		unsigned generation;
		int created;
		uint8_t error;
	} rows[] = {
	    {1, -90, EESE_ERROR_NO_KEY}, /* older */
	    {2, -30, 0},                 /* newer, but the MAC is under generation 1 */
	};

	REQUIRE(keyserver_start(&k, ""));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct test_ue u, other;

		hostile_key(k.emks, 0, -60, 3600);
		REQUIRE(contact(&u));
		other = u;
		ue_rekey(&other, 1);
		hostile_key(k.emks, rows[i].generation, rows[i].created, 3600);
		EXPECT_EQUAL(ue_request(&other, EESE_REQUEST_NO_KEYSET, 0, 1), 0x87);
		u.link = other.link;
		if (rows[i].error != 0)
			EXPECT(await_error(&u, rows[i].error));
		for (int n = 0; hostile_asked(k.emks, u.id) < 2 && n < 1000; n++)
			harness_sleep_ms(10);
		harness_sleep_ms(300); /* the tick has taken it up */
		EXPECT(ue_quiet(&u));
		EXPECT(ue_say(&u, "t", "as before", 1) < 0x80);
		mqtt_disconnect(&u.link);
	}
	keyserver_stop(&k);
}

/* N11: the key ends while the UE is there; what the EMKS says then decides. */
static void key_ends(struct test_ue *u, enum hostile_way way, uint8_t error)
{
	hostile_be(k.emks, way);
	EXPECT_EQUAL(ue_say(u, "t", "late", 1), 0x87);
	if (error != 0) {
		EXPECT(await_error(u, error));
	} else if (await_update(u, EESE_UPDATE_EXPIRED)) {
		EXPECT(ue_say(u, "t", "again", 1) < 0x80);
	} else {
		CU_FAIL("no KEY_UPDATE");
	}
	EXPECT_EQUAL(hostile_asked(k.emks, u->id), 2);
	mqtt_disconnect(&u->link);
}

static void test_key_ends(void)
{
	static const struct {
		enum hostile_way way;
		uint8_t error;
	} rows[] = {
	    {HOSTILE_RIGHT, 0},
	    {HOSTILE_FORBIDDEN, EESE_ERROR_NOT_APPLICABLE},
	    {HOSTILE_NO_KEY, EESE_ERROR_NO_KEY},
	    {HOSTILE_MUTE, EESE_ERROR_UNREACHABLE},
	};
	enum { ROWS = sizeof rows / sizeof *rows };
	struct test_ue u[ROWS];

	REQUIRE(keyserver_start(&k, "plugin_opt_te2e 2\nplugin_opt_refresh_margin 0\n"
				    "plugin_opt_emks_timeout 1\n"));
	hostile_key(k.emks, 0, -60, 3);
	for (size_t i = 0; i < ROWS; i++)
		REQUIRE(contact(&u[i]));
	harness_sleep_ms(3100); /* so does te2e */
	hostile_key(k.emks, 0, -60, 3600);
	for (size_t i = 0; i < ROWS; i++)
		key_ends(&u[i], rows[i].way, rows[i].error);
	keyserver_stop(&k);
}

/* Barred at the operator; found when the key is asked for again, long before it ends. */
static void test_barred(void)
{
	struct test_ue u, other;

	REQUIRE(keyserver_start(&k, "plugin_opt_te2e 2\nplugin_opt_refresh_margin 0\n"));
	REQUIRE(contact(&u));
	other = u;
	ue_rekey(&other, 1);
	hostile_be(k.emks, HOSTILE_FORBIDDEN);
	EXPECT_EQUAL(ue_request(&other, EESE_REQUEST_NO_KEYSET, 0, 1), 0x87);
	u.link = other.link;
	EXPECT(await_error(&u, EESE_ERROR_NOT_APPLICABLE));
	harness_sleep_ms(2100);
	EXPECT_EQUAL(ue_say(&u, "t", "late", 1), 0x87);
	EXPECT(await_error(&u, EESE_ERROR_NOT_APPLICABLE));
	EXPECT_EQUAL(hostile_asked(k.emks, u.id), 2);
	mqtt_disconnect(&u.link);
	keyserver_stop(&k);
}

static int tell(const struct test_ue *u, struct mqtt *from, const char *text)
{
	char topic[128];
	const struct mqtt_publish p = {
	    .topic = topic, .payload = text, .len = strlen(text), .qos = 1};

	snprintf(topic, sizeof topic, "app/%s/down/valve", u->id);
	return mqtt_publish(from, &p);
}

static void expect_opens(struct test_ue *u, const char *text)
{
	struct mqtt_message *m = mqtt_next(&u->link, MQTT_PATIENCE_MS);
	uint8_t plain[256];
	size_t len = 0;

	REQUIRE(m != NULL);
	EXPECT(eese_data_open(&u->set.down, u->id, "valve", 5, m->payload, m->len, plain,
			      sizeof plain, &len) == EESE_OK);
	EXPECT(len == strlen(text) && memcmp(plain, text, len) == 0);
	mqtt_message_free(m);
}

/* Downlink to a stranger: its key is fetched, and the message follows the KEY_UPDATE. */
static void downlink_to(struct mqtt *from, bool asleep)
{
	struct test_ue u;
	struct control c;

	ue_take(&u, "far");
	REQUIRE(ue_connect(&u, &k.broker, MQTT_5, asleep));
	if (asleep)
		mqtt_disconnect(&u.link);
	EXPECT(tell(&u, from, "open") < 0x80);
	EXPECT(tell(&u, from, "close") < 0x80);
	if (asleep) {
		for (int n = 0; hostile_asked(k.emks, u.id) == 0 && n < 1000; n++)
			harness_sleep_ms(10);
		harness_sleep_ms(300);
		REQUIRE(ue_connect(&u, &k.broker, MQTT_5, true));
	}
	c = await_control(&u, MQTT_PATIENCE_MS);
	REQUIRE(c.kind == CONTROL_UPDATE);
	ue_adopt(&u, &c.update);
	/* the answer to the EMKS's and the start of the contact may both announce it */
	if (u.link.first == NULL)
		EXPECT(mqtt_sync(&u.link));
	if (u.link.first != NULL && strstr(u.link.first->topic, "/ctl") != NULL)
		EXPECT(ue_control(&u).update.ksn == u.ksn);
	expect_opens(&u, "open");
	expect_opens(&u, "close");
	EXPECT_EQUAL(hostile_asked(k.emks, u.id), 1);
	mqtt_disconnect(&u.link);
}

static void test_downlink(void)
{
	const struct mqtt_login login = {
	    .version = MQTT_5, .client_id = "application", .username = TEST_APP_USER};
	struct mqtt from;

	REQUIRE(keyserver_start(&k, ""));
	REQUIRE(mqtt_connect(&from, k.broker.port, &login) == 0);
	downlink_to(&from, false);
	downlink_to(&from, true);
	mqtt_disconnect(&from);
	keyserver_stop(&k);
}

/* The EMKS is away when the application speaks; nobody else wakes it up when it is back. */
static void test_downlink_waits(void)
{
	const struct mqtt_login login = {
	    .version = MQTT_5, .client_id = "application", .username = TEST_APP_USER};
	struct test_ue u, unknown;
	struct observer app;
	struct mqtt from;
	struct control c;
	char topic[128];

	REQUIRE(keyserver_start(&k, ""));
	REQUIRE(observer_open(&app, &k.broker, TEST_APP_USER, "app/+/event"));
	app.events = true;
	REQUIRE(mqtt_connect(&from, k.broker.port, &login) == 0);
	REQUIRE(newcomer(&u, &k, "far"));
	hostile_stop(k.emks);
	EXPECT(tell(&u, &from, "open") < 0x80);
	EXPECT(await_error(&u, EESE_ERROR_UNREACHABLE));
	REQUIRE(keyserver_serve(&k, NULL));
	do
		c = await_control(&u, 2 * MQTT_PATIENCE_MS);
	while (c.kind == CONTROL_ERROR);
	REQUIRE(c.kind == CONTROL_UPDATE);
	ue_adopt(&u, &c.update);
	for (int n = 0; u.link.first == NULL && n < 100; n++)
		EXPECT(mqtt_sync(&u.link));
	if (u.link.first != NULL && strstr(u.link.first->topic, "/ctl") != NULL)
		EXPECT(ue_control(&u).update.ksn == u.ksn);
	expect_opens(&u, "open");
	/* and none for whom there will never be a key */
	hostile_be(k.emks, HOSTILE_UNKNOWN);
	ue_take(&unknown, "far");
	EXPECT(tell(&unknown, &from, "open") < 0x80);
	for (int n = 0; hostile_asked(k.emks, unknown.id) == 0 && n < 1000; n++)
		harness_sleep_ms(10);
	harness_sleep_ms(300);
	/* the application hears of it, though the message was taken */
	EXPECT(observer_sync(&app));
	snprintf(topic, sizeof topic, "app/%s/event", unknown.id);
	EXPECT_EQUAL(observer_count(&app, topic, NULL), 1);
	EXPECT_EQUAL(tell(&unknown, &from, "open"), 0x87);
	observer_close(&app);
	mqtt_disconnect(&from);
	mqtt_disconnect(&u.link);
	keyserver_stop(&k);
}

/* SIGHUP with other keys in the file: who came from the EMKS stays as it is. */
static void test_reload_keeps(void)
{
	static const struct ue_range ues[] = {{.prefix = "other", .count = 1}, {0}};
	struct test_ue u;

	REQUIRE(keyserver_start(&k, ""));
	REQUIRE(contact(&u));
	broker_write_keys(&k.broker, ues, NULL);
	broker_reload(&k.broker);
	EXPECT(ue_say(&u, "t", "as before", 1) < 0x80);
	EXPECT_EQUAL(hostile_asked(k.emks, u.id), 1);
	mqtt_disconnect(&u.link);
	keyserver_stop(&k);
}

/* The key file names a UE while its key is under way: then the EMKS has no say in it. */
static void test_filed_meanwhile(void)
{
	struct test_ue u, other;
	char keys[256];
	size_t len;

	REQUIRE(keyserver_start(&k, ""));
	hostile_key(k.emks, 1, -60, 3600);
	hostile_delay(k.emks, 2000);
	REQUIRE(newcomer(&u, &k, "far"));
	other = u;
	ue_rekey(&other, 1);
	EXPECT_EQUAL(ue_request(&other, EESE_REQUEST_NO_KEYSET, 0, 1), 0x87);
	u.link = other.link;
	for (int n = 0; hostile_asked(k.emks, u.id) == 0 && n < 1000; n++)
		harness_sleep_ms(10);
	len = (size_t)snprintf(keys, sizeof keys, "%s ", u.id);
	for (size_t i = 0; i < EESE_INT_KEY_SIZE; i++)
		len += (size_t)snprintf(keys + len, sizeof keys - len, "%02x", u.int_key[i]);
	snprintf(keys + len, sizeof keys - len, "\n");
	broker_write_keys(&k.broker, NULL, keys);
	broker_reload(&k.broker);
	EXPECT(await_error(&u, EESE_ERROR_NO_KEY));
	EXPECT(ue_first_contact(&u));
	mqtt_disconnect(&u.link);
	keyserver_stop(&k);
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"first contact", test_first_contact},
	    {"no key file", test_no_key_file},
	    {"refused", test_refused},
	    {"newer key", test_newer_key},
	    {"not newer key", test_not_newer_key},
	    {"the key ends", test_key_ends},
	    {"barred", test_barred},
	    {"downlink", test_downlink},
	    {"downlink waits", test_downlink_waits},
	    {"reload keeps", test_reload_keeps},
	    {"filed meanwhile", test_filed_meanwhile},
	};

	return keyserver_main(&k, "key server", tests, sizeof tests / sizeof *tests);
}
