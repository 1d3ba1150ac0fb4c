/* SPDX-License-Identifier: Apache-2.0 */
/* eese-ctl watch: what a real EESE tells, as it comes, over lost connections too. */
#include "harness.h"

#include "admin.h"
#include "ctl.h"
#include "proxy.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { PATIENCE_MS = 30000 };

static struct broker broker;
static struct mqtt admin;

static const struct ue_range ues[] = {
    {.prefix = "ue", .count = 20}, {.prefix = "short", .count = 5, .te2e_s = 1}, {0}};

static void start(void)
{
	const struct broker_options o = {.ues = ues,
					 .plugin_lines = "plugin_opt_admins " TEST_ADMIN_USER
							 "\nplugin_opt_refresh_margin 0\n"};

	REQUIRE(broker_start(&broker, &o));
	REQUIRE(admin_open(&admin, &broker, "admin", MQTT_5));
	ctl_setup();
}

static void stop(void)
{
	mqtt_disconnect(&admin);
	broker_stop(&broker);
	ctl_end();
}

/* Starts it and waits until it has subscribed. */
static bool watching(struct program *p, uint16_t port, const char *const *arguments)
{
	ctl_start(p, port, arguments);
	return program_says(p->err, "event: watching ", PATIENCE_MS);
}

static void end_watch(struct program *p)
{
	kill(p->pid, SIGTERM);
	EXPECT_EQUAL(program_ends(p, PATIENCE_MS), 1000 + SIGTERM);
}

static bool fresh(struct test_ue *u, const char *prefix)
{
	ue_take(u, prefix);
	return ue_connect(u, &broker, MQTT_5, false) && ue_first_contact(u);
}

static void expire(const struct test_ue *u)
{
	cJSON_Delete(admin_done(&admin, "{\"command\":\"expireKey\",\"ueId\":\"%s\"}", u->id));
}

/* A keyset from its first use to its end, in a line each, only of the UE asked for. */
static void test_lines(void)
{
	struct program p;
	struct test_ue u, other;
	char *out;

	ue_take(&u, "ue");
	REQUIRE(fresh(&other, "ue"));
	REQUIRE(watching(&p, broker.port, (const char *const[]){"-d", "watch", u.id, NULL}));
	REQUIRE(ue_connect(&u, &broker, MQTT_5, false) && ue_first_contact(&u));
	EXPECT(program_says(p.out, "keyRefreshed", PATIENCE_MS));
	expire(&other);
	EXPECT(refused(MQTT_5, 1, ue_say(&other, "t", "x", 1)));
	expire(&u);
	EXPECT(refused(MQTT_5, 1, ue_say(&u, "t", "x", 1)));
	EXPECT(program_says(p.out, "keyExpired       cause enterprise", PATIENCE_MS));
	EXPECT(program_says(p.out, "rejected         reason keyset invalid", PATIENCE_MS));
	out = program_text(p.out);
	EXPECT(strstr(out, other.id) == NULL);
	EXPECT(strlen(out) > 21 && out[10] == 'T' && strncmp(out + 19, "Z  ", 3) == 0);
	free(out);
	end_watch(&p);
	mqtt_disconnect(&u.link);
	mqtt_disconnect(&other.link);
}

/* Ends by itself after as many as asked for; each line is JSON. */
static void test_json_and_count(void)
{
	struct program p;
	struct test_ue u;
	cJSON *first, *second;
	char *out;

	ue_take(&u, "ue");
	REQUIRE(watching(&p, broker.port,
			 (const char *const[]){"-d", "watch", "--json", "-C", "2", NULL}));
	REQUIRE(ue_connect(&u, &broker, MQTT_5, false) && ue_first_contact(&u));
	expire(&u);
	EXPECT(refused(MQTT_5, 1, ue_say(&u, "t", "x", 1)));
	EXPECT_EQUAL(program_ends(&p, PATIENCE_MS), 0);
	out = program_text(p.out);
	first = cJSON_ParseWithOpts(strtok(out, "\n"), NULL, true);
	second = cJSON_ParseWithOpts(strtok(NULL, "\n"), NULL, true);
	EXPECT(strtok(NULL, "\n") == NULL);
	EXPECT(strcmp(json_text(first, "event"), "keyRefreshed") == 0);
	EXPECT(strcmp(json_text(first, "ueId"), u.id) == 0);
	EXPECT_EQUAL(json_number(first, "ksn"), u.ksn);
	EXPECT(strcmp(json_text(second, "event"), "keyExpired") == 0 ||
	       strcmp(json_text(second, "event"), "rejected") == 0);
	cJSON_Delete(first);
	cJSON_Delete(second);
	free(out);
	mqtt_disconnect(&u.link);
}

/* The sweep finds what nobody uses any more. */
static void test_te2e(void)
{
	struct program p;
	struct test_ue u;

	REQUIRE(watching(&p, broker.port, (const char *const[]){"-d", "watch", NULL}));
	REQUIRE(fresh(&u, "short"));
	EXPECT(program_says(p.out, "keyExpired       cause te2e", 60000));
	end_watch(&p);
	mqtt_disconnect(&u.link);
}

static void test_time(void)
{
	CTL_WITH(0, broker.port, NULL, "watch", "--for", "0.3", "nobody");
	CTL_WITH(4, broker.port, NULL, "watch", "--for", "0.3", "-C", "1", "nobody");
	CTL_WITH(0, broker.port, NULL, "-V", "mqttv311", "watch", "--for", "0.3", "nobody");
}

/* A UE may not read events, not even its own. */
static void test_rights(void)
{
	CTL_WITH(1, broker.port, NULL, "-u", "ue-1", "watch", "--for", "20");
	EXPECT(ctl_said("refuses the subscription"));
	CTL_WITH(1, broker.port, NULL, "-V", "mqttv311", "-u", "ue-1", "watch", "ue-1", "--for",
		 "20");
}

static bool watches_again(const struct program *p)
{
	bool again = false;

	for (int waited = 0; !again && waited < PATIENCE_MS; waited += 20) {
		char *err = program_text(p->err);
		const char *lost = strstr(err, "connection lost");

		again = lost != NULL && strstr(lost, "event: watching ") != NULL;
		free(err);
		harness_sleep_ms(20);
	}
	return again;
}

static void test_lost_connection(void)
{
	struct program p;
	struct proxy proxy;
	struct test_ue u;

	REQUIRE(proxy_start(&proxy, broker.port, MQTT_5, 0));
	REQUIRE(watching(&p, proxy.port, (const char *const[]){"-d", "watch", NULL}));
	REQUIRE(proxy_cut(&proxy));
	EXPECT(program_says(p.err, "connection lost", PATIENCE_MS));
	EXPECT(watches_again(&p));
	REQUIRE(fresh(&u, "ue"));
	EXPECT(program_says(p.out, "keyRefreshed", PATIENCE_MS));
	end_watch(&p);
	proxy_stop(&proxy);
	proxy_free(&proxy);
	mqtt_disconnect(&u.link);
}

/* Nobody reads what it prints: it ends instead of watching for nothing. */
static void test_closed_output(void)
{
	struct test_ue u;
	struct program p;
	char command[512];

	snprintf(command, sizeof command,
		 "{ %s -h 127.0.0.1 -p %u -u " TEST_ADMIN_USER " -d watch; echo $? >&2; } | true",
		 EESE_TEST_CTL, broker.port);
	program_start(&p, ctl_path(""), (const char *const[]){"/bin/sh", "-c", command, NULL});
	REQUIRE(program_says(p.err, "event: watching ", PATIENCE_MS));
	REQUIRE(fresh(&u, "ue"));
	EXPECT_EQUAL(program_ends(&p, PATIENCE_MS), 0);
	EXPECT(program_says(p.err, "\n1\n", PATIENCE_MS));
	mqtt_disconnect(&u.link);
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},
	    {"lines", test_lines},
	    {"JSON, and so many", test_json_and_count},
	    {"te2e", test_te2e},
	    {"so long", test_time},
	    {"rights", test_rights},
	    {"lost connection", test_lost_connection},
	    {"closed output", test_closed_output},
	    {"stop", stop},
	};

	return harness_main("ctl watch", tests, sizeof tests / sizeof *tests);
}
