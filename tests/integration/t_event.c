/* SPDX-License-Identifier: Apache-2.0 */
/* Events on <app>/<ue>/event (docs/control.md): each kind, and that a flood stays a trickle. */
#include "admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct broker broker;
static struct observer app;
static struct mqtt admin, sender;

enum { FLOOD = 600 };

static const struct ue_range ues[] = {{.prefix = "ue", .count = 120},
				      {.prefix = "short", .count = 9, .te2e_s = 1},
				      {.prefix = "flood", .count = FLOOD},
				      {.prefix = "group", .count = 10, .group = "group"},
				      {0}};

static void start(void)
{
	const struct broker_options o = {
	    .ues = ues,
	    .plugin_lines = "plugin_opt_admins " TEST_ADMIN_USER
			    "\nplugin_opt_sys_interval 1\nplugin_opt_refresh_margin 0\n"};
	const struct mqtt_login login = {
	    .version = MQTT_5, .client_id = "application", .username = TEST_APP_USER};

	REQUIRE(broker_start(&broker, &o));
	REQUIRE(observer_open(&app, &broker, TEST_APP_USER, "app/+/event"));
	app.events = true;
	REQUIRE(admin_open(&admin, &broker, "admin", MQTT_5));
	REQUIRE(mqtt_connect(&sender, broker.port, &login) == 0);
}

static void stop(void)
{
	observer_close(&app);
	mqtt_disconnect(&admin);
	mqtt_disconnect(&sender);
	broker_stop(&broker);
}

/* The number'th event of this kind and UE that was seen, to be deleted; NULL if there is none. */
static cJSON *seen(const char *ue_id, const char *kind, int number)
{
	char topic[EESE_UE_ID_MAX + 16];

	snprintf(topic, sizeof topic, "app/%s/event", ue_id);
	for (size_t i = 0; i < app.count; i++) {
		cJSON *e =
		    strcmp(app.seen[i]->topic, topic) == 0
			? cJSON_ParseWithLength((char *)app.seen[i]->payload, app.seen[i]->len)
			: NULL;

		if (e != NULL && strcmp(json_text(e, "event"), kind) == 0 && number-- == 0)
			return e;
		cJSON_Delete(e);
	}
	return NULL;
}

/* RFC 3339 in UTC, and about now. */
static bool is_now(const char *text)
{
	struct tm tm = {0};
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	time_t then = timegm(&tm), now = time(NULL);

	return end != NULL && *end == '\0' && strlen(text) == 20 && then <= now && then > now - 60;
}

/* Waits for the first event of this kind; what all have is looked at. To be deleted. */
static cJSON *await(const char *ue_id, const char *kind, int number)
{
	cJSON *e = NULL;

	for (int waited = 0; e == NULL && waited < MQTT_PATIENCE_MS * 2; waited += 20) {
		EXPECT(observer_sync(&app));
		e = seen(ue_id, kind, number);
		if (e == NULL)
			harness_sleep_ms(20);
	}
	if (e == NULL)
		printf("\n  no event %s of %s\n", kind, ue_id);
	EXPECT(e != NULL);
	EXPECT(strcmp(json_text(e, "ueId"), ue_id) == 0);
	EXPECT(is_now(json_text(e, "time")));
	return e;
}

static bool has_nothing_but(const cJSON *e, const char *names)
{
	const cJSON *member;

	cJSON_ArrayForEach(member, e)
	{
		if (strstr("event ueId time", member->string) == NULL &&
		    strstr(names, member->string) == NULL)
			return false;
	}
	return true;
}

static bool fresh(struct test_ue *u, const char *prefix, enum mqtt_version version)
{
	ue_take(u, prefix);
	return ue_connect(u, &broker, version, false) && ue_first_contact(u);
}

/* keyRefreshed, replayed, rejected, keyExpired by command, disconnected: of one UE, in its order.
 */
static void kinds(enum mqtt_version version, uint8_t qos)
{
	struct test_ue u;
	struct octets msg;
	cJSON *e;

	REQUIRE(fresh(&u, "ue", version));
	e = await(u.id, "keyRefreshed", 0);
	EXPECT_EQUAL(json_number(e, "ksn"), u.ksn);
	EXPECT(has_nothing_but(e, "ksn"));
	cJSON_Delete(e);
	ue_seal(&u, "t", "twice", &msg);
	EXPECT(taken(version, qos, ue_send(&u, "t", &msg, qos)));
	EXPECT(taken(version, qos, ue_send(&u, "t", &msg, qos)));
	e = await(u.id, "replayed", 0);
	EXPECT(has_nothing_but(e, ""));
	cJSON_Delete(e);
	msg.p[msg.len - 1] ^= 1;
	EXPECT(refused(version, qos, ue_send(&u, "t", &msg, qos)));
	e = await(u.id, "rejected", 0);
	EXPECT(strcmp(json_text(e, "reason"), "failed tag") == 0);
	EXPECT(has_nothing_but(e, "reason"));
	cJSON_Delete(e);
	cJSON_Delete(admin_done(&admin, "{\"command\":\"expireKey\",\"ueId\":\"%s\"}", u.id));
	e = await(u.id, "keyExpired", 0);
	EXPECT(strcmp(json_text(e, "cause"), "enterprise") == 0);
	EXPECT_EQUAL(json_number(e, "ksn"), u.ksn);
	EXPECT(has_nothing_but(e, "cause ksn"));
	cJSON_Delete(e);
	EXPECT(seen(u.id, "disconnected", 0) == NULL);
	if (qos == 1)
		mqtt_abort(&u.link);
	else
		mqtt_disconnect(&u.link);
	e = await(u.id, "disconnected", 0);
	EXPECT(has_nothing_but(e, ""));
	cJSON_Delete(e);
}

static void test_kinds(void)
{
	harness_each(kinds);
}

/* A persistent session that goes offline, too. */
static void test_persistent(void)
{
	struct test_ue u;

	ue_take(&u, "ue");
	REQUIRE(ue_connect(&u, &broker, MQTT_3_1_1, true));
	mqtt_abort(&u.link);
	cJSON_Delete(await(u.id, "disconnected", 0));
}

/* Found by the sweep: nobody uses the keyset. A pending one that downlink used, too. */
static void test_swept(void)
{
	struct test_ue u, asleep, member;
	char topic[128];
	const struct mqtt_publish p = {.topic = topic, .payload = "x", .len = 1, .qos = 1};
	cJSON *e;

	REQUIRE(fresh(&u, "short", MQTT_5));
	ue_take(&asleep, "short");
	REQUIRE(fresh(&member, "group", MQTT_5));
	snprintf(topic, sizeof topic, "app/%s/down/x", asleep.id);
	EXPECT(taken(MQTT_5, 1, mqtt_publish(&sender, &p)));
	e = await(u.id, "keyExpired", 0);
	EXPECT(strcmp(json_text(e, "cause"), "te2e") == 0);
	EXPECT_EQUAL(json_number(e, "ksn"), u.ksn);
	cJSON_Delete(e);
	e = await(asleep.id, "keyExpired", 0);
	EXPECT(strcmp(json_text(e, "cause"), "te2e") == 0);
	EXPECT(json_number(e, "ksn") > 0);
	cJSON_Delete(e);
	cJSON_Delete(admin_done(&admin, "{\"command\":\"expireKey\",\"group\":\"group\"}"));
	e = await(member.id, "keyExpired", 0);
	EXPECT(strcmp(json_text(e, "cause"), "enterprise") == 0);
	EXPECT_EQUAL(json_number(e, "ksn"), member.ksn);
	cJSON_Delete(e);
	mqtt_disconnect(&u.link);
	mqtt_disconnect(&member.link);
}

/* The reason of a rejection is the last part of its counter's name. */
static void test_reasons(void)
{
	struct test_ue u, v;
	struct octets msg;
	cJSON *e;

	REQUIRE(fresh(&u, "ue", MQTT_5));
	cJSON_Delete(admin_done(&admin, "{\"command\":\"expireKey\",\"ueId\":\"%s\"}", u.id));
	EXPECT(refused(MQTT_5, 1, ue_say(&u, "t", "x", 1)));
	e = await(u.id, "rejected", 0);
	EXPECT(strcmp(json_text(e, "reason"), "keyset invalid") == 0);
	cJSON_Delete(e);
	REQUIRE(fresh(&v, "ue", MQTT_5));
	ue_seal_number(&v, "t", "x", 1000, &msg);
	EXPECT(taken(MQTT_5, 1, ue_send(&v, "t", &msg, 1)));
	ue_seal_number(&v, "t", "y", 900, &msg);
	EXPECT(refused(MQTT_5, 1, ue_send(&v, "t", &msg, 1)));
	e = await(v.id, "rejected", 0);
	EXPECT(strcmp(json_text(e, "reason"), "below window") == 0);
	cJSON_Delete(e);
	mqtt_disconnect(&u.link);
	mqtt_disconnect(&v.link);
}

static void expect_none_of(const char *ue_id)
{
	char topic[EESE_UE_ID_MAX + 16];

	snprintf(topic, sizeof topic, "app/%s/event", ue_id);
	EXPECT(observer_sync(&app));
	EXPECT_EQUAL(observer_count(&app, topic, NULL), 0);
}

/* Of strangers, of whom the EESE knows nothing, nothing is told. Nor has anyone but the EESE a say
 * on the topic, and nothing of it is retained. */
static void test_strangers(void)
{
	struct test_ue u;
	struct observer late;
	const struct mqtt_publish p = {
	    .topic = "app/ue-0/event", .payload = "{}", .len = 2, .qos = 1};

	ue_named(&u, "stranger");
	REQUIRE(ue_connect(&u, &broker, MQTT_5, false));
	ue_adopt(&u, &(struct eese_key_update){.ksn = 3, .alg = EESE_ALG_AES_CCM_16_64_128});
	EXPECT(refused(MQTT_5, 1, ue_say(&u, "t", "x", 1)));
	mqtt_disconnect(&u.link);
	expect_none_of("stranger");
	EXPECT_EQUAL(mqtt_publish(&sender, &p), 0x87);
	REQUIRE(observer_open(&late, &broker, TEST_APP_USER, "app/+/event"));
	late.events = true;
	EXPECT(observer_sync(&late));
	EXPECT_EQUAL(late.count, 0);
	observer_close(&late);
}

/* Of one event of one UE one in 10 s; the rest is counted, none is forgotten. */
static void test_counted(void)
{
	struct test_ue u;
	struct octets msg;
	uint64_t began = mqtt_now_ms();
	cJSON *e;

	REQUIRE(fresh(&u, "ue", MQTT_5));
	ue_seal(&u, "t", "again and again", &msg);
	for (int i = 0; i < 31; i++)
		EXPECT(taken(MQTT_5, 1, ue_send(&u, "t", &msg, 1)));
	e = await(u.id, "replayed", 0);
	EXPECT(!cJSON_HasObjectItem(e, "count"));
	cJSON_Delete(e);
	EXPECT(seen(u.id, "replayed", 1) == NULL || mqtt_now_ms() - began >= 10000);
	e = await(u.id, "replayed", 1);
	EXPECT(mqtt_now_ms() - began >= 10000);
	EXPECT_EQUAL(json_number(e, "count"), 29);
	cJSON_Delete(e);
	mqtt_disconnect(&u.link);
}

/* Rejections of many UEs at once: at most 200 events a second, half of that by what anyone can
 * make, so that others still get through; what is left out is counted. */
static void test_flood(void)
{
	struct mqtt m;
	const struct mqtt_login login = {
	    .version = MQTT_5, .client_id = "flooder", .username = TEST_GATEWAY_USER};
	char topic[64];
	const uint8_t junk[16] = {0x01, 0x05};
	const struct mqtt_publish p = {.topic = topic, .payload = junk, .len = sizeof junk};
	struct test_ue u;
	uint64_t began, seconds;
	size_t events = 0;
	cJSON *status, *counters;

	REQUIRE(mqtt_connect(&m, broker.port, &login) == 0);
	REQUIRE(observer_sync(&app));
	observer_forget(&app);
	began = mqtt_now_ms();
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < FLOOD; i++) {
			snprintf(topic, sizeof topic, "e2e/flood-%d/up/t", i);
			EXPECT(mqtt_send_publish(&m, &p) >= 0);
		}
	}
	EXPECT(mqtt_sync(&m));
	seconds = (mqtt_now_ms() - began) / 1000 + 2;
	REQUIRE(fresh(&u, "ue", MQTT_5));
	cJSON_Delete(await(u.id, "keyRefreshed", 0));
	for (size_t i = 0; i < app.count; i++)
		events += strstr(app.seen[i]->topic, "/flood-") != NULL;
	EXPECT(events > 0 && events <= seconds * 100);
	status = admin_done(&admin, "{\"command\":\"getStatus\"}");
	counters = cJSON_GetObjectItemCaseSensitive(status, "counters");
	EXPECT(json_number(counters, "events/sent") >= (double)events);
	EXPECT(seconds > 5 || json_number(counters, "events/dropped") > 0);
	cJSON_Delete(status);
	mqtt_disconnect(&m);
	mqtt_disconnect(&u.link);
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},
	    {"each kind", test_kinds},
	    {"a persistent session", test_persistent},
	    {"found by the sweep", test_swept},
	    {"reasons", test_reasons},
	    {"strangers", test_strangers},
	    {"counted", test_counted},
	    {"a flood", test_flood},
	    {"stop", stop},
	};

	return harness_main("event", tests, sizeof tests / sizeof *tests);
}
