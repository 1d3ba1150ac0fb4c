/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices over CoAP on a network that loses, doubles and reorders, each a fifth of the datagrams of
 * each way, while keys expire, the gateway is killed and ends in order, and the broker restarts.
 * EESE_TEST_SEEDS=N: that many devices side by side, any number of losses in a row, and a line
 * about each.
 */
#include "admin.h"
#include "coap_tool.h"
#include "gateway.h"
#include "udp_relay.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PAIRS = 2,
	PAIRS_MAX = 100,
	MESSAGES = 7,
	BETWEEN_MS = 400,
	BROKER_AWAY_MS = 500,
	/* libcoap gives up a datagram that got lost five times after up to 93 s. */
	PATIENCE_MS = 240000,
	SHORT_PATIENCE_MS = 90000, /* without losses in a row */
	SETTLE_MS = 600,           /* the next poll */
};

/* One UE that sends and one that receives, each behind a network of its own. */
struct pair {
	struct udp_relay up, down;
	struct program pub, sub;
	char sender[32], receiver[32];
	uint64_t up_done, down_done;
};

static const struct ue_range ues[] = {{.prefix = "up", .count = PAIRS_MAX + 1, .te2e_s = 5},
				      {.prefix = "down", .count = PAIRS_MAX + 1, .te2e_s = 5},
				      {.prefix = "ue", .count = 1},
				      {0}};
static struct broker_options broker_options = {
    .ues = ues, .persistence = true, .plugin_lines = "plugin_opt_admins " TEST_ADMIN_USER "\n"};
static struct broker broker;
static struct gateway gateway;
static struct observer app;
static struct mqtt sender, admin;
static struct pair pairs[PAIRS_MAX];

/* What the broker has for the application waits for it. */
static bool connect_app(void)
{
	static const struct mqtt_login login = {
	    .version = MQTT_5, .client_id = "app", .username = TEST_APP_USER, .persistent = true};

	return mqtt_connect(&app.link, broker.port, &login) == 0 &&
	       mqtt_subscribe(&app.link, "app/+/up/#", 2) == 2 &&
	       mqtt_subscribe(&app.link, "test/sync/#", 0) == 0;
}

static bool connect_clients(void)
{
	static const struct mqtt_login login = {
	    .version = MQTT_5, .client_id = "sender", .username = TEST_APP_USER};

	return connect_app() && mqtt_connect(&sender, broker.port, &login) == 0 &&
	       admin_open(&admin, &broker, "admin", MQTT_5);
}

static void start(void)
{
	REQUIRE(broker_start(&broker, &broker_options));
	REQUIRE(connect_clients());
	REQUIRE(gateway_start(&gateway, broker.port, NULL));
	broker_options.same_port = true;
}

static void stop(void)
{
	observer_close(&app);
	mqtt_disconnect(&sender);
	mqtt_disconnect(&admin);
	gateway_stop(&gateway);
	broker_stop(&broker);
}

/* How many pairs were asked for; 0: nobody asked. */
static int asked_pairs(void)
{
	const char *text = getenv("EESE_TEST_SEEDS");
	const long n = text != NULL ? strtol(text, NULL, 10) : 0;

	return n < 0 ? 0 : n > PAIRS_MAX ? PAIRS_MAX : (int)n;
}

static bool bad_relay(struct udp_relay *r, int seed)
{
	if (!udp_relay_start(r, gateway.port))
		return false;
	/* Looked at only once the network is bad. */
	r->dice[0] = (unsigned short)(seed + 1);
	atomic_store(&r->manner, asked_pairs() > 0 ? RELAY_WORSE : RELAY_BAD);
	return true;
}

/* The receiver's downlink is subscribed before any is sent. */
static bool pairs_start(int count)
{
	static const char *const lines[] = {"-t", "t", "-l", "--wait", "0", NULL};
	static const char *const more[] = {"-v", "--poll", "0.3", NULL};
	static const char *const once[] = {"-W", "1", NULL};
	bool ok = true;

	for (int i = 0; i < count; i++) {
		snprintf(pairs[i].sender, sizeof pairs[i].sender, "up-%d", i);
		snprintf(pairs[i].receiver, sizeof pairs[i].receiver, "down-%d", i);
		coap_tool_start(&pairs[i].sub, &broker, "sub", pairs[i].receiver, gateway.port,
				once);
	}
	for (int i = 0; i < count && ok; i++) {
		ok = coap_tool_ends(&pairs[i].sub, PATIENCE_MS) == 0 &&
		     bad_relay(&pairs[i].up, 2 * i) && bad_relay(&pairs[i].down, 2 * i + 1);
		coap_tool_start(&pairs[i].pub, &broker, "pub", pairs[i].sender, pairs[i].up.port,
				lines);
		coap_tool_start(&pairs[i].sub, &broker, "sub", pairs[i].receiver,
				pairs[i].down.port, more);
	}
	return ok;
}

static void pairs_say(int count, int n)
{
	char line[32], text[16];

	snprintf(line, sizeof line, "n %d\n", n);
	snprintf(text, sizeof text, "%d", n);
	for (int i = 0; i < count; i++) {
		program_say(&pairs[i].pub, line);
		coap_tool_send_down(&sender, pairs[i].receiver, "n", text);
	}
	harness_sleep_ms(BETWEEN_MS);
}

static size_t arrived(const char *ue, const char *text)
{
	char topic[64];

	snprintf(topic, sizeof topic, "app/%s/up/t", ue);
	return observer_count(&app, topic, text);
}

/* How many of the messages came at least once. */
static int readings(const struct pair *p)
{
	char text[32];
	int n = 0;

	for (int i = 0; i < MESSAGES; i++) {
		snprintf(text, sizeof text, "n %d", i);
		n += arrived(p->sender, text) > 0;
	}
	return n;
}

static int commands(const struct pair *p)
{
	char text[32];
	int n = 0;

	for (int i = 0; i < MESSAGES; i++) {
		snprintf(text, sizeof text, "n %d", i);
		n += coap_tool_lines(p->sub.out, text) > 0;
	}
	return n;
}

/* Waits until each has all, and notes when. */
static void pairs_await(int count)
{
	const uint64_t began = mqtt_now_ms();
	const uint64_t end = began + (asked_pairs() > 0 ? PATIENCE_MS : SHORT_PATIENCE_MS);
	int open = 2 * count;

	while (open > 0 && mqtt_now_ms() < end) {
		open = 0;
		EXPECT(observer_sync(&app));
		for (int i = 0; i < count; i++) {
			struct pair *p = &pairs[i];

			if (p->up_done == 0 && readings(p) == MESSAGES)
				p->up_done = mqtt_now_ms() - began + 1;
			if (p->down_done == 0 && commands(p) == MESSAGES)
				p->down_done = mqtt_now_ms() - began + 1;
			open += (p->up_done == 0) + (p->down_done == 0);
		}
		harness_sleep_ms(50);
	}
	EXPECT_EQUAL(open, 0);
	harness_sleep_ms(SETTLE_MS);
}

static void pair_report(const struct pair *p)
{
	printf("\n  %s: %.1f s, %s: %.1f s, %u datagrams, %u lost", p->sender,
	       (double)p->up_done / 1000, p->receiver, (double)p->down_done / 1000,
	       atomic_load(&p->up.datagrams) + atomic_load(&p->down.datagrams),
	       atomic_load(&p->up.lost) + atomic_load(&p->down.lost));
}

static void pair_stop(struct pair *p)
{
	EXPECT_EQUAL(coap_tool_ends(&p->pub, PATIENCE_MS), 0);
	kill(p->sub.pid, SIGTERM);
	EXPECT_EQUAL(coap_tool_ends(&p->sub, PATIENCE_MS), 0);
	EXPECT(atomic_load(&p->up.lost) > 0 && atomic_load(&p->down.lost) > 0);
	udp_relay_stop(&p->up);
	udp_relay_stop(&p->down);
}

static void pairs_stop(int count)
{
	for (int i = 0; i < count; i++) {
		if (asked_pairs() > 0)
			pair_report(&pairs[i]);
		pair_stop(&pairs[i]);
	}
	EXPECT(observer_sync(&app));
}

static void expect_each_once(const struct pair *p)
{
	char text[32];

	for (int i = 0; i < MESSAGES; i++) {
		snprintf(text, sizeof text, "n %d", i);
		EXPECT_EQUAL(arrived(p->sender, text), 1);
		EXPECT_EQUAL(coap_tool_lines(p->sub.out, text), 1);
	}
	EXPECT_EQUAL(arrived(p->sender, NULL), MESSAGES);
}

static void new_gateway(void)
{
	REQUIRE(gateway_again(&gateway, broker.port, NULL));
}

/* Both ways, each message exactly once. */
static void test_gateway_restarts(void)
{
	const int count = asked_pairs() > 0 ? asked_pairs() : PAIRS;

	REQUIRE(pairs_start(count));
	for (int n = 0; n < MESSAGES; n++) {
		pairs_say(count, n);
		if (n == 2) {
			gateway_kill(&gateway);
			new_gateway();
		} else if (n == 4) {
			cJSON_Delete(
			    admin_done(&admin, "{\"command\":\"expireKey\",\"all\":true}"));
		} else if (n == 5) {
			gateway_end(&gateway);
			new_gateway();
		}
	}
	pairs_await(count);
	pairs_stop(count);
	for (int i = 0; i < count; i++)
		expect_each_once(&pairs[i]);
}

static bool restart_broker(void)
{
	EXPECT(observer_sync(&app));
	mqtt_disconnect(&app.link);
	mqtt_disconnect(&sender);
	mqtt_disconnect(&admin);
	broker_end(&broker);
	harness_sleep_ms(BROKER_AWAY_MS);
	return broker_again(&broker, &broker_options) && connect_clients();
}

/* What was accepted is not lost, and what was not comes again; some may come twice. A second
 * restart drops keysets that were announced and not used yet: their UEs need a while to ask. */
static void test_broker_restarts(void)
{
	const int count = asked_pairs() > 0 ? asked_pairs() : 1;

	observer_forget(&app);
	memset(pairs, 0, sizeof pairs);
	REQUIRE(pairs_start(count));
	for (int n = 0; n < MESSAGES; n++) {
		pairs_say(count, n);
		if (n == 2 || (n == 5 && asked_pairs() > 0))
			REQUIRE(restart_broker());
	}
	pairs_await(count);
	pairs_stop(count);
}

/* Says it until the gateway has its broker again. */
static uint8_t say_when_up(struct coap *c, struct test_ue *u, struct coap_message *m)
{
	uint8_t code = COAP_CODE(503);

	for (int i = 0; i < 200 && code == COAP_CODE(503); i++) {
		harness_sleep_ms(i == 0 ? 0 : 50);
		code = coap_say(c, u, "t", "forgotten", m);
	}
	return code;
}

/* The EESE tells of a keyset only so often; the gateway tells again of what it was told before. But
 * not to who uses that keyset, which the EESE forgot when it started anew: it would never ask. */
static void test_told_again(void)
{
	struct test_ue u, old;
	struct coap c;
	struct coap_message m;
	struct eese_error error;

	ue_take(&u, "ue");
	REQUIRE(coap_open(&c, gateway.port, false));
	REQUIRE(coap_first_contact(&c, &u));
	old = u;
	cJSON_Delete(admin_done(&admin, "{\"command\":\"expireKey\",\"ueId\":\"%s\"}", u.id));
	for (int i = 0; i < 3; i++) {
		EXPECT_EQUAL(coap_say(&c, &old, "t", "old", &m), COAP_CODE(401));
		REQUIRE(coap_adopt(&u, &m));
	}
	REQUIRE(restart_broker());
	EXPECT_EQUAL(say_when_up(&c, &u, &m), COAP_CODE(401));
	REQUIRE(eese_error_decode(m.payload, m.len, &error) == EESE_OK);
	EXPECT_EQUAL(error.reason, EESE_ERROR_KEY_UNKNOWN);
	for (int i = 0; i < 3; i++) {
		EXPECT_EQUAL(coap_say(&c, &u, "t", "forgotten", &m), COAP_CODE(401));
		EXPECT(!coap_adopt(&old, &m));
	}
	coap_close(&c);
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},
	    {"gateways that end", test_gateway_restarts},
	    {"brokers that end", test_broker_restarts},
	    {"told again, or not", test_told_again},
	    {"stop", stop},
	};

	return harness_main("coap network", tests, sizeof tests / sizeof *tests);
}
