/* SPDX-License-Identifier: Apache-2.0 */
/* Clause 4's table: who may publish and read what; alone, before an acl_file, before Mosquitto's
 * dynamic security. */
#include "admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct broker broker;
static struct observer app, wire;

static const struct ue_range ues[] = {{.prefix = "ue", .count = 80}, {0}};

static void start(void)
{
	const struct broker_options o = {.ues = ues,
					 .plugin_lines = "plugin_opt_admins " TEST_ADMIN_USER
							 "\nplugin_opt_sys_interval 1\n"};

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
	return ue_connect(u, &broker, version, false) && ue_first_contact(u);
}

static void expect_seen(const struct test_ue *u, const char *sub, const char *text, size_t times)
{
	EXPECT(observer_sync(&app));
	EXPECT_EQUAL(observer_of(&app, u, sub, text), times);
}

/* Clause 4: a will on a protected topic is neither opened nor delivered, nor on a plaintext one. */
static void will(enum mqtt_version version)
{
	static const char *const topics[] = {"e2e/%s/up/w", "app/%s/up/w", "e2e/%s/ctl",
					     "$CONTROL/eese/v1/response"};
	struct test_ue u;
	struct mqtt_login login = {.version = version, .client_id = "dying"};
	struct mqtt m;
	char topic[128];
	size_t on_wire;

	REQUIRE(fresh(&u, version));
	login.username = u.id;
	login.will_topic = topic;
	REQUIRE(observer_sync(&wire));
	on_wire = wire.count;
	for (size_t i = 0; i < sizeof topics / sizeof *topics; i++) {
		snprintf(topic, sizeof topic, topics[i], u.id);
		if (mqtt_connect(&m, broker.port, &login) == 0)
			EXPECT(mqtt_sync(&m));
		mqtt_abort(&m);
		EXPECT(mqtt_sync(&u.link)); /* the broker sees the closed socket in the meantime */
	}
	harness_sleep_ms(300);
	EXPECT(ue_quiet(&u));
	expect_seen(&u, "w", NULL, 0);
	EXPECT(observer_sync(&wire));
	EXPECT_EQUAL(wire.count, on_wire);
	EXPECT(broker_alive(&broker));
	mqtt_disconnect(&u.link);
}

static void test_will(void)
{
	harness_each_version(will);
}

/* Clause 4: no UE publishes plaintext, speaks for another UE, or reads what is not its own. */
static void not_allowed(enum mqtt_version version, uint8_t qos)
{
	struct test_ue u, other;
	struct octets msg;
	char topic[256];
	struct mqtt_publish p = {.topic = topic, .payload = "plain", .len = 5, .qos = qos};
	static const char *const topics[] = {
	    "app/%s/up/t", "app/%s/down/t", "app/%s/event", "app/%s/other",
	    "e2e/%s/ctl",  "e2e/%s/down/t", "e2e/%s/other", "$CONTROL/eese/v1/response"};

	REQUIRE(fresh(&u, version));
	REQUIRE(fresh(&other, version));
	REQUIRE(observer_sync(&app));
	for (size_t i = 0; i < sizeof topics / sizeof *topics; i++) {
		snprintf(topic, sizeof topic, topics[i], other.id);
		EXPECT(refused(version, qos, mqtt_publish(&u.link, &p)));
		snprintf(topic, sizeof topic, topics[i], u.id);
		EXPECT(refused(version, qos, mqtt_publish(&u.link, &p)));
	}
	ue_seal(&other, "t", "speaking for another", &msg);
	snprintf(topic, sizeof topic, "e2e/%s/up/t", other.id);
	p.payload = msg.p;
	p.len = msg.len;
	EXPECT(refused(version, qos, mqtt_publish(&u.link, &p)));
	EXPECT(mqtt_sync(&u.link));
	EXPECT(ue_quiet(&other));
	expect_seen(&u, "t", NULL, 0);
	expect_seen(&other, "t", NULL, 0);
	mqtt_disconnect(&u.link);
	mqtt_disconnect(&other.link);
}

static void test_not_allowed(void)
{
	harness_each(not_allowed);
}

static void test_reading_not_allowed(void)
{
	static const char *const filters[] = {"app/#", "#", "+/+/up/#", "app/%s/up/t"};
	struct test_ue u, spy;
	char filter[128];

	REQUIRE(fresh(&u, MQTT_5));
	REQUIRE(fresh(&spy, MQTT_5));
	for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
		snprintf(filter, sizeof filter, filters[i], u.id);
		(void)mqtt_subscribe(&spy.link, filter, 1);
	}
	snprintf(filter, sizeof filter, "e2e/%s/ctl", u.id);
	(void)mqtt_subscribe(&spy.link, filter, 1);
	EXPECT(taken(MQTT_5, 1, ue_say(&u, "t", "not for others", 1)));
	EXPECT(taken(MQTT_5, 1, ue_request(&u, EESE_REQUEST_REFRESH, u.ksn, 1)));
	EXPECT(ue_control(&u).kind == CONTROL_UPDATE);
	EXPECT(ue_quiet(&spy));
	mqtt_disconnect(&u.link);
	mqtt_disconnect(&spy.link);
}

/* What a client may subscribe, by its user name; and through $share the same. */
static void test_filters(void)
{
	static const struct {
		const char *user, *filter; /* %s: a UE that is not the client */
		bool granted;
	} row[] = {
	    {"ue-0", "e2e/ue-0/ctl", true},
	    {"ue-0", "e2e/ue-0/down/#", true},
	    {"ue-0", "e2e/ue-0/down/a/b", true},
	    {"ue-0", "e2e/ue-1/ctl", false},
	    {"ue-0", "e2e/+/ctl", false},
	    {"ue-0", "e2e/#", false},
	    {"ue-0", "+/ue-0/ctl", false},
	    {"ue-0", "#", false},
	    {"ue-0", "+/#", false},
	    {"ue-0", "app/ue-0/up/#", false},
	    {"ue-0", "app/#", false},
	    {"ue-0", "$share/g/e2e/+/ctl", false},
	    {"ue-0", "$share/g/app/#", false},
	    {"ue-0", "$share/g/#", false},
	    {"ue-0", "$share/g/e2e/ue-0/down/#", true},
	    {"ue-0", "firmware/#", true},
	    {"ue-0", "$CONTROL/eese/v1/response", false},
	    {"ue-0", "$SYS/broker/eese/#", false},
	    {"ue-0", "$e", false},
	    {TEST_GATEWAY_USER, "e2e/+/ctl", true},
	    {TEST_GATEWAY_USER, "e2e/+/down/#", true},
	    {TEST_GATEWAY_USER, "app/#", false},
	    {TEST_GATEWAY_USER, "#", false},
	    {TEST_APP_USER, "app/#", true},
	    {TEST_APP_USER, "#", true},
	    {TEST_APP_USER, "e2e/#", false},
	    {TEST_APP_USER, "$share/g/e2e/ue-0/up/#", false},
	    {TEST_APP_USER, "$CONTROL/eese/v1/response", false},
	    {TEST_APP_USER, "$e", false},
	    {TEST_ADMIN_USER, "$CONTROL/eese/v1/response", true},
	    {TEST_ADMIN_USER, "$SYS/broker/eese/#", true},
	    {NULL, "e2e/ue-0/ctl", false},
	    {"+", "e2e/+/ctl", false},
	    {"+", "e2e/+/down/#", false},
	    {"#", "e2e/#", false},
	    {"", "e2e//ctl", false},
	    {"ue-0", "$share/g/e2e/ue-1/down/#", false},
	    {"ue-0", "$share/g/$CONTROL/eese/v1/response", false},
	    {"ue-0", "$share/g/$SYS/broker/eese/#", false},
	    {"ue-0", "e2e/ue-0/up/#", true}, /* its own; nothing ever comes there */
	    {"ue-0", "e2e/ue-0/#", true},
	    {"ue-0", "e2e/ue-00/ctl", false},
	    {"ue-0", "$CONTROL/eese/#", false},
	    {TEST_APP_USER, "$SYS/broker/eese/#", false},
	    {TEST_APP_USER, "$SYS/broker/clients/#", true},
	};

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct mqtt m;
		const struct mqtt_login login = {
		    .version = MQTT_5, .client_id = "filters", .username = row[i].user};
		bool granted;

		REQUIRE(mqtt_connect(&m, broker.port, &login) == 0);
		granted = mqtt_subscribe(&m, row[i].filter, 1) < 0x80;
		if (granted != row[i].granted)
			printf("\n  %s: %s\n", row[i].user != NULL ? row[i].user : "nobody",
			       row[i].filter);
		EXPECT_EQUAL(granted, row[i].granted);
		mqtt_disconnect(&m);
	}
}

/* A wildcard that is not refused as such shows nothing of what is not for the client. */
static void test_wildcard_reads(void)
{
	struct test_ue u;
	struct mqtt m;
	const struct mqtt_login login = {
	    .version = MQTT_5, .client_id = "curious", .username = TEST_APP_USER};

	REQUIRE(mqtt_connect(&m, broker.port, &login) == 0);
	EXPECT(mqtt_subscribe(&m, "#", 1) < 0x80);
	EXPECT(mqtt_subscribe(&m, "$SYS/#", 1) < 0x80);
	EXPECT(mqtt_subscribe(&m, "+/+/ctl", 1) < 0x80);
	REQUIRE(fresh(&u, MQTT_5));
	EXPECT(taken(MQTT_5, 1, ue_request(&u, EESE_REQUEST_REFRESH, u.ksn, 1)));
	EXPECT(ue_control(&u).kind == CONTROL_UPDATE);
	EXPECT(mqtt_sync(&m));
	for (struct mqtt_message *got; (got = mqtt_next(&m, 0)) != NULL; mqtt_message_free(got)) {
		EXPECT(strncmp(got->topic, "e2e/", 4) != 0);
		EXPECT(strncmp(got->topic, "$SYS/broker/eese", 16) != 0);
	}
	mqtt_disconnect(&m);
	mqtt_disconnect(&u.link);
}

/* A gateway speaks for every UE, in ciphertext. */
static void gateway(enum mqtt_version version, uint8_t qos)
{
	struct test_ue u;
	struct mqtt m;
	struct octets msg;
	char topic[128];
	struct mqtt_publish p = {.topic = topic, .payload = msg.p, .qos = qos};
	const struct mqtt_login login = {
	    .version = version, .client_id = "gateway", .username = TEST_GATEWAY_USER};

	REQUIRE(fresh(&u, version));
	REQUIRE(mqtt_connect(&m, broker.port, &login) == 0);
	ue_seal(&u, "t", "carried", &msg);
	p.len = msg.len;
	snprintf(topic, sizeof topic, "e2e/%s/up/t", u.id);
	EXPECT(taken(version, qos, mqtt_publish(&m, &p)));
	snprintf(topic, sizeof topic, "app/%s/up/t", u.id);
	EXPECT(refused(version, qos, mqtt_publish(&m, &p)));
	snprintf(topic, sizeof topic, "app/%s/down/t", u.id);
	EXPECT(refused(version, qos, mqtt_publish(&m, &p)));
	EXPECT(mqtt_sync(&m));
	expect_seen(&u, "t", "carried", 1);
	EXPECT(ue_quiet(&u));
	mqtt_disconnect(&m);
	mqtt_disconnect(&u.link);
}

static void test_gateway(void)
{
	harness_each(gateway);
}

static double counter(const char *name)
{
	struct mqtt admin;
	cJSON *data;
	double n;

	if (!admin_open(&admin, &broker, "counter", MQTT_5))
		return -1;
	data = admin_done(&admin, "{\"command\":\"getStatus\"}");
	n = json_number(cJSON_GetObjectItemCaseSensitive(data, "counters"), name);
	cJSON_Delete(data);
	mqtt_disconnect(&admin);
	return n;
}

/* Each refusal is counted, once. */
static void counted(enum mqtt_version version, uint8_t qos)
{
	static const char *const topics[] = {"app/ue-1/up/t",  "app/ue-1/down/t",
					     "app/ue-1/event", "e2e/ue-1/up/t",
					     "e2e/ue-1/ctl",   "$CONTROL/eese/v1"};
	static const char *const filters[] = {"#", "e2e/+/down/#", "$share/g/app/#",
					      "$CONTROL/eese/v1/response"};
	struct test_ue u;
	double published = counter("acl/publish/rejected");
	double subscribed = counter("acl/subscribe/rejected");

	REQUIRE(fresh(&u, version));
	for (size_t i = 0; i < sizeof topics / sizeof *topics; i++) {
		const struct mqtt_publish p = {
		    .topic = topics[i], .payload = "{}", .len = 2, .qos = qos};

		EXPECT(refused(version, qos, mqtt_publish(&u.link, &p)));
	}
	for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
		(void)mqtt_subscribe(&u.link, filters[i], qos);
	EXPECT(ue_quiet(&u)); /* no answer of $CONTROL either */
	EXPECT_EQUAL(counter("acl/publish/rejected"),
		     (size_t)published + sizeof topics / sizeof *topics);
	EXPECT_EQUAL(counter("acl/subscribe/rejected"),
		     (size_t)subscribed + sizeof filters / sizeof *filters);
	EXPECT_EQUAL(counter("control/rejected"), 0);
	mqtt_disconnect(&u.link);
}

static void test_counted(void)
{
	harness_each(counted);
}

/* Plaintext where ciphertext belongs: refused, counted as malformed, never delivered. */
static void plaintext(enum mqtt_version version, uint8_t qos)
{
	static const char *const texts[] = {"", "21.5", "{\"temperature\":21.5}", "\x7f\x80 binary",
					    "a rather longer text, in the clear"};
	double before = counter("rejected/malformed") + counter("rejected/failed tag");
	struct test_ue u;
	char topic[128];
	struct mqtt_publish p = {.topic = topic, .qos = qos, .retain = true};

	REQUIRE(fresh(&u, version));
	snprintf(topic, sizeof topic, "e2e/%s/up/t", u.id);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		p.payload = texts[i];
		p.len = strlen(texts[i]);
		EXPECT(refused(version, qos, mqtt_publish(&u.link, &p)));
	}
	EXPECT(mqtt_sync(&u.link));
	expect_seen(&u, "t", NULL, 0);
	EXPECT_EQUAL(counter("rejected/malformed") + counter("rejected/failed tag"),
		     (size_t)before + sizeof texts / sizeof *texts);
	mqtt_disconnect(&u.link);
}

static void test_plaintext(void)
{
	harness_each(plaintext);
}

/* Nothing is retained on a protected topic: not what a UE or a gateway marks so, not downlink, and
 * not a will, which the EESE never sees. */
static void retained(enum mqtt_version version, uint8_t qos)
{
	struct test_ue u;
	struct observer late;
	struct octets msg;
	char topic[128], will_topic[128];
	struct mqtt_publish p = {.topic = topic, .qos = qos, .retain = true};
	struct mqtt_login login = {.version = version, .client_id = "dying", .will_retain = true};
	struct mqtt m;

	REQUIRE(fresh(&u, version));
	ue_seal(&u, "t", "kept?", &msg);
	snprintf(topic, sizeof topic, "e2e/%s/up/t", u.id);
	p.payload = msg.p;
	p.len = msg.len;
	EXPECT(taken(version, qos, mqtt_publish(&u.link, &p)));
	snprintf(topic, sizeof topic, "app/%s/down/t", u.id);
	login.username = TEST_APP_USER;
	REQUIRE(mqtt_connect(&m, broker.port, &login) == 0);
	EXPECT(taken(version, qos, mqtt_publish(&m, &p)));
	EXPECT(mqtt_sync(&m));
	mqtt_disconnect(&m);
	login.username = u.id;
	login.will_topic = will_topic;
	snprintf(will_topic, sizeof will_topic, "e2e/%s/up/will", u.id);
	REQUIRE(mqtt_connect(&m, broker.port, &login) == 0);
	mqtt_abort(&m);
	expect_seen(&u, "t", "kept?", 1);
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

static void test_retained(void)
{
	harness_each(retained);
}

#define ADMINS "plugin_opt_admins " TEST_ADMIN_USER "\n"

/* Whether UE and application can do their work, and whether a stranger reads plaintext. */
static void composed(const struct broker_options *o, bool app_reads, bool stranger_reads)
{
	struct broker b;
	struct test_ue u;
	struct observer reader, stranger;
	struct mqtt admin;
	struct octets msg;

	REQUIRE(broker_start(&b, o));
	/* The plugin's own grants need none behind it. */
	REQUIRE(admin_open(&admin, &b, "admin", MQTT_5));
	cJSON_Delete(admin_done(&admin, "{\"command\":\"expireKey\",\"all\":true}"));
	EXPECT(mqtt_subscribe(&admin, "$SYS/broker/eese/#", 1) == 1);
	mqtt_disconnect(&admin);
	ue_named(&u, "ue-0");
	EXPECT_EQUAL(observer_open(&reader, &b, TEST_APP_USER, "app/#"), app_reads);
	(void)observer_open(&stranger, &b, "stranger", "app/#");
	EXPECT(ue_connect(&u, &b, MQTT_5, false) && ue_first_contact(&u));
	ue_seal(&u, "t", "plain", &msg);
	EXPECT(taken(MQTT_5, 1, ue_send(&u, "t", &msg, 1)));
	EXPECT(mqtt_subscribe(&u.link, "app/#", 1) >= 0x80);
	EXPECT(mqtt_subscribe(&u.link, "#", 1) >= 0x80);
	if (app_reads) {
		EXPECT(observer_await(&reader, 2, 5000));
		EXPECT_EQUAL(observer_of(&reader, &u, "t", "plain"), 1);
	}
	EXPECT(mqtt_sync(&stranger.link));
	EXPECT_EQUAL(stranger.link.first != NULL, stranger_reads);
	/* SIGHUP opens nothing: 2.0 forgets its acl_file if a plugin answers it wrong. */
	while (stranger.link.first != NULL)
		mqtt_message_free(mqtt_next(&stranger.link, 0));
	broker_reload(&b);
	EXPECT(taken(MQTT_5, 1, ue_say(&u, "t", "after SIGHUP", 1)));
	EXPECT(mqtt_sync(&stranger.link));
	EXPECT_EQUAL(stranger.link.first != NULL, stranger_reads);
	EXPECT(mqtt_subscribe(&u.link, "app/#", 1) >= 0x80);
	observer_close(&reader);
	observer_close(&stranger);
	mqtt_disconnect(&u.link);
	broker_stop(&b);
}

static bool write_file(char path[64], const char *text)
{
	int fd;
	FILE *f;

	snprintf(path, 64, "/tmp/eese-acl-XXXXXX");
	fd = mkstemp(path);
	f = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (f == NULL)
		return false;
	fputs(text, f);
	return fclose(f) == 0;
}

static void test_acl_file(void)
{
	char path[64], conf[128];
	const struct broker_options o = {
	    .ues = ues, .no_acl = true, .conf_lines = conf, .plugin_lines = ADMINS};

	REQUIRE(write_file(path, "user " TEST_APP_USER "\ntopic read app/#\n"
				 "topic readwrite barrier/#\n"));
	snprintf(conf, sizeof conf, "acl_file %s\n", path);
	composed(&o, true, false);
	unlink(path);
}

/* Nothing behind it: what is not granted is denied. */
static void test_defer_alone(void)
{
	const struct broker_options o = {.ues = ues, .no_acl = true, .plugin_lines = ADMINS};

	composed(&o, false, false);
}

#define DYNSEC "/usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so"

/* Roles by which the application may read plaintext, and the UE and a stranger anything that the
 * plugin leaves to them, or nothing. */
#define APP_ROLE                                                                                   \
	"{\"rolename\":\"app\",\"acls\":["                                                         \
	"{\"acltype\":\"subscribePattern\",\"topic\":\"app/#\",\"allow\":true},"                   \
	"{\"acltype\":\"publishClientReceive\",\"topic\":\"app/#\",\"allow\":true},"               \
	"{\"acltype\":\"subscribePattern\",\"topic\":\"test/#\",\"allow\":true},"                  \
	"{\"acltype\":\"publishClientReceive\",\"topic\":\"test/#\",\"allow\":true},"              \
	"{\"acltype\":\"publishClientSend\",\"topic\":\"test/#\",\"allow\":true}]}"

/* Users that the plugin grants nothing and denies little: their rights are dynamic security's. */
static void dynamic_security(const char *rest, const char *role, bool app_reads,
			     bool stranger_reads)
{
	char path[64], passwords[64], lines[256], json[2048], command[128];
	const struct broker_options o = {.ues = ues, .no_acl = true, .plugin_lines = lines};

	snprintf(json, sizeof json,
		 "{\"defaultACLAccess\":{\"publishClientSend\":%s,\"publishClientReceive\":%s,"
		 "\"subscribe\":%s,\"unsubscribe\":true},\"groups\":[],\"roles\":[" APP_ROLE
		 "],\"clients\":[{\"username\":\"ue-0\"},"
		 "{\"username\":\"" TEST_APP_USER "\",\"roles\":[%s]},"
		 "{\"username\":\"stranger\"},{\"username\":\"" TEST_ADMIN_USER "\"}]}",
		 rest, rest, rest, role);
	REQUIRE(write_file(path, json));
	REQUIRE(write_file(passwords, "ue-0:" MQTT_PASSWORD "\n" TEST_APP_USER ":" MQTT_PASSWORD
				      "\nstranger:" MQTT_PASSWORD "\n" TEST_ADMIN_USER
				      ":" MQTT_PASSWORD "\n"));
	snprintf(command, sizeof command, "mosquitto_passwd -U %s", passwords);
	REQUIRE(system(command) == 0);
	snprintf(lines, sizeof lines,
		 ADMINS "plugin " DYNSEC "\nplugin_opt_config_file %s\npassword_file %s\n", path,
		 passwords);
	composed(&o, app_reads, stranger_reads);
	unlink(path);
	unlink(passwords);
}

static void test_dynamic_security(void)
{
	if (access(DYNSEC, R_OK) != 0) {
		printf("not installed, skipped ");
		return;
	}
	dynamic_security("true", "", true, true);
	dynamic_security("false", "", false, false);
	dynamic_security("false", "{\"rolename\":\"app\"}", true, false);
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},
	    {"will", test_will},
	    {"publishing not allowed", test_not_allowed},
	    {"reading not allowed", test_reading_not_allowed},
	    {"filters", test_filters},
	    {"wildcards of an application", test_wildcard_reads},
	    {"gateway", test_gateway},
	    {"plaintext where ciphertext belongs", test_plaintext},
	    {"retained", test_retained},
	    {"counted", test_counted},
	    {"stop", stop},
	    {"before an acl_file", test_acl_file},
	    {"defer with nothing behind", test_defer_alone},
	    {"before dynamic security", test_dynamic_security},
	};

	return harness_main("acl", tests, sizeof tests / sizeof *tests);
}
