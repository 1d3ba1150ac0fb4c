/* SPDX-License-Identifier: Apache-2.0 */
/* Uplink through a real broker: exactly once at every QoS and version, nothing else ever. */
#include "harness.h"

#include <stdio.h>
#include <string.h>

static struct broker broker;
static struct observer app, wire;

static void start(void)
{
	static const struct ue_range ues[] = {{.prefix = "ue", .count = 150}, {0}};
	const struct broker_options o = {.ues = ues};

	REQUIRE(broker_start(&broker, &o));
	REQUIRE(observer_open(&app, &broker, TEST_APP_USER, "app/#"));
	REQUIRE(observer_open(&wire, &broker, TEST_GATEWAY_USER, "e2e/#"));
}

static void stop(void)
{
	observer_close(&app);
	observer_close(&wire);
	broker_stop(&broker);
}

static bool fresh(struct test_ue *u, enum mqtt_version version)
{
	ue_take(u, "ue");
	return ue_connect(u, &broker, version, true) && ue_first_contact(u);
}

/* Exactly this often the application saw text on sub. */
static void expect_seen(const struct test_ue *u, const char *sub, const char *text, size_t times)
{
	EXPECT(observer_sync(&app));
	EXPECT_EQUAL(observer_of(&app, u, sub, text), times);
}

/* A UE that lost nothing but is new to this EESE: its keyset means nothing here. */
static void contact_by_data(enum mqtt_version version, uint8_t qos)
{
	struct test_ue u;
	struct eese_key_update update = {.ksn = 7, .alg = EESE_ALG_AES_CCM_16_64_128}, got;

	ue_take(&u, "ue");
	REQUIRE(ue_connect(&u, &broker, version, false));
	ue_adopt(&u, &update);
	EXPECT(refused(version, qos, ue_say(&u, "t", "lost", qos)));
	REQUIRE(ue_update(&u, EESE_UPDATE_UNKNOWN, &got));
	EXPECT_EQUAL(got.ref.form, EESE_REF_ABSENT);
	EXPECT(got.ksn > update.ksn);
	ue_adopt(&u, &got);
	EXPECT(taken(version, qos, ue_say(&u, "t", "found", qos)));
	expect_seen(&u, "t", "lost", 0);
	expect_seen(&u, "t", "found", 1);
	EXPECT(ue_quiet(&u));
	mqtt_disconnect(&u.link);
}

static void test_contact_by_data(void)
{
	harness_each(contact_by_data);
}

static void contact_by_request(enum mqtt_version version, uint8_t qos)
{
	struct test_ue u;
	struct eese_key_update update;

	ue_take(&u, "ue");
	REQUIRE(ue_connect(&u, &broker, version, false));
	EXPECT(taken(version, qos, ue_request(&u, EESE_REQUEST_NO_KEYSET, 0, qos)));
	REQUIRE(ue_update(&u, EESE_UPDATE_ASKED, &update));
	EXPECT_EQUAL(update.alg, EESE_ALG_AES_CCM_16_64_128);
	EXPECT_EQUAL(update.ikid, u.ikid);
	ue_adopt(&u, &update);
	EXPECT(taken(version, qos, ue_say(&u, "a/b/c", "21.5", qos)));
	expect_seen(&u, "a/b/c", "21.5", 1);
	mqtt_disconnect(&u.link);
}

static void test_contact_by_request(void)
{
	harness_each(contact_by_request);
}

/* Many, some empty, on topics of several levels and none: each once and in order. */
static void each_once(enum mqtt_version version, uint8_t qos)
{
	static const char *const subs[] = {"t", "a/b/c", "", "x//y"};
	struct test_ue u;
	char text[32];
	size_t before;

	REQUIRE(fresh(&u, version));
	REQUIRE(observer_sync(&app));
	before = app.count;
	for (int i = 0; i < 40; i++) {
		snprintf(text, sizeof text, "%d", i);
		EXPECT(taken(version, qos, ue_say(&u, subs[i % 4], i == 20 ? "" : text, qos)));
	}
	REQUIRE(observer_sync(&app));
	EXPECT_EQUAL(app.count - before, 40);
	for (int i = 0; i < 40; i++) {
		snprintf(text, sizeof text, "%d", i);
		EXPECT_EQUAL(observer_of(&app, &u, subs[i % 4], i == 20 ? "" : text), 1);
		if (i != 20 && before + (size_t)i < app.count)
			EXPECT(memcmp(app.seen[before + (size_t)i]->payload, text, strlen(text)) ==
			       0);
	}
	EXPECT(ue_quiet(&u));
	mqtt_disconnect(&u.link);
}

static void test_each_once(void)
{
	harness_each(each_once);
}

static int send_raw(struct test_ue *u, const struct octets *msg, uint8_t qos, bool dup, int mid)
{
	char topic[EESE_TOPIC_MAX + 128];
	struct mqtt_publish p = ue_uplink(u, "t", msg, qos, topic);

	p.dup = dup;
	p.mid = (uint16_t)mid;
	return mqtt_send_publish(&u->link, &p);
}

/* QoS 1, the PUBACK lost again and again, then a reconnect: swallowed with success. */
static void lost_puback(enum mqtt_version version)
{
	struct test_ue u;
	struct octets msg;
	int mid;

	REQUIRE(fresh(&u, version));
	ue_seal(&u, "t", "once", &msg);
	mid = send_raw(&u, &msg, 1, false, 0);
	for (int i = 0; i < 3; i++) {
		EXPECT(taken(version, 1, mqtt_wait(&u.link, MQTT_PUBACK, (uint16_t)mid)));
		EXPECT_EQUAL(send_raw(&u, &msg, 1, true, mid), mid);
	}
	mqtt_abort(&u.link);
	REQUIRE(ue_connect(&u, &broker, version, true));
	EXPECT_EQUAL(send_raw(&u, &msg, 1, true, mid), mid);
	EXPECT(taken(version, 1, mqtt_wait(&u.link, MQTT_PUBACK, (uint16_t)mid)));
	EXPECT(ue_quiet(&u));
	expect_seen(&u, "t", "once", 1);
	mqtt_disconnect(&u.link);
}

static void test_lost_puback(void)
{
	harness_each_version(lost_puback);
}

/* PUBREC to PUBCOMP for a PUBLISH that was sent. */
static void finish(struct test_ue *u, int mid)
{
	EXPECT(taken(u->link.version, 2, mqtt_wait(&u->link, MQTT_PUBREC, (uint16_t)mid)));
	EXPECT(mqtt_send_ack(&u->link, MQTT_PUBREL, (uint16_t)mid));
	EXPECT_EQUAL(mqtt_wait(&u->link, MQTT_PUBCOMP, (uint16_t)mid), 0);
}

/* QoS 2: the first PUBREC got lost within the connection. */
static void dup_before_pubrel(enum mqtt_version version)
{
	struct test_ue u;
	struct octets msg;
	int mid;

	REQUIRE(fresh(&u, version));
	ue_seal(&u, "t", "once", &msg);
	mid = send_raw(&u, &msg, 2, false, 0);
	EXPECT(taken(version, 2, mqtt_wait(&u.link, MQTT_PUBREC, (uint16_t)mid)));
	EXPECT_EQUAL(send_raw(&u, &msg, 2, true, mid), mid);
	finish(&u, mid);
	/* And the identifier is free for another message. */
	ue_seal(&u, "t", "another", &msg);
	EXPECT_EQUAL(send_raw(&u, &msg, 2, false, mid), mid);
	finish(&u, mid);
	expect_seen(&u, "t", "once", 1);
	expect_seen(&u, "t", "another", 1);
	mqtt_disconnect(&u.link);
}

static void test_dup_before_pubrel(void)
{
	harness_each_version(dup_before_pubrel);
}

/* QoS 2: the connection broke with the PUBREC under way; the session goes on. */
static void lost_pubrec(enum mqtt_version version)
{
	struct test_ue u;
	struct octets msg;
	int mid;

	REQUIRE(fresh(&u, version));
	ue_seal(&u, "t", "once", &msg);
	mid = send_raw(&u, &msg, 2, false, 0);
	EXPECT(taken(version, 2, mqtt_wait(&u.link, MQTT_PUBREC, (uint16_t)mid)));
	for (int i = 0; i < 2; i++) {
		mqtt_abort(&u.link);
		REQUIRE(ue_connect(&u, &broker, version, true));
		EXPECT(u.link.session_present || version == MQTT_3_1);
		EXPECT_EQUAL(send_raw(&u, &msg, 2, true, mid), mid);
		if (i == 0)
			EXPECT(taken(version, 2, mqtt_wait(&u.link, MQTT_PUBREC, (uint16_t)mid)));
	}
	finish(&u, mid);
	expect_seen(&u, "t", "once", 1);
	mqtt_disconnect(&u.link);
}

static void test_lost_pubrec(void)
{
	harness_each_version(lost_pubrec);
}

/* QoS 2: PUBCOMP lost, PUBREL again on a new connection; after that the UE's library may also
 * send the octets anew, under a session that knows nothing. */
static void lost_pubcomp(enum mqtt_version version)
{
	struct test_ue u;
	struct octets msg;
	int mid;

	REQUIRE(fresh(&u, version));
	ue_seal(&u, "t", "once", &msg);
	mid = send_raw(&u, &msg, 2, false, 0);
	finish(&u, mid);
	mqtt_abort(&u.link);
	REQUIRE(ue_connect(&u, &broker, version, true));
	EXPECT(mqtt_send_ack(&u.link, MQTT_PUBREL, (uint16_t)mid));
	EXPECT(mqtt_wait(&u.link, MQTT_PUBCOMP, (uint16_t)mid) >= 0);
	mqtt_abort(&u.link);
	REQUIRE(ue_connect(&u, &broker, version, false));
	EXPECT_EQUAL(send_raw(&u, &msg, 2, true, mid), mid);
	finish(&u, mid);
	expect_seen(&u, "t", "once", 1);
	mqtt_disconnect(&u.link);
}

static void test_lost_pubcomp(void)
{
	harness_each_version(lost_pubcomp);
}

/* Whoever recorded a message may send it again, from anywhere, any number of times. */
static void replay(enum mqtt_version version, uint8_t qos)
{
	struct test_ue u, thief;
	struct octets msg;
	struct mqtt_login login = {.version = version, .client_id = "thief"};

	REQUIRE(fresh(&u, version));
	ue_seal(&u, "t", "mine", &msg);
	EXPECT(taken(version, qos, ue_send(&u, "t", &msg, qos)));
	thief = u;
	login.username = u.id; /* the attacker may hold the UE's login, not its keys */
	REQUIRE(mqtt_connect(&thief.link, broker.port, &login) == 0);
	for (uint8_t q = 0; q <= 2; q++)
		EXPECT(taken(version, q, ue_send(&thief, "t", &msg, q)));
	EXPECT(ue_quiet(&u));
	expect_seen(&u, "t", "mine", 1);
	mqtt_disconnect(&thief.link);
	mqtt_disconnect(&u.link);
}

static void test_replay(void)
{
	harness_each(replay);
}

/* Clause 5, step 1: the window is 64 wide; below it nothing is known any more. */
static void window(enum mqtt_version version, uint8_t qos)
{
	struct test_ue u;
	struct octets msg;
	static const struct {
		uint64_t number;
		bool new;
	} row[] = {{70, true}, {7, true},  {6, false}, {69, true},
		   {71, true}, {7, false}, {8, true}};
	char text[8];

	REQUIRE(fresh(&u, version));
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		int reason;

		snprintf(text, sizeof text, "w%zu", i);
		ue_seal_number(&u, "t", text, row[i].number, &msg);
		reason = ue_send(&u, "t", &msg, qos);
		EXPECT(row[i].new ? taken(version, qos, reason) : refused(version, qos, reason));
		expect_seen(&u, "t", text, row[i].new ? 1 : 0);
	}
	mqtt_disconnect(&u.link);
}

static void test_window(void)
{
	harness_each(window);
}

/* Clause 3.1: a message opens only for its UE and topic; ERROR 6 names it and nothing else. */
static void bound_to_topic(enum mqtt_version version, uint8_t qos)
{
	struct test_ue u, other;
	struct octets msg;
	struct control c;

	REQUIRE(fresh(&u, version));
	REQUIRE(fresh(&other, version));
	ue_seal_number(&u, "door/open", "x", 300, &msg);
	EXPECT(refused(version, qos, ue_send(&u, "door/close", &msg, qos)));
	c = ue_control(&u);
	EXPECT_EQUAL(c.kind, CONTROL_ERROR);
	EXPECT_EQUAL(c.error.reason, EESE_ERROR_KEY_UNKNOWN);
	EXPECT_EQUAL(c.error.kid, u.ksn & 7);
	EXPECT_EQUAL(c.error.number, 300);
	EXPECT(refused(version, qos, ue_send(&other, "door/open", &msg, qos)));
	EXPECT(ue_control(&other).kind == CONTROL_ERROR);
	/* The tag comes before the window: the forged number did not move it. */
	EXPECT(taken(version, qos, ue_say(&u, "door/open", "y", qos)));
	expect_seen(&u, "door/close", NULL, 0);
	expect_seen(&other, "door/open", NULL, 0);
	expect_seen(&u, "door/open", "y", 1);
	mqtt_disconnect(&u.link);
	mqtt_disconnect(&other.link);
}

static void test_bound_to_topic(void)
{
	harness_each(bound_to_topic);
}

/* One octet changed anywhere: refused, and it does not spoil the number for the true one. */
static void test_changed_octet(void)
{
	struct test_ue u;
	struct octets msg;

	REQUIRE(fresh(&u, MQTT_5));
	ue_seal(&u, "t", "genuine", &msg);
	for (size_t i = 1; i < msg.len; i++) {
		msg.p[i] ^= 0x20;
		EXPECT_EQUAL(ue_send(&u, "t", &msg, 1), 0x87);
		msg.p[i] ^= 0x20;
	}
	while (ue_control(&u).kind == CONTROL_ERROR)
		continue;
	expect_seen(&u, "t", NULL, 0);
	EXPECT(taken(MQTT_5, 1, ue_send(&u, "t", &msg, 1)));
	expect_seen(&u, "t", "genuine", 1);
	mqtt_disconnect(&u.link);
}

/* Retain flag, user property, content type and the rest are the carrier's, not the UE's. */
static void nothing_survives(enum mqtt_version version, uint8_t qos)
{
	static const uint8_t properties[] = {0x03, 0,   1,    'c', 0x01, 1,   0x26, 0, 1, 'k', 0,
					     1,    'v', 0x08, 0,   1,    'r', 0x09, 0, 1, 'd'};
	struct test_ue u;
	struct octets msg;
	char topic[EESE_TOPIC_MAX + 128];
	struct mqtt_publish p;
	struct observer late;

	REQUIRE(fresh(&u, version));
	ue_seal(&u, "keep", "plain", &msg);
	p = ue_uplink(&u, "keep", &msg, qos, topic);
	p.retain = true;
	if (version == MQTT_5) {
		p.properties = properties;
		p.properties_len = sizeof properties;
	}
	EXPECT(taken(version, qos, mqtt_publish(&u.link, &p)));
	EXPECT(mqtt_sync(&u.link));
	expect_seen(&u, "keep", "plain", 1);
	EXPECT_EQUAL(app.seen[app.count - 1]->properties_len, 0);
	EXPECT(!app.seen[app.count - 1]->retain);
	REQUIRE(observer_open(&late, &broker, TEST_APP_USER, "app/#"));
	EXPECT(observer_sync(&late));
	EXPECT_EQUAL(late.count, 0);
	observer_close(&late);
	REQUIRE(observer_open(&late, &broker, TEST_GATEWAY_USER, "e2e/#"));
	EXPECT(observer_sync(&late));
	EXPECT_EQUAL(late.count, 0);
	observer_close(&late);
	mqtt_disconnect(&u.link);
}

static void test_nothing_survives(void)
{
	harness_each(nothing_survives);
}

/* Clause 4: what only the EESE publishes, no client may. */
static void not_allowed(enum mqtt_version version, uint8_t qos)
{
	struct test_ue u;
	char topic[256];
	struct mqtt_publish p = {.topic = topic, .payload = "plain", .len = 5, .qos = qos};
	static const char *const topics[] = {"app/%s/up/t", "app/%s/up/", "app/%s/event",
					     "e2e/%s/ctl", "e2e/%s/down/t"};

	REQUIRE(fresh(&u, version));
	REQUIRE(observer_sync(&app));
	for (size_t i = 0; i < sizeof topics / sizeof *topics; i++) {
		snprintf(topic, sizeof topic, topics[i], u.id);
		EXPECT(refused(version, qos, mqtt_publish(&u.link, &p)));
	}
	EXPECT(mqtt_sync(&u.link));
	EXPECT(ue_quiet(&u));
	expect_seen(&u, "t", NULL, 0);
	mqtt_disconnect(&u.link);
}

static void test_not_allowed(void)
{
	harness_each(not_allowed);
}

/* Budget 'overhead of a data message': 10 octets for numbers below 256, 11 up to 65,535. The
 * wire is looked at where a UE's octets pass before they are opened: at what it sends. */
static void test_growth(void)
{
	static const uint64_t numbers[] = {1, 255, 256, 65535, 65536};
	static const size_t growth[] = {10, 10, 11, 11, 12};
	struct test_ue u;
	struct octets msg;

	REQUIRE(fresh(&u, MQTT_5));
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		ue_seal_number(&u, "t", "twenty-one and a half", numbers[i], &msg);
		EXPECT_EQUAL(msg.len - strlen("twenty-one and a half"), growth[i]);
		EXPECT(taken(MQTT_5, 1, ue_send(&u, "t", &msg, 1)));
	}
	expect_seen(&u, "t", "twenty-one and a half", 5);
	mqtt_disconnect(&u.link);
}

/* retain_topics: what is kept there is the plaintext, for who comes later; an empty one ends it. */
static void kept(const struct broker *b, enum mqtt_version version, uint8_t qos)
{
	static const struct {
		const char *sub, *text;
		bool retain;
		size_t kept;
	} row[] = {{"state/valve", "open", true, 1},  {"state/valve", "passing", false, 1},
		   {"a/last", "7", true, 2},          {"t", "not kept", true, 2},
		   {"a/b/last", "not kept", true, 2}, {"state/valve", "shut", true, 2},
		   {"state/valve", "", true, 1},      {"a/last", "", true, 0}};
	struct test_ue u;
	char filter[EESE_UE_ID_MAX + 16];

	ue_take(&u, "ue");
	snprintf(filter, sizeof filter, "app/%s/#", u.id);
	REQUIRE(ue_connect(&u, b, version, false) && ue_first_contact(&u));
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct octets msg;
		char topic[EESE_TOPIC_MAX + 128];
		struct mqtt_publish p;
		struct observer late;

		ue_seal(&u, row[i].sub, row[i].text, &msg);
		p = ue_uplink(&u, row[i].sub, &msg, qos, topic);
		p.retain = row[i].retain;
		EXPECT(taken(version, qos, mqtt_publish(&u.link, &p)));
		EXPECT(mqtt_sync(&u.link));
		REQUIRE(observer_open(&late, b, TEST_APP_USER, filter));
		EXPECT(observer_sync(&late));
		EXPECT_EQUAL(late.count, row[i].kept);
		for (size_t k = 0; k < late.count; k++)
			EXPECT(late.seen[k]->retain);
		if (i == 5)
			EXPECT_EQUAL(observer_of(&late, &u, "state/valve", "shut"), 1);
		observer_close(&late);
	}
	mqtt_disconnect(&u.link);
}

static void test_retain_topics(void)
{
	static const struct ue_range ues[] = {{.prefix = "ue", .count = 200}, {0}};
	const struct broker_options o = {
	    .ues = ues, .plugin_lines = "plugin_opt_retain_topics state/#  +/last\n"};
	struct broker b;

	REQUIRE(broker_start(&b, &o));
	for (uint8_t qos = 0; qos <= 2; qos++) {
		kept(&b, MQTT_3_1_1, qos);
		kept(&b, MQTT_5, qos);
	}
	broker_stop(&b);
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},
	    {"first contact by data", test_contact_by_data},
	    {"first contact by KEY_REQUEST", test_contact_by_request},
	    {"each exactly once", test_each_once},
	    {"QoS 1: PUBACK lost", test_lost_puback},
	    {"QoS 2: DUP before PUBREL", test_dup_before_pubrel},
	    {"QoS 2: PUBREC lost, reconnect", test_lost_pubrec},
	    {"QoS 2: PUBCOMP lost, reconnect", test_lost_pubcomp},
	    {"replay from another connection", test_replay},
	    {"window", test_window},
	    {"bound to UE and topic", test_bound_to_topic},
	    {"one octet changed", test_changed_octet},
	    {"no retain, no properties", test_nothing_survives},
	    {"publishing not allowed", test_not_allowed},
	    {"growth on the wire", test_growth},
	    {"stop", stop},
	    {"retain_topics", test_retain_topics},
	};

	return harness_main("uplink", tests, sizeof tests / sizeof *tests);
}
