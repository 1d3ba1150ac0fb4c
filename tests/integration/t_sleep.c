/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A UE sleeps, and its keyset ends three times meanwhile: twice by te2e, once by command. It finds
 * its five commands in its session, each behind the KEY_UPDATE it needs, and opens every one. By
 * hand, and with the device library in eese-ue.
 */
#include "admin.h"
#include "program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMMANDS = 5, VERSIONS = 3, HAND = VERSIONS * 3, TOOL = VERSIONS * 2 };

static struct broker broker;
static struct mqtt admin, sender;
static struct test_ue hand[HAND];            /* version by version, QoS 0, 1, 2 */
static char tools[TOOL][EESE_UE_ID_MAX + 1]; /* version by version, QoS 1, 2 */

static uint8_t hand_qos(int i)
{
	return (uint8_t)(i % 3);
}

static enum mqtt_version hand_version(int i)
{
	return (enum mqtt_version)(MQTT_3_1 + i / 3);
}

static void start(void)
{
	static const struct ue_range ues[] = {{.prefix = "ue", .count = HAND + TOOL, .te2e_s = 2},
					      {0}};
	const struct broker_options o = {.ues = ues,
					 .plugin_lines = "plugin_opt_admins " TEST_ADMIN_USER "\n"};
	const struct mqtt_login login = {
	    .version = MQTT_5, .client_id = "application", .username = TEST_APP_USER};

	REQUIRE(broker_start(&broker, &o));
	REQUIRE(admin_open(&admin, &broker, "admin", MQTT_5));
	REQUIRE(mqtt_connect(&sender, broker.port, &login) == 0);
}

static void stop(void)
{
	mqtt_disconnect(&admin);
	mqtt_disconnect(&sender);
	broker_stop(&broker);
}

static void tell(const char *ue_id, int command, uint8_t qos)
{
	char topic[EESE_UE_ID_MAX + 32], text[32];
	struct mqtt_publish p = {.topic = topic, .payload = text, .qos = qos};

	snprintf(topic, sizeof topic, "app/%s/down/valve", ue_id);
	snprintf(text, sizeof text, "command %d", command);
	p.len = strlen(text);
	EXPECT(taken(MQTT_5, qos, mqtt_publish(&sender, &p)));
}

static void run_tool(struct program *t, int i, const char *count)
{
	static const char *const versions[] = {"mqttv31", "mqttv311", "mqttv5"};
	char port[8], keys[192], state[192 + EESE_UE_ID_MAX];
	const char *const argv[] = {EESE_TEST_UE_TOOL,
				    "sub",
				    "-h",
				    "127.0.0.1",
				    "-p",
				    port,
				    "--ue",
				    tools[i],
				    "--key-file",
				    keys,
				    "--state",
				    state,
				    "-V",
				    versions[i / 2],
				    "-v",
				    "-C",
				    count,
				    "-W",
				    "60",
				    NULL};

	snprintf(port, sizeof port, "%u", broker.port);
	snprintf(keys, sizeof keys, "%s/keys", broker.dir);
	snprintf(state, sizeof state, "%s/state-%s", broker.dir, tools[i]);
	program_start(t, broker.dir, argv);
}

/* Ends well, having printed these commands. */
static void expect_printed(struct program *t, int from, int count)
{
	char expected[256] = "", *out;

	EXPECT_EQUAL(program_ends(t, 90000), 0);
	for (int c = from; c < from + count; c++)
		snprintf(expected + strlen(expected), sizeof expected - strlen(expected),
			 "valve command %d\n", c);
	out = program_text(t->out);
	EXPECT(strcmp(out, expected) == 0);
	if (strcmp(out, expected) != 0)
		printf("\n  printed:\n%s", out);
	free(out);
}

static void await_contact(const char *ue_id)
{
	bool made = false;

	for (int waited = 0; !made && waited < 2 * MQTT_PATIENCE_MS; waited += 20) {
		cJSON *data = admin_done(&admin, "{\"command\":\"getUe\",\"ueId\":\"%s\"}", ue_id);

		made = strcmp(json_text(cJSON_GetObjectItem(data, "ue"), "state"), "new") != 0;
		cJSON_Delete(data);
		harness_sleep_ms(20);
	}
	EXPECT(made);
}

/* Their first contact; the devices have a session at the broker from now on. */
static void fall_asleep(void)
{
	struct program running[TOOL];
	for (int i = 0; i < HAND; i++) {
		ue_take(&hand[i], "ue");
		REQUIRE(ue_connect(&hand[i], &broker, hand_version(i), true) &&
			ue_first_contact(&hand[i]));
		mqtt_disconnect(&hand[i].link);
	}
	for (int i = 0; i < TOOL; i++) {
		struct test_ue u;

		ue_take(&u, "ue");
		snprintf(tools[i], sizeof tools[i], "%s", u.id);
		run_tool(&running[i], i, "1");
	}
	for (int i = 0; i < TOOL; i++) {
		/* It asks for a keyset when it has subscribed; before that the broker keeps
		 * nothing. */
		await_contact(tools[i]);
		tell(tools[i], 9, 1);
		expect_printed(&running[i], 9, 1);
	}
}

static void tell_all(int command)
{
	for (int i = 0; i < HAND; i++)
		tell(hand[i].id, command, hand_qos(i));
	for (int i = 0; i < TOOL; i++)
		tell(tools[i], command, (uint8_t)(1 + i % 2));
}

/* Number 0 under the keyset from before or a new one, as te2e has run since then or not; then an
 * expiry before 1, 3 and 4. */
static void test_asleep(void)
{
	fall_asleep();
	harness_sleep_ms(2100);
	tell_all(0);
	harness_sleep_ms(2100);
	tell_all(1);
	tell_all(2);
	cJSON_Delete(admin_done(&admin, "{\"command\":\"expireKey\",\"all\":true}"));
	tell_all(3);
	harness_sleep_ms(2100);
	tell_all(4);
}

enum { NEXT_KEYSET = -1, REPEATED = -2, NONE = -3 };

/* What is next in the session: a command, by its number, that opens under the keyset in hand; the
 * KEY_UPDATE of the next one, which is adopted; or a repeat of the one in hand. */
static int next_of(struct test_ue *u)
{
	struct mqtt_message *m = mqtt_next(&u->link, MQTT_PATIENCE_MS);
	struct eese_key_update update;
	uint8_t plain[64] = {0};
	size_t len = 0;
	int got = NONE;

	if (m == NULL)
		return NONE;
	if (strstr(m->topic, "/ctl") != NULL) {
		if (eese_key_update_decode(u->control_key, u->id, m->payload, m->len, &update) ==
		    EESE_OK) {
			got = update.ksn > u->ksn ? NEXT_KEYSET : REPEATED;
			ue_adopt(u, &update);
		}
	} else if (eese_data_open(&u->set.down, u->id, "valve", 5, m->payload, m->len, plain,
				  sizeof plain - 1, &len) == EESE_OK &&
		   memcmp(plain, "command ", 8) == 0) {
		got = plain[8] - '0';
	}
	mqtt_message_free(m);
	return got;
}

static void test_hand(void)
{
	/* The last comes of the new subscription, behind what waited in the session. */
	static const int with_all[] = {NEXT_KEYSET, 0, NEXT_KEYSET, 1, 2,
				       NEXT_KEYSET, 3, NEXT_KEYSET, 4, REPEATED};
	/* The broker keeps no QoS 0 for who sleeps. What it does keep says what happened. */
	static const int updates_only[] = {NEXT_KEYSET, NEXT_KEYSET, NEXT_KEYSET, NEXT_KEYSET,
					   REPEATED};

	for (int i = 0; i < HAND; i++) {
		struct test_ue *u = &hand[i];
		const int *expected = hand_qos(i) == 0 ? updates_only : with_all;
		int count = hand_qos(i) == 0 ? 5 : 10;
		struct eese_key_update update;

		REQUIRE(ue_connect(u, &broker, hand_version(i), true));
		EXPECT(u->link.session_present || hand_version(i) == MQTT_3_1);
		for (int k = 0; k < count; k++)
			EXPECT_EQUAL(next_of(u), expected[k]);
		EXPECT(ue_quiet(u));
		/* Awake again: its uplink goes on, under the last one announced or the next. */
		if (!taken(MQTT_5, 1, ue_say(u, "t", "awake", 1)) || !ue_quiet(u)) {
			EXPECT(ue_update(u, EESE_UPDATE_EXPIRED, &update));
			ue_adopt(u, &update);
			EXPECT(taken(u->link.version, 1, ue_say(u, "t", "awake", 1)));
		}
		mqtt_disconnect(&u->link);
	}
}

static void test_tool(void)
{
	struct program running[TOOL];

	for (int i = 0; i < TOOL; i++)
		run_tool(&running[i], i, "5");
	for (int i = 0; i < TOOL; i++)
		expect_printed(&running[i], 0, COMMANDS);
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},       {"asleep through three expiries", test_asleep},
	    {"by hand", test_hand}, {"eese-ue sub", test_tool},
	    {"stop", stop},
	};

	return harness_main("sleep", tests, sizeof tests / sizeof *tests);
}
