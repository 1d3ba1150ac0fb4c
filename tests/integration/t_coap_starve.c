/* SPDX-License-Identifier: Apache-2.0 */
/* One who floods the gateway keeps nobody else out, and a broker that hangs fills no memory. The
 * flood comes from 127.0.0.1, the others from ::1. */
#include "gateway.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct broker broker;
static struct gateway gateway;
static struct coap flood, client;

static void start(void)
{
	static const struct ue_range ues[] = {{.prefix = "ue", .count = 20}, {0}};
	const struct broker_options o = {.ues = ues};

	REQUIRE(broker_start(&broker, &o));
}

static void stop(void)
{
	broker_stop(&broker);
}

static bool run_gateway(const char *const *more)
{
	return gateway_start(&gateway, broker.port, more) &&
	       coap_open(&flood, gateway.port, false) && coap_open(&client, gateway.port, true);
}

static void end_gateway(void)
{
	coap_close(&flood);
	coap_close(&client);
	gateway_stop(&gateway);
}

static void begin(struct coap *c, struct coap_message *m, uint8_t code, const char *path)
{
	coap_begin(c, m, COAP_CON, code);
	coap_add_path(m, path);
}

/* UEs that nobody has are polled for, each of which is held for a week. */
static void test_polls(void)
{
	static const char *const few[] = {"--max-ues", "8", NULL};
	struct coap_message m, r;
	struct test_ue u[3];
	char path[32];

	REQUIRE(run_gateway(few));
	for (int i = 0; i < 40; i++) {
		snprintf(path, sizeof path, "e2e/nobody-%d/down%s", i, i % 2 ? "" : "?d");
		begin(&flood, &m, COAP_GET, path);
		REQUIRE(coap_exchange(&flood, &m, &r));
	}
	for (int i = 0; i < 3; i++) {
		ue_take(&u[i], "ue");
		REQUIRE(coap_first_contact(&client, &u[i]));
		EXPECT_EQUAL(coap_get(&client, &u[i], "down?d", &r), COAP_CODE(205));
	}
	for (int i = 0; i < 40; i++) {
		snprintf(path, sizeof path, "e2e/nobody-%d/down", i);
		begin(&flood, &m, COAP_GET, path);
		REQUIRE(coap_exchange(&flood, &m, &r));
	}
	for (int i = 0; i < 3; i++)
		EXPECT_EQUAL(coap_say(&client, &u[i], "t?d", "x", NULL), COAP_CODE(204));
	end_gateway();
}

/* Octets in the name of a UE use up none of what it may send. */
static void test_rate(void)
{
	static const char *const slow[] = {"--rate-ue", "1", "--burst-ue", "10", NULL};
	static const uint8_t octets[40] = {1};
	struct coap_message m, r = {0};
	struct test_ue u;
	char path[128];

	REQUIRE(run_gateway(slow));
	ue_take(&u, "ue");
	REQUIRE(coap_first_contact(&client, &u));
	snprintf(path, sizeof path, "e2e/%s/up/t", u.id);
	for (int i = 0; i < 200 && r.code != COAP_CODE(429); i++) {
		begin(&flood, &m, COAP_POST, path);
		m.payload = octets;
		m.len = sizeof octets;
		REQUIRE(coap_exchange(&flood, &m, &r));
	}
	EXPECT_EQUAL(r.code, COAP_CODE(429));
	EXPECT_EQUAL(coap_say(&client, &u, "t", "x", NULL), COAP_CODE(204));
	end_gateway();
}

static uint8_t first_block(struct coap *c, int number)
{
	static const uint8_t octets[64] = {1};
	struct coap_message m, r;
	char path[32];

	snprintf(path, sizeof path, "e2e/ue-1/up/%d", number);
	begin(c, &m, COAP_POST, path);
	coap_add_number(&m, COAP_BLOCK1, 8 | 2);
	m.payload = octets;
	m.len = sizeof octets;
	return coap_exchange(c, &m, &r) ? r.code : 0;
}

/* Uploads that are begun and left. */
static void test_bodies(void)
{
	static const char *const few[] = {"--max-bodies", "8", NULL};

	REQUIRE(run_gateway(few));
	for (int i = 0; i < 8; i++)
		EXPECT_EQUAL(first_block(&flood, i), i < 2 ? COAP_CODE(231) : COAP_CODE(503));
	EXPECT_EQUAL(first_block(&client, 1), COAP_CODE(231));
	end_gateway();
}

/* Whether it is registered for the downlink of this UE, under a token of its own. */
static bool observes(struct coap *c, const struct test_ue *u)
{
	struct coap_message m, r;
	char path[128];

	snprintf(path, sizeof path, "e2e/%s/down", u->id);
	coap_begin(c, &m, COAP_CON, COAP_GET);
	coap_add_number(&m, COAP_OBSERVE, 0);
	coap_add_path(&m, path);
	return coap_exchange(c, &m, &r) && r.code == COAP_CODE(205) &&
	       coap_find(&r, COAP_OBSERVE) != NULL;
}

/* Sends back the Echo that it is asked for. */
static bool show_address(struct coap *c, const struct test_ue *u)
{
	struct coap_message m, r, asked;
	const struct coap_option *echo;
	char path[128];

	snprintf(path, sizeof path, "e2e/%s/down", u->id);
	coap_begin(c, &m, COAP_CON, COAP_GET);
	coap_add_number(&m, COAP_OBSERVE, 0);
	coap_add_path(&m, path);
	if (!coap_exchange(c, &m, &asked) || (echo = coap_find(&asked, COAP_ECHO)) == NULL)
		return false;
	coap_begin(c, &m, COAP_CON, COAP_GET);
	coap_add_path(&m, path);
	coap_add(&m, COAP_ECHO, echo->value, echo->len);
	return coap_exchange(c, &m, &r) && r.code == COAP_CODE(205);
}

static void test_observers(void)
{
	static const char *const few[] = {"--max-observers", "8", NULL};
	struct test_ue u;

	REQUIRE(run_gateway(few));
	ue_take(&u, "ue");
	REQUIRE(coap_first_contact(&client, &u));
	REQUIRE(show_address(&client, &u) && show_address(&flood, &u));
	for (int i = 0; i < 10; i++)
		EXPECT_EQUAL(observes(&flood, &u), i < 2);
	EXPECT(observes(&client, &u));
	end_gateway();
}

/* The code of what comes first, that is no empty ACK. */
static uint8_t soon(struct coap *c, const struct coap_message *m)
{
	struct coap_message r = {0};

	coap_transmit(c, m);
	while (coap_receive(c, &r, COAP_PATIENCE_MS))
		if (r.type == COAP_ACK && r.mid == m->mid)
			return r.code;
	return 0;
}

/* The broker hangs. What it was given and did not take counts, though its senders were told long
 * ago that it will not be taken. */
static void test_broker_hangs(void)
{
	static const char *const few[] = {
	    "--max-requests", "3", "--answer-wait", "1", "--keepalive", "120", NULL};
	struct coap_message m, r;
	struct test_ue u;
	struct octets msg;
	size_t told = 0;
	char path[128];

	REQUIRE(run_gateway(few));
	ue_take(&u, "ue");
	REQUIRE(coap_first_contact(&client, &u));
	snprintf(path, sizeof path, "e2e/%s/up/t", u.id);
	EXPECT(kill(broker.pid, SIGSTOP) == 0);
	for (int i = 0; i < 3; i++) {
		ue_seal(&u, "t", "x", &msg);
		begin(&client, &m, COAP_POST, path);
		m.payload = msg.p;
		m.len = msg.len;
		EXPECT(coap_transmit(&client, &m));
	}
	while (told < 3 && coap_receive(&client, &r, COAP_PATIENCE_MS)) {
		if (r.type == COAP_CON)
			coap_acknowledge(&client, &r);
		told += r.code == COAP_CODE(503);
	}
	EXPECT_EQUAL(told, 3);
	for (int i = 0; i < 3; i++) {
		ue_seal(&u, "t", "y", &msg);
		begin(&client, &m, COAP_POST, path);
		m.payload = msg.p;
		m.len = msg.len;
		EXPECT_EQUAL(soon(&client, &m), COAP_CODE(503));
	}
	/* Polls that wait for the broker are as many. */
	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof path, "e2e/nobody-%d/down?d", i);
		begin(&client, &m, COAP_GET, path);
		if (i < 3)
			EXPECT(coap_transmit(&client, &m));
		else
			EXPECT_EQUAL(soon(&client, &m), COAP_CODE(503));
	}
	EXPECT(kill(broker.pid, SIGCONT) == 0);
	for (int i = 0; i < 100; i++) {
		if (coap_say(&client, &u, "t", "z", &r) == COAP_CODE(204))
			break;
		harness_sleep_ms(50);
	}
	EXPECT_EQUAL(r.code, COAP_CODE(204));
	end_gateway();
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},
	    {"polls", test_polls},
	    {"rate of a UE", test_rate},
	    {"bodies", test_bodies},
	    {"observers", test_observers},
	    {"a broker that hangs", test_broker_hangs},
	    {"stop", stop},
	};

	return harness_main("coap starve", tests, sizeof tests / sizeof *tests);
}
