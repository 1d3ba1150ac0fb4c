/* SPDX-License-Identifier: Apache-2.0 */
/* The device's tool over CoAP: expiry, sizes, downlink, the same state as over MQTT. */
#include "coap_tool.h"
#include "gateway.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATIENCE_MS = TOOL_PATIENCE_MS };

static struct broker broker;
static struct gateway gateway;
static struct observer app;
static struct mqtt sender;

static void start(void)
{
	static const struct ue_range ues[] = {
	    {.prefix = "short", .count = 10, .te2e_s = 3}, {.prefix = "ue", .count = 40}, {0}};
	const struct broker_options o = {.ues = ues};
	const struct mqtt_login login = {
	    .version = MQTT_5, .client_id = "application", .username = TEST_APP_USER};

	REQUIRE(broker_start(&broker, &o));
	REQUIRE(observer_open(&app, &broker, TEST_APP_USER, "app/+/up/#"));
	REQUIRE(mqtt_connect(&sender, broker.port, &login) == 0);
	REQUIRE(gateway_start(&gateway, broker.port, NULL));
}

static void stop(void)
{
	observer_close(&app);
	mqtt_disconnect(&sender);
	gateway_stop(&gateway);
	broker_stop(&broker);
}

static void run_tool(struct program *t, const char *command, const char *ue, uint16_t port,
		     const char *const *more)
{
	coap_tool_start(t, &broker, command, ue, port, more);
}

static int tool_ends(struct program *t)
{
	return coap_tool_ends(t, 2 * PATIENCE_MS);
}

static bool has(const char *path, const char *what)
{
	char *text = program_text(path);
	const bool found = strstr(text, what) != NULL;

	free(text);
	return found;
}

static size_t arrived(const char *ue, const char *sub, const char *text)
{
	char topic[128];

	snprintf(topic, sizeof topic, "app/%s/up/%s", ue, sub);
	EXPECT(observer_sync(&app));
	return observer_count(&app, topic, text);
}

static void send_down(const char *ue, const char *sub, const char *text)
{
	coap_tool_send_down(&sender, ue, sub, text);
}

/* Lines "n 0", "n 1", .. with pauses, so that keys expire meanwhile. */
static void say_lines(struct program *t, int from, int to, int pause_ms)
{
	char line[32];

	for (int i = from; i < to; i++) {
		snprintf(line, sizeof line, "n %d\n", i);
		program_say(t, line);
		harness_sleep_ms(pause_ms);
	}
}

static void expect_each_once(const char *ue, int lines)
{
	char text[32];

	for (int i = 0; i < lines; i++) {
		snprintf(text, sizeof text, "n %d", i);
		EXPECT_EQUAL(arrived(ue, "t", text), 1);
	}
	EXPECT_EQUAL(arrived(ue, "t", NULL), (size_t)lines);
}

static void test_publish(void)
{
	static const char *const more[] = {"-t", "t", "-l", NULL};
	struct program t;

	run_tool(&t, "pub", "short-0", gateway.port, more);
	say_lines(&t, 0, 10, 400);
	EXPECT_EQUAL(tool_ends(&t), 0);
	EXPECT(has(t.err, "te2e ran out"));
	expect_each_once("short-0", 10);
}

/* Longer than any datagram, on a topic of several levels, and nothing at all. */
static void test_sizes(void)
{
	static char text[9000];
	const char *const large[] = {"-t", "a/b//c", "-m", text, NULL};
	static const char *const none[] = {"-t", "", "-n", NULL};
	struct program t;

	memset(text, 'y', sizeof text - 1);
	run_tool(&t, "pub", "ue-0", gateway.port, large);
	EXPECT_EQUAL(tool_ends(&t), 0);
	EXPECT_EQUAL(arrived("ue-0", "a/b//c", text), 1);
	run_tool(&t, "pub", "ue-0", gateway.port, none);
	EXPECT_EQUAL(tool_ends(&t), 0);
	EXPECT_EQUAL(arrived("ue-0", "", NULL), 1);
}

/* What came since the tool was started, a line each. */
static bool printed(struct program *t, const char *what)
{
	return program_says(t->out, what, PATIENCE_MS);
}

static void test_receive(void)
{
	static const char *const more[] = {"-v", "-C", "4", "--poll", "0.2", NULL};
	static char text[5000];
	struct program t;
	char *out;

	memset(text, 'z', sizeof text - 1);
	run_tool(&t, "sub", "ue-1", gateway.port, more);
	/* Its first KEY_REQUEST was answered: it is subscribed by its first poll at the latest. */
	EXPECT(program_says(t.err, "new keyset", PATIENCE_MS));
	harness_sleep_ms(500);
	send_down("ue-1", "led", "on");
	EXPECT(printed(&t, "led on\n"));
	send_down("ue-1", "fw", text);
	send_down("ue-1", "led", "off");
	send_down("ue-1", "a/b", "last");
	EXPECT_EQUAL(tool_ends(&t), 0);
	out = program_text(t.out);
	EXPECT(strstr(out, text) != NULL && strstr(out, "led off\na/b last\n") != NULL);
	free(out);
}

/* What waits while nobody polls, and a -C that leaves some for later; each once. */
static void test_later(void)
{
	static const char *const first[] = {"-C", "1", "--poll", "0.2", NULL};
	static const char *const rest[] = {"-C", "2", "--poll", "0.2", NULL};
	static const char *const none[] = {"-W", "1", "--poll", "0.2", NULL};
	struct program t;

	run_tool(&t, "sub", "ue-2", gateway.port, none);
	EXPECT_EQUAL(tool_ends(&t), 0);
	send_down("ue-2", "n", "0");
	send_down("ue-2", "n", "1");
	send_down("ue-2", "n", "2");
	harness_sleep_ms(300);
	run_tool(&t, "sub", "ue-2", gateway.port, first);
	EXPECT_EQUAL(tool_ends(&t), 0);
	EXPECT(has(t.out, "0\n") && !has(t.out, "1\n"));
	run_tool(&t, "sub", "ue-2", gateway.port, rest);
	EXPECT_EQUAL(tool_ends(&t), 0);
	EXPECT(has(t.out, "1\n2\n") && !has(t.out, "0\n"));
	run_tool(&t, "sub", "ue-2", gateway.port, none);
	EXPECT_EQUAL(tool_ends(&t), 0);
	EXPECT(!has(t.out, "\n"));
}

/* One state file, whichever way is taken. */
static void test_both_ways(void)
{
	static const char *const first[] = {"-t", "t", "-m", "n 0", NULL};
	static const char *const last[] = {"-t", "t", "-m", "n 2", NULL};
	char port[8], keys[192], state[192];
	const char *const mqtt[] = {EESE_TEST_UE_TOOL,
				    "pub",
				    "-h",
				    "127.0.0.1",
				    "-p",
				    port,
				    "--ue",
				    "ue-3",
				    "--key-file",
				    keys,
				    "--state",
				    state,
				    "--events",
				    "-t",
				    "t",
				    "-m",
				    "n 1",
				    NULL};
	struct program t;

	snprintf(port, sizeof port, "%u", broker.port);
	snprintf(keys, sizeof keys, "%s/keys", broker.dir);
	snprintf(state, sizeof state, "%s/state-ue-3", broker.dir);
	run_tool(&t, "pub", "ue-3", gateway.port, first);
	EXPECT_EQUAL(tool_ends(&t), 0);
	program_start(&t, broker.dir, mqtt);
	EXPECT_EQUAL(tool_ends(&t), 0);
	EXPECT(!has(t.err, "new keyset"));
	run_tool(&t, "pub", "ue-3", gateway.port, last);
	EXPECT_EQUAL(tool_ends(&t), 0);
	EXPECT(!has(t.err, "new keyset"));
	expect_each_once("ue-3", 3);
}

/* Nobody there, and nothing that could be done about it. */
static void test_mistakes(void)
{
	static const char *const more[] = {"-t", "t", "-m", "x", "--wait", "1", NULL};
	static const char *const uri[] = {
	    EESE_TEST_UE_TOOL, "pub", "--coap", "coaps://x", "--ue", "u", "--key-file",
	    "/dev/null",       "-t",  "t",      "-m",        "x",    NULL};
	struct program t;

	run_tool(&t, "pub", "ue-4", 1, more);
	EXPECT_EQUAL(program_ends(&t, PATIENCE_MS), 1);
	EXPECT(has(t.err, "nobody listens there"));
	program_start(&t, broker.dir, uri);
	EXPECT_EQUAL(program_ends(&t, PATIENCE_MS), 2);
	EXPECT(has(t.err, "needs --coap-psk or --cafile"));
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},
	    {"publish over expiries", test_publish},
	    {"sizes", test_sizes},
	    {"receive", test_receive},
	    {"what waits, and what is left", test_later},
	    {"one state for both ways", test_both_ways},
	    {"mistakes", test_mistakes},
	    {"stop", stop},
	};

	return harness_main("coap tool", tests, sizeof tests / sizeof *tests);
}
