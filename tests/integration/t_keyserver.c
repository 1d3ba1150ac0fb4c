/* SPDX-License-Identifier: Apache-2.0 */
/* The EMKS as the source of keys and RANDs: clause 8, and clause 5's asking of it. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hostile_emks.h"

static struct pki pki;
static struct hostile *emks;
static struct broker broker;

/* plugin lines for this EMKS, in a static buffer. */
static const char *lines_for(uint16_t port, const char *more)
{
	static char lines[1024];

	snprintf(lines, sizeof lines,
		 "plugin_opt_emks_url https://127.0.0.1:%u\nplugin_opt_emks_cert %s\n"
		 "plugin_opt_emks_key %s\nplugin_opt_emks_ca %s\n%s",
		 port, pki_path(&pki, "client.pem"), pki_path(&pki, "client-key.pem"),
		 pki_path(&pki, "ca.pem"), more);
	return lines;
}

static bool start_with(const char *more)
{
	static const struct ue_range ues[] = {{.prefix = "file", .count = 20}, {0}};
	const struct hostile_config config = {.pki = &pki};
	struct broker_options o = {.ues = ues};

	emks = hostile_start(&config);
	if (emks == NULL)
		return false;
	o.plugin_lines = lines_for(hostile_port(emks), more);
	return broker_start(&broker, &o);
}

static void stop(void)
{
	broker_stop(&broker);
	hostile_stop(emks);
	emks = NULL;
}

/* What comes on ctl within the time; the answer of the EMKS is taken up in a later tick. */
static struct control await_control(struct test_ue *u, int timeout_ms)
{
	uint64_t end = mqtt_now_ms() + (uint64_t)timeout_ms;
	struct control c;

	do {
		c = ue_control(u);
		if (c.kind == CONTROL_NONE)
			harness_sleep_ms(10);
	} while (c.kind == CONTROL_NONE && mqtt_now_ms() < end);
	return c;
}

static bool await_update(struct test_ue *u, uint8_t reason)
{
	struct control c = await_control(u, MQTT_PATIENCE_MS);

	if (c.kind != CONTROL_UPDATE || c.update.reason != reason) {
		printf("\n  %s: no KEY_UPDATE %d but kind %d, reason %d\n", u->id, reason, c.kind,
		       c.kind == CONTROL_UPDATE ? c.update.reason : c.error.reason);
		return false;
	}
	ue_adopt(u, &c.update);
	return true;
}

static bool await_error(struct test_ue *u, uint8_t reason)
{
	struct control c = await_control(u, MQTT_PATIENCE_MS);

	if (c.kind == CONTROL_ERROR && c.error.reason == reason)
		return true;
	printf("\n  %s: no ERROR %d but kind %d, reason %d\n", u->id, reason, c.kind,
	       c.kind == CONTROL_UPDATE ? c.update.reason : c.error.reason);
	return false;
}

/* A message under a keyset that nobody has. */
static int say_unknown(struct test_ue *u)
{
	const struct eese_key_update update = {.ksn = 9, .alg = EESE_ALG_AES_CCM_16_64_128};

	ue_adopt(u, &update);
	return ue_say(u, "t", "lost", 1);
}

/* By data and by KEY_REQUEST: a stranger becomes a UE. */
static void first_contact(enum mqtt_version version)
{
	struct test_ue u, v;

	ue_take(&u, "far");
	REQUIRE(ue_connect(&u, &broker, version, false));
	EXPECT(refused(version, 1, say_unknown(&u)));
	REQUIRE(await_update(&u, EESE_UPDATE_UNKNOWN));
	EXPECT(taken(version, 1, ue_say(&u, "t", "found", 1)));
	EXPECT_EQUAL(hostile_asked(emks, u.id), 1);
	mqtt_disconnect(&u.link);

	ue_take(&v, "far");
	REQUIRE(ue_connect(&v, &broker, version, false));
	EXPECT(refused(version, 1, ue_request(&v, EESE_REQUEST_NO_KEYSET, 0, 1)));
	REQUIRE(await_update(&v, EESE_UPDATE_ASKED));
	EXPECT(taken(version, 1, ue_say(&v, "t", "found", 1)));
	EXPECT_EQUAL(hostile_asked(emks, v.id), 1);
	mqtt_disconnect(&v.link);
}

static void test_first_contact(void)
{
	struct test_ue filed;

	REQUIRE(start_with(""));
	harness_each_version(first_contact);
	ue_take(&filed, "file");
	REQUIRE(ue_connect(&filed, &broker, MQTT_5, false));
	EXPECT(ue_first_contact(&filed));
	EXPECT_EQUAL(hostile_asked(emks, filed.id), 0);
	EXPECT(hostile_look(emks).client_named);
	EXPECT_EQUAL(hostile_look(emks).connections, 1);
	mqtt_disconnect(&filed.link);
	stop();
}

static void test_refused(void)
{
	static const struct {
		enum hostile_way way;
		uint8_t error;
	} rows[] = {
	    {HOSTILE_NO_KEY, EESE_ERROR_NO_KEY},
	    {HOSTILE_FORBIDDEN, EESE_ERROR_NOT_APPLICABLE},
	    {HOSTILE_UNKNOWN, EESE_ERROR_UE_UNKNOWN},
	};

	REQUIRE(start_with(""));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct test_ue u;

		ue_take(&u, "far");
		hostile_be(emks, rows[i].way);
		REQUIRE(ue_connect(&u, &broker, MQTT_5, false));
		EXPECT_EQUAL(say_unknown(&u), 0x87);
		EXPECT(await_error(&u, rows[i].error));
		/* remembered */
		hostile_be(emks, HOSTILE_RIGHT);
		harness_sleep_ms(1100);
		EXPECT_EQUAL(say_unknown(&u), 0x87);
		EXPECT(await_error(&u, rows[i].error));
		EXPECT_EQUAL(hostile_asked(emks, u.id), 1);
		mqtt_disconnect(&u.link);
	}
	stop();
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"first contact", test_first_contact},
	    {"refused", test_refused},
	};
	int failed;

	if (!pki_make(&pki))
		return EXIT_FAILURE;
	failed = harness_main("key server", tests, sizeof tests / sizeof *tests);
	pki_drop(&pki);
	return failed;
}
