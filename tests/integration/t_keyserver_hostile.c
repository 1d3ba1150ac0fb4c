/* SPDX-License-Identifier: Apache-2.0 */
/* An EMKS that lies, hangs, floods or is somebody else: its UEs are told to wait and get their key
 * when it is well again; everybody else is served as ever. */
#include "bystander.h"
#include "keyserver.h"

#include <stdio.h>

/* Whoever waited for the EMKS in the broker's thread would take longer than a trip may. */
#define TIMEOUTS "plugin_opt_emks_timeout 3\nplugin_opt_emks_connect_timeout 3\n"
enum { TRIP_MS = 1500, UES = 3 };

static struct keyserver k;
static struct bystander bystander;

static bool is_told(struct test_ue *u, enum hostile_way way)
{
	struct control c = ue_control(u);

	if (c.kind == CONTROL_NONE)
		return false;
	if (c.kind != CONTROL_ERROR || c.error.reason != EESE_ERROR_UNREACHABLE)
		printf("\n  %s: kind %d, reason %d\n", hostile_name(way), c.kind, c.error.reason);
	EXPECT(c.kind == CONTROL_ERROR && c.error.reason == EESE_ERROR_UNREACHABLE);
	return true;
}

/* Some that have no key come, and are told; the bystander goes on meanwhile. */
static void come_in_vain(struct test_ue ues[UES], enum hostile_way way)
{
	uint64_t end = mqtt_now_ms() + 2 * MQTT_PATIENCE_MS;
	bool told[UES] = {false};
	size_t left = UES;

	for (size_t i = 0; i < UES; i++) {
		REQUIRE(newcomer(&ues[i], &k, "far"));
		EXPECT_EQUAL(say_unknown(&ues[i]), 0x87);
	}
	while (left > 0 && mqtt_now_ms() < end) {
		bystander_trips(&bystander, &bystander.troubled, 10);
		harness_sleep_ms(5);
		for (size_t i = 0; i < UES; i++) {
			if (!told[i] && is_told(&ues[i], way)) {
				told[i] = true;
				left--;
			}
		}
	}
	if (left > 0)
		printf("\n  %s: %zu UEs were not told\n", hostile_name(way), left);
	EXPECT_EQUAL(left, 0);
}

/* SIGHUP ends the pause, so that the next one needn't wait for it. */
static void get_well(void)
{
	struct test_ue u;

	hostile_be(k.emks, HOSTILE_RIGHT);
	broker_reload(&k.broker);
	REQUIRE(newcomer(&u, &k, "far"));
	EXPECT_EQUAL(say_unknown(&u), 0x87);
	EXPECT(await_update(&u, EESE_UPDATE_UNKNOWN));
	EXPECT(ue_say(&u, "t", "found", 1) < 0x80);
	mqtt_disconnect(&u.link);
	bystander_trips(&bystander, &bystander.healthy, 50);
}

static void suffer(enum hostile_way way, bool wait)
{
	struct test_ue ues[UES];
	size_t octets = hostile_look(k.emks).octets;

	hostile_be(k.emks, way);
	come_in_vain(ues, way);
	if (wait) {
		hostile_be(k.emks, HOSTILE_RIGHT);
		EXPECT(come_back(&ues[0], MQTT_PATIENCE_MS));
		EXPECT(ue_say(&ues[0], "t", "found", 1) < 0x80);
	}
	/* most of it is what the system's buffers took */
	EXPECT(hostile_look(k.emks).octets - octets < 50 * 1000 * 1000);
	for (size_t i = 0; i < UES; i++)
		mqtt_disconnect(&ues[i].link);
	get_well();
}

/* Each kind of failure was counted as such. */
static void expect_counted(void)
{
	static const char *const names[] = {"failed/connection", "failed/tls", "failed/timeout",
					    "failed/status", "failed/answer"};

	harness_sleep_ms(1500);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		long n = keyserver_counter(&k, names[i]);

		if (n <= 0)
			printf("\n  nothing was counted as %s\n", names[i]);
		EXPECT(n > 0);
	}
	EXPECT_EQUAL(keyserver_counter(&k, "in flight"), 0);
}

static void test_every_way(void)
{
	REQUIRE(keyserver_start(&k, TIMEOUTS KEYSERVER_COUNTERS));
	REQUIRE(bystander_open(&bystander, &k.broker, "file"));
	get_well();
	for (int way = HOSTILE_403_HTML; way < HOSTILE_WAYS; way++)
		suffer((enum hostile_way)way, way == HOSTILE_503 || way == HOSTILE_MUTE);
	bystander_close(&bystander, TRIP_MS);
	expect_counted();
	keyserver_stop(&k);
}

/* Whoever has no certificate for this name, by this CA and of today, hears nothing of any UE. */
static void test_certificates(void)
{
	static const char *const certs[] = {"wrong-name.pem", "expired.pem", "stranger.pem"};

	REQUIRE(keyserver_start(&k, TIMEOUTS));
	REQUIRE(bystander_open(&bystander, &k.broker, "file"));
	get_well();
	for (size_t i = 0; i < sizeof certs / sizeof *certs; i++) {
		struct test_ue ues[UES];

		hostile_stop(k.emks);
		REQUIRE(keyserver_serve(&k, certs[i]));
		come_in_vain(ues, HOSTILE_RIGHT);
		EXPECT(hostile_look(k.emks).connections > 0);
		EXPECT_EQUAL(hostile_look(k.emks).retrieves, 0);
		for (size_t n = 0; n < UES; n++)
			mqtt_disconnect(&ues[n].link);
		hostile_stop(k.emks);
		REQUIRE(keyserver_serve(&k, NULL));
		get_well();
	}
	bystander_close(&bystander, TRIP_MS);
	keyserver_stop(&k);
}

/* The EMKS does not take our certificate. */
static void test_client_refused(void)
{
	static const struct ue_range ues[] = {{.prefix = "file", .count = 400}, {0}};
	struct broker_options o = {.ues = ues};
	struct test_ue u;
	char url[64];

	k.port = 0;
	REQUIRE(keyserver_serve(&k, NULL));
	snprintf(url, sizeof url, "https://127.0.0.1:%u", k.port);
	o.plugin_lines = keyserver_lines(&k, url, "intruder.pem", "client-key.pem", TIMEOUTS);
	REQUIRE(broker_start(&k.broker, &o));
	REQUIRE(newcomer(&u, &k, "far"));
	EXPECT_EQUAL(say_unknown(&u), 0x87);
	EXPECT(await_error(&u, EESE_ERROR_UNREACHABLE));
	EXPECT_EQUAL(hostile_look(k.emks).retrieves, 0);
	mqtt_disconnect(&u.link);
	keyserver_stop(&k);
}

/* A key that is over is none. */
static void test_expired_key(void)
{
	struct test_ue u;

	REQUIRE(keyserver_start(&k, TIMEOUTS));
	hostile_key(k.emks, 0, -60, -1);
	REQUIRE(newcomer(&u, &k, "far"));
	EXPECT_EQUAL(say_unknown(&u), 0x87);
	EXPECT(await_error(&u, EESE_ERROR_NO_KEY));
	mqtt_disconnect(&u.link);
	keyserver_stop(&k);
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"every way", test_every_way},
	    {"certificates", test_certificates},
	    {"client refused", test_client_refused},
	    {"expired key", test_expired_key},
	};

	return keyserver_main(&k, "hostile key server", tests, sizeof tests / sizeof *tests);
}
