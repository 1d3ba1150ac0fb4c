/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway's bounds, each by its option, and the counters that show them. */
#include "admin.h"
#include "gateway.h"
#include "program.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATIENCE_MS = 20000 };

#define STATS_TOPIC "coap-gw/test-gateway/stats"
#define STATS_OFTEN "--stats-interval", "0.1"

static struct broker broker;
static struct gateway gateway;
static struct coap client;
static struct mqtt sender, admin, stats;

static const struct ue_range ues[] = {
    {.prefix = "u", .count = 60}, {.prefix = "", .count = 1}, {0}};

static void start(void)
{
	const struct broker_options o = {.ues = ues,
					 .plugin_lines = "plugin_opt_admins " TEST_ADMIN_USER "\n",
					 .conf_lines = "log_type unsubscribe\n"};
	const struct mqtt_login app = {
	    .version = MQTT_5, .client_id = "application", .username = TEST_APP_USER};
	const struct mqtt_login watcher = {
	    .version = MQTT_5, .client_id = "watcher", .username = TEST_APP_USER};

	REQUIRE(broker_start(&broker, &o));
	REQUIRE(mqtt_connect(&sender, broker.port, &app) == 0);
	REQUIRE(mqtt_connect(&stats, broker.port, &watcher) == 0);
	REQUIRE(mqtt_subscribe(&stats, STATS_TOPIC, 1) == 1);
	REQUIRE(admin_open(&admin, &broker, "admin", MQTT_5));
}

static void stop(void)
{
	mqtt_disconnect(&sender);
	mqtt_disconnect(&stats);
	mqtt_disconnect(&admin);
	broker_stop(&broker);
}

static void end_gateway(void)
{
	coap_close(&client);
	gateway_stop(&gateway);
}

/* ---- counters ---- */

/* What was published before. */
static void forget_stats(void)
{
	struct mqtt_message *m;

	EXPECT(mqtt_sync(&stats));
	while ((m = mqtt_next(&stats, 0)) != NULL)
		mqtt_message_free(m);
}

/* The next that is published, to be deleted; NULL: none was. */
static cJSON *next_stats(void)
{
	struct mqtt_message *m = mqtt_next(&stats, PATIENCE_MS);
	cJSON *json;

	if (m == NULL)
		return NULL;
	json = cJSON_ParseWithLength((const char *)m->payload, m->len);
	mqtt_message_free(m);
	return json;
}

/* Waits until this one has this value. */
static bool becomes(const char *group, const char *name, double value)
{
	const uint64_t end = mqtt_now_ms() + PATIENCE_MS;
	double last = -1;

	while (mqtt_now_ms() < end) {
		cJSON *json = next_stats();

		if (json == NULL)
			break;
		last = json_number(cJSON_GetObjectItemCaseSensitive(json, group), name);
		cJSON_Delete(json);
		if (last == value)
			return true;
	}
	printf("\n  %s %s is %g, not %g\n", group, name, last, value);
	return false;
}

/* As of now: the first that comes may have been on its way. */
static double level(const char *name)
{
	double value = -1;

	forget_stats();
	for (int i = 0; i < 2; i++) {
		cJSON *json = next_stats();

		value = json_number(cJSON_GetObjectItemCaseSensitive(json, "now"), name);
		cJSON_Delete(json);
	}
	return value;
}

/* ---- what is used below ---- */

static bool run_gateway(const char *const *more)
{
	forget_stats();
	return gateway_start(&gateway, broker.port, more) &&
	       coap_open(&client, gateway.port, false);
}

static void send_down(const struct test_ue *u, const char *sub, const void *octets, size_t len)
{
	char topic[256];
	const struct mqtt_publish p = {.topic = topic, .payload = octets, .len = len, .qos = 1};

	snprintf(topic, sizeof topic, "app/%s/down/%s", u->id, sub);
	EXPECT(mqtt_publish(&sender, &p) >= 0);
}

/* Gives this UE a keyset and has its downlink subscribed. */
static bool poll_for(struct test_ue *u)
{
	struct coap_message m;

	return coap_first_contact(&client, u) &&
	       coap_get(&client, u, "down", &m) == COAP_CODE(205) && m.len == 0;
}

static bool polled(struct test_ue *u)
{
	ue_take(u, "u");
	return poll_for(u);
}

/* Whether the response says that we are registered. Answers an Echo. */
static bool observe(struct coap *c, const struct test_ue *u)
{
	struct coap_message m, r = {0}, asked;
	const struct coap_option *echo = NULL;
	char path[128];

	snprintf(path, sizeof path, "e2e/%s/down", u->id);
	for (int tries = 0; tries < 2; tries++) {
		asked = r;
		coap_begin(c, &m, COAP_CON, COAP_GET);
		coap_add_number(&m, COAP_OBSERVE, 0);
		coap_add_path(&m, path);
		if (echo != NULL)
			coap_add(&m, COAP_ECHO, asked.datagram + (echo->value - r.datagram),
				 echo->len);
		if (!coap_exchange(c, &m, &r))
			return false;
		echo = coap_find(&r, COAP_ECHO);
		if (r.code != COAP_CODE(401) || echo == NULL)
			break;
	}
	EXPECT_EQUAL(r.code, COAP_CODE(205));
	return coap_find(&r, COAP_OBSERVE) != NULL;
}

/* ---- the tests ---- */

static void test_start(void)
{
	static const char *const small[] = {STATS_OFTEN, "--ack-timeout",
					    "1",         "--max-retransmit",
					    "2",         "--observe-check",
					    "1",         "--max-payload",
					    "200",       "--max-bodies",
					    "2",         "--max-requests",
					    "3",         "--max-sessions",
					    "5",         "--max-observers",
					    "2",         "--queue-ue",
					    "20",        "--queue-all",
					    "30",        NULL};

	REQUIRE(run_gateway(small));
}

/* On a topic of its own, retained, with a time. */
static void test_counters(void)
{
	const struct mqtt_login login = {
	    .version = MQTT_5, .client_id = "late", .username = TEST_APP_USER};
	struct mqtt_message *m;
	struct test_ue u;
	struct mqtt late;
	cJSON *json;

	ue_take(&u, "u");
	REQUIRE(coap_first_contact(&client, &u));
	EXPECT(becomes("counted", "uplink/accepted", 2));
	EXPECT(becomes("now", "ues", 1));
	REQUIRE(mqtt_connect(&late, broker.port, &login) == 0);
	REQUIRE(mqtt_subscribe(&late, STATS_TOPIC, 1) == 1);
	m = mqtt_next(&late, PATIENCE_MS);
	REQUIRE(m != NULL);
	EXPECT(m->retain);
	json = cJSON_ParseWithLength((const char *)m->payload, m->len);
	EXPECT_EQUAL(strlen(json_text(json, "time")), strlen("2026-11-26T01:00:00Z"));
	EXPECT(json_number(cJSON_GetObjectItemCaseSensitive(json, "counted"), "requests") >= 2);
	cJSON_Delete(json);
	mqtt_message_free(m);
	mqtt_disconnect(&late);
}

static void test_payload(void)
{
	static uint8_t octets[201] = {1, 0, 7};
	struct coap_message m, r;

	for (size_t len = 200; len <= 201; len++) {
		coap_begin(&client, &m, COAP_CON, COAP_POST);
		coap_add_path(&m, "e2e/u-59/up/t");
		m.payload = octets;
		m.len = len;
		REQUIRE(coap_exchange(&client, &m, &r));
		EXPECT_EQUAL(r.code, len == 200 ? COAP_CODE(401) : COAP_CODE(413));
	}
	EXPECT_EQUAL(coap_number(&r, COAP_SIZE1, 0), 200);
}

static void test_bodies(void)
{
	static const uint8_t octets[64] = {1};
	struct coap_message m, r;
	struct coap other;
	char path[32];

	REQUIRE(coap_open(&other, gateway.port, true));
	/* Of an address no more than a quarter, but one. */
	for (int i = 0; i < 3; i++) {
		struct coap *c = i == 1 ? &other : &client;

		snprintf(path, sizeof path, "e2e/u-59/up/%d", i);
		coap_begin(c, &m, COAP_CON, COAP_POST);
		coap_add_path(&m, path);
		coap_add_number(&m, COAP_BLOCK1, 8 | 2);
		m.payload = octets;
		m.len = sizeof octets;
		REQUIRE(coap_exchange(c, &m, &r));
		EXPECT_EQUAL(r.code, i < 2 ? COAP_CODE(231) : COAP_CODE(503));
	}
	EXPECT(becomes("counted", "requests/unavailable", 1));
	coap_close(&other);
}

/* A broker that hangs: what is under way waits, no more is taken, and all is well afterwards. */
static void test_requests(void)
{
	struct coap_message m[4], r;
	struct octets msg[4];
	struct test_ue u;
	size_t accepted = 0;
	char path[128];

	ue_take(&u, "u");
	REQUIRE(coap_first_contact(&client, &u));
	snprintf(path, sizeof path, "e2e/%s/up/t", u.id);
	kill(broker.pid, SIGSTOP);
	for (size_t i = 0; i < 4; i++) {
		ue_seal(&u, "t", "x", &msg[i]);
		coap_begin(&client, &m[i], COAP_CON, COAP_POST);
		coap_add_path(&m[i], path);
		m[i].payload = msg[i].p;
		m[i].len = msg[i].len;
		EXPECT(coap_transmit(&client, &m[i]));
	}
	EXPECT(coap_receive(&client, &r, COAP_PATIENCE_MS));
	EXPECT(r.code == COAP_CODE(503) && r.mid == m[3].mid);
	EXPECT(coap_number(&r, COAP_MAX_AGE, 0) > 0);
	kill(broker.pid, SIGCONT);
	while (accepted < 3 && coap_receive(&client, &r, COAP_PATIENCE_MS)) {
		if (r.type == COAP_CON)
			coap_acknowledge(&client, &r);
		accepted += r.code == COAP_CODE(204);
	}
	EXPECT_EQUAL(accepted, 3);
}

static void test_sessions(void)
{
	struct coap c;
	struct coap_message m, r;

	for (int i = 0; i < 30; i++) {
		REQUIRE(coap_open(&c, gateway.port, i % 2 != 0));
		coap_begin(&c, &m, COAP_CON, COAP_GET);
		REQUIRE(coap_exchange(&c, &m, &r) && r.code == COAP_CODE(404));
		coap_close(&c);
	}
	/* The newest comes beside those that are kept. */
	EXPECT(level("clients") > 0 && level("clients") <= 6);
}

/* No more wait for a UE, and for all, than may. */
static void test_queues(void)
{
	struct coap_message m;
	struct parts parts;
	struct test_ue u[2];
	char number[12];

	REQUIRE(polled(&u[0]) && polled(&u[1]));
	for (int i = 0; i < 25; i++) {
		snprintf(number, sizeof number, "%d", i);
		send_down(&u[0], "n", number, strlen(number));
	}
	EXPECT(becomes("counted", "downlink/dropped", 5));
	EXPECT(becomes("now", "messages-waiting", 20));
	for (int i = 0; i < 12; i++)
		send_down(&u[1], "n", "x", 1);
	EXPECT(becomes("counted", "downlink/dropped", 7));
	EXPECT(becomes("now", "messages-waiting", 30));
	/* The first are those that are kept. */
	REQUIRE(coap_get(&client, &u[0], "down?d", &m) == COAP_CODE(205));
	REQUIRE(coap_parts(&m, &parts) && parts.count > 0);
	EXPECT(ue_opens(&u[0], "n", parts.messages[0].octets, parts.messages[0].len, "0"));
}

/* What comes for a request of this many octets until it is quiet, from an address that showed
 * nothing. Nothing is acknowledged. */
static void expect_little(struct coap *c, const struct coap_message *m, const char *what, int ms)
{
	const size_t sent = c->sent_octets, received = c->received_octets;
	struct coap_message r;

	EXPECT(coap_transmit(c, m));
	while (coap_receive(c, &r, ms))
		continue;
	EXPECT(c->received_octets > received);
	if (c->received_octets - received > 3 * (c->sent_octets - sent))
		printf("\n  %s: %zu octets for %zu\n", what, c->received_octets - received,
		       c->sent_octets - sent);
	EXPECT(c->received_octets - received <= 3 * (c->sent_octets - sent));
}

static void test_amplification(void)
{
	static const char *const paths[] = {"down?d", "down", "ctl", "down/n", "ctl?o", "down?o"};
	struct coap_message m;
	struct octets msg;
	struct test_ue u;
	size_t before;
	struct coap c;
	char path[128];

	/* The shorter its ID, the shorter the question. */
	ue_named(&u, "-0");
	REQUIRE(poll_for(&u));
	cJSON_Delete(admin_done(&admin, "{\"command\":\"expireKey\",\"ueId\":\"%s\"}", u.id));
	EXPECT_EQUAL(coap_say(&client, &u, "t", "refused", NULL), COAP_CODE(401));
	REQUIRE(coap_open(&c, gateway.port, false));
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		snprintf(path, sizeof path, "e2e/%s/%s", u.id, paths[i]);
		coap_begin(&c, &m, COAP_CON, COAP_GET);
		m.token_len = 0;
		if (strchr(path, 'o') != NULL && path[strlen(path) - 2] == '?') {
			path[strlen(path) - 2] = '\0';
			m.token_len = 1;
			coap_add_number(&m, COAP_OBSERVE, 0);
		}
		coap_add_path(&m, path);
		expect_little(&c, &m, paths[i], 300);
	}
	coap_begin(&c, &m, COAP_CON, COAP_GET);
	coap_add_path(&m, ".well-known/core");
	m.token_len = 0;
	expect_little(&c, &m, ".well-known/core", 300);
	/* What libcoap answers without asking. */
	coap_begin(&c, &m, COAP_CON, COAP_GET);
	coap_add(&m, COAP_PROXY_SCHEME, "x", 1);
	m.token_len = 0;
	expect_little(&c, &m, "a proxy's", 300);
	coap_begin(&c, &m, COAP_CON, COAP_UNKNOWN_METHOD);
	m.token_len = 0;
	expect_little(&c, &m, "no method", 300);
	/* The EESE's budget for this UE is used up; the gateway still has the KEY_UPDATE. */
	snprintf(path, sizeof path, "e2e/%s/up/t", u.id);
	coap_begin(&c, &m, COAP_CON, COAP_POST);
	coap_add_path(&m, path);
	m.token_len = 0;
	expect_little(&c, &m, "nothing posted", 600);
	/* The answer comes late, in a message of its own, which nobody acknowledges. */
	before = c.received;
	ue_seal(&u, "t", "x", &msg);
	coap_begin(&c, &m, COAP_CON, COAP_POST);
	coap_add_path(&m, path);
	m.payload = msg.p;
	m.len = msg.len;
	c.sent_octets = c.received_octets = 0;
	kill(broker.pid, SIGSTOP);
	EXPECT(coap_transmit(&c, &m));
	while (coap_receive(&c, &m, 1800))
		continue;
	kill(broker.pid, SIGCONT);
	while (coap_receive(&c, &m, 3500))
		continue;
	EXPECT_EQUAL(c.received, before + 2);
	EXPECT(c.received_octets <= 3 * c.sent_octets);
	coap_close(&c);
}

/* Only so many, and who is not there any more is told nothing. */
static void test_observers(void)
{
	struct coap_message m;
	struct coap c[3];
	struct test_ue u;

	REQUIRE(polled(&u));
	for (int i = 0; i < 3; i++) {
		REQUIRE(coap_open(&c[i], gateway.port, i == 1));
		EXPECT_EQUAL(observe(&c[i], &u), i < 2);
	}
	EXPECT(becomes("now", "observers", 2));
	/* One resets what asks whether it is there, the other acknowledges it, twice. */
	REQUIRE(coap_receive(&c[0], &m, COAP_PATIENCE_MS));
	EXPECT(m.type == COAP_CON && m.code == COAP_CODE(205) && m.len == 0);
	EXPECT(coap_reset(&c[0], &m));
	for (int i = 0; i < 2; i++) {
		REQUIRE(coap_receive(&c[1], &m, COAP_PATIENCE_MS));
		EXPECT(m.type == COAP_CON && coap_acknowledge(&c[1], &m));
	}
	EXPECT_EQUAL(level("observers"), 1);
	/* From here on it is silent. */
	EXPECT(becomes("now", "observers", 0));
	EXPECT(becomes("counted", "observe/gone", 2));
	for (int i = 0; i < 3; i++)
		coap_close(&c[i]);
}

static void test_end(void)
{
	end_gateway();
}

/* UEs that are polled are not forgotten for others; those that are not, are. */
static void test_ues(void)
{
	static const char *const small[] = {STATS_OFTEN, "--max-ues", "2", NULL};
	struct test_ue u[4];

	REQUIRE(run_gateway(small));
	for (int i = 0; i < 4; i++) {
		ue_take(&u[i], "u");
		EXPECT(coap_first_contact(&client, &u[i]));
	}
	EXPECT_EQUAL(level("ues"), 2);
	EXPECT(polled(&u[0]) && polled(&u[1]));
	EXPECT_EQUAL(coap_say(&client, &u[2], "t", "x", NULL), COAP_CODE(503));
	EXPECT_EQUAL(coap_say(&client, &u[1], "t", "x", NULL), COAP_CODE(204));
	end_gateway();
}

/* Nobody polls for it any more: its topics are given up, and with them what comes later. */
static void test_poll_life(void)
{
	static const char *const shortly[] = {STATS_OFTEN, "--poll-life", "1", NULL};
	struct coap_message m;
	struct test_ue u;
	char log[192], given_up[128];

	REQUIRE(run_gateway(shortly));
	REQUIRE(polled(&u));
	EXPECT(becomes("now", "ues-polled", 1));
	EXPECT(becomes("now", "ues-polled", 0));
	/* The broker has the UNSUBSCRIBE. */
	snprintf(log, sizeof log, "%s/log", broker.dir);
	snprintf(given_up, sizeof given_up, "test-gateway-keep e2e/%s/down/#", u.id);
	EXPECT(program_says(log, given_up, PATIENCE_MS));
	send_down(&u, "n", "nobody takes it", 15);
	EXPECT_EQUAL(coap_get(&client, &u, "down?d", &m), COAP_CODE(205));
	EXPECT_EQUAL(m.len, 0);
	EXPECT(becomes("counted", "downlink/received", 0));
	end_gateway();
}

static void test_spool(void)
{
	static const char *const small[] = {STATS_OFTEN, "--spool-max", "1", NULL};
	static uint8_t octets[60000];
	char log[192];
	struct test_ue u;

	REQUIRE(run_gateway(small));
	REQUIRE(polled(&u));
	for (int i = 0; i < 30; i++)
		send_down(&u, "n", octets, sizeof octets);
	EXPECT(becomes("counted", "downlink/received", 30));
	EXPECT(level("messages-waiting") < 20);
	snprintf(log, sizeof log, "%s/log", gateway.dir);
	EXPECT(program_says(log, "the spool is as large as --spool-max allows", PATIENCE_MS));
	end_gateway();
}

/* How many of these are answered otherwise before the first that is too often. */
static int answered(struct coap *c, const char *path)
{
	struct coap_message m, r;

	for (int i = 0; i < 300; i++) {
		coap_begin(c, &m, COAP_CON, COAP_GET);
		coap_add_path(&m, path);
		if (!coap_exchange(c, &m, &r))
			return -1;
		if (r.code == COAP_CODE(429)) {
			EXPECT(coap_number(&r, COAP_MAX_AGE, 0) > 0);
			return i;
		}
	}
	return 300;
}

static void test_rates(void)
{
	static const char *const slow[] = {
	    STATS_OFTEN, "--rate-ue",       "1",   "--burst-ue", "10", "--rate-address",
	    "1",         "--burst-address", "100", NULL};
	struct coap_message m;
	struct test_ue u;
	struct coap c;
	int count;

	REQUIRE(run_gateway(slow));
	REQUIRE(coap_open(&c, gateway.port, true));
	count = answered(&client, "e2e/u-50/ctl");
	EXPECT(count >= 10 && count < 60);
	/* Another UE of the same address is served. */
	EXPECT(answered(&client, "e2e/u-51/ctl") >= 10);
	count = answered(&c, "nothing/here");
	EXPECT(count >= 100 && count < 250);
	/* Another address is. */
	ue_take(&u, "u");
	EXPECT(coap_first_contact(&client, &u));
	EXPECT(coap_get(&client, &u, "down", &m) == COAP_CODE(205));
	EXPECT(becomes("counted", "requests/too-many", 3));
	coap_close(&c);
	end_gateway();
}

/* An ACL that does not let the gateway publish them: it says what is missing, and goes on. */
static void test_refused(void)
{
	const struct broker_options o = {.ues = ues,
					 .no_acl = true,
					 .plugin_lines = "plugin_opt_gateways " TEST_GATEWAY_USER
							 "\nplugin_opt_acl_default defer\n",
					 .conf_lines = "acl_file /dev/null\n"};
	struct broker b;
	struct test_ue u;
	char log[192];

	REQUIRE(broker_start(&b, &o));
	REQUIRE(gateway_start(&gateway, b.port, NULL));
	REQUIRE(coap_open(&client, gateway.port, false));
	snprintf(log, sizeof log, "%s/log", gateway.dir);
	EXPECT(program_says(log, "does not take the counters on " STATS_TOPIC, PATIENCE_MS));
	ue_take(&u, "u");
	EXPECT(coap_first_contact(&client, &u));
	end_gateway();
	broker_stop(&b);
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},
	    {"start the gateway", test_start},
	    {"counters", test_counters},
	    {"payload", test_payload},
	    {"block-wise bodies", test_bodies},
	    {"requests", test_requests},
	    {"sessions", test_sessions},
	    {"observers", test_observers},
	    {"queues", test_queues},
	    {"amplification", test_amplification},
	    {"end the gateway", test_end},
	    {"UEs", test_ues},
	    {"poll life", test_poll_life},
	    {"spool", test_spool},
	    {"rates", test_rates},
	    {"counters refused", test_refused},
	    {"stop", stop},
	};

	return harness_main("coap bounds", tests, sizeof tests / sizeof *tests);
}
