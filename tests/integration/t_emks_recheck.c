/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The EESE asks the EMKS again about a key that it has: a SIM barred at the operator, long before
 * the key's end, and freed again. The minute between two requests for one UE is not waited for but
 * ended by a restart; unit-endpoint-recheck has it.
 */
#include "emks.h"
#include "harness.h"
#include "phone.h"
#include "proxy.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 50 };

static struct emks emks;
static struct broker broker;
static struct observer app, app_later; /* before and after the broker's restart */
static struct proxy net;               /* stays where it is when the broker doesn't */
static struct sender s;
static char plugin_lines[1024];
static const struct broker_options options = {.keys = "", .plugin_lines = plugin_lines};

static void start(void)
{
	struct phone p;

	REQUIRE(emks_make(&emks));
	REQUIRE(emks_start(&emks, NULL));
	snprintf(plugin_lines, sizeof plugin_lines,
		 "plugin_opt_emks_url https://127.0.0.1:%u\nplugin_opt_emks_cert %s/plant-a.crt\n"
		 "plugin_opt_emks_key %s/plant-a.key\nplugin_opt_emks_ca %s/ca.crt\n"
		 "plugin_opt_emks_recheck 1\n",
		 emks.https_port, emks.dir, emks.dir, emks.dir);
	REQUIRE(broker_start(&broker, &options));
	REQUIRE(observer_open(&app, &broker, TEST_APP_USER, "app/#"));
	app.events = true;
	REQUIRE(proxy_start(&net, broker.port, MQTT_5, 0));
	EXPECT(emks_add(&emks, "001010000000001", "meter", ""));
	phone_make(&p, "meter", broker.dir, TEST_K, TEST_OPC);
	phone_home(&p, emks.coap_port);
	p.broker = net.port;
	sender_start(&s, &p);
}

/* Says lines until the device has heard this, at most LINES_MAX. */
static bool say_until(const char *heard)
{
	bool has = false;

	for (int i = 0; i < LINES_MAX && !has; i++) {
		sender_say(&s);
		has = program_says(s.program.err, heard, 300);
	}
	return has;
}

static size_t arrived(struct observer *o)
{
	EXPECT(observer_sync(o));
	return observer_count(o, "app/meter/up/t", NULL);
}

/* Asked again and again, the EMKS says the same, and nobody notices. */
static void test_goes_on(void)
{
	REQUIRE(say_until("event: new keyset"));
	for (int i = 0; i < 4; i++) {
		harness_sleep_ms(600);
		sender_say(&s);
	}
	for (int i = 0; arrived(&app) < (size_t)s.lines && i < 200; i++)
		harness_sleep_ms(50);
	EXPECT_EQUAL(arrived(&app), s.lines);
	EXPECT(!phone_file_has(s.program.err, "event: wait"));
}

static int downlink(void)
{
	const struct mqtt_login login = {
	    .version = MQTT_5, .client_id = "application", .username = TEST_APP_USER};
	const struct mqtt_publish p = {
	    .topic = "app/meter/down/valve", .payload = "open", .len = 4, .qos = 1};
	struct mqtt from;
	int reason;

	if (mqtt_connect(&from, broker.port, &login) != 0)
		return -1;
	reason = mqtt_publish(&from, &p);
	mqtt_disconnect(&from);
	return reason;
}

/* Whether the application heard of an event with this in it. */
static bool was_told(const char *what)
{
	bool has = false;

	EXPECT(observer_sync(&app));
	for (size_t i = 0; i < app.count; i++) {
		const struct mqtt_message *m = app.seen[i];

		has = has || (strcmp(m->topic, "app/meter/event") == 0 &&
			      memmem(m->payload, m->len, what, strlen(what)) != NULL);
	}
	return has;
}

/* The device is told, the application too, and nothing goes either way any more. */
static void test_barred(void)
{
	size_t before;

	EXPECT_EQUAL(emks_shell(&emks, "$EESE_HSS bar meter"), 0);
	EXPECT(say_until("event: wait, reason 3"));
	before = arrived(&app);
	sender_say(&s);
	sender_say(&s);
	EXPECT_EQUAL(downlink(), 0x87);
	harness_sleep_ms(500);
	EXPECT_EQUAL(arrived(&app), before);
	EXPECT(was_told("\"keyWithdrawn\",\"ueId\":\"meter\""));
	EXPECT(was_told("\"reason\":\"not applicable\""));
	EXPECT(was_told("\"downlinkDropped\""));
}

/* Still so after a start, whatever the store has. */
static void test_barred_after_start(void)
{
	broker_end(&broker);
	REQUIRE(broker_again(&broker, &options));
	REQUIRE(observer_open(&app_later, &broker, TEST_APP_USER, "app/#"));
	net.broker_port = broker.port;
	sender_say(&s);
	harness_sleep_ms(1000);
	EXPECT_EQUAL(arrived(&app_later), 0);
	EXPECT_EQUAL(downlink(), 0x87);
	observer_close(&app_later);
}

/* All that the device had to say arrives, once. */
static void test_freed(void)
{
	char text[32];

	EXPECT_EQUAL(emks_shell(&emks, "$EESE_HSS unbar meter"), 0);
	broker_end(&broker);
	REQUIRE(broker_again(&broker, &options));
	REQUIRE(observer_open(&app_later, &broker, TEST_APP_USER, "app/#"));
	net.broker_port = broker.port;
	sender_say(&s);
	EXPECT_EQUAL(phone_ends(&s.program, 0, 90000), 0);
	EXPECT(arrived(&app_later) > 0);
	for (int i = 0; i < s.lines; i++) {
		snprintf(text, sizeof text, "line %d", i);
		EXPECT_EQUAL(observer_count(&app, "app/meter/up/t", text) +
				 observer_count(&app_later, "app/meter/up/t", text),
			     1);
	}
	EXPECT(!phone_file_has(s.program.err, "event: run AKA"));
}

static void stop(void)
{
	observer_close(&app);
	observer_close(&app_later);
	proxy_stop(&net);
	proxy_free(&net);
	broker_stop(&broker);
	emks_remove(&emks);
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},        {"asked again", test_goes_on},
	    {"barred", test_barred}, {"barred, after a start", test_barred_after_start},
	    {"freed", test_freed},   {"stop", stop},
	};

	return harness_main("emks: recheck", tests, sizeof tests / sizeof *tests);
}
