/* SPDX-License-Identifier: Apache-2.0 */
/* Downlink for a UE that has no e2e_int_key yet: held within bounds, then sent in order, or
 * dropped and told of. */
#include "admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct broker broker;
static struct observer app;
static struct mqtt admin, sender;

static const char *const options =
    "plugin_opt_admins " TEST_ADMIN_USER "\nplugin_opt_sys_interval 1\n";

static void start_with(const char *lines)
{
	const struct broker_options o = {.ues = NULL, .plugin_lines = lines};
	const struct mqtt_login login = {
	    .version = MQTT_5, .client_id = "application", .username = TEST_APP_USER};

	REQUIRE(broker_start(&broker, &o));
	REQUIRE(observer_open(&app, &broker, TEST_APP_USER, "app/#"));
	app.events = true;
	REQUIRE(admin_open(&admin, &broker, "admin", MQTT_5));
	REQUIRE(mqtt_connect(&sender, broker.port, &login) == 0);
}

static void start(void)
{
	start_with(options);
}

static void stop(void)
{
	observer_close(&app);
	mqtt_disconnect(&admin);
	mqtt_disconnect(&sender);
	broker_stop(&broker);
}

/* Known to the EESE, without a key. */
static void introduce(struct test_ue *u, const char *prefix)
{
	ue_take(u, prefix);
	cJSON_Delete(admin_done(&admin, "{\"command\":\"addUe\",\"ueId\":\"%s\"}", u->id));
}

/* The key file has the keys of these; they and no others are known then, but for those added. */
static void bring_keys(const char *prefix, int count)
{
	const struct ue_range range[] = {{.prefix = prefix, .count = count}, {0}};

	broker_write_keys(&broker, range, NULL);
	broker_reload(&broker);
}

static int tell(const struct test_ue *u, const void *plain, size_t len, uint8_t qos)
{
	char topic[128];
	const struct mqtt_publish p = {.topic = topic, .payload = plain, .len = len, .qos = qos};

	snprintf(topic, sizeof topic, "app/%s/down/valve", u->id);
	return mqtt_publish(&sender, &p);
}

static double held(void)
{
	cJSON *data = admin_done(&admin, "{\"command\":\"getStatus\"}");
	double n = json_number(cJSON_GetObjectItemCaseSensitive(data, "counters"), "downlink/held");

	cJSON_Delete(data);
	return n;
}

/* The next message to the UE opens to this text. */
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

static void expect_update(struct test_ue *u)
{
	struct eese_key_update update;

	for (int waited = 0; u->link.first == NULL && waited < MQTT_PATIENCE_MS; waited += 20) {
		harness_sleep_ms(20);
		EXPECT(mqtt_sync(&u->link));
	}
	if (ue_update(u, EESE_UPDATE_CONTACT, &update))
		ue_adopt(u, &update);
	else
		EXPECT(!"a KEY_UPDATE comes first");
}

static size_t dropped(const struct test_ue *u, const char *reason)
{
	char topic[128], text[64];
	size_t n = 0;

	snprintf(topic, sizeof topic, "app/%s/event", u->id);
	snprintf(text, sizeof text, "\"reason\":\"%s\"", reason);
	EXPECT(observer_sync(&app));
	for (size_t i = 0; i < app.count; i++) {
		char *json = strndup((char *)app.seen[i]->payload, app.seen[i]->len);

		n += json != NULL && strcmp(app.seen[i]->topic, topic) == 0 &&
		     strstr(json, "downlinkDropped") != NULL && strstr(json, text) != NULL;
		free(json);
	}
	return n;
}

/* Taken, sent once there is a key, in order, behind the KEY_UPDATE; also to a sleeping UE. */
static void held_then_sent(enum mqtt_version version, uint8_t qos, bool persistent)
{
	struct test_ue u;
	char text[32], topic[128];
	struct control c;

	introduce(&u, "late");
	REQUIRE(ue_connect(&u, &broker, version, persistent));
	for (int i = 0; i < 5; i++) {
		snprintf(text, sizeof text, "command %d", i);
		EXPECT(taken(MQTT_5, qos, tell(&u, text, strlen(text), qos)));
	}
	EXPECT(mqtt_sync(&sender));
	EXPECT_EQUAL(held(), 5);
	/* It is told that it needs a key. */
	c = ue_control(&u);
	EXPECT(c.kind == CONTROL_ERROR && c.error.reason == EESE_ERROR_NO_KEY);
	EXPECT(ue_quiet(&u));
	if (persistent) {
		mqtt_disconnect(&u.link);
		EXPECT(mqtt_sync(&admin)); /* the broker knows it */
	}
	bring_keys("late", 40);
	EXPECT_EQUAL(held(), 0);
	if (persistent)
		REQUIRE(ue_connect(&u, &broker, version, true));
	expect_update(&u);
	for (int i = 0; i < 5; i++) {
		snprintf(text, sizeof text, "command %d", i);
		if (persistent && qos == 0)
			continue; /* the broker keeps none of these for a sleeping client */
		expect_opens(&u, text);
	}
	/* Subscribing, it hears once more what is pending. */
	if (persistent)
		expect_update(&u);
	EXPECT(ue_quiet(&u));
	EXPECT_EQUAL(dropped(&u, "no key"), 0);
	snprintf(topic, sizeof topic, "app/%s/down/valve", u.id);
	EXPECT_EQUAL(observer_count(&app, topic, NULL), 0);
	mqtt_disconnect(&u.link);
	bring_keys("none", 0);
	cJSON_Delete(admin_command(&admin, "{\"command\":\"removeUe\",\"ueId\":\"%s\"}", u.id));
}

static void awake(enum mqtt_version version, uint8_t qos)
{
	held_then_sent(version, qos, false);
}

static void asleep(enum mqtt_version version, uint8_t qos)
{
	held_then_sent(version, qos, true);
}

static void test_sent(void)
{
	harness_each(awake);
	harness_each(asleep);
}

/* What comes for another UE, or when there is a key again, does not wait. */
static void test_no_overtaking(void)
{
	struct test_ue u, other;

	introduce(&u, "mixed");
	introduce(&other, "mixed");
	REQUIRE(ue_connect(&other, &broker, MQTT_5, false));
	EXPECT(taken(MQTT_5, 1, tell(&u, "for u", 5, 1)));
	EXPECT(taken(MQTT_5, 1, tell(&other, "one", 3, 1)));
	EXPECT(taken(MQTT_5, 1, tell(&u, "for u", 5, 1)));
	EXPECT(taken(MQTT_5, 1, tell(&other, "two", 3, 1)));
	EXPECT(ue_control(&other).kind == CONTROL_ERROR);
	broker_write_keys(&broker, NULL, "");
	{
		char line[EESE_UE_ID_MAX + 2 * EESE_INT_KEY_SIZE + 3];
		int n = snprintf(line, sizeof line, "%s ", other.id);

		for (size_t i = 0; i < EESE_INT_KEY_SIZE; i++)
			snprintf(line + n + 2 * i, 3, "%02x", other.int_key[i]);
		snprintf(line + strlen(line), 2, "\n");
		broker_write_keys(&broker, NULL, line);
	}
	broker_reload(&broker);
	EXPECT(taken(MQTT_5, 1, tell(&other, "three", 5, 1)));
	expect_update(&other);
	expect_opens(&other, "one");
	expect_opens(&other, "two");
	expect_opens(&other, "three");
	EXPECT_EQUAL(held(), 2);
	mqtt_disconnect(&other.link);
	cJSON_Delete(admin_done(&admin, "{\"command\":\"removeUe\",\"ueId\":\"%s\"}", u.id));
	EXPECT_EQUAL(held(), 0); /* at once: the plaintext of a UE removed is gone */
	EXPECT_EQUAL(dropped(&u, "no key"), 1);
}

/* The bound on their number, for all UEs together; and on their octets. */
static void test_bounds(void)
{
	static char big[EESE_PLAINTEXT_MAX];
	struct test_ue a, b;
	int n;

	introduce(&a, "full");
	introduce(&b, "full");
	for (n = 0; n < 1000; n++)
		EXPECT(taken(MQTT_5, 1, tell(n % 2 == 0 ? &a : &b, "x", 1, 1)));
	EXPECT_EQUAL(dropped(&a, "too many waiting"), 0);
	EXPECT_EQUAL(tell(&a, "x", 1, 1), 0x87);
	EXPECT_EQUAL(tell(&b, "x", 1, 2), 0x87);
	EXPECT_EQUAL(tell(&b, "x", 1, 0), 0);
	EXPECT_EQUAL(dropped(&a, "too many waiting"), 1);
	EXPECT_EQUAL(dropped(&b, "too many waiting"), 1);
	EXPECT_EQUAL(held(), 1000);
	cJSON_Delete(admin_done(&admin, "{\"command\":\"removeUe\",\"ueId\":\"%s\"}", a.id));
	EXPECT_EQUAL(held(), 500);
	cJSON_Delete(admin_done(&admin, "{\"command\":\"removeUe\",\"ueId\":\"%s\"}", b.id));
	EXPECT_EQUAL(held(), 0);
	introduce(&a, "full");
	for (n = 0; n < 100 && taken(MQTT_5, 1, tell(&a, big, sizeof big, 1)); n++)
		continue;
	EXPECT_EQUAL(n, 4 * 1024 * 1024 / (sizeof big + strlen(a.id) + 5));
	EXPECT(taken(MQTT_5, 1, tell(&a, "small", 5, 1)));
	cJSON_Delete(admin_done(&admin, "{\"command\":\"removeUe\",\"ueId\":\"%s\"}", a.id));
}

/* Too long for one message, or nobody will ever have a key for it: not held, told of. */
static void test_not_held(void)
{
	static char big[EESE_PLAINTEXT_MAX + 1];
	struct test_ue u, stranger;

	introduce(&u, "not");
	EXPECT_EQUAL(tell(&u, big, sizeof big, 1), 0x87);
	EXPECT_EQUAL(dropped(&u, "too long"), 1);
	ue_named(&stranger, "stranger");
	EXPECT_EQUAL(tell(&stranger, "x", 1, 1), 0x87);
	EXPECT_EQUAL(dropped(&stranger, "no key"), 1);
	strcpy(stranger.id, "no name"); /* of a UE, that is */
	EXPECT_EQUAL(tell(&stranger, "x", 1, 1), 0x87);
	EXPECT_EQUAL(dropped(&stranger, "no key"), 0);
	EXPECT_EQUAL(held(), 0);
}

/* No key came in hold_life. */
static void test_too_old(void)
{
	struct test_ue u;

	start_with("plugin_opt_admins " TEST_ADMIN_USER "\nplugin_opt_hold_life 1\n");
	introduce(&u, "old");
	EXPECT(taken(MQTT_5, 1, tell(&u, "x", 1, 1)));
	EXPECT_EQUAL(held(), 1);
	for (int waited = 0; dropped(&u, "no key") == 0 && waited < MQTT_PATIENCE_MS; waited += 50)
		harness_sleep_ms(50);
	EXPECT_EQUAL(dropped(&u, "no key"), 1);
	EXPECT_EQUAL(held(), 0);
	bring_keys("old", 3);
	REQUIRE(ue_connect(&u, &broker, MQTT_5, false));
	EXPECT(ue_quiet(&u));
	mqtt_disconnect(&u.link);
	stop();
}

static void test_switched_off(void)
{
	struct test_ue u;

	start_with("plugin_opt_admins " TEST_ADMIN_USER "\nplugin_opt_hold_life 0\n");
	introduce(&u, "off");
	EXPECT_EQUAL(tell(&u, "x", 1, 1), 0x87);
	EXPECT_EQUAL(held(), 0);
	EXPECT_EQUAL(dropped(&u, "no key"), 1);
	stop();
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},
	    {"held, then sent", test_sent},
	    {"no overtaking", test_no_overtaking},
	    {"bounds", test_bounds},
	    {"not held", test_not_held},
	    {"stop", stop},
	    {"too old", test_too_old},
	    {"switched off", test_switched_off},
	};

	return harness_main("hold", tests, sizeof tests / sizeof *tests);
}
