/* SPDX-License-Identifier: Apache-2.0 */
/* What the broker acknowledges while it is told to end is delivered, or will be by the next one. */
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { ROUNDS = 8, EACH = 3, AWAIT_MS = 30000 };

static const struct ue_range ues[] = {
    {.prefix = "awake", .count = ROUNDS}, {.prefix = "asleep", .count = ROUNDS}, {0}};
static const struct broker_options options = {.ues = ues, .persistence = true};
static const struct mqtt_login sender_login = {
    .version = MQTT_5, .client_id = "sender", .username = TEST_APP_USER};

static struct broker broker;

struct sent {
	uint16_t mids[2 * EACH];
	int count;
};

static void reading(struct test_ue *u, struct sent *readings)
{
	char topic[EESE_TOPIC_MAX + 128], text[8];
	struct octets sealed;
	struct mqtt_publish p;

	snprintf(text, sizeof text, "%d", readings->count);
	ue_seal(u, "r", text, &sealed);
	p = ue_uplink(u, "r", &sealed, 2, topic);
	readings->mids[readings->count++] = (uint16_t)mqtt_send_publish(&u->link, &p);
}

static void command(const struct test_ue *u, struct mqtt *sender, struct sent *commands)
{
	char topic[EESE_UE_ID_MAX + 32];
	const struct mqtt_publish p = {.topic = topic, .payload = "do", .len = 2, .qos = 1};

	snprintf(topic, sizeof topic, "app/%s/down/c", u->id);
	commands->mids[commands->count++] = (uint16_t)mqtt_send_publish(sender, &p);
}

static int acknowledged(struct mqtt *link, enum mqtt_type type, const struct sent *s)
{
	int n = 0;

	for (int i = 0; i < s->count; i++) {
		const int reason = mqtt_wait(link, type, s->mids[i]);

		n += reason >= 0 && reason < 0x80;
	}
	return n;
}

static size_t came_down(struct test_ue *u, size_t wanted)
{
	size_t n = 0;
	struct mqtt_message *m;

	while (n < wanted && (m = mqtt_next(&u->link, AWAIT_MS)) != NULL) {
		n += strstr(m->topic, "/down/") != NULL;
		mqtt_message_free(m);
	}
	return n;
}

/* Some just before the signal, some just after. */
static void end_amid(struct test_ue *awake, struct test_ue *asleep)
{
	struct observer app;
	struct mqtt sender;
	struct sent readings = {0}, commands = {0};
	int taken_readings, taken_commands;

	REQUIRE(observer_open(&app, &broker, TEST_APP_USER, "app/+/up/r"));
	REQUIRE(mqtt_connect(&sender, broker.port, &sender_login) == 0);
	for (int i = 0; i < 2 * EACH; i++) {
		if (i == EACH)
			kill(broker.pid, SIGTERM);
		reading(awake, &readings);
		command(asleep, &sender, &commands);
	}
	taken_readings = acknowledged(&awake->link, MQTT_PUBREC, &readings);
	taken_commands = acknowledged(&sender, MQTT_PUBACK, &commands);
	(void)observer_await(&app, 2 * EACH, AWAIT_MS);
	EXPECT_EQUAL(app.count, taken_readings);
	observer_close(&app);
	mqtt_disconnect(&sender);
	broker_end(&broker);
	REQUIRE(broker_again(&broker, &options));
	REQUIRE(ue_connect(asleep, &broker, MQTT_5, true));
	EXPECT_EQUAL(came_down(asleep, (size_t)taken_commands), taken_commands);
	mqtt_disconnect(&asleep->link);
}

static void test_end_amid(void)
{
	REQUIRE(broker_start(&broker, &options));
	for (int i = 0; i < ROUNDS; i++) {
		struct test_ue awake, asleep;

		ue_take(&awake, "awake");
		ue_take(&asleep, "asleep");
		REQUIRE(ue_connect(&asleep, &broker, MQTT_5, true) && ue_first_contact(&asleep));
		mqtt_disconnect(&asleep.link);
		REQUIRE(ue_connect(&awake, &broker, MQTT_5, true) && ue_first_contact(&awake));
		end_amid(&awake, &asleep);
		mqtt_abort(&awake.link);
	}
	broker_stop(&broker);
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"readings and commands around SIGTERM", test_end_amid},
	};

	return harness_main("ending", tests, sizeof tests / sizeof *tests);
}
