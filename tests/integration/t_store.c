/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a restart leaves of the EESE's state: after a clean end and after a crash, with a backup
 * put back and with the same store on two nodes.
 */
#include "admin.h"
#include "store_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MARGIN_S = 3600, SLACK_S = 120 };

static const struct ue_range ues[] = {{.prefix = "ue", .count = 40}, {0}};
static const struct broker_options options = {
    .ues = ues, .persistence = true, .plugin_lines = "plugin_opt_admins " TEST_ADMIN_USER "\n"};

static struct broker broker;

static void start(void)
{
	REQUIRE(broker_start(&broker, &options));
}

static void stop(void)
{
	broker_stop(&broker);
}

static void restart(bool clean)
{
	if (clean)
		broker_end(&broker);
	else
		broker_kill(&broker);
	REQUIRE(broker_again(&broker, &options));
}

static bool log_says(const struct broker *b, const char *what)
{
	char *log = broker_log(b);
	bool says = strstr(log, what) != NULL;

	free(log);
	return says;
}

static bool fresh(struct test_ue *u, enum mqtt_version version)
{
	ue_take(u, "ue");
	return ue_connect(u, &broker, version, false) && ue_first_contact(u);
}

/* How often what an application sees since `app` was opened has this text of the UE. */
static size_t seen(struct observer *app, const struct test_ue *u, const char *text)
{
	EXPECT(observer_sync(app));
	return observer_of(app, u, "t", text);
}

/* ---- clean ends and crashes ---- */

/* Windows outlive it: what was accepted is swallowed, and the ref says what was not. */
static void clean_end(enum mqtt_version version)
{
	struct test_ue u;
	struct octets one, three, four;
	struct eese_key_update update;
	struct observer app;

	REQUIRE(fresh(&u, version));
	ue_seal_number(&u, "t", "one", 1, &one);
	ue_seal_number(&u, "t", "three", 3, &three);
	ue_seal_number(&u, "t", "four", 4, &four);
	EXPECT(taken(version, 1, ue_send(&u, "t", &one, 1)));
	EXPECT(taken(version, 1, ue_send(&u, "t", &four, 1)));
	mqtt_abort(&u.link);
	restart(true);
	EXPECT(log_says(&broker, "cleanly closed") && !log_says(&broker, "not cleanly"));
	REQUIRE(observer_open(&app, &broker, TEST_APP_USER, "app/#"));
	REQUIRE(ue_connect(&u, &broker, version, false));
	EXPECT(taken(version, 1, ue_send(&u, "t", &one, 1)));
	EXPECT(ue_quiet(&u));
	EXPECT(refused(version, 1, ue_send(&u, "t", &three, 1)));
	REQUIRE(ue_update(&u, EESE_UPDATE_UNKNOWN, &update));
	/* No margin once more. */
	EXPECT(update.ksn > u.ksn && update.ksn <= u.ksn + 8);
	EXPECT_EQUAL(update.ref.form, EESE_REF_INVALID);
	EXPECT_EQUAL(update.ref.kid, u.ksn & 7);
	EXPECT_EQUAL(update.ref.next, 5);
	EXPECT(eese_ref_accepted(&update.ref, 1) && eese_ref_accepted(&update.ref, 4));
	EXPECT(!eese_ref_accepted(&update.ref, 2) && !eese_ref_accepted(&update.ref, 3));
	ue_adopt(&u, &update);
	EXPECT(taken(version, 1, ue_say(&u, "t", "three", 1)));
	EXPECT(taken(version, 1, ue_send(&u, "t", &four, 1)));
	EXPECT_EQUAL(seen(&app, &u, "three"), 1);
	EXPECT_EQUAL(seen(&app, &u, NULL), 1);
	mqtt_disconnect(&u.link);
	observer_close(&app);
}

static void test_clean_end(void)
{
	harness_each_version(clean_end);
}

/* What the disk says of windows may be old then: no ref, nothing taken for accepted. */
static void crash(enum mqtt_version version)
{
	struct test_ue u;
	struct octets one;
	struct eese_key_update update;
	struct observer app;

	REQUIRE(fresh(&u, version));
	ue_seal_number(&u, "t", "one", 1, &one);
	EXPECT(taken(version, 1, ue_send(&u, "t", &one, 1)));
	REQUIRE(store_await_ksn(&broker, &u));
	mqtt_abort(&u.link);
	restart(false);
	EXPECT(log_says(&broker, "not cleanly closed"));
	REQUIRE(observer_open(&app, &broker, TEST_APP_USER, "app/#"));
	REQUIRE(ue_connect(&u, &broker, version, false));
	EXPECT(refused(version, 1, ue_send(&u, "t", &one, 1)));
	REQUIRE(ue_update(&u, EESE_UPDATE_UNKNOWN, &update));
	EXPECT(update.ksn > u.ksn && update.ksn >= (uint64_t)time(NULL) + MARGIN_S - SLACK_S);
	EXPECT_EQUAL(update.ref.form, EESE_REF_ABSENT);
	ue_adopt(&u, &update);
	EXPECT(taken(version, 1, ue_say(&u, "t", "anew", 1)));
	EXPECT_EQUAL(seen(&app, &u, NULL), 1);
	mqtt_disconnect(&u.link);
	observer_close(&app);
}

static void test_crash(void)
{
	harness_each_version(crash);
}

/* A clean end, then a crash: what that clean end said of windows is over, for good. */
static void test_clean_end_then_crash(void)
{
	struct test_ue u;
	struct octets one;
	struct eese_key_update update;

	REQUIRE(fresh(&u, MQTT_5));
	ue_seal(&u, "t", "one", &one);
	EXPECT_EQUAL(ue_send(&u, "t", &one, 2), 0);
	mqtt_abort(&u.link);
	restart(true);
	restart(false);
	restart(true);
	REQUIRE(ue_connect(&u, &broker, MQTT_5, false));
	EXPECT(refused(MQTT_5, 1, ue_send(&u, "t", &one, 1)));
	REQUIRE(ue_update(&u, EESE_UPDATE_UNKNOWN, &update));
	EXPECT_EQUAL(update.ref.form, EESE_REF_ABSENT);
	mqtt_disconnect(&u.link);
}

/* KSNs of the second before a crash are on no disk; they are not used again. The UE doesn't say
 * which it has: the EESE alone sees to it. */
static void test_crash_before_it_is_written(void)
{
	struct test_ue u;
	struct control c;
	uint32_t ksn = 0;

	ue_take(&u, "ue");
	for (int i = 0; i < 4; i++) {
		REQUIRE(ue_connect(&u, &broker, MQTT_5, false));
		EXPECT(taken(MQTT_5, 1, ue_request(&u, EESE_REQUEST_NO_KEYSET, 0, 1)));
		c = ue_control(&u);
		/* It was written after all: the request is older than the keyset. */
		if (c.kind == CONTROL_NONE && ue_say(&u, "t", "old", 1) >= 0)
			c = ue_control(&u);
		REQUIRE(c.kind == CONTROL_UPDATE);
		EXPECT(c.update.ksn > ksn);
		ksn = c.update.ksn;
		ue_adopt(&u, &c.update);
		EXPECT(taken(MQTT_5, 1, ue_say(&u, "t", "hello", 1)));
		mqtt_abort(&u.link);
		restart(false);
	}
}

/* ---- downlink ---- */

static bool tell(const struct test_ue *u, const char *text)
{
	const struct mqtt_login login = {
	    .version = MQTT_5, .client_id = "sender", .username = TEST_APP_USER};
	char topic[EESE_UE_ID_MAX + 32];
	struct mqtt_publish p = {.topic = topic, .payload = text, .len = strlen(text), .qos = 1};
	struct mqtt m;
	int reason;

	snprintf(topic, sizeof topic, "app/%s/down/valve", u->id);
	if (mqtt_connect(&m, broker.port, &login) != 0)
		return false;
	reason = mqtt_publish(&m, &p);
	/* The broker takes up what a plugin publishes at its next turn. */
	if (!mqtt_sync(&m))
		reason = MQTT_CLOSED;
	mqtt_disconnect(&m);
	return reason >= 0 && reason < 0x80;
}

static bool opens(struct test_ue *u, const char *text)
{
	struct mqtt_message *m = mqtt_next(&u->link, MQTT_PATIENCE_MS);
	uint8_t plain[256];
	size_t len = 0;
	bool ok = m != NULL && strstr(m->topic, "/down/valve") != NULL &&
		  eese_data_open(&u->set.down, u->id, "valve", 5, m->payload, m->len, plain,
				 sizeof plain, &len) == EESE_OK &&
		  len == strlen(text) && memcmp(plain, text, len) == 0;

	mqtt_message_free(m);
	return ok;
}

/* Queued in the broker before its end, under the current keyset and under an announced one. */
static void queued(enum mqtt_version version)
{
	struct test_ue known, unknown;
	struct eese_key_update update;

	ue_take(&known, "ue");
	REQUIRE(ue_connect(&known, &broker, version, true) && ue_first_contact(&known));
	ue_take(&unknown, "ue");
	REQUIRE(ue_connect(&unknown, &broker, version, true));
	mqtt_disconnect(&known.link);
	mqtt_disconnect(&unknown.link);
	EXPECT(tell(&known, "open") && tell(&unknown, "open") && tell(&unknown, "shut"));
	restart(true);
	REQUIRE(ue_connect(&known, &broker, version, true));
	EXPECT(opens(&known, "open"));
	REQUIRE(ue_connect(&unknown, &broker, version, true));
	REQUIRE(ue_update(&unknown, EESE_UPDATE_CONTACT, &update));
	ue_adopt(&unknown, &update);
	EXPECT(opens(&unknown, "open") && opens(&unknown, "shut"));
	/* Nothing more is encrypted under what was before: a KEY_UPDATE comes first. */
	EXPECT(tell(&known, "again"));
	REQUIRE(ue_update(&known, EESE_UPDATE_CONTACT, &update));
	EXPECT(update.ksn > known.ksn);
	ue_adopt(&known, &update);
	EXPECT(opens(&known, "again"));
	mqtt_disconnect(&known.link);
	mqtt_disconnect(&unknown.link);
}

static void test_queued(void)
{
	harness_each_version(queued);
}

/* ---- backups and clones ---- */

/* What one EESE or another accepted. What one refused is new to another, that made the keyset. */
struct recording {
	struct octets msg[32];
	size_t count;
};

/* What a device does until its message is taken. How many keysets it took, -1: it never was. */
static int get_through(struct test_ue *u, const char *text, struct recording *record)
{
	int adopted = 0;

	for (int tries = 0; tries < 6; tries++) {
		struct octets *msg = &record->msg[record->count];
		struct control c;

		ue_seal(u, "t", text, msg);
		if (taken(MQTT_5, 1, ue_send(u, "t", msg, 1))) {
			record->count++;
			return adopted;
		}
		c = ue_control(u);
		if (c.kind == CONTROL_ERROR) {
			EXPECT(ue_request(u, EESE_REQUEST_ERROR_6, u->ksn, 1) >= 0);
			c = ue_control(u);
		}
		if (c.kind == CONTROL_UPDATE && c.update.ksn <= u->ksn) {
			EXPECT(ue_request(u, EESE_REQUEST_STALE_KSN, u->ksn, 1) >= 0);
			c = ue_control(u);
		}
		if (c.kind != CONTROL_UPDATE)
			return -1;
		EXPECT(c.update.ksn > u->ksn);
		ue_adopt(u, &c.update);
		adopted++;
	}
	return -1;
}

static void replay(const struct test_ue *u, const struct broker *b, const struct recording *record)
{
	struct mqtt_login login = {
	    .version = MQTT_5, .client_id = "replay", .username = TEST_GATEWAY_USER};
	struct mqtt m;

	REQUIRE(mqtt_connect(&m, b->port, &login) == 0);
	for (size_t i = 0; i < record->count; i++) {
		char topic[EESE_TOPIC_MAX + 128];
		struct mqtt_publish p = ue_uplink(u, "t", &record->msg[i], 1, topic);

		EXPECT(mqtt_publish(&m, &p) >= 0);
	}
	mqtt_disconnect(&m);
}

/* No procedure: the file is put in its place, and every device takes one new keyset. */
static void test_backup(void)
{
	struct test_ue u;
	struct recording record = {.count = 0};
	struct observer app;
	uint32_t before;
	char backup[256];

	REQUIRE(fresh(&u, MQTT_5));
	EXPECT_EQUAL(get_through(&u, "backed up", &record), 0);
	mqtt_abort(&u.link);
	broker_end(&broker);
	snprintf(backup, sizeof backup, "%s", store_path(&broker, ".backup"));
	REQUIRE(store_copy(store_path(&broker, ""), backup));
	REQUIRE(broker_again(&broker, &options));
	REQUIRE(ue_connect(&u, &broker, MQTT_5, false));
	EXPECT_EQUAL(get_through(&u, "newer", &record), 1);
	mqtt_abort(&u.link);
	before = u.ksn;
	broker_end(&broker);
	REQUIRE(rename(backup, store_path(&broker, "")) == 0);
	REQUIRE(broker_again(&broker, &options));
	EXPECT(log_says(&broker, "not cleanly closed, or a copy"));
	REQUIRE(observer_open(&app, &broker, TEST_APP_USER, "app/#"));
	replay(&u, &broker, &record);
	EXPECT_EQUAL(seen(&app, &u, NULL), 0);
	REQUIRE(ue_connect(&u, &broker, MQTT_5, false));
	EXPECT_EQUAL(get_through(&u, "restored", &record), 1);
	EXPECT(u.ksn > before);
	replay(&u, &broker, &record);
	EXPECT_EQUAL(seen(&app, &u, "restored"), 1);
	EXPECT_EQUAL(seen(&app, &u, NULL), 1);
	mqtt_disconnect(&u.link);
	observer_close(&app);
}

static bool clone(struct broker *other)
{
	const char *slash = strrchr(broker.dir, '/');

	memset(other, 0, sizeof *other);
	snprintf(other->dir, sizeof other->dir, "%.*s/eese-clone-XXXXXX", (int)(slash - broker.dir),
		 broker.dir);
	return mkdtemp(other->dir) != NULL &&
	       store_copy(store_path(&broker, ""), store_path(other, "")) &&
	       store_copy(store_path(&broker, ".kek"), store_path(other, ".kek"));
}

/* The same store on two nodes, and a device that goes to and fro. */
static void test_two_nodes(void)
{
	struct broker other;
	struct broker *node[] = {&broker, &other};
	struct observer app[2];
	struct test_ue u;
	struct recording record = {.count = 0};

	REQUIRE(fresh(&u, MQTT_5));
	EXPECT_EQUAL(get_through(&u, "before", &record), 0);
	mqtt_abort(&u.link);
	broker_end(&broker);
	REQUIRE(clone(&other));
	for (int n = 0; n < 2; n++) {
		REQUIRE(broker_again(node[n], &options));
		REQUIRE(observer_open(&app[n], node[n], TEST_APP_USER, "app/#"));
	}
	for (int i = 0; i < 6; i++) {
		char text[32];

		snprintf(text, sizeof text, "visit %d", i);
		REQUIRE(ue_connect(&u, node[i % 2], MQTT_5, false));
		EXPECT_EQUAL(get_through(&u, text, &record), 1);
		EXPECT_EQUAL(seen(&app[i % 2], &u, text), 1);
		mqtt_abort(&u.link);
	}
	for (int n = 0; n < 2; n++) {
		replay(&u, node[n], &record);
		EXPECT_EQUAL(seen(&app[n], &u, NULL), 3);
		observer_close(&app[n]);
	}
	broker_stop(&other);
}

/* ---- what was commanded ---- */

/* te2e in force and the group of a UE; "" none. */
static void expect_ue(struct mqtt *admin, const char *id, double te2e, const char *from,
		      const char *group)
{
	cJSON *data = admin_done(admin, "{\"command\":\"getUe\",\"ueId\":\"%s\"}", id);
	const cJSON *ue = cJSON_GetObjectItemCaseSensitive(data, "ue");

	EXPECT_EQUAL(json_number(ue, "te2e"), te2e);
	EXPECT(strcmp(json_text(ue, "te2eFrom"), from) == 0);
	EXPECT(strcmp(json_text(ue, "group"), group) == 0);
	cJSON_Delete(data);
}

static void command_all(struct mqtt *admin, const struct test_ue *added)
{
	char hex[2 * EESE_INT_KEY_SIZE + 1];

	for (size_t i = 0; i < EESE_INT_KEY_SIZE; i++)
		snprintf(hex + 2 * i, 3, "%02x", added->int_key[i]);
	cJSON_Delete(admin_done(
	    admin, "{\"command\":\"addUe\",\"ueId\":\"%s\",\"e2eIntKey\":\"%s\"}", added->id, hex));
	cJSON_Delete(admin_done(admin, "{\"command\":\"setTe2e\",\"ueId\":\"ue-36\",\"te2e\":60}"));
	cJSON_Delete(admin_done(admin, "{\"command\":\"setTe2e\",\"default\":true,\"te2e\":7200}"));
	cJSON_Delete(
	    admin_done(admin, "{\"command\":\"setTe2e\",\"group\":\"roof\",\"te2e\":120}"));
	cJSON_Delete(
	    admin_done(admin, "{\"command\":\"setGroup\",\"ueId\":\"ue-37\",\"group\":\"roof\"}"));
	cJSON_Delete(admin_done(admin, "{\"command\":\"removeUe\",\"ueId\":\"ue-38\"}"));
}

static void expect_all(struct mqtt *admin, const struct test_ue *added)
{
	expect_ue(admin, added->id, 7200, "default", "");
	expect_ue(admin, "ue-36", 60, "ue", "");
	expect_ue(admin, "ue-37", 120, "group", "roof");
	expect_ue(admin, "ue-39", 7200, "default", "");
	EXPECT(admin_error_is(admin_command(admin, "{\"command\":\"getUe\",\"ueId\":\"ue-38\"}"),
			      "UE not found"));
}

/* Over a clean end and a crash, though the key file says otherwise. */
static void test_commands_last(void)
{
	struct test_ue added;
	struct mqtt admin;

	ue_named(&added, "added");
	REQUIRE(admin_open(&admin, &broker, "admin", MQTT_5));
	command_all(&admin, &added);
	REQUIRE(store_await(&broker, "SELECT removed FROM ue WHERE ue_id = 'ue-38'"));
	for (int i = 0; i < 2; i++) {
		expect_all(&admin, &added);
		mqtt_abort(&admin);
		restart(i == 0);
		REQUIRE(admin_open(&admin, &broker, "admin", MQTT_5));
	}
	expect_all(&admin, &added);
	REQUIRE(ue_connect(&added, &broker, MQTT_5, false));
	EXPECT(ue_first_contact(&added));
	mqtt_disconnect(&added.link);
	cJSON_Delete(admin_done(&admin, "{\"command\":\"removeUe\",\"ueId\":\"added\"}"));
	REQUIRE(store_await(&broker, "SELECT count(*) = 0 FROM ue WHERE ue_id = 'added'"));
	mqtt_disconnect(&admin);
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},
	    {"clean end", test_clean_end},
	    {"crash", test_crash},
	    {"clean end, then a crash", test_clean_end_then_crash},
	    {"crash before it is written", test_crash_before_it_is_written},
	    {"downlink queued in the broker", test_queued},
	    {"a backup put back", test_backup},
	    {"the same store on two nodes", test_two_nodes},
	    {"what was commanded", test_commands_last},
	    {"stop", stop},
	};

	return harness_main("store", tests, sizeof tests / sizeof *tests);
}
