/* SPDX-License-Identifier: Apache-2.0 */
/* The enterprise's commands on $CONTROL/eese/v1, and the key file re-read on SIGHUP. */
#include "admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct broker broker;
static struct observer app;
static struct mqtt admin;

static const struct ue_range ues[] = {{.prefix = "ue", .count = 60},
				      {.prefix = "roof", .count = 20, .group = "roof"},
				      {.prefix = "cellar", .count = 20, .group = "cellar"},
				      {0}};

static void start(void)
{
	const struct broker_options o = {
	    .ues = ues, .plugin_lines = "plugin_opt_admins boss " TEST_ADMIN_USER "\n"};

	REQUIRE(broker_start(&broker, &o));
	REQUIRE(observer_open(&app, &broker, TEST_APP_USER, "app/#"));
	REQUIRE(admin_open(&admin, &broker, "admin", MQTT_5));
}

static void stop(void)
{
	observer_close(&app);
	mqtt_disconnect(&admin);
	broker_stop(&broker);
}

static void expect_done(const char *json, uint8_t qos)
{
	char *answer = admin_ask(&admin, json, qos);

	EXPECT(answer != NULL && strstr(answer, "\"responses\"") != NULL);
	EXPECT(answer != NULL && strstr(answer, "\"expireKey\"") != NULL);
	EXPECT(answer != NULL && strstr(answer, "\"error\"") == NULL);
	if (answer == NULL || strstr(answer, "\"error\"") != NULL)
		printf("\n  %s\n  %s\n", json, answer != NULL ? answer : "no answer");
	free(answer);
}

static bool fresh(struct test_ue *u, const char *prefix, enum mqtt_version version)
{
	ue_take(u, prefix);
	return ue_connect(u, &broker, version, false) && ue_first_contact(u);
}

/* Whether this UE's keyset was expired by the enterprise; if so it is refreshed. */
static bool was_expired(struct test_ue *u)
{
	static int calls;
	struct eese_key_update update;
	char text[32];

	snprintf(text, sizeof text, "call %d", calls++);
	if (ue_say(u, "t", text, 1) < 0x80)
		return false;
	EXPECT(ue_update(u, EESE_UPDATE_ENTERPRISE, &update));
	EXPECT_EQUAL(update.ref.form, EESE_REF_INVALID);
	ue_adopt(u, &update);
	EXPECT(taken(MQTT_5, 1, ue_say(u, "t", text, 1)));
	EXPECT(observer_sync(&app));
	EXPECT_EQUAL(observer_of(&app, u, "t", text), 1);
	return true;
}

static void one_ue(enum mqtt_version version, uint8_t qos)
{
	struct test_ue u, other;
	struct eese_key_update update;
	char json[256];

	REQUIRE(fresh(&u, "ue", version));
	REQUIRE(fresh(&other, "ue", version));
	snprintf(json, sizeof json, "{\"commands\":[{\"command\":\"expireKey\",\"ueId\":\"%s\"}]}",
		 u.id);
	expect_done(json, qos);
	EXPECT(refused(version, qos, ue_say(&u, "t", "expired", qos)));
	REQUIRE(ue_update(&u, EESE_UPDATE_ENTERPRISE, &update));
	EXPECT_EQUAL(update.ref.form, EESE_REF_INVALID);
	EXPECT_EQUAL(update.ref.next, 1);
	ue_adopt(&u, &update);
	EXPECT(taken(version, qos, ue_say(&u, "t", "again", qos)));
	EXPECT(taken(version, qos, ue_say(&other, "t", "untouched", qos)));
	EXPECT(observer_sync(&app));
	EXPECT_EQUAL(observer_of(&app, &u, "t", "expired"), 0);
	EXPECT_EQUAL(observer_of(&app, &u, "t", "again"), 1);
	EXPECT_EQUAL(observer_of(&app, &other, "t", "untouched"), 1);
	mqtt_disconnect(&u.link);
	mqtt_disconnect(&other.link);
}

static void test_one_ue(void)
{
	harness_each(one_ue);
}

static void test_group_and_all(void)
{
	struct test_ue roof[3], cellar, alone;

	for (int i = 0; i < 3; i++)
		REQUIRE(fresh(&roof[i], "roof", MQTT_5));
	REQUIRE(fresh(&cellar, "cellar", MQTT_5));
	REQUIRE(fresh(&alone, "ue", MQTT_5));
	expect_done("{\"commands\":[{\"command\":\"expireKey\",\"group\":\"roof\"}]}", 1);
	for (int i = 0; i < 3; i++)
		EXPECT(was_expired(&roof[i]));
	EXPECT(!was_expired(&cellar));
	EXPECT(!was_expired(&alone));
	EXPECT(!was_expired(&roof[0]));
	expect_done("{\"commands\":[{\"command\":\"expireKey\",\"all\":true}]}", 1);
	EXPECT(was_expired(&roof[1]));
	EXPECT(was_expired(&cellar));
	EXPECT(was_expired(&alone));
	EXPECT(!was_expired(&alone));
	for (int i = 0; i < 3; i++)
		mqtt_disconnect(&roof[i].link);
	mqtt_disconnect(&cellar.link);
	mqtt_disconnect(&alone.link);
}

/* Pending keysets too: the RAND that was sent before delivers nothing any more. */
static void test_pending_expires(void)
{
	struct test_ue u;
	struct eese_key_update update;
	char json[128];

	ue_take(&u, "ue");
	REQUIRE(ue_connect(&u, &broker, MQTT_5, false));
	EXPECT(taken(MQTT_5, 1, ue_request(&u, EESE_REQUEST_NO_KEYSET, 0, 1)));
	REQUIRE(ue_update(&u, EESE_UPDATE_ASKED, &update));
	snprintf(json, sizeof json, "{\"commands\":[{\"command\":\"expireKey\",\"ueId\":\"%s\"}]}",
		 u.id);
	expect_done(json, 0);
	ue_adopt(&u, &update);
	EXPECT(was_expired(&u));
	mqtt_disconnect(&u.link);
}

static void test_correlation(void)
{
	char *answer = admin_ask(&admin,
				 "{\"commands\":[{\"command\":\"expireKey\",\"group\":\"roof\","
				 "\"correlationData\":\"c-17\"},{\"command\":\"expireKey\","
				 "\"ueId\":\"nobody\",\"correlationData\":\"c-18\"}]}",
				 1);
	const char *error;

	REQUIRE(answer != NULL);
	EXPECT(strstr(answer, "c-17") != NULL && strstr(answer, "c-18") != NULL);
	error = strstr(answer, "\"error\"");
	EXPECT(error != NULL && strstr(error + 1, "\"error\"") == NULL);
	free(answer);
}

static void test_bad_commands(void)
{
	static const char *const bad[] = {
	    "",
	    "{",
	    "[]",
	    "null",
	    "17",
	    "\"x\"",
	    "{}",
	    "{\"commands\":17}",
	    "{\"commands\":{}}",
	    "{\"commands\":[17]}",
	    "{\"commands\":[{}]}",
	    "{\"commands\":[{\"command\":17}]}",
	    "{\"commands\":[{\"command\":\"makeTea\"}]}",
	    "{\"commands\":[{\"command\":\"expireKey\"}]}",
	    "{\"commands\":[{\"command\":\"expireKey\",\"ueId\":17}]}",
	    "{\"commands\":[{\"command\":\"expireKey\",\"ueId\":\"\"}]}",
	    "{\"commands\":[{\"command\":\"expireKey\",\"ueId\":\"nobody\"}]}",
	    "{\"commands\":[{\"command\":\"expireKey\",\"group\":\"nowhere\"}]}",
	    "{\"commands\":[{\"command\":\"expireKey\",\"all\":false}]}",
	    "{\"commands\":[{\"command\":\"expireKey\",\"all\":\"true\"}]}",
	    "{\"commands\":[{\"command\":\"expireKey\",\"ueId\":\"ue-0\",\"all\":true}]}",
	    "{\"commands\":[{\"command\":\"expireKey\",\"all\":true,\"correlationData\":17}]}",
	};
	struct test_ue u;

	REQUIRE(fresh(&u, "ue", MQTT_5));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char *answer = admin_ask(&admin, bad[i], 1);

		if (answer == NULL || strstr(answer, "\"error\"") == NULL) {
			printf("\n  %s -> %s\n", bad[i], answer != NULL ? answer : "no answer");
			CU_FAIL("a bad command is answered with an error");
		}
		free(answer);
	}
	EXPECT(!was_expired(&u));
	EXPECT(broker_alive(&broker));
	mqtt_disconnect(&u.link);
}

/* Random octets and deep nesting, from an admin. */
static void test_hostile_json(void)
{
	static char text[20000];
	unsigned state = 1;

	for (int round = 0; round < 200; round++) {
		size_t len = (size_t)(round * 7 % 600);

		for (size_t i = 0; i < len; i++) {
			state = state * 1103515245u + 12345u;
			text[i] = (char)(state >> 16);
		}
		const struct mqtt_publish p = {
		    .topic = "$CONTROL/eese/v1", .payload = text, .len = len, .qos = 1};
		EXPECT(mqtt_publish(&admin, &p) >= 0);
	}
	memset(text, '[', sizeof text - 1);
	free(admin_ask(&admin, text, 1));
	EXPECT(mqtt_sync(&admin));
	while (admin.first != NULL)
		mqtt_message_free(mqtt_next(&admin, 0));
	EXPECT(broker_alive(&broker));
}

/* Nobody else: not a UE, not an application, not one whose name begins like an admin's. */
static void test_unauthorised(void)
{
	static const char *const names[] = {TEST_APP_USER, "bos", "bossy", "boss ", "", NULL};
	static const char all[] = "{\"commands\":[{\"command\":\"expireKey\",\"all\":true}]}";
	struct test_ue u;
	char *answer;

	REQUIRE(fresh(&u, "ue", MQTT_5));
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const struct mqtt_login login = {
		    .version = MQTT_5, .client_id = "somebody", .username = names[i]};
		struct mqtt m;

		REQUIRE(mqtt_connect(&m, broker.port, &login) == 0);
		answer = admin_ask(&m, all, 1);
		EXPECT(answer == NULL || strstr(answer, "\"error\"") != NULL);
		free(answer);
		mqtt_disconnect(&m);
	}
	answer = admin_ask(&u.link, all, 1);
	EXPECT(answer == NULL || strstr(answer, "\"error\"") != NULL);
	free(answer);
	EXPECT(!was_expired(&u));
	mqtt_disconnect(&u.link);
}

/* The answer goes to the one who asked only. */
static void test_answer_is_private(void)
{
	const struct mqtt_login login = {
	    .version = MQTT_5, .client_id = "second", .username = "boss"};
	struct mqtt second;

	REQUIRE(mqtt_connect(&second, broker.port, &login) == 0);
	expect_done("{\"commands\":[{\"command\":\"expireKey\",\"group\":\"cellar\"}]}", 2);
	EXPECT(mqtt_sync(&second));
	EXPECT(second.first == NULL);
	mqtt_disconnect(&second);
}

/* With no admins option nobody may. */
static void test_no_admins(void)
{
	const struct broker_options o = {.ues = ues};
	struct broker b;
	struct test_ue u;
	struct mqtt m;
	char *answer;

	REQUIRE(broker_start(&b, &o));
	ue_named(&u, "ue-0");
	EXPECT(ue_connect(&u, &b, MQTT_5, false) && ue_first_contact(&u));
	EXPECT(admin_open(&m, &b, "admin", MQTT_5));
	answer = admin_ask(&m, "{\"commands\":[{\"command\":\"expireKey\",\"all\":true}]}", 1);
	EXPECT(answer == NULL || strstr(answer, "\"error\"") != NULL);
	free(answer);
	EXPECT(ue_say(&u, "t", "still", 1) < 0x80);
	mqtt_disconnect(&u.link);
	mqtt_disconnect(&m);
	broker_stop(&b);
}

/* SIGHUP: added UEs work, removed ones are refused, unchanged ones notice nothing, a changed key
 * wipes what was under the old one. */
static void test_reload(void)
{
	static const struct ue_range before[] = {{.prefix = "old", .count = 2}, {0}};
	static const struct ue_range after[] = {
	    {.prefix = "old", .count = 1}, {.prefix = "new", .count = 2}, {0}};
	const struct broker_options o = {.ues = before};
	struct broker b;
	struct test_ue kept, removed, added;

	REQUIRE(broker_start(&b, &o));
	ue_named(&kept, "old-0");
	ue_named(&removed, "old-1");
	ue_named(&added, "new-0");
	EXPECT(ue_connect(&kept, &b, MQTT_5, false) && ue_first_contact(&kept));
	EXPECT(ue_connect(&removed, &b, MQTT_5, false) && ue_first_contact(&removed));
	EXPECT(ue_connect(&added, &b, MQTT_5, false));
	EXPECT_EQUAL(ue_request(&added, EESE_REQUEST_NO_KEYSET, 0, 1), 0x87);
	EXPECT(ue_control(&added).kind == CONTROL_ERROR);
	broker_write_keys(&b, after, NULL);
	broker_reload(&b);
	EXPECT(ue_say(&kept, "t", "as before", 1) < 0x80);
	EXPECT_EQUAL(ue_say(&removed, "t", "no more", 1), 0x87);
	EXPECT(ue_first_contact(&added));

	/* A bad file: the state stays as it was, and the log says which line. */
	broker_write_keys(&b, NULL, "old-0 0011\n");
	broker_reload(&b);
	EXPECT(ue_say(&kept, "t", "as before", 1) < 0x80);
	EXPECT(ue_say(&added, "t", "as before", 1) < 0x80);
	EXPECT_EQUAL(ue_say(&removed, "t", "no more", 1), 0x87);

	broker_write_keys(&b, NULL,
			  "old-0 000102030405060708090a0b0c0d0e0f"
			  "101112131415161718191a1b1c1d1e1f\n");
	broker_reload(&b);
	EXPECT_EQUAL(ue_say(&kept, "t", "another key", 1), 0x87);
	mqtt_disconnect(&kept.link);
	mqtt_disconnect(&removed.link);
	mqtt_disconnect(&added.link);
	broker_stop(&b);
}

/* Clause 3.5, ERROR 1: not in the key file. */
static void unknown_ue(enum mqtt_version version, uint8_t qos)
{
	static int n;
	struct test_ue u;
	struct control c;
	char id[32];

	snprintf(id, sizeof id, "stranger-%d", n++);
	ue_named(&u, id);
	REQUIRE(ue_connect(&u, &broker, version, false));
	ue_adopt(&u, &(struct eese_key_update){.ksn = 3, .alg = EESE_ALG_AES_CCM_16_64_128});
	for (int i = 0; i < 5; i++)
		EXPECT(refused(version, qos, ue_say(&u, "t", "hello", qos)));
	c = ue_control(&u);
	EXPECT_EQUAL(c.kind, CONTROL_ERROR);
	EXPECT_EQUAL(c.error.reason, EESE_ERROR_UE_UNKNOWN);
	EXPECT(ue_quiet(&u));
	EXPECT(observer_sync(&app));
	EXPECT_EQUAL(observer_of(&app, &u, "t", NULL), 0);
	mqtt_disconnect(&u.link);
}

static void test_unknown_ue(void)
{
	harness_each(unknown_ue);
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},
	    {"expireKey for one UE", test_one_ue},
	    {"expireKey for group and all", test_group_and_all},
	    {"expireKey for a pending keyset", test_pending_expires},
	    {"correlationData", test_correlation},
	    {"bad commands", test_bad_commands},
	    {"hostile JSON", test_hostile_json},
	    {"not authorised", test_unauthorised},
	    {"the answer is private", test_answer_is_private},
	    {"unknown UE", test_unknown_ue},
	    {"stop", stop},
	    {"no admins", test_no_admins},
	    {"SIGHUP", test_reload},
	};

	return harness_main("control", tests, sizeof tests / sizeof *tests);
}
