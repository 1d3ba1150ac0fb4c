/* SPDX-License-Identifier: Apache-2.0 */
/* The EMKS stopped, frozen, storming; many UEs at once; the broker ended or told to read its files
 * again in the middle of it. */
#include "bystander.h"
#include "keyserver.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MANY = 2000, TRIP_MS = 1500 };

static struct keyserver k;
static struct bystander bystander;

/* ---- many UEs behind one gateway ---- */

struct one {
	struct test_ue ue;
	bool has_rand;
	size_t errors;
};

static struct one crowd[MANY];

static bool open_gateway(struct mqtt *m)
{
	const struct mqtt_login login = {
	    .version = MQTT_5, .client_id = "gateway", .username = TEST_GATEWAY_USER};

	return mqtt_connect(m, k.broker.port, &login) == 0 &&
	       mqtt_subscribe(m, "e2e/+/ctl", 0) < 0x80;
}

/* KEY_REQUEST 0 of everybody who has no keyset, without waiting for anything. */
static void all_ask(struct mqtt *m, size_t count)
{
	uint8_t msg[EESE_KEY_REQUEST_SIZE];
	char topic[EESE_UE_ID_MAX + 16];
	struct mqtt_publish p = {.topic = topic, .payload = msg, .len = sizeof msg};

	for (size_t i = 0; i < count; i++) {
		const struct eese_key_request r = {.reason = EESE_REQUEST_NO_KEYSET,
						   .ikid = crowd[i].ue.ikid};

		if (crowd[i].has_rand)
			continue;
		snprintf(topic, sizeof topic, "e2e/%.*s/req", EESE_UE_ID_MAX, crowd[i].ue.id);
		REQUIRE(eese_key_request_encode(crowd[i].ue.control_key, crowd[i].ue.id, &r, msg) ==
			EESE_OK);
		REQUIRE(mqtt_send_publish(m, &p) == 0);
	}
	REQUIRE(mqtt_sync(m));
}

static void take_control(const struct mqtt_message *m, size_t count)
{
	struct eese_key_update update;
	static const char begin[] = "e2e/crowd-";
	struct one *o;
	size_t i = count;

	if (strncmp(m->topic, begin, sizeof begin - 1) == 0)
		i = strtoul(m->topic + sizeof begin - 1, NULL, 10);
	if (i >= count) {
		CU_FAIL("a message for somebody else");
		return;
	}
	o = &crowd[i];
	if (eese_key_update_decode(o->ue.control_key, o->ue.id, m->payload, m->len, &update) !=
	    EESE_OK) {
		o->errors++;
		return;
	}
	memcpy(o->ue.rand, update.rand, sizeof o->ue.rand);
	o->has_rand = true;
}

/* What came for anybody, for this long or until nobody is without a keyset. */
static size_t take_answers(struct mqtt *m, size_t count, int for_ms)
{
	uint64_t end = mqtt_now_ms() + (uint64_t)for_ms;
	size_t without = count;

	while (without > 0 && mqtt_now_ms() < end) {
		struct mqtt_message *got = mqtt_next(m, 5);

		for (; got != NULL; got = mqtt_next(m, 0)) {
			take_control(got, count);
			mqtt_message_free(got);
		}
		bystander_trips(&bystander, &bystander.troubled, 1);
		without = 0;
		for (size_t i = 0; i < count; i++)
			without += !crowd[i].has_rand;
	}
	return without;
}

/* A crowd of UEs that were never here; the same ones each time a test runs, with fresh brokers. */
static void gather(size_t count)
{
	memset(crowd, 0, sizeof crowd);
	for (size_t i = 0; i < count; i++) {
		char id[32];

		snprintf(id, sizeof id, "crowd-%zu", i);
		ue_named(&crowd[i].ue, id);
	}
}

static size_t asked_once(size_t count)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		n += hostile_asked(k.emks, crowd[i].ue.id) == 1;
	return n;
}

static int by_rand(const void *a, const void *b)
{
	return memcmp(((const struct one *)a)->ue.rand, ((const struct one *)b)->ue.rand,
		      EESE_RAND_SIZE);
}

static void expect_rands_differ(size_t count)
{
	size_t same = 0;

	qsort(crowd, count, sizeof *crowd, by_rand);
	for (size_t i = 1; i < count; i++)
		same += by_rand(&crowd[i - 1], &crowd[i]) == 0;
	EXPECT_EQUAL(same, 0);
}

/* As the hostile EMKS makes them. */
static bool is_emks_rand(const uint8_t rand[EESE_RAND_SIZE])
{
	static const uint8_t begin[] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};

	return memcmp(rand, begin, sizeof begin) == 0;
}

/* Until this many batches were asked for, and taken up. */
static void await_rands(size_t batches)
{
	for (int n = 0; hostile_look(k.emks).rands < batches && n < 1000; n++)
		harness_sleep_ms(10);
	harness_sleep_ms(300);
}

/* All at once, with RANDs from the EMKS: one request each, at most 16 at a time, and while that
 * goes on everybody else is served. */
static void test_many(void)
{
	struct mqtt gateway;
	size_t without;

	REQUIRE(keyserver_start(&k, "plugin_opt_rand_source emks\n"));
	await_rands(16);
	REQUIRE(bystander_open(&bystander, &k.broker, "file"));
	bystander_trips(&bystander, &bystander.healthy, 500);
	gather(MANY);
	REQUIRE(open_gateway(&gateway));
	all_ask(&gateway, MANY);
	without = take_answers(&gateway, MANY, 10000);
	/* More may come at once than the EESE keeps in mind; they come back. */
	EXPECT(without < MANY / 10);
	for (int i = 0; without > 0 && i < 10; i++) {
		all_ask(&gateway, MANY);
		without = take_answers(&gateway, MANY, 3000);
	}
	EXPECT_EQUAL(without, 0);
	EXPECT_EQUAL(asked_once(MANY), MANY);
	EXPECT_EQUAL(hostile_look(k.emks).doubled, 0);
	EXPECT(hostile_look(k.emks).at_once <= 16);
	for (size_t i = 0; i < MANY; i++)
		EXPECT(is_emks_rand(crowd[i].ue.rand));
	expect_rands_differ(MANY);
	/* a stock of 4096 to begin with, and again */
	harness_sleep_ms(1500);
	EXPECT(hostile_look(k.emks).rands >= 16 + MANY / 256);
	EXPECT(hostile_look(k.emks).rands <= 17 + MANY / 256);
	mqtt_disconnect(&gateway);
	bystander_close(&bystander, TRIP_MS);
	keyserver_stop(&k);
}

/* Three tries and a few trials, however many come; then all get their key. */
static void storm(enum hostile_way way)
{
	enum { COUNT = 200 };
	struct mqtt gateway;
	size_t told = 0, without = COUNT;

	REQUIRE(keyserver_start(&k, ""));
	REQUIRE(bystander_open(&bystander, &k.broker, "file"));
	bystander_trips(&bystander, &bystander.healthy, 500);
	gather(COUNT);
	REQUIRE(open_gateway(&gateway));
	hostile_be(k.emks, way);
	for (int i = 0; i < 2; i++) {
		all_ask(&gateway, COUNT);
		EXPECT_EQUAL(take_answers(&gateway, COUNT, 1000), COUNT);
	}
	for (size_t i = 0; i < COUNT; i++)
		told += crowd[i].errors > 0;
	EXPECT_EQUAL(told, COUNT);
	EXPECT(hostile_look(k.emks).retrieves <= 16 + 12);
	hostile_be(k.emks, HOSTILE_RIGHT);
	for (int i = 0; without > 0 && i < 20; i++) {
		all_ask(&gateway, COUNT);
		without = take_answers(&gateway, COUNT, 1500);
	}
	EXPECT_EQUAL(without, 0);
	mqtt_disconnect(&gateway);
	bystander_close(&bystander, TRIP_MS);
	keyserver_stop(&k);
}

static void test_storm(void)
{
	storm(HOSTILE_503);
	storm(HOSTILE_500);
}

/* ---- stopped, started, frozen ---- */

/* Who has a keyset goes on; who has none is told, and gets it when the EMKS is back. */
static void in_vain_and_then(void (*mend)(void))
{
	struct test_ue has, hasnt;

	REQUIRE(newcomer(&has, &k, "far"));
	EXPECT_EQUAL(say_unknown(&has), 0x87);
	REQUIRE(await_update(&has, EESE_UPDATE_UNKNOWN));
	EXPECT(ue_say(&has, "t", "before", 1) < 0x80);
	if (mend == NULL) {
		mqtt_disconnect(&has.link);
		return;
	}
	hostile_freeze(k.emks, true);
	REQUIRE(newcomer(&hasnt, &k, "far"));
	EXPECT_EQUAL(say_unknown(&hasnt), 0x87);
	EXPECT(await_error(&hasnt, EESE_ERROR_UNREACHABLE));
	EXPECT(ue_say(&has, "t", "while it is away", 1) < 0x80);
	mend();
	EXPECT(come_back(&hasnt, 2 * MQTT_PATIENCE_MS));
	EXPECT(ue_say(&hasnt, "t", "found", 1) < 0x80);
	EXPECT(ue_say(&has, "t", "after", 1) < 0x80);
	mqtt_disconnect(&has.link);
	mqtt_disconnect(&hasnt.link);
}

static void thaw(void)
{
	hostile_freeze(k.emks, false);
}

static void restart(void)
{
	hostile_stop(k.emks);
	harness_sleep_ms(500);
	REQUIRE(keyserver_serve(&k, NULL));
}

static void test_away(void)
{
	REQUIRE(keyserver_start(&k, "plugin_opt_emks_timeout 2\n"));
	in_vain_and_then(thaw);
	in_vain_and_then(restart);
	in_vain_and_then(NULL);
	keyserver_stop(&k);
}

/* The broker starts without it: the key file's UEs need it for nothing. */
static void test_not_there_at_the_start(void)
{
	static const struct ue_range ues[] = {{.prefix = "file", .count = 400}, {0}};
	struct broker_options o = {.ues = ues};
	struct test_ue filed, u;
	char url[64];

	k.port = 0;
	REQUIRE(keyserver_serve(&k, NULL));
	hostile_stop(k.emks);
	snprintf(url, sizeof url, "https://localhost:%u", k.port);
	o.plugin_lines = keyserver_lines(&k, url, "client.pem", "client-key.pem", "");
	REQUIRE(broker_start(&k.broker, &o));
	REQUIRE(newcomer(&filed, &k, "file"));
	EXPECT(ue_first_contact(&filed));
	REQUIRE(newcomer(&u, &k, "far"));
	EXPECT_EQUAL(say_unknown(&u), 0x87);
	EXPECT(await_error(&u, EESE_ERROR_UNREACHABLE));
	REQUIRE(keyserver_serve(&k, NULL));
	EXPECT(come_back(&u, 2 * MQTT_PATIENCE_MS));
	mqtt_disconnect(&u.link);
	mqtt_disconnect(&filed.link);
	keyserver_stop(&k);
}

/* ---- RANDs ---- */

/* Without a RAND there is no new keyset, and none with a RAND of our own; what is in use goes on.
 */
static void test_no_rands(void)
{
	static const enum hostile_way ways[] = {HOSTILE_500, HOSTILE_CLOSE_HALF};
	static const struct ue_range ues[] = {{.prefix = "file", .count = 400}, {0}};
	struct broker_options o = {.ues = ues};
	struct test_ue u;
	char url[64];

	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		k.port = 0;
		REQUIRE(keyserver_serve(&k, NULL));
		hostile_be(k.emks, ways[i]);
		snprintf(url, sizeof url, "https://127.0.0.1:%u", k.port);
		o.plugin_lines = keyserver_lines(&k, url, "client.pem", "client-key.pem",
						 "plugin_opt_rand_source emks\n");
		REQUIRE(broker_start(&k.broker, &o));
		REQUIRE(newcomer(&u, &k, "file"));
		for (int n = 0; hostile_look(k.emks).rands == 0 && n < 1000; n++)
			harness_sleep_ms(10);
		(void)ue_request(&u, EESE_REQUEST_NO_KEYSET, 0, 1);
		harness_sleep_ms(500);
		EXPECT(ue_control(&u).kind != CONTROL_UPDATE);
		hostile_be(k.emks, HOSTILE_RIGHT);
		EXPECT(come_back(&u, 2 * MQTT_PATIENCE_MS));
		EXPECT(is_emks_rand(u.rand));
		EXPECT(ue_say(&u, "t", "found", 1) < 0x80);
		mqtt_disconnect(&u.link);
		keyserver_stop(&k);
	}
}

/* An EMKS that gives the same ones again: they are not taken while those from before are there. */
static void test_same_rands(void)
{
	struct test_ue u;

	REQUIRE(keyserver_start(&k, "plugin_opt_rand_source emks\n" KEYSERVER_COUNTERS));
	await_rands(16);
	hostile_same_rands(k.emks, true);
	harness_sleep_ms(2500);
	EXPECT_EQUAL(hostile_look(k.emks).rands, 16);
	EXPECT(keyserver_counter(&k, "rands") >= 15 * 256);
	REQUIRE(newcomer(&u, &k, "file"));
	EXPECT(ue_first_contact(&u));
	mqtt_disconnect(&u.link);
	keyserver_stop(&k);
}

/* ---- SIGTERM and SIGHUP ---- */

#define PATIENT "plugin_opt_emks_timeout 60\nplugin_opt_emks_connect_timeout 60\n"

/* The broker ends at once (broker_stop() expects it within 20 s), whatever its requests wait for.
 */
static void test_end_while_it_hangs(void)
{
	static const enum hostile_way ways[] = {HOSTILE_SILENT, HOSTILE_MUTE, HOSTILE_TRICKLE,
						HOSTILE_INTERIM};

	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		struct mqtt gateway;
		uint64_t begun;

		REQUIRE(keyserver_start(&k, PATIENT "plugin_opt_rand_source emks\n"));
		hostile_be(k.emks, ways[i]);
		broker_reload(&k.broker); /* new connections */
		gather(50);
		REQUIRE(open_gateway(&gateway));
		all_ask(&gateway, 50);
		harness_sleep_ms(300);
		EXPECT(hostile_look(k.emks).connections > 0);
		mqtt_disconnect(&gateway);
		begun = mqtt_now_ms();
		broker_stop(&k.broker);
		EXPECT(mqtt_now_ms() - begun < 10000);
		keyserver_stop(&k);
	}
}

/* SIGHUP: what hangs begins anew; nobody is asked for twice at a time, and nobody forgotten. */
static void test_reload_while_it_hangs(void)
{
	struct test_ue u;

	REQUIRE(keyserver_start(&k, PATIENT));
	hostile_be(k.emks, HOSTILE_MUTE);
	REQUIRE(newcomer(&u, &k, "far"));
	EXPECT_EQUAL(say_unknown(&u), 0x87);
	for (int n = 0; hostile_asked(k.emks, u.id) == 0 && n < 1000; n++)
		harness_sleep_ms(10);
	hostile_be(k.emks, HOSTILE_RIGHT);
	broker_reload(&k.broker);
	EXPECT(await_update(&u, EESE_UPDATE_UNKNOWN));
	EXPECT_EQUAL(hostile_asked(k.emks, u.id), 2);
	mqtt_disconnect(&u.link);
	keyserver_stop(&k);
}

static void copy(const char *from, const char *to)
{
	char octets[8192];
	int in = open(pki_path(&k.pki, from), O_RDONLY | O_CLOEXEC);
	int out = open(pki_path(&k.pki, to), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t n = in >= 0 ? read(in, octets, sizeof octets) : -1;

	if (n < 0 || out < 0 || write(out, octets, (size_t)n) != n)
		abort();
	close(in);
	close(out);
}

static bool says(const char *what)
{
	char *log = broker_log(&k.broker);
	bool has = strstr(log, what) != NULL;

	free(log);
	return has;
}

static bool gets_key(uint8_t error)
{
	struct test_ue u;
	bool ok = newcomer(&u, &k, "far") && say_unknown(&u) == 0x87 &&
		  (error != 0 ? await_error(&u, error) : await_update(&u, EESE_UPDATE_UNKNOWN));

	mqtt_disconnect(&u.link);
	return ok;
}

/* Certificates are exchanged while it runs; wrong ones are not taken over. */
static void test_reload_certificates(void)
{
	static const struct ue_range ues[] = {{.prefix = "file", .count = 400}, {0}};
	struct broker_options o = {.ues = ues};
	char url[64];

	k.port = 0;
	copy("intruder.pem", "own.pem");
	copy("client-key.pem", "own-key.pem");
	REQUIRE(keyserver_serve(&k, NULL));
	snprintf(url, sizeof url, "https://127.0.0.1:%u", k.port);
	o.plugin_lines = keyserver_lines(&k, url, "own.pem", "own-key.pem", "");
	REQUIRE(broker_start(&k.broker, &o));
	EXPECT(gets_key(EESE_ERROR_UNREACHABLE));
	copy("client.pem", "own.pem");
	broker_reload(&k.broker);
	EXPECT(says("were read again"));
	EXPECT(gets_key(0));
	/* a key of another certificate, no certificate, no file */
	copy("server-key.pem", "own-key.pem");
	broker_reload(&k.broker);
	EXPECT(says("emks_cert and emks_key: "));
	EXPECT(gets_key(0));
	copy("client-key.pem", "own.pem");
	broker_reload(&k.broker);
	EXPECT(gets_key(0));
	unlink(pki_path(&k.pki, "own-key.pem"));
	broker_reload(&k.broker);
	EXPECT(says("own-key.pem: No such file"));
	EXPECT(says("the certificates for the EMKS are as before"));
	EXPECT(gets_key(0));
	keyserver_stop(&k);
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"many first contacts", test_many},
	    {"storms of 5xx", test_storm},
	    {"frozen and restarted", test_away},
	    {"not there at the start", test_not_there_at_the_start},
	    {"no RANDs", test_no_rands},
	    {"the same RANDs", test_same_rands},
	    {"the broker ends while it hangs", test_end_while_it_hangs},
	    {"reload while it hangs", test_reload_while_it_hangs},
	    {"reload of certificates", test_reload_certificates},
	};

	return keyserver_main(&k, "key server in trouble", tests, sizeof tests / sizeof *tests);
}
