/* SPDX-License-Identifier: Apache-2.0 */
/*
 * npm's coap as a device's CoAP, also on a network that loses, doubles and reorders a fifth of the
 * datagrams each: uplink and downlink arrive, each message once. Skipped where node or its module
 * is not there: npm install coap somewhere, and NODE_PATH=somewhere/node_modules.
 */
#include "gateway.h"
#include "program.h"
#include "udp_relay.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/hex.h"

enum { PATIENCE_MS = 120000, SKIPPED = 77, MESSAGES = 8, ANSWER_MAX = 16384 };

static struct broker broker;
static struct gateway gateway;
static struct observer app;
static struct mqtt sender;
static struct coap client;
static struct udp_relay network;
static char payload[192];

static void start(void)
{
	static const struct ue_range ues[] = {
	    {.prefix = "ue", .count = 10}, {.prefix = "short", .count = 1, .te2e_s = 2}, {0}};
	const struct broker_options o = {.ues = ues};
	const struct mqtt_login login = {
	    .version = MQTT_5, .client_id = "application", .username = TEST_APP_USER};

	REQUIRE(broker_start(&broker, &o));
	REQUIRE(observer_open(&app, &broker, TEST_APP_USER, "app/+/up/#"));
	REQUIRE(mqtt_connect(&sender, broker.port, &login) == 0);
	REQUIRE(gateway_start(&gateway, broker.port, NULL));
	REQUIRE(coap_open(&client, gateway.port, false));
	REQUIRE(udp_relay_start(&network, gateway.port));
	snprintf(payload, sizeof payload, "%s/payload", broker.dir);
}

static void stop(void)
{
	udp_relay_stop(&network);
	coap_close(&client);
	mqtt_disconnect(&sender);
	observer_close(&app);
	gateway_stop(&gateway);
	broker_stop(&broker);
}

static void run_node(struct program *t, const char *kind, uint16_t port, const struct test_ue *u,
		     const char *rest, const char *file)
{
	char number[8], path[EESE_UE_ID_MAX + 64];
	const char *const words[] = {"node", EESE_TEST_COAP_NPM, kind, number, path, file, NULL};

	snprintf(number, sizeof number, "%u", port);
	snprintf(path, sizeof path, "/e2e/%s/%s", u->id, rest);
	program_start(t, broker.dir, words);
}

/* "CODE HEX" of its first line. False: there was no answer. */
static bool read_answer(const char *text, struct coap_message *out)
{
	static uint8_t octets[ANSWER_MAX];
	const char *space = strchr(text, ' ');
	const size_t digits = space != NULL ? strcspn(space + 1, "\n") : 0;

	memset(out, 0, sizeof *out);
	if (space == NULL || space - text != 4 || digits > (size_t)2 * ANSWER_MAX ||
	    !eese_hex_read(space + 1, digits, octets, digits / 2))
		return false;
	out->code = (uint8_t)((text[0] - '0') << 5 | ((text[2] - '0') * 10 + text[3] - '0'));
	out->payload = octets;
	out->len = digits / 2;
	return true;
}

/* As above; asked again until there is an answer. */
static uint8_t ask(const char *kind, uint16_t port, const struct test_ue *u, const char *rest,
		   const char *file, struct coap_message *out)
{
	for (int tries = 0; tries < 10; tries++) {
		struct program t;
		char *text;
		bool ok;

		run_node(&t, kind, port, u, rest, file);
		program_ends(&t, PATIENCE_MS);
		text = program_text(t.out);
		ok = read_answer(text, out);
		free(text);
		if (ok && out->code != COAP_CODE(503) && out->code != COAP_CODE(429))
			return out->code;
	}
	return 0;
}

static void write_payload(const uint8_t *octets, size_t len)
{
	const int fd = open(payload, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, octets, len) != (ssize_t)len)
		abort();
	close(fd);
}

/* The octets until they are accepted; protected anew when the EESE announces a keyset. */
static void deliver(struct test_ue *u, uint16_t port, const char *text)
{
	struct coap_message m;
	struct octets msg;
	uint8_t code;

	ue_seal(u, "t", text, &msg);
	for (int tries = 0; tries < 10; tries++) {
		write_payload(msg.p, msg.len);
		code = ask("POST", port, u, "up/t", payload, &m);
		if (code == COAP_CODE(204))
			return;
		EXPECT_EQUAL(code, COAP_CODE(401));
		if (coap_adopt(u, &m))
			ue_seal(u, "t", text, &msg);
	}
	EXPECT(!"it was never accepted");
}

static void send_down(const struct test_ue *u, const char *text)
{
	char topic[EESE_UE_ID_MAX + 16];
	const struct mqtt_publish p = {
	    .topic = topic, .payload = text, .len = strlen(text), .qos = 1};

	snprintf(topic, sizeof topic, "app/%s/down/n", u->id);
	EXPECT(mqtt_publish(&sender, &p) >= 0);
}

static void test_uplink(void)
{
	struct test_ue u;
	char text[16];

	ue_take(&u, "short");
	REQUIRE(coap_first_contact(&client, &u));
	atomic_store(&network.manner, RELAY_BAD);
	for (int i = 0; i < MESSAGES; i++) {
		snprintf(text, sizeof text, "n %d", i);
		deliver(&u, network.port, text);
		if (i == MESSAGES / 2) {
			gateway_kill(&gateway);
			REQUIRE(gateway_again(&gateway, broker.port, NULL));
		}
	}
	EXPECT(observer_sync(&app));
	for (int i = 0; i < MESSAGES; i++) {
		snprintf(text, sizeof text, "n %d", i);
		EXPECT_EQUAL(observer_of(&app, &u, "t", text), 1);
	}
	EXPECT(atomic_load(&network.lost) > 0);
	atomic_store(&network.manner, RELAY_ALL);
}

/* What is told twice has the number of what was told before. */
static void test_downlink(void)
{
	struct coap_message m;
	struct parts parts;
	struct test_ue u;
	uint64_t last = 0;
	char rest[64] = "down?d", text[16];
	int seen = 0;

	ue_take(&u, "ue");
	REQUIRE(coap_first_contact(&client, &u));
	REQUIRE(ask("GET", gateway.port, &u, "down", NULL, &m) == COAP_CODE(205) && m.len == 0);
	atomic_store(&network.manner, RELAY_BAD);
	for (int i = 0; i < MESSAGES; i++) {
		snprintf(text, sizeof text, "n %d", i);
		send_down(&u, text);
	}
	for (int tries = 0; tries < 50 && seen < MESSAGES; tries++) {
		EXPECT_EQUAL(ask("GET", network.port, &u, rest, NULL, &m), COAP_CODE(205));
		REQUIRE(coap_parts(&m, &parts));
		for (size_t i = 0; parts.number > last && i < parts.count; i++) {
			snprintf(text, sizeof text, "n %d", seen++);
			EXPECT(ue_opens(&u, "n", parts.messages[i].octets, parts.messages[i].len,
					text));
		}
		if (parts.number > last)
			last = parts.number;
		snprintf(rest, sizeof rest, "down?d=%llu", (unsigned long long)last);
	}
	EXPECT_EQUAL(seen, MESSAGES);
	atomic_store(&network.manner, RELAY_ALL);
}

/* Longer than a datagram, either way. */
static void test_blocks(void)
{
	static uint8_t plain[5000], msg[EESE_MESSAGE_MAX];
	static char text[3000];
	struct coap_message m;
	struct parts parts = {0};
	struct test_ue u;
	size_t len;

	ue_take(&u, "ue");
	REQUIRE(coap_first_contact(&client, &u));
	EXPECT(observer_sync(&app));
	observer_forget(&app);
	memset(plain, 'x', sizeof plain);
	REQUIRE(eese_data_seal(&u.set.up, u.id, "long", 4, u.number++, plain, sizeof plain, msg,
			       sizeof msg, &len) == EESE_OK);
	write_payload(msg, len);
	EXPECT_EQUAL(ask("POST", gateway.port, &u, "up/long", payload, &m), COAP_CODE(204));
	EXPECT(observer_sync(&app));
	EXPECT(app.count == 1 && app.seen[0]->len == sizeof plain);
	REQUIRE(ask("GET", gateway.port, &u, "down", NULL, &m) == COAP_CODE(205) && m.len == 0);
	memset(text, 'y', sizeof text - 1);
	send_down(&u, text);
	for (int tries = 0; tries < 50 && parts.count == 0; tries++)
		EXPECT(ask("GET", gateway.port, &u, "down?d", NULL, &m) == COAP_CODE(205) &&
		       coap_parts(&m, &parts));
	EXPECT(parts.count == 1 &&
	       ue_opens(&u, "n", parts.messages[0].octets, parts.messages[0].len, text));
}

static void test_observe(void)
{
	struct coap_message m = {0};
	struct parts parts = {0};
	struct program t;
	struct test_ue u;

	ue_take(&u, "ue");
	REQUIRE(coap_first_contact(&client, &u));
	run_node(&t, "OBSERVE", gateway.port, &u, "down", NULL);
	/* Registered, it is told that nothing waits. */
	EXPECT(program_says(t.out, "2.05 \n", PATIENCE_MS));
	send_down(&u, "told");
	for (int waited = 0; waited < PATIENCE_MS && parts.count == 0; waited += 50) {
		char *text = program_text(t.out), *line = strchr(text, '\n');

		if (line != NULL && read_answer(line + 1, &m) && !coap_parts(&m, &parts))
			parts.count = 0;
		free(text);
		harness_sleep_ms(50);
	}
	EXPECT(parts.count == 1 &&
	       ue_opens(&u, "n", parts.messages[0].octets, parts.messages[0].len, "told"));
	kill(t.pid, SIGKILL);
	program_ends(&t, PATIENCE_MS);
}

/* Of the module, not of node alone. */
static bool is_there(void)
{
	const char *const words[] = {"node", "-e", "require('coap')", NULL};
	const char *const tmp = getenv("TMPDIR");
	struct program t;
	bool there;

	program_start(&t, tmp != NULL ? tmp : "/tmp", words);
	there = program_ends(&t, PATIENCE_MS) == 0;
	unlink(t.out);
	unlink(t.err);
	return there;
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},        {"uplink", test_uplink},   {"downlink", test_downlink},
	    {"blocks", test_blocks}, {"observe", test_observe}, {"stop", stop},
	};

	if (!is_there()) {
		puts("skipped: node has no module coap");
		return SKIPPED;
	}
	return harness_main("npm's coap", tests, sizeof tests / sizeof *tests);
}
