/* SPDX-License-Identifier: Apache-2.0 */
/* Gateways that lie: no message is delivered twice, and no key is refreshed because they want so;
 * and once they are honest, all is as before. */
#include "admin.h"
#include "coap_tool.h"
#include "gateway.h"
#include "liar.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PAIRS = 4, /* of a device that sends and one that receives */
	DEVICES = 2 * PAIRS,
	LIES_MS = 10000,
	SAY_MS = 200,
	LIES_MIN = 40,
	HONEST_MESSAGES = 4, /* as many as a device keeps for a KEY_UPDATE still to come */
	/* A device that lies told to wait may wait for two minutes, and libcoap for one and a half.
	 */
	PATIENCE_MS = 250000,
	/* The first keyset; then KEY_REQUEST 1, 3 or 4, and KEY_REQUEST 2, once a minute each. */
	KEYSETS_MAX = 3,
	TEASED_MAX = 2,
};

/* One that sends, or one that receives, and its gateway. */
struct device {
	char ue[16];
	struct program program;
	struct liar liar;
};

static struct broker broker;
static struct gateway gateway;
static struct observer app;
static struct mqtt sender, admin;
static struct device devices[DEVICES];

static const char *const rates[] = {"--rate-ue", "0", "--rate-address", "0", "--queue-ue",
				    "1000",      NULL};

static void start(void)
{
	static const struct ue_range ues[] = {{.prefix = "ue", .count = 2 * DEVICES}, {0}};
	const struct broker_options o = {.ues = ues,
					 .plugin_lines = "plugin_opt_admins " TEST_ADMIN_USER "\n"};
	const struct mqtt_login login = {
	    .version = MQTT_5, .client_id = "application", .username = TEST_APP_USER};

	REQUIRE(broker_start(&broker, &o));
	REQUIRE(observer_open(&app, &broker, TEST_APP_USER, "app/+/up/#"));
	REQUIRE(mqtt_connect(&sender, broker.port, &login) == 0);
	REQUIRE(admin_open(&admin, &broker, "admin", MQTT_5));
	REQUIRE(gateway_start(&gateway, broker.port, rates));
}

static void stop(void)
{
	observer_close(&app);
	mqtt_disconnect(&sender);
	mqtt_disconnect(&admin);
	gateway_stop(&gateway);
	broker_stop(&broker);
}

static void liars_work(int ms)
{
	const uint64_t end = mqtt_now_ms() + (uint64_t)ms;
	struct pollfd p[DEVICES];
	uint64_t now;

	for (int i = 0; i < DEVICES; i++)
		p[i] = (struct pollfd){.fd = devices[i].liar.front.fd, .events = POLLIN};
	while ((now = mqtt_now_ms()) < end) {
		if (poll(p, DEVICES, (int)(end - now)) <= 0)
			continue;
		for (int i = 0; i < DEVICES; i++)
			if (p[i].revents != 0)
				liar_hear(&devices[i].liar);
	}
}

/* ---- the devices ---- */

static bool sends(int device)
{
	return device % 2 == 0;
}

static bool devices_start(void)
{
	static const char *const lines[] = {"-t", "t", "-l", "--wait", "0", NULL};
	static const char *const more[] = {"-v", "--poll", "0.1", NULL};
	static int made;

	for (int i = 0; i < DEVICES; i++) {
		struct device *d = &devices[i];

		snprintf(d->ue, sizeof d->ue, "ue-%d", made++);
		if (!liar_open(&d->liar, gateway.port))
			return false;
		coap_tool_start(&d->program, &broker, sends(i) ? "pub" : "sub", d->ue, d->liar.port,
				sends(i) ? lines : more);
	}
	return true;
}

static void devices_stop(void)
{
	for (int i = 0; i < DEVICES; i++)
		kill(devices[i].program.pid, SIGTERM);
	liars_work(500);
	for (int i = 0; i < DEVICES; i++) {
		program_ends(&devices[i].program, PATIENCE_MS);
		liar_close(&devices[i].liar);
	}
}

static void say(int n)
{
	char line[32], text[16];

	snprintf(line, sizeof line, "n %d\n", n);
	snprintf(text, sizeof text, "%d", n);
	for (int i = 0; i < DEVICES; i++) {
		if (sends(i))
			program_say(&devices[i].program, line);
		else
			coap_tool_send_down(&sender, devices[i].ue, "n", text);
	}
}

/* How often message n of this device arrived; negative: how many arrived in all. */
static size_t arrived(int device, int n)
{
	const struct device *d = &devices[device];
	char text[32], topic[64];

	snprintf(text, sizeof text, "n %d", n);
	snprintf(topic, sizeof topic, "app/%s/up/t", d->ue);
	if (sends(device))
		return observer_count(&app, topic, n < 0 ? NULL : text);
	return n < 0 ? coap_tool_lines(d->program.out, NULL)
		     : coap_tool_lines(d->program.out, text);
}

static bool all_have(int n)
{
	EXPECT(observer_sync(&app));
	for (int i = 0; i < DEVICES; i++)
		if (arrived(i, n) == 0)
			return false;
	return true;
}

static bool all_reached(void)
{
	EXPECT(observer_sync(&app));
	for (int i = 0; i < DEVICES; i++)
		if (arrived(i, -1) == 0)
			return false;
	return true;
}

/* Honest until something arrived everywhere: for who never polled, nobody keeps anything. Number of
 * the next message. */
static int begin(enum liar_manner manner)
{
	const uint64_t end = mqtt_now_ms() + PATIENCE_MS;
	int n = 0;

	do {
		say(n++);
		liars_work(SAY_MS);
	} while (!all_reached() && mqtt_now_ms() < end);
	EXPECT(all_reached());
	for (int i = 0; i < DEVICES; i++)
		devices[i].liar.manner = manner;
	return n;
}

static int keysets(const struct device *d)
{
	char *text = program_text(d->program.err);
	int n = 0;

	for (const char *at = text; (at = strstr(at, "new keyset")) != NULL; at++)
		n++;
	free(text);
	return n;
}

/* Honest from here on: what is said now arrives. Number of the next. */
static int expect_recovery(int n)
{
	const int first = n;

	for (int i = 0; i < DEVICES; i++)
		devices[i].liar.manner = HONEST;
	for (; n < first + HONEST_MESSAGES; n++)
		say(n);
	for (int waited = 0; waited < PATIENCE_MS && !all_have(n - 1); waited += SAY_MS)
		liars_work(SAY_MS);
	liars_work(500);
	EXPECT(observer_sync(&app));
	for (int i = 0; i < DEVICES; i++)
		for (int k = first; k < n; k++)
			EXPECT_EQUAL(arrived(i, k), 1);
	return n;
}

/* Nothing twice, and nothing that nobody said. */
static void expect_at_most_once(int count)
{
	size_t all = 0;

	for (int i = 0; i < DEVICES; i++) {
		size_t of_device = 0;

		for (int n = 0; n < count; n++) {
			EXPECT(arrived(i, n) <= 1);
			of_device += arrived(i, n);
		}
		EXPECT_EQUAL(of_device, arrived(i, -1));
		all += of_device;
	}
	printf("%zu of %d arrived ", all, DEVICES * count);
}

static void test_lies(void)
{
	unsigned lies = 0;
	int n, made = 0;

	REQUIRE(devices_start());
	n = begin(LIES);
	for (const uint64_t end = mqtt_now_ms() + LIES_MS; mqtt_now_ms() < end; n++) {
		say(n);
		liars_work(SAY_MS);
	}
	for (int i = 0; i < DEVICES; i++) {
		lies += devices[i].liar.lies;
		made += keysets(&devices[i]);
		EXPECT(keysets(&devices[i]) <= KEYSETS_MAX);
	}
	EXPECT(lies >= LIES_MIN);
	n = expect_recovery(n);
	expect_at_most_once(n);
	printf("after %u lies, %d keysets for %d UEs ", lies, made, DEVICES);
	devices_stop();
}

/* It tells devices to wait until they ask for a key, and lets a message through, which ends their
 * back-off. */
static void test_teases(void)
{
	int n, most = 0;

	observer_forget(&app);
	REQUIRE(devices_start());
	n = begin(TEASES);
	for (const uint64_t end = mqtt_now_ms() + LIES_MS; mqtt_now_ms() < end; n++) {
		say(n);
		liars_work(SAY_MS);
	}
	for (int i = 0; i < DEVICES; i++)
		if (keysets(&devices[i]) > most)
			most = keysets(&devices[i]);
	EXPECT(most <= TEASED_MAX);
	n = expect_recovery(n);
	expect_at_most_once(n);
	printf("with %d keysets at most ", most);
	devices_stop();
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},
	    {"lies", test_lies},
	    {"teases", test_teases},
	    {"stop", stop},
	};

	return harness_main("coap liar", tests, sizeof tests / sizeof *tests);
}
