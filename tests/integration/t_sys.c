/* SPDX-License-Identifier: Apache-2.0 */
/* Counters on $SYS/broker/eese/#, in the way of Mosquitto's own: retained numbers, published when
 * they changed. */
#include "admin.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOT "$SYS/broker/eese/"

static struct broker broker;
static struct mqtt admin;

static const struct ue_range ues[] = {{.prefix = "ue", .count = 40}, {0}};

static void start(void)
{
	const struct broker_options o = {.ues = ues,
					 .plugin_lines = "plugin_opt_admins " TEST_ADMIN_USER
							 "\nplugin_opt_sys_interval 1\n"};

	REQUIRE(broker_start(&broker, &o));
	REQUIRE(admin_open(&admin, &broker, "admin", MQTT_5));
}

static void stop(void)
{
	mqtt_disconnect(&admin);
	broker_stop(&broker);
}

/* getStatus's counters, to be deleted. */
static cJSON *counters(void)
{
	cJSON *data = admin_done(&admin, "{\"command\":\"getStatus\"}");
	cJSON *all = cJSON_DetachItemFromObjectCaseSensitive(data, "counters");

	cJSON_Delete(data);
	return all;
}

static double now_at(const char *name)
{
	cJSON *all = counters();
	double n = json_number(all, name);

	EXPECT(n >= 0);
	cJSON_Delete(all);
	return n;
}

static bool is_number(const struct mqtt_message *m)
{
	for (size_t i = 0; i < m->len; i++)
		if (!isdigit(m->payload[i]))
			return false;
	return m->len > 0;
}

/* Whether the latest of this topic says n. */
static bool says(const struct observer *o, const char *name, double n)
{
	char text[32];

	snprintf(text, sizeof text, "%.0f", n);
	for (size_t i = o->count; i > 0; i--) {
		const struct mqtt_message *m = o->seen[i - 1];

		if (strcmp(m->topic + strlen(ROOT), name) == 0)
			return m->len == strlen(text) && memcmp(m->payload, text, m->len) == 0;
	}
	return false;
}

static bool says_all(struct observer *o, const cJSON *all)
{
	const cJSON *c;

	cJSON_ArrayForEach(c, all)
	{
		if (!says(o, c->string, c->valuedouble))
			return false;
	}
	return true;
}

/* Waits until $SYS is as getStatus. */
static bool await_all(struct observer *o)
{
	bool same = false;

	for (int waited = 0; !same && waited < MQTT_PATIENCE_MS; waited += 100) {
		cJSON *all = counters();

		EXPECT(observer_sync(o));
		same = says_all(o, all);
		cJSON_Delete(all);
		if (!same)
			harness_sleep_ms(100);
	}
	return same;
}

/* Who comes late finds all of them, and nothing else. */
static void test_retained(void)
{
	struct observer late;
	cJSON *all;

	harness_sleep_ms(300); /* the first count of states */
	REQUIRE(observer_open(&late, &broker, TEST_ADMIN_USER, ROOT "#"));
	EXPECT(await_all(&late));
	observer_close(&late);
	REQUIRE(observer_open(&late, &broker, TEST_ADMIN_USER, ROOT "#"));
	EXPECT(observer_sync(&late));
	all = counters();
	EXPECT_EQUAL(late.count, cJSON_GetArraySize(all));
	for (size_t i = 0; i < late.count; i++)
		EXPECT(late.seen[i]->retain && is_number(late.seen[i]));
	EXPECT(says(&late, "ues/count", 40) && says(&late, "ues/new", 40));
	cJSON_Delete(all);
	observer_close(&late);
}

/* What one thing that happens adds to a counter, each seen on $SYS too. */
static void test_counts(void)
{
	static const struct {
		const char *name;
		double by;
	} row[] = {{"messages/opened", 2},      {"messages/sealed", 1},
		   {"messages/replayed", 1},    {"rejected/malformed", 1},
		   {"rejected/failed tag", 1},  {"rejected/failed mac", 0},
		   {"rejected/no keyset", 0},   {"rejected/keyset invalid", 1},
		   {"requests/received", 1},    {"requests/ignored", 1},
		   {"updates/sent", 2},         {"errors/sent", 1},
		   {"keysets/refreshed", 1},    {"keysets/expired/enterprise", 1},
		   {"keysets/expired/te2e", 0}, {"acl/publish/rejected", 1},
		   {"events/dropped", 0}};
	double before[sizeof row / sizeof *row];
	struct observer sys;
	struct test_ue u;
	struct octets msg;
	char topic[128];
	struct mqtt_publish p = {.topic = topic, .payload = "x", .len = 1, .qos = 1};

	REQUIRE(observer_open(&sys, &broker, TEST_ADMIN_USER, ROOT "#"));
	for (size_t i = 0; i < sizeof row / sizeof *row; i++)
		before[i] = now_at(row[i].name);
	ue_take(&u, "ue");
	REQUIRE(ue_connect(&u, &broker, MQTT_5, false) && ue_first_contact(&u));
	ue_seal(&u, "t", "twice", &msg);
	EXPECT(taken(MQTT_5, 1, ue_send(&u, "t", &msg, 1)));
	EXPECT(taken(MQTT_5, 1, ue_send(&u, "t", &msg, 1)));
	msg.p[msg.len - 1] ^= 1;
	EXPECT(refused(MQTT_5, 1, ue_send(&u, "t", &msg, 1)));
	EXPECT(ue_control(&u).kind == CONTROL_ERROR);
	snprintf(topic, sizeof topic, "e2e/%s/up/t", u.id);
	EXPECT(refused(MQTT_5, 1, mqtt_publish(&u.link, &p)));
	snprintf(topic, sizeof topic, "app/%s/down/t", u.id);
	EXPECT(refused(MQTT_5, 1, mqtt_publish(&u.link, &p)));
	EXPECT(taken(MQTT_5, 1, mqtt_publish(&admin, &p)));
	EXPECT(taken(MQTT_5, 1, ue_request(&u, EESE_REQUEST_STALE_KSN, u.ksn, 1)));
	cJSON_Delete(admin_done(&admin, "{\"command\":\"expireKey\",\"ueId\":\"%s\"}", u.id));
	EXPECT(refused(MQTT_5, 1, ue_say(&u, "t", "expired", 1)));
	EXPECT(await_all(&sys));
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		double n = now_at(row[i].name);

		if (n != before[i] + row[i].by)
			printf("\n  %s: %.0f\n", row[i].name, n - before[i]);
		EXPECT_EQUAL(n, before[i] + row[i].by);
	}
	observer_close(&sys);
	mqtt_disconnect(&u.link);
}

/* One UE in each state. */
static void test_states(void)
{
	static const char *const names[] = {"ues/noKey",      "ues/new",   "ues/pending",
					    "ues/refreshing", "ues/valid", "ues/expired"};
	double before[6];
	struct test_ue u[6];
	struct observer sys;

	REQUIRE(observer_open(&sys, &broker, TEST_ADMIN_USER, ROOT "ues/#"));
	harness_sleep_ms(300);
	for (size_t i = 0; i < 6; i++)
		before[i] = now_at(names[i]);
	cJSON_Delete(admin_done(&admin, "{\"command\":\"addUe\",\"ueId\":\"keyless\"}"));
	for (size_t i = 2; i < 6; i++) {
		ue_take(&u[i], "ue");
		REQUIRE(ue_connect(&u[i], &broker, MQTT_5, false));
		EXPECT(i == 2 ? taken(MQTT_5, 1, ue_request(&u[i], EESE_REQUEST_NO_KEYSET, 0, 1))
			      : ue_first_contact(&u[i]));
	}
	EXPECT(taken(MQTT_5, 1, ue_request(&u[3], EESE_REQUEST_REFRESH, u[3].ksn, 1)));
	cJSON_Delete(admin_done(&admin, "{\"command\":\"expireKey\",\"ueId\":\"%s\"}", u[5].id));
	for (size_t i = 0; i < 6; i++) {
		double expected = before[i] + (i == 1 ? -4 : 1);

		for (int waited = 0; !says(&sys, names[i], expected) && waited < MQTT_PATIENCE_MS;
		     waited += 100) {
			harness_sleep_ms(100);
			EXPECT(observer_sync(&sys));
		}
		EXPECT(says(&sys, names[i], expected));
	}
	for (size_t i = 2; i < 6; i++)
		mqtt_disconnect(&u[i].link);
	observer_close(&sys);
}

/* What does not change is not said again. */
static void test_silent(void)
{
	struct observer sys;

	REQUIRE(observer_open(&sys, &broker, TEST_ADMIN_USER, ROOT "#"));
	EXPECT(await_all(&sys));
	harness_sleep_ms(1100);
	EXPECT(observer_sync(&sys));
	observer_forget(&sys);
	harness_sleep_ms(2200);
	EXPECT(observer_sync(&sys));
	EXPECT_EQUAL(sys.count, 0);
	observer_close(&sys);
}

static void test_switched_off(void)
{
	const struct broker_options o = {.ues = ues,
					 .plugin_lines = "plugin_opt_admins " TEST_ADMIN_USER
							 "\nplugin_opt_sys_interval 0\n"};
	struct broker b;
	struct observer sys;

	REQUIRE(broker_start(&b, &o));
	REQUIRE(observer_open(&sys, &b, TEST_ADMIN_USER, ROOT "#"));
	harness_sleep_ms(500);
	EXPECT(observer_sync(&sys));
	EXPECT_EQUAL(sys.count, 0);
	observer_close(&sys);
	broker_stop(&b);
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},
	    {"retained", test_retained},
	    {"counts", test_counts},
	    {"UEs by state", test_states},
	    {"silent", test_silent},
	    {"stop", stop},
	    {"switched off", test_switched_off},
	};

	return harness_main("sys", tests, sizeof tests / sizeof *tests);
}
