/* SPDX-License-Identifier: Apache-2.0 */
/* The real tool, and a broker that dies between PUBREC and PUBREL of a message. */
#include "harness.h"
#include "program.h"
#include "proxy.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TOPIC "app/ue-0/up/t"

enum { PATIENCE_MS = 60000, STEP_MS = 10 };

static const struct ue_range ues[] = {{.prefix = "ue", .count = 4}, {0}};

struct stage {
	struct broker broker;
	struct broker_options options;
	struct proxy proxy;
	struct observer app;
	struct program tool;
};

static void start_tool(struct stage *s, const char *version)
{
	char port[8], keys[192], state[192];
	const char *const arguments[] = {EESE_TEST_UE_TOOL,
					 "pub",
					 "-h",
					 "127.0.0.1",
					 "-p",
					 port,
					 "-V",
					 version,
					 "-q",
					 "2",
					 "--ue",
					 "ue-0",
					 "-l",
					 "-t",
					 "t",
					 "-d",
					 "--linger",
					 "3",
					 "--key-file",
					 keys,
					 "--state",
					 state,
					 NULL};

	snprintf(port, sizeof port, "%u", s->proxy.port);
	snprintf(keys, sizeof keys, "%s/keys", s->broker.dir);
	snprintf(state, sizeof state, "%s/state", s->broker.dir);
	program_start(&s->tool, s->broker.dir, arguments);
}

static bool arrives(struct stage *s, const char *text)
{
	for (int waited = 0; waited < PATIENCE_MS; waited += STEP_MS) {
		if (!observer_sync(&s->app))
			return false;
		if (observer_count(&s->app, TOPIC, text) > 0)
			return true;
		harness_sleep_ms(STEP_MS);
	}
	return false;
}

/* What the broker knows now is what it will know when it is back. */
static bool save(const struct stage *s)
{
	char path[192];

	snprintf(path, sizeof path, "%s/mosquitto.db", s->broker.dir);
	kill(s->broker.pid, SIGUSR1);
	for (int waited = 0; waited < PATIENCE_MS; waited += STEP_MS) {
		if (access(path, F_OK) == 0)
			return true;
		harness_sleep_ms(STEP_MS);
	}
	return false;
}

static bool loses_pubrel(struct stage *s)
{
	for (int waited = 0; waited < PATIENCE_MS && !s->proxy.pubrel_lost; waited += STEP_MS)
		harness_sleep_ms(STEP_MS);
	return s->proxy.pubrel_lost;
}

/* The next broker has not seen "second", whatever it says to its PUBREL. */
static void die_with_it(struct stage *s)
{
	program_say(&s->tool, "first\n");
	REQUIRE(arrives(s, "first"));
	/* It arrives before its PUBREL does, and that is not the one to be lost. */
	REQUIRE(program_says(s->tool.err, "received PUBCOMP", PATIENCE_MS));
	REQUIRE(!s->options.persistence || save(s));
	s->proxy.mute_next = true;
	program_say(&s->tool, "second\n");
	REQUIRE(loses_pubrel(s));
	broker_kill(&s->broker);
	observer_close(&s->app);
	REQUIRE(broker_again(&s->broker, &s->options));
	REQUIRE(observer_open(&s->app, &s->broker, TEST_APP_USER, "app/#"));
	s->proxy.broker_port = s->broker.port;
	program_say(&s->tool, "third\n");
	EXPECT_EQUAL(program_ends(&s->tool, PATIENCE_MS), 0);
	EXPECT(observer_sync(&s->app));
	EXPECT_EQUAL(observer_count(&s->app, TOPIC, "second"), 1);
	EXPECT_EQUAL(observer_count(&s->app, TOPIC, "third"), 1);
	/* "first" comes again where its PUBREC was no verdict. */
	EXPECT_EQUAL(observer_count(&s->app, TOPIC, "first"), s->proxy.version == MQTT_5 ? 0 : 1);
}

static void between(const char *version, bool persistence)
{
	struct stage s = {.options = {.ues = ues, .persistence = persistence}};

	printf(" %s%s", version, persistence ? ", with a session" : "");
	REQUIRE(broker_start(&s.broker, &s.options));
	REQUIRE(observer_open(&s.app, &s.broker, TEST_APP_USER, "app/#"));
	REQUIRE(proxy_start(&s.proxy, s.broker.port,
			    strcmp(version, "mqttv5") == 0 ? MQTT_5 : MQTT_3_1_1, 0));
	start_tool(&s, version);
	die_with_it(&s);
	proxy_stop(&s.proxy);
	proxy_free(&s.proxy);
	observer_close(&s.app);
	broker_stop(&s.broker);
}

/* Without a session of the device on the next broker, and with one from before the message. */
static void test_between(void)
{
	static const char *const versions[] = {"mqttv5", "mqttv311"};

	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
		between(versions[i], false);
		between(versions[i], true);
	}
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"killed between PUBREC and PUBREL", test_between},
	};

	return harness_main("tool-crash", tests, sizeof tests / sizeof *tests);
}
