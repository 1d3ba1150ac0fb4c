/* SPDX-License-Identifier: Apache-2.0 */
/* No KSN goes back, whatever the store missed of it. */
#include "harness.h"

#include <stdio.h>

enum { WRITTEN_MS = 1500 }; /* the store is at most a second behind */

static struct broker broker;
static const struct ue_range ues[] = {{.prefix = "ue", .count = 10}, {0}};
static const struct broker_options plain = {.ues = ues};

/* 0: no KEY_UPDATE came. Downlink that comes with one is passed over. */
static uint32_t next_ksn(struct test_ue *u)
{
	struct control c;

	do
		c = ue_control(u);
	while (c.kind == CONTROL_OTHER);
	return c.kind == CONTROL_UPDATE ? c.update.ksn : 0;
}

/* The EESE starts the contact, so it is not told which KSN the UE has. */
static uint32_t announced_for_downlink(struct test_ue *u)
{
	struct observer app;
	char topic[EESE_TOPIC_MAX];
	struct mqtt_publish p = {.topic = topic, .payload = "on", .len = 2, .qos = 1};
	uint32_t ksn;

	snprintf(topic, sizeof topic, "app/%s/down/t", u->id);
	if (!observer_open(&app, &broker, TEST_APP_USER, "app/none"))
		return 0;
	EXPECT(taken(MQTT_5, 1, mqtt_publish(&app.link, &p)));
	ksn = next_ksn(u);
	observer_close(&app);
	return ksn;
}

/* Announced and never written: the broker dies at once. */
static uint32_t announced_before_a_kill(struct test_ue *u, uint32_t stored)
{
	uint32_t ksn;

	EXPECT(taken(MQTT_5, 1, ue_request(u, EESE_REQUEST_STALE_KSN, stored, 1)));
	ksn = next_ksn(u);
	mqtt_abort(&u->link);
	broker_kill(&broker);
	return ksn;
}

/* Whoever sleeps through a crash and the clean restarts after it. */
static void asleep_through_clean_restarts(void)
{
	struct test_ue u;
	uint32_t stored, lost, last;

	ue_take(&u, "ue");
	REQUIRE(broker_start(&broker, &plain));
	REQUIRE(ue_connect(&u, &broker, MQTT_5, false));
	stored = announced_for_downlink(&u);
	harness_sleep_ms(WRITTEN_MS);
	lost = announced_before_a_kill(&u, stored);
	EXPECT(lost > stored);
	for (int i = 0; i < 2; i++) {
		REQUIRE(broker_again(&broker, &plain));
		broker_end(&broker);
	}
	REQUIRE(broker_again(&broker, &plain));
	REQUIRE(ue_connect(&u, &broker, MQTT_5, false));
	last = announced_for_downlink(&u);
	EXPECT(last > lost);
	mqtt_abort(&u.link);
	broker_stop(&broker);
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"a crash, then clean restarts, and the UE slept", asleep_through_clean_restarts}};

	return harness_main("ksn", tests, sizeof tests / sizeof *tests);
}
