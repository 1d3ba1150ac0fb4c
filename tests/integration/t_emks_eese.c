/* SPDX-License-Identifier: Apache-2.0 */
/* The EESE and a real eese-emksd: hanging, killed and started again while devices send; whom it
 * gives no keys; its RANDs; its limit of requests. */
#include "bystander.h"
#include "emks.h"
#include "phone.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct emks emks;
static struct broker broker;
static struct observer app;

static const char *lines_as(const char *eese, const char *more)
{
	static char lines[1024];

	snprintf(lines, sizeof lines,
		 "plugin_opt_emks_url https://127.0.0.1:%u\nplugin_opt_emks_cert %s/%s.crt\n"
		 "plugin_opt_emks_key %s/%s.key\nplugin_opt_emks_ca %s/ca.crt\n"
		 "%s",
		 emks.https_port, emks.dir, eese, emks.dir, eese, emks.dir, more);
	return lines;
}

static bool start_broker(const char *eese, const char *more)
{
	static const struct ue_range ues[] = {{.prefix = "file", .count = 10}, {0}};
	const struct broker_options o = {.ues = ues, .plugin_lines = lines_as(eese, more)};

	return broker_start(&broker, &o) && observer_open(&app, &broker, TEST_APP_USER, "app/#");
}

static void stop_broker(void)
{
	observer_close(&app);
	broker_stop(&broker);
}

static void start(void)
{
	REQUIRE(emks_make(&emks));
	REQUIRE(emks_start(&emks, NULL));
}

static void stop(void)
{
	emks_remove(&emks);
}

/* A device that is subscribed for this EESE, and ran AKA. */
static struct phone subscribe(const char *ue, const char *eese)
{
	static int count;
	struct phone p;

	EXPECT_EQUAL(
	    emks_shell(&emks, "$EESE_HSS add 0010100000%05d --ue-id %s --secret secret --allow %s",
		       ++count, ue, eese),
	    0);
	phone_make(&p, ue, emks.dir, TEST_K, TEST_OPC);
	phone_home(&p, emks.coap_port);
	p.broker = broker.port;
	EXPECT_EQUAL(phone_aka(&p, 0, "20"), 0);
	return p;
}

/* ---- away while devices send ---- */

enum { SENDERS = 4 };

static struct sender senders[SENDERS];

static size_t arrived(const struct sender *s)
{
	char topic[128];

	snprintf(topic, sizeof topic, "app/%s/up/t", s->phone.ue);
	EXPECT(observer_sync(&app));
	return observer_count(&app, topic, NULL);
}

static bool await_arrived(const struct sender *s, size_t count)
{
	uint64_t end = mqtt_now_ms() + MQTT_PATIENCE_MS;

	while (arrived(s) < count && mqtt_now_ms() < end)
		harness_sleep_ms(50);
	return arrived(s) >= count;
}

static void all_say(size_t count)
{
	for (size_t i = 0; i < count; i++)
		sender_say(&senders[i]);
}

/* Who is in contact goes on, who comes now is told to wait; the bystander notices nothing. */
static void while_away(struct bystander *b, size_t newcomer)
{
	const size_t before = arrived(&senders[0]);

	sender_start(&senders[newcomer], &senders[newcomer].phone);
	for (int i = 0; i < 5; i++) {
		all_say(newcomer + 1);
		bystander_trips(b, &b->troubled, 100);
	}
	EXPECT(await_arrived(&senders[0], before + 5));
	EXPECT(program_says(senders[newcomer].program.err, "event: wait, reason 2", 60000));
	EXPECT_EQUAL(arrived(&senders[newcomer]), 0);
	bystander_trips(b, &b->troubled, 100);
}

static void test_away(void)
{
	static const char *const names[SENDERS] = {"known", "hangs", "killed", "late"};
	static struct bystander b;

	REQUIRE(start_broker("plant-a", "plugin_opt_emks_timeout 2\nplugin_opt_emks_recheck 1\n"));
	for (size_t i = 0; i < SENDERS; i++)
		senders[i].phone = subscribe(names[i], "plant-a");
	REQUIRE(bystander_open(&b, &broker, "file"));
	bystander_trips(&b, &b.healthy, 500);
	sender_start(&senders[0], &senders[0].phone);
	all_say(1);
	REQUIRE(await_arrived(&senders[0], 1));
	kill(emks.pid, SIGSTOP);
	while_away(&b, 1);
	emks_kill(&emks);
	while_away(&b, 2);
	REQUIRE(emks_start(&emks, NULL));
	sender_start(&senders[3], &senders[3].phone);
	all_say(SENDERS);
	for (size_t i = 0; i < SENDERS; i++) {
		EXPECT_EQUAL(phone_ends(&senders[i].program, 0, 150000), 0);
		sender_arrived(&senders[i], &app);
	}
	bystander_close(&b, 1000);
	stop_broker();
}

/* ---- whom it gives what ---- */

static bool broker_said(const char *what)
{
	char *log = broker_log(&broker);
	bool has = strstr(log, what) != NULL;

	free(log);
	return has;
}

/* What the device hears of its contact with this EESE, and whether its message arrives. */
static void meet(struct phone *p, const char *eese, const char *event, bool arrives)
{
	struct program t;
	char topic[128];

	REQUIRE(start_broker(eese, ""));
	p->broker = broker.port;
	phone_run(&t, p, "pub", (const char *const[]){"-t", "t", "--wait", "60", "-m", eese, NULL});
	if (event != NULL)
		EXPECT(program_says(t.err, event, 30000));
	if (!arrives)
		kill(t.pid, SIGTERM);
	EXPECT_EQUAL(phone_ends(&t, arrives ? 0 : 1, 60000), arrives ? 0 : 1);
	EXPECT(observer_sync(&app));
	snprintf(topic, sizeof topic, "app/%s/up/t", p->ue);
	EXPECT_EQUAL(observer_count(&app, topic, eese), arrives);
}

/* One EESE may not have another's UE; one that the EMKS does not know has none at all, and that is
 * no UE's fault. */
static void test_wrong_eese(void)
{
	struct phone p = subscribe("plant-b-only", "plant-b");

	meet(&p, "plant-a", "event: wait, reason 3", false);
	stop_broker();
	meet(&p, "unknown", "event: wait, reason 2", false);
	harness_sleep_ms(1500);
	EXPECT(broker_said("takes our certificate for no EESE's"));
	stop_broker();
	meet(&p, "plant-b", NULL, true);
	stop_broker();
}

/* RANDs of the EMKS, ahead: contacts go on after it is gone. */
static void test_rands(void)
{
	struct test_ue u[3];

	REQUIRE(start_broker("plant-a", "plugin_opt_rand_source emks\n"));
	harness_sleep_ms(1000);
	emks_stop(&emks);
	for (size_t i = 0; i < 3; i++) {
		ue_take(&u[i], "file");
		REQUIRE(ue_connect(&u[i], &broker, MQTT_5, false));
		EXPECT(ue_first_contact(&u[i]));
		for (size_t n = 0; n < i; n++)
			EXPECT(memcmp(u[i].rand, u[n].rand, EESE_RAND_SIZE) != 0);
	}
	for (size_t i = 0; i < 3; i++)
		mqtt_disconnect(&u[i].link);
	stop_broker();
	REQUIRE(emks_start(&emks, NULL));
}

/* More at once than it takes from one EESE (429): they wait for as long as it says, and none is
 * told that it can't be reached. */
static void test_limit(void)
{
	enum { COUNT = 12 };
	struct test_ue u[COUNT];
	const struct eese_key_update none = {.ksn = 9, .alg = EESE_ALG_AES_CCM_16_64_128};

	emks_stop(&emks);
	REQUIRE(emks_start(&emks, "rate 4\n"));
	REQUIRE(start_broker("plant-a", "plugin_opt_emks_timeout 10\n"));
	for (size_t i = 0; i < COUNT; i++) {
		ue_take(&u[i], "nobody");
		REQUIRE(ue_connect(&u[i], &broker, MQTT_5, false));
	}
	for (size_t i = 0; i < COUNT; i++) {
		ue_adopt(&u[i], &none);
		EXPECT_EQUAL(ue_say(&u[i], "t", "lost", 1), 0x87);
	}
	for (size_t i = 0; i < COUNT; i++) {
		uint64_t end = mqtt_now_ms() + 2 * MQTT_PATIENCE_MS;
		struct control c;

		while ((c = ue_control(&u[i])).kind == CONTROL_NONE && mqtt_now_ms() < end)
			harness_sleep_ms(20);
		EXPECT_EQUAL(c.kind, CONTROL_ERROR);
		EXPECT_EQUAL(c.error.reason, EESE_ERROR_UE_UNKNOWN);
		mqtt_disconnect(&u[i].link);
	}
	stop_broker();
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},
	    {"hanging, killed, started again", test_away},
	    {"wrong EESE", test_wrong_eese},
	    {"RANDs", test_rands},
	    {"limit of requests", test_limit},
	    {"stop", stop},
	};

	return harness_main("emks: EESE", tests, sizeof tests / sizeof *tests);
}
