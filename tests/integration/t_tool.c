/* SPDX-License-Identifier: Apache-2.0 */
/* The real tool against the real broker: expiry, lost connections, kill -9. */
#include "harness.h"
#include "program.h"
#include "proxy.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct broker broker;
static struct observer app;
static struct mqtt admin;

static void start(void)
{
	static const struct ue_range ues[] = {
	    {.prefix = "short", .count = 20, .te2e_s = 1}, {.prefix = "ue", .count = 40}, {0}};
	const struct broker_options o = {.ues = ues,
					 .plugin_lines = "plugin_opt_admins " TEST_ADMIN_USER "\n"};
	const struct mqtt_login login = {
	    .version = MQTT_5, .client_id = "admin", .username = TEST_ADMIN_USER};

	REQUIRE(broker_start(&broker, &o));
	REQUIRE(observer_open(&app, &broker, TEST_APP_USER, "app/#"));
	REQUIRE(mqtt_connect(&admin, broker.port, &login) == 0);
}

static void stop(void)
{
	observer_close(&app);
	mqtt_disconnect(&admin);
	broker_stop(&broker);
}

enum { ARGUMENTS_MAX = 40 };

struct arguments {
	const char *list[ARGUMENTS_MAX];
	size_t count;
	char port[8], keys[192], state[192 + EESE_UE_ID_MAX];
};

static void add(struct arguments *a, const char *argument)
{
	if (a->count + 1 >= ARGUMENTS_MAX)
		abort();
	a->list[a->count++] = argument;
	a->list[a->count] = NULL;
}

/* What every call has; more is NULL-terminated. */
static void common_arguments(struct arguments *a, const char *command, const char *ue,
			     uint16_t port, const char *const *more)
{
	memset(a, 0, sizeof *a);
	snprintf(a->port, sizeof a->port, "%u", port);
	snprintf(a->keys, sizeof a->keys, "%s/keys", broker.dir);
	snprintf(a->state, sizeof a->state, "%s/state-%s", broker.dir, ue);
	const char *const fixed[] = {EESE_TEST_UE_TOOL, command, "-h", "127.0.0.1",  "-p",
				     a->port,           "--ue",  ue,   "--key-file", a->keys,
				     "--state",         a->state};
	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		add(a, fixed[i]);
	while (*more != NULL)
		add(a, *more++);
}

static void run_tool(struct program *t, const char *command, const char *ue, uint16_t port,
		     const char *const *more)
{
	struct arguments a;

	common_arguments(&a, command, ue, port, more);
	program_start(t, broker.dir, a.list);
}

static void say_line(struct program *t, const char *text)
{
	char line[64];

	snprintf(line, sizeof line, "%s\n", text);
	program_say(t, line);
}

/* Its exit code; the end of what it said if it is not 0. */
static int tool_ends(struct program *t, int timeout_ms)
{
	const int code = program_ends(t, timeout_ms);

	if (code != 0) {
		char *err = program_text(t->err);
		size_t len = strlen(err);

		printf("\n  eese-ue ended with %d:\n%s\n", code,
		       err + (len > 3000 ? len - 3000 : 0));
		free(err);
	}
	return code;
}

static void line_text(char out[32], const char *stem, int n)
{
	snprintf(out, 32, "%s %d", stem, n);
}

/* Each of the lines exactly once, nothing else on the topic. */
static void expect_lines(const char *ue, const char *stem, int lines)
{
	char topic[128], text[32];

	snprintf(topic, sizeof topic, "app/%s/up/t", ue);
	EXPECT(observer_sync(&app));
	for (int i = 0; i < lines; i++) {
		line_text(text, stem, i);
		EXPECT_EQUAL(observer_count(&app, topic, text), 1);
	}
	EXPECT_EQUAL(observer_count(&app, topic, NULL), lines);
	observer_forget(&app);
}

/* No number of a keyset ever stands before two different texts: neither octets repeated with a
 * change, nor (kid, number) used anew. Keysets that share a kid are eight apart, and none of these
 * tests gets that far within one, so (topic, first octets) names (KSN, number). */
static void expect_no_number_twice(const struct proxy *p)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct mqtt_message *a = p->seen[i];
		struct eese_data_head head, other;

		if (strstr(a->topic, "/up/") == NULL ||
		    eese_data_head(a->payload, a->len, &head) != EESE_OK)
			continue;
		for (size_t k = 0; k < i; k++) {
			const struct mqtt_message *b = p->seen[k];

			if (strcmp(a->topic, b->topic) != 0 ||
			    eese_data_head(b->payload, b->len, &other) != EESE_OK ||
			    head.kid != other.kid || head.number != other.number)
				continue;
			EXPECT(a->len == b->len && memcmp(a->payload, b->payload, a->len) == 0);
		}
	}
}

static void take_ue(char id[EESE_UE_ID_MAX + 1], const char *prefix)
{
	struct test_ue u;

	ue_take(&u, prefix);
	snprintf(id, EESE_UE_ID_MAX + 1, "%s", u.id);
}

static void expire_all(void)
{
	static const char json[] = "{\"commands\":[{\"command\":\"expireKey\",\"all\":true}]}";
	const struct mqtt_publish p = {
	    .topic = "$CONTROL/eese/v1", .payload = json, .len = sizeof json - 1, .qos = 1};

	EXPECT(mqtt_publish(&admin, &p) >= 0);
}

static const char *const version_names[] = {
    [MQTT_3_1] = "mqttv31", [MQTT_3_1_1] = "mqttv311", [MQTT_5] = "mqttv5"};

/* One message with each protocol version and QoS, twice: the second run starts from the state. */
static void simple(enum mqtt_version version, uint8_t qos)
{
	char ue[EESE_UE_ID_MAX + 1], q[2] = {(char)('0' + qos), '\0'};
	struct program t;

	take_ue(ue, "ue");
	for (int i = 0; i < 2; i++) {
		char text[32];

		line_text(text, "m", i);
		run_tool(&t, "pub", ue, broker.port,
			 (const char *const[]){"-V", version_names[version], "-q", q, "-t", "t",
					       "--linger", "0.3", "-m", text, NULL});
		EXPECT_EQUAL(tool_ends(&t, 30000), 0);
	}
	expect_lines(ue, "m", 2);
}

static void test_simple(void)
{
	harness_each(simple);
}

/* 200 lines over several seconds with te2e of 1 s and the enterprise expiring keys in between. */
static void many_lines(uint8_t qos)
{
	char ue[EESE_UE_ID_MAX + 1], q[2] = {(char)('0' + qos), '\0'}, text[32];
	struct program t;

	take_ue(ue, "short");
	run_tool(&t, "pub", ue, broker.port,
		 (const char *const[]){"-q", q, "-t", "t", "-l", "-d", "--events", NULL});
	for (int i = 0; i < 200; i++) {
		line_text(text, "line", i);
		say_line(&t, text);
		if (i % 45 == 30)
			expire_all();
		harness_sleep_ms(20);
	}
	EXPECT_EQUAL(tool_ends(&t, 60000), 0);
	expect_lines(ue, "line", 200);
}

static void test_many_lines_qos_1(void)
{
	many_lines(1);
}

static void test_many_lines_qos_2(void)
{
	many_lines(2);
}

/* All at once; the connection is lost with every answer after each 30 PUBLISH. */
static void lossy(uint8_t qos, int lines)
{
	char ue[EESE_UE_ID_MAX + 1], q[2] = {(char)('0' + qos), '\0'}, text[32];
	struct program t;
	struct proxy proxy;

	take_ue(ue, "ue");
	REQUIRE(proxy_start(&proxy, broker.port, MQTT_5, 30));
	run_tool(&t, "pub", ue, proxy.port,
		 (const char *const[]){"-q", q, "-t", "t", "-l", "-d", NULL});
	for (int i = 0; i < lines; i++) {
		line_text(text, "lossy", i);
		say_line(&t, text);
	}
	EXPECT_EQUAL(tool_ends(&t, 90000), 0);
	proxy_stop(&proxy);
	EXPECT(proxy.cuts >= 2);
	expect_no_number_twice(&proxy);
	proxy_free(&proxy);
	expect_lines(ue, "lossy", lines);
}

static void test_lossy_qos_1(void)
{
	lossy(1, 120);
}

static void test_lossy_qos_2(void)
{
	lossy(2, 70);
}

/* Lines that a run with -d reported as accepted: handles count its lines from 1. */
static bool reported(const char *err, int line)
{
	char what[64];

	snprintf(what, sizeof what, "message %d: accepted", line + 1);
	return strstr(err, what) != NULL;
}

/* After kill -9: what it said was accepted came once, the rest at most once. */
static void expect_killed_run(const char *ue, const char *stem, int lines, const struct program *t)
{
	char topic[128], text[32], *err = program_text(t->err);

	snprintf(topic, sizeof topic, "app/%s/up/t", ue);
	for (int i = 0; i < lines; i++) {
		size_t came;

		line_text(text, stem, i);
		came = observer_count(&app, topic, text);
		EXPECT(came <= 1);
		EXPECT(came == 1 || !reported(err, i));
	}
	free(err);
}

/* Ten lives, each ended by SIGKILL at a time that is random but printed by its seed. */
static void killed(uint8_t qos)
{
	enum { LIVES = 10, LINES = 100 };
	char ue[EESE_UE_ID_MAX + 1], q[2] = {(char)('0' + qos), '\0'}, text[32], stem[24];
	struct program t;
	struct proxy proxy;
	unsigned seed = 20u + qos;

	take_ue(ue, qos == 1 ? "ue" : "short");
	printf(" (seed %u)", seed);
	REQUIRE(proxy_start(&proxy, broker.port, MQTT_5, 0));
	for (int life = 0; life < LIVES; life++) {
		int delay;

		seed = seed * 1103515245u + 12345u;
		delay = 20 + (int)(seed >> 16) % 150;
		snprintf(stem, sizeof stem, "life-%d", life);
		run_tool(&t, "pub", ue, proxy.port,
			 (const char *const[]){"-q", q, "-t", "t", "-l", "-d", NULL});
		for (int i = 0; i < LINES; i++) {
			line_text(text, stem, i);
			say_line(&t, text);
		}
		harness_sleep_ms(delay);
		kill(t.pid, SIGKILL);
		waitpid(t.pid, NULL, 0);
		program_end_input(&t);
		EXPECT(observer_sync(&app));
		expect_killed_run(ue, stem, LINES, &t);
	}
	/* And it goes on as if nothing had been. */
	observer_forget(&app);
	run_tool(&t, "pub", ue, proxy.port, (const char *const[]){"-q", q, "-t", "t", "-l", NULL});
	for (int i = 0; i < 5; i++) {
		line_text(text, "after", i);
		say_line(&t, text);
	}
	EXPECT_EQUAL(tool_ends(&t, 60000), 0);
	expect_lines(ue, "after", 5);
	proxy_stop(&proxy);
	expect_no_number_twice(&proxy);
	proxy_free(&proxy);
}

static void test_killed_qos_1(void)
{
	killed(1);
}

static void test_killed_qos_2(void)
{
	killed(2);
}

/* What a listener between device and broker sees: never the text, and 10 to 12 octets more. */
static void test_wire(void)
{
	static const char text[] = "the temperature is 21.5";
	char ue[EESE_UE_ID_MAX + 1];
	struct program t;
	struct proxy proxy;
	size_t data = 0;

	take_ue(ue, "ue");
	REQUIRE(proxy_start(&proxy, broker.port, MQTT_5, 0));
	run_tool(&t, "pub", ue, proxy.port,
		 (const char *const[]){"-t", "t", "-m", text, "--repeat", "300", NULL});
	EXPECT_EQUAL(tool_ends(&t, 60000), 0);
	proxy_stop(&proxy);
	for (size_t i = 0; i < proxy.count; i++) {
		const struct mqtt_message *m = proxy.seen[i];

		if (strstr(m->topic, "/up/t") == NULL)
			continue;
		data++;
		EXPECT(m->len >= strlen(text) + 10 && m->len <= strlen(text) + 12);
		EXPECT(memmem(m->payload, m->len, "21.5", 4) == NULL);
	}
	EXPECT(data >= 300);
	EXPECT(observer_sync(&app));
	EXPECT_EQUAL(app.count, 300);
	observer_forget(&app);
	proxy_free(&proxy);
}

/* eese-ue sub prints what the application sent, in order, whatever expires in between. */
static void test_sub(void)
{
	char ue[EESE_UE_ID_MAX + 1], topic[128], text[32], *out, expected[512] = "";
	struct program t;
	struct mqtt_publish p = {.topic = topic, .payload = text, .qos = 1};
	struct mqtt sender;
	const struct mqtt_login login = {
	    .version = MQTT_5, .client_id = "application", .username = TEST_APP_USER};

	take_ue(ue, "short");
	REQUIRE(mqtt_connect(&sender, broker.port, &login) == 0);
	run_tool(&t, "sub", ue, broker.port, (const char *const[]){"-v", "-C", "10", NULL});
	harness_sleep_ms(1000); /* until it has subscribed: before that the broker keeps nothing */
	snprintf(topic, sizeof topic, "app/%s/down/cmd", ue);
	for (int i = 0; i < 10; i++) {
		line_text(text, "do", i);
		p.len = strlen(text);
		EXPECT(mqtt_publish(&sender, &p) >= 0);
		snprintf(expected + strlen(expected), sizeof expected - strlen(expected),
			 "cmd do %d\n", i);
		if (i == 4)
			expire_all();
		harness_sleep_ms(i == 7 ? 1200 : 50);
	}
	EXPECT_EQUAL(tool_ends(&t, 30000), 0);
	out = program_text(t.out);
	if (strcmp(out, expected) != 0)
		printf("\n  printed:\n%s", out);
	EXPECT(strcmp(out, expected) == 0);
	free(out);
	mqtt_disconnect(&sender);
}

static int failing(const char *const *more, const char *ue)
{
	struct program t;

	run_tool(&t, "pub", ue, broker.port, more);
	return tool_ends(&t, 20000);
}

/* What it can't do it says by its exit code, and it never sends anything in the clear. */
static void test_failures(void)
{
	char ue[EESE_UE_ID_MAX + 1];

	take_ue(ue, "ue");
	observer_forget(&app);
	EXPECT_EQUAL(failing((const char *const[]){"-t", "t", NULL}, ue), 2);
	EXPECT_EQUAL(failing((const char *const[]){"-t", "a/+", "-m", "x", NULL}, ue), 2);
	EXPECT_EQUAL(failing((const char *const[]){"-t", "t", "-m", "x", "--no-such", NULL}, ue),
		     2);
	EXPECT_EQUAL(failing((const char *const[]){"-t", "t", "-m", "x", NULL}, "nobody-0"), 3);
	EXPECT_EQUAL(
	    failing((const char *const[]){"-t", "t", "-m", "x", "--key-file", "/nonexistent", NULL},
		    ue),
	    3);
	EXPECT(observer_sync(&app));
	EXPECT_EQUAL(app.count, 0);
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},
	    {"each version and QoS", test_simple},
	    {"the wire", test_wire},
	    {"200 lines, te2e 1 s, QoS 1", test_many_lines_qos_1},
	    {"200 lines, te2e 1 s, QoS 2", test_many_lines_qos_2},
	    {"lost connections, QoS 1", test_lossy_qos_1},
	    {"lost connections, QoS 2", test_lossy_qos_2},
	    {"killed, QoS 1", test_killed_qos_1},
	    {"killed, QoS 2", test_killed_qos_2},
	    {"sub", test_sub},
	    {"failures", test_failures},
	    {"stop", stop},
	};

	return harness_main("tool", tests, sizeof tests / sizeof *tests);
}
