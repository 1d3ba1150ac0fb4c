/* SPDX-License-Identifier: Apache-2.0 */
/* What docs/control.md says of each command of $CONTROL/eese/v1. */
#include "admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct broker broker;
static struct mqtt admin;

static const struct ue_range ues[] = {{.prefix = "ue", .count = 60},
				      {.prefix = "roof", .count = 30, .group = "roof"},
				      {.prefix = "own", .count = 2, .te2e_s = 777, .group = "roof"},
				      {0}};

static void start(void)
{
	const struct broker_options o = {.ues = ues,
					 .plugin_lines = "plugin_opt_admins " TEST_ADMIN_USER "\n"
							 "plugin_opt_te2e 5000\n"
							 "plugin_opt_refresh_margin 20\n"
							 "plugin_opt_alg 30\n"};

	REQUIRE(broker_start(&broker, &o));
	REQUIRE(admin_open(&admin, &broker, "admin", MQTT_5));
}

static void stop(void)
{
	mqtt_disconnect(&admin);
	broker_stop(&broker);
}

/* getUe, to be deleted. */
static cJSON *ue_of(const char *id)
{
	cJSON *data = admin_done(&admin, "{\"command\":\"getUe\",\"ueId\":\"%s\"}", id);
	cJSON *ue = cJSON_DetachItemFromObjectCaseSensitive(data, "ue");

	cJSON_Delete(data);
	EXPECT(strcmp(json_text(ue, "ueId"), id) == 0);
	return ue;
}

static void expect_state(const char *id, const char *state)
{
	cJSON *ue = ue_of(id);

	if (strcmp(json_text(ue, "state"), state) != 0)
		printf("\n  %s is %s, not %s\n", id, json_text(ue, "state"), state);
	EXPECT(strcmp(json_text(ue, "state"), state) == 0);
	cJSON_Delete(ue);
}

static void expect_gone(const char *id)
{
	EXPECT(admin_error_is(admin_command(&admin, "{\"command\":\"getUe\",\"ueId\":\"%s\"}", id),
			      "UE not found"));
}

static void hex_of(const uint8_t *p, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++)
		snprintf(out + 2 * i, 3, "%02X", p[i]);
}

static void add(const struct test_ue *u, const char *more)
{
	char hex[2 * EESE_INT_KEY_SIZE + 1];

	hex_of(u->int_key, sizeof u->int_key, hex);
	cJSON_Delete(admin_done(&admin,
				"{\"command\":\"addUe\",\"ueId\":\"%s\",\"e2eIntKey\":\"%s\"%s}",
				u->id, hex, more));
}

/* From addUe to removeUe, through all states. */
static void life(enum mqtt_version version, uint8_t qos)
{
	static int n;
	struct test_ue u;
	struct eese_key_update update;
	char id[32];

	snprintf(id, sizeof id, "added-%d", n++);
	ue_named(&u, id);
	expect_gone(id);
	cJSON_Delete(admin_done(&admin, "{\"command\":\"addUe\",\"ueId\":\"%s\"}", id));
	expect_state(id, "noKey");
	cJSON_Delete(admin_done(&admin, "{\"command\":\"removeUe\",\"ueId\":\"%s\"}", id));
	expect_gone(id);
	add(&u, "");
	expect_state(id, "new");
	REQUIRE(ue_connect(&u, &broker, version, false));
	EXPECT(taken(version, qos, ue_request(&u, EESE_REQUEST_NO_KEYSET, 0, qos)));
	REQUIRE(ue_update(&u, EESE_UPDATE_ASKED, &update));
	expect_state(id, "pending");
	ue_adopt(&u, &update);
	EXPECT(taken(version, qos, ue_say(&u, "t", "hello", qos)));
	EXPECT(mqtt_sync(&u.link));
	expect_state(id, "valid");
	EXPECT(taken(version, qos, ue_request(&u, EESE_REQUEST_REFRESH, u.ksn, qos)));
	REQUIRE(ue_update(&u, EESE_UPDATE_ASKED, &update));
	expect_state(id, "refreshing");
	cJSON_Delete(admin_done(&admin, "{\"command\":\"expireKey\",\"ueId\":\"%s\"}", id));
	expect_state(id, "expired");
	cJSON_Delete(admin_done(&admin, "{\"command\":\"removeUe\",\"ueId\":\"%s\"}", id));
	expect_gone(id);
	ue_adopt(&u, &update);
	EXPECT(refused(version, qos, ue_say(&u, "t", "a stranger's", qos)));
	EXPECT(ue_control(&u).kind == CONTROL_ERROR);
	mqtt_disconnect(&u.link);
}

static void test_life(void)
{
	harness_each(life);
}

/* Each member of UE. */
static void test_get_ue(void)
{
	struct test_ue u;
	struct eese_key_update update;
	char text[20000];
	cJSON *ue;
	char ikid[8];

	ue_take(&u, "roof");
	ue = ue_of(u.id);
	EXPECT(strcmp(json_text(ue, "group"), "roof") == 0);
	EXPECT(strcmp(json_text(ue, "te2eFrom"), "default") == 0);
	EXPECT_EQUAL(json_number(ue, "te2e"), 5000);
	EXPECT_EQUAL(json_number(ue, "highestKsn"), 0);
	snprintf(ikid, sizeof ikid, "%04x", u.ikid);
	EXPECT(strcmp(json_text(ue, "intKeyId"), ikid) == 0);
	EXPECT(!cJSON_HasObjectItem(ue, "ksn") && !cJSON_HasObjectItem(ue, "expiresIn") &&
	       !cJSON_HasObjectItem(ue, "expired") && !cJSON_HasObjectItem(ue, "pendingKsn") &&
	       !cJSON_HasObjectItem(ue, "intKeyExpiry") && !cJSON_HasObjectItem(ue, "uplink"));
	cJSON_Delete(ue);

	REQUIRE(ue_connect(&u, &broker, MQTT_5, false) && ue_first_contact(&u));
	memset(text, 'x', sizeof text);
	text[2000] = '\0';
	for (int i = 0; i < 4; i++)
		EXPECT(taken(MQTT_5, 1, ue_say(&u, "t", text, 1)));
	EXPECT(taken(MQTT_5, 1, ue_request(&u, EESE_REQUEST_REFRESH, u.ksn, 1)));
	REQUIRE(ue_update(&u, EESE_UPDATE_ASKED, &update));
	ue = ue_of(u.id);
	EXPECT_EQUAL(json_number(ue, "ksn"), u.ksn);
	EXPECT_EQUAL(json_number(ue, "alg"), 30);
	EXPECT(json_number(ue, "expiresIn") > 4000 && json_number(ue, "expiresIn") <= 5000);
	EXPECT_EQUAL(json_number(ue, "pendingKsn"), update.ksn);
	EXPECT_EQUAL(json_number(ue, "highestKsn"), update.ksn);
	EXPECT_EQUAL(json_number(ue, "uplink"), 5);
	EXPECT_EQUAL(json_number(ue, "downlink"), 0);
	EXPECT_EQUAL(json_number(ue, "failedTags"), 0);
	EXPECT(!cJSON_HasObjectItem(ue, "expired"));
	cJSON_Delete(ue);

	cJSON_Delete(admin_done(&admin, "{\"command\":\"expireKey\",\"group\":\"roof\"}"));
	ue = ue_of(u.id);
	EXPECT(strcmp(json_text(ue, "expired"), "enterprise") == 0);
	EXPECT(!cJSON_HasObjectItem(ue, "expiresIn"));
	cJSON_Delete(ue);
	mqtt_disconnect(&u.link);
}

static void expect_te2e(const char *id, int seconds, const char *from)
{
	cJSON *ue = ue_of(id);

	EXPECT_EQUAL(json_number(ue, "te2e"), seconds);
	EXPECT(strcmp(json_text(ue, "te2eFrom"), from) == 0);
	cJSON_Delete(ue);
}

static void set_te2e(const char *whose, const char *value)
{
	cJSON_Delete(admin_done(&admin, "{\"command\":\"SETTE2E\",%s,\"te2e\":%s}", whose, value));
}

/* A UE's own before its group's before the default; null takes it back. */
static void test_te2e_levels(void)
{
	expect_te2e("own-0", 777, "ue");
	set_te2e("\"group\":\"roof\"", "300");
	expect_te2e("own-0", 777, "ue");
	expect_te2e("roof-29", 300, "group");
	expect_te2e("ue-0", 5000, "default");
	set_te2e("\"ueId\":\"own-0\"", "null");
	expect_te2e("own-0", 300, "group");
	set_te2e("\"ueId\":\"own-0\"", "0");
	expect_te2e("own-0", 0, "ue");
	set_te2e("\"default\":true", "315360000");
	expect_te2e("ue-0", 315360000, "default");
	set_te2e("\"group\":\"roof\"", "null");
	expect_te2e("roof-29", 315360000, "default");
	set_te2e("\"default\":true", "null");
	expect_te2e("ue-0", 5000, "default");
	/* A group begins when something is first said of it. */
	set_te2e("\"group\":\"new.group\"", "60");
	cJSON_Delete(admin_done(&admin, "{\"command\":\"setGroup\",\"ueId\":\"ue-0\","
					"\"group\":\"new.group\"}"));
	expect_te2e("ue-0", 60, "group");
	cJSON_Delete(
	    admin_done(&admin, "{\"command\":\"setGroup\",\"ueId\":\"ue-0\",\"group\":null}"));
	expect_te2e("ue-0", 5000, "default");
}

/* A keyset in use that is older than the te2e it gets now is refused from now on. */
static void te2e_at_once(enum mqtt_version version, uint8_t qos)
{
	struct test_ue u;
	struct eese_key_update update;
	char whose[EESE_UE_ID_MAX + 16];

	ue_take(&u, "ue");
	REQUIRE(ue_connect(&u, &broker, version, false) && ue_first_contact(&u));
	harness_sleep_ms(1050);
	EXPECT(taken(version, qos, ue_say(&u, "t", "valid", qos)));
	snprintf(whose, sizeof whose, "\"ueId\":\"%s\"", u.id);
	set_te2e(whose, "1");
	EXPECT(refused(version, qos, ue_say(&u, "t", "too old", qos)));
	EXPECT(ue_update(&u, EESE_UPDATE_EXPIRED, &update));
	mqtt_disconnect(&u.link);
}

static void test_te2e_at_once(void)
{
	te2e_at_once(MQTT_3_1_1, 0);
	te2e_at_once(MQTT_5, 1);
	te2e_at_once(MQTT_5, 2);
}

/* The UE goes with its group, from the moment it is in it. */
static void test_set_group(void)
{
	struct test_ue u;
	struct eese_key_update update;

	ue_take(&u, "ue");
	REQUIRE(ue_connect(&u, &broker, MQTT_5, false) && ue_first_contact(&u));
	cJSON_Delete(admin_done(&admin, "{\"command\":\"expireKey\",\"group\":\"roof\"}"));
	cJSON_Delete(admin_done(
	    &admin, "{\"command\":\"setGroup\",\"ueId\":\"%s\",\"group\":\"roof\"}", u.id));
	EXPECT(taken(MQTT_5, 1, ue_say(&u, "t", "not yet in it", 1)));
	cJSON_Delete(admin_done(&admin, "{\"command\":\"expireKey\",\"group\":\"roof\"}"));
	EXPECT(refused(MQTT_5, 1, ue_say(&u, "t", "in it", 1)));
	EXPECT(ue_update(&u, EESE_UPDATE_ENTERPRISE, &update));
	mqtt_disconnect(&u.link);
}

/* All UEs of a filter, by pages of this size; what each page brings is counted into seen. */
static int list_all(const char *filter, int count, const char *prefix)
{
	double offset = 0;
	int seen = 0, pages = 0;

	do {
		cJSON *data =
		    admin_done(&admin, "{\"command\":\"listUes\",\"count\":%d,\"offset\":%.0f%s}",
			       count, offset, filter);
		const cJSON *list = cJSON_GetObjectItemCaseSensitive(data, "ues"), *ue;

		EXPECT(cJSON_GetArraySize(list) <= count);
		cJSON_ArrayForEach(ue, list)
		{
			const char *id =
			    cJSON_IsObject(ue) ? json_text(ue, "ueId") : cJSON_GetStringValue(ue);

			EXPECT(id != NULL && strncmp(id, prefix, strlen(prefix)) == 0);
			seen++;
		}
		offset = json_number(data, "nextOffset");
		cJSON_Delete(data);
	} while (offset > 0 && ++pages < 1000);
	EXPECT(pages < 1000);
	return seen;
}

static void test_list(void)
{
	cJSON *data;

	for (int count = 1; count <= 1000; count = count * 3 + 1) {
		EXPECT_EQUAL(list_all("", count, ""), 92);
		EXPECT_EQUAL(list_all(",\"verbose\":true", count, ""), 92);
	}
	EXPECT_EQUAL(list_all(",\"group\":\"roof\",\"verbose\":false", 7, ""), 32);
	EXPECT_EQUAL(list_all(",\"state\":\"valid\"", 7, "ue-"), 0);
	EXPECT_EQUAL(list_all(",\"state\":\"noKey\"", 7, ""), 0);
	EXPECT_EQUAL(list_all(",\"state\":\"expired\",\"group\":\"roof\",\"verbose\":true", 2, ""),
		     1);
	data = admin_done(&admin, "{\"command\":\"listUes\",\"offset\":4294967295}");
	EXPECT_EQUAL(cJSON_GetArraySize(cJSON_GetObjectItem(data, "ues")), 0);
	EXPECT_EQUAL(json_number(data, "totalCount"), 92);
	EXPECT(!cJSON_HasObjectItem(data, "nextOffset"));
	cJSON_Delete(data);
}

static void test_status(void)
{
	cJSON *data, *states, *counters;
	double total = 0;

	harness_sleep_ms(300); /* the next count */
	data = admin_done(&admin, "{\"command\":\"getStatus\"}");
	states = cJSON_GetObjectItemCaseSensitive(data, "ues");
	counters = cJSON_GetObjectItemCaseSensitive(data, "counters");
	EXPECT(json_text(data, "version")[0] >= '0' && json_text(data, "version")[0] <= '9');
	EXPECT(json_number(data, "uptime") >= 0 && json_number(data, "uptime") < 600);
	EXPECT(strcmp(json_text(data, "base"), "e2e") == 0);
	EXPECT(strcmp(json_text(data, "app"), "app") == 0);
	EXPECT_EQUAL(json_number(data, "te2e"), 5000);
	EXPECT_EQUAL(json_number(data, "refreshMargin"), 20);
	EXPECT_EQUAL(json_number(data, "alg"), 30);
	for (const char *const *s = (const char *const[]){"noKey", "new", "pending", "valid",
							  "refreshing", "expired", NULL};
	     *s != NULL; s++) {
		EXPECT(json_number(states, *s) >= 0);
		total += json_number(states, *s);
	}
	EXPECT_EQUAL(json_number(states, "total"), 92);
	EXPECT_EQUAL(total, 92);
	EXPECT(json_number(states, "expired") >= 2);
	EXPECT(json_number(counters, "messages/opened") > 0);
	EXPECT(json_number(counters, "keysets/expired/enterprise") > 0);
	EXPECT_EQUAL(json_number(counters, "ues/count"), 92);
	cJSON_Delete(data);
}

#define HEX64 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void test_errors(void)
{
	static const struct {
		const char *command, *error;
	} rows[] = {
	    {"17", "Command not an object"},
	    {"null", "Command not an object"},
	    {"[{\"command\":\"getStatus\"}]", "Command not an object"},
	    {"{}", "Missing command"},
	    {"{\"command\":17}", "Missing command"},
	    {"{\"Command\":\"getStatus\"}", "Missing command"},
	    {"{\"command\":\"makeTea\"}", "Unknown command"},
	    {"{\"command\":\"\"}", "Unknown command"},
	    {"{\"command\":\"getStatus\",\"correlationData\":17}",
	     "Invalid correlationData data type."},
	    {"{\"command\":\"getStatus\",\"ueId\":\"ue-0\"}", "Unknown member: ueId"},
	    {"{\"command\":\"getStatus\",\"command\":\"getStatus\"}", "Invalid/missing command"},
	    {"{\"command\":\"expireKey\"}", "Exactly one of ueId, group and all is needed"},
	    {"{\"command\":\"expireKey\",\"ueId\":\"ue-0\",\"all\":true}",
	     "Exactly one of ueId, group and all is needed"},
	    {"{\"command\":\"expireKey\",\"ueId\":\"ue-0\",\"group\":\"roof\"}",
	     "Exactly one of ueId, group and all is needed"},
	    {"{\"command\":\"expireKey\",\"all\":false}", "Invalid/missing all"},
	    {"{\"command\":\"expireKey\",\"all\":\"true\"}", "Invalid/missing all"},
	    {"{\"command\":\"expireKey\",\"ueId\":null}", "Invalid/missing ueId"},
	    {"{\"command\":\"expireKey\",\"UeId\":\"ue-0\"}", "Unknown member: UeId"},
	    {"{\"command\":\"expireKey\",\"ueId\":\"nobody\"}", "UE not found"},
	    {"{\"command\":\"expireKey\",\"ueId\":\"\"}", "UE not found"},
	    {"{\"command\":\"expireKey\",\"group\":\"nowhere\"}", "Group not found"},
	    {"{\"command\":\"getUe\"}", "Invalid/missing ueId"},
	    {"{\"command\":\"getUe\",\"ueId\":{}}", "Invalid/missing ueId"},
	    {"{\"command\":\"getUe\",\"ueId\":\"ue-0\",\"ueId\":\"ue-1\"}", "Invalid/missing ueId"},
	    {"{\"command\":\"getUe\",\"ueId\":\"ue-0 \"}", "UE not found"},
	    {"{\"command\":\"listUes\",\"count\":0}", "Invalid/missing count"},
	    {"{\"command\":\"listUes\",\"count\":1001}", "Invalid/missing count"},
	    {"{\"command\":\"listUes\",\"count\":1.5}", "Invalid/missing count"},
	    {"{\"command\":\"listUes\",\"count\":\"1\"}", "Invalid/missing count"},
	    {"{\"command\":\"listUes\",\"count\":null}", "Invalid/missing count"},
	    {"{\"command\":\"listUes\",\"offset\":-1}", "Invalid/missing offset"},
	    {"{\"command\":\"listUes\",\"offset\":1e300}", "Invalid/missing offset"},
	    {"{\"command\":\"listUes\",\"group\":\"nowhere\"}", "Group not found"},
	    {"{\"command\":\"listUes\",\"group\":null}", "Invalid/missing group"},
	    {"{\"command\":\"listUes\",\"state\":\"asleep\"}", "Invalid/missing state"},
	    {"{\"command\":\"listUes\",\"verbose\":1}", "Invalid/missing verbose"},
	    {"{\"command\":\"setTe2e\",\"ueId\":\"ue-0\"}", "Invalid/missing te2e"},
	    {"{\"command\":\"setTe2e\",\"te2e\":1}",
	     "Exactly one of ueId, group and default is needed"},
	    {"{\"command\":\"setTe2e\",\"default\":true,\"group\":\"roof\",\"te2e\":1}",
	     "Exactly one of ueId, group and default is needed"},
	    {"{\"command\":\"setTe2e\",\"default\":true,\"te2e\":-1}", "Invalid/missing te2e"},
	    {"{\"command\":\"setTe2e\",\"default\":true,\"te2e\":315360001}",
	     "Invalid/missing te2e"},
	    {"{\"command\":\"setTe2e\",\"default\":true,\"te2e\":\"60\"}", "Invalid/missing te2e"},
	    {"{\"command\":\"setTe2e\",\"ueId\":\"nobody\",\"te2e\":1}", "UE not found"},
	    {"{\"command\":\"setTe2e\",\"group\":\"no good\",\"te2e\":1}", "Invalid/missing group"},
	    {"{\"command\":\"setGroup\",\"ueId\":\"ue-0\"}", "Invalid/missing group"},
	    {"{\"command\":\"setGroup\",\"group\":\"roof\"}", "Invalid/missing ueId"},
	    {"{\"command\":\"setGroup\",\"ueId\":\"ue-0\",\"group\":\"\"}",
	     "Invalid/missing group"},
	    {"{\"command\":\"setGroup\",\"ueId\":\"nobody\",\"group\":\"roof\"}", "UE not found"},
	    {"{\"command\":\"addUe\"}", "Invalid/missing ueId"},
	    {"{\"command\":\"addUe\",\"ueId\":\"ue-0\"}", "UE already exists"},
	    {"{\"command\":\"addUe\",\"ueId\":\"no good\"}", "Invalid/missing ueId"},
	    {"{\"command\":\"addUe\",\"ueId\":\"n\",\"e2eIntKey\":\"00\"}",
	     "Invalid/missing e2eIntKey"},
	    {"{\"command\":\"addUe\",\"ueId\":\"n\",\"e2eIntKey\":\"" HEX64 "0\"}",
	     "Invalid/missing e2eIntKey"},
	    {"{\"command\":\"addUe\",\"ueId\":\"n\",\"e2eIntKey\":null}",
	     "Invalid/missing e2eIntKey"},
	    {"{\"command\":\"addUe\",\"ueId\":\"n\",\"e2eIntKey\":\"" HEX64
	     "\",\"group\":\"no/good\"}",
	     "Invalid/missing group"},
	    {"{\"command\":\"addUe\",\"ueId\":\"n\",\"te2e\":true}", "Invalid/missing te2e"},
	    {"{\"command\":\"removeUe\",\"ueId\":\"nobody\"}", "UE not found"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		bool same =
		    admin_error_is(admin_command(&admin, "%s", rows[i].command), rows[i].error);

		if (!same)
			printf("\n  %s\n", rows[i].command);
		EXPECT(same);
	}
	expect_gone("n"); /* nothing half done */
	expect_te2e("ue-59", 5000, "default");
}

/* The request as a whole is refused. */
static void expect_refused(const void *request, size_t len, const char *error)
{
	char expected[256], *answer = admin_send(&admin, request, len, 1);

	snprintf(expected, sizeof expected,
		 "{\"responses\":[{\"command\":\"Unknown command\",\"error\":\"%s\"}]}", error);
	EXPECT(answer != NULL && strcmp(answer, expected) == 0);
	if (answer != NULL && strcmp(answer, expected) != 0)
		printf("\n  %.200s\n", answer);
	free(answer);
}

static void test_bad_requests(void)
{
	static const char *const not_json[] = {"",     "{",     "\"",       "{\"commands\":[}",
					       "nul",  "{}}",   "{} x",     "{\"commands\":[]}{",
					       "\xff", "[1,2,", "{\"a\" 1}"};
	static const char *const no_commands[] = {"[]",
						  "null",
						  "17",
						  "\"x\"",
						  "{}",
						  "{\"commands\":17}",
						  "{\"Commands\":[]}",
						  "{\"commands\":{}}"};
	char *answer;

	for (size_t i = 0; i < sizeof not_json / sizeof *not_json; i++)
		expect_refused(not_json[i], strlen(not_json[i]), "Payload not valid JSON");
	expect_refused("{\"commands\":[]}\0x", 17, "Payload not valid JSON");
	/* It would read as ue-0. */
	expect_refused("{\"commands\":[{\"command\":\"expireKey\",\"ueId\":\"ue-0\\u0000x\"}]}", 59,
		       "Payload not valid JSON");
	for (size_t i = 0; i < sizeof no_commands / sizeof *no_commands; i++)
		expect_refused(no_commands[i], strlen(no_commands[i]), "Invalid/missing commands");
	answer = admin_ask(&admin, " {\"commands\":[]}\r\n\t ", 1);
	EXPECT(answer != NULL && strcmp(answer, "{\"responses\":[]}") == 0);
	free(answer);
}

/* A request with the same command so many times, to be freed. */
static char *many(const char *command, size_t count)
{
	size_t len = strlen(command);
	char *request = malloc(count * (len + 1) + 32), *at = request;

	if (request == NULL)
		abort();
	at += sprintf(at, "{\"commands\":[");
	for (size_t i = 0; i < count; i++)
		at += sprintf(at, "%s%s", i > 0 ? "," : "", command);
	sprintf(at, "]}");
	return request;
}

/* Writes a text over what is there, without its end. */
static void put(char *to, const char *text)
{
	while (*text != '\0')
		*to++ = *text++;
}

static void test_too_many(void)
{
	static char big[1024 * 1024 + 1];
	struct test_ue u;
	char *request = many("{\"command\":\"expireKey\",\"all\":true}", 10000);

	ue_take(&u, "ue");
	REQUIRE(ue_connect(&u, &broker, MQTT_5, false) && ue_first_contact(&u));
	expect_refused(request, strlen(request), "Too many commands: at most 1000");
	free(request);
	request = many("{\"command\":\"expireKey\",\"all\":true}", 1001);
	expect_refused(request, strlen(request), "Too many commands: at most 1000");
	free(request);
	memset(big, ' ', sizeof big);
	expect_refused(big, sizeof big, "Payload too long: at most 1 MiB");
	expect_refused(big, sizeof big - 1, "Payload not valid JSON");
	memset(big, '[', sizeof big);
	expect_refused(big, sizeof big - 1, "Payload not valid JSON");
	for (size_t i = 0; i < sizeof big - 1; i++)
		big[i] = i % 2 == 0 ? '1' : ',';
	put(big, "{\"commands\":[");
	expect_refused(big, sizeof big - 1, "Too much in one request");
	memset(big, '\1', sizeof big);
	put(big, "{\"commands\":[{\"command\":\"");
	put(big + sizeof big - 5, "\"}]}");
	expect_refused(big, sizeof big - 1, "Payload not valid JSON");
	EXPECT(taken(MQTT_5, 1, ue_say(&u, "t", "nothing was done", 1)));
	mqtt_disconnect(&u.link);
}

/* In their order, one that fails stops none, each answered with its own correlationData. */
static void several(enum mqtt_version version, uint8_t qos)
{
	static const char request[] =
	    "{\"commands\":["
	    "{\"command\":\"addUe\",\"ueId\":\"one\",\"group\":\"shed\","
	    "\"correlationData\":\"a\\\"\\u00e9\"},"
	    "{\"command\":\"addUe\",\"ueId\":\"one\",\"correlationData\":\"b\"},"
	    "17,"
	    "{\"command\":\"getUe\",\"ueId\":\"one\",\"correlationData\":\"\"},"
	    "{\"command\":\"expireKey\",\"group\":\"shed\"},"
	    "{\"command\":\"removeUe\",\"ueId\":\"one\"}]}";
	static const char expected[] =
	    "{\"responses\":["
	    "{\"command\":\"addUe\",\"correlationData\":\"a\\\"\xc3\xa9\"},"
	    "{\"command\":\"addUe\",\"error\":\"UE already exists\",\"correlationData\":\"b\"},"
	    "{\"command\":\"Unknown command\",\"error\":\"Command not an object\"},"
	    "{\"command\":\"getUe\",\"data\":{\"ue\":{\"ueId\":\"one\",\"state\":\"noKey\","
	    "\"group\":\"shed\",\"te2e\":5000,\"te2eFrom\":\"default\",\"highestKsn\":0}},"
	    "\"correlationData\":\"\"},"
	    "{\"command\":\"expireKey\"},"
	    "{\"command\":\"removeUe\"}]}";
	struct mqtt m;
	char *answer;

	REQUIRE(admin_open(&m, &broker, "several", version));
	answer = admin_ask(&m, request, qos);
	EXPECT(answer != NULL && strcmp(answer, expected) == 0);
	if (answer != NULL && strcmp(answer, expected) != 0)
		printf("\n  %s\n  %s\n", expected, answer);
	free(answer);
	mqtt_disconnect(&m);
}

static void test_several(void)
{
	harness_each(several);
}

/* The next answer is this one. */
static void expect_answer(struct mqtt *m, const char *expected)
{
	struct mqtt_message *got = mqtt_next(m, MQTT_PATIENCE_MS);

	REQUIRE(got != NULL);
	EXPECT(strcmp(got->topic, "$CONTROL/eese/v1/response") == 0);
	EXPECT(got->len == strlen(expected) && memcmp(got->payload, expected, got->len) == 0);
	mqtt_message_free(got);
}

/* QoS 2, PUBREC lost: the broker runs the request again. Each run is answered, and the second finds
 * done what it asks for. */
static void repeated(enum mqtt_version version)
{
	static const char request[] = "{\"commands\":[{\"command\":\"setTe2e\",\"ueId\":\"twice\","
				      "\"te2e\":61},{\"command\":\"addUe\",\"ueId\":\"twice\"},"
				      "{\"command\":\"expireKey\",\"ueId\":\"twice\"}]}";
	struct mqtt_publish p = {
	    .topic = "$CONTROL/eese/v1", .payload = request, .len = sizeof request - 1, .qos = 2};
	struct mqtt m;
	int mid;

	REQUIRE(admin_open(&m, &broker, "repeats", version));
	mid = mqtt_send_publish(&m, &p);
	EXPECT(taken(version, 2, mqtt_wait(&m, MQTT_PUBREC, (uint16_t)mid)));
	expect_answer(&m, "{\"responses\":[{\"command\":\"setTe2e\",\"error\":\"UE not found\"},"
			  "{\"command\":\"addUe\"},{\"command\":\"expireKey\"}]}");
	p.dup = true;
	p.mid = (uint16_t)mid;
	EXPECT_EQUAL(mqtt_send_publish(&m, &p), mid);
	EXPECT(taken(version, 2, mqtt_wait(&m, MQTT_PUBREC, (uint16_t)mid)));
	expect_answer(&m, "{\"responses\":[{\"command\":\"setTe2e\"},"
			  "{\"command\":\"addUe\",\"error\":\"UE already exists\"},"
			  "{\"command\":\"expireKey\"}]}");
	EXPECT(mqtt_send_ack(&m, MQTT_PUBREL, (uint16_t)mid));
	EXPECT_EQUAL(mqtt_wait(&m, MQTT_PUBCOMP, (uint16_t)mid), 0);
	EXPECT(mqtt_sync(&m) && m.first == NULL);
	expect_te2e("twice", 61, "ue");
	cJSON_Delete(admin_done(&admin, "{\"command\":\"removeUe\",\"ueId\":\"twice\"}"));
	mqtt_disconnect(&m);
}

static void test_repeated(void)
{
	harness_each_version(repeated);
}

/* The work of one request is bounded, whatever its commands ask for. */
static void test_too_much(void)
{
	static const char *const commands[] = {
	    "{\"command\":\"listUes\",\"count\":1000,\"verbose\":true}",
	    "{\"command\":\"listUes\",\"count\":1000}", "{\"command\":\"getUe\",\"ueId\":\"ue-0\"}",
	    "{\"command\":\"getStatus\"}"};

	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		char *request = many(commands[i], 1000), *answer = admin_ask(&admin, request, 1);
		cJSON *tree = cJSON_Parse(answer), *response;
		cJSON *list = cJSON_GetObjectItemCaseSensitive(tree, "responses");
		size_t told = 0;

		EXPECT_EQUAL(cJSON_GetArraySize(list), 1000);
		cJSON_ArrayForEach(response, list)
		{
			const cJSON *data = cJSON_GetObjectItemCaseSensitive(response, "data");

			if (data == NULL)
				EXPECT(strcmp(json_text(response, "error"),
					      "Too much in one request") == 0);
			else
				told +=
				    (size_t)cJSON_GetArraySize(cJSON_GetObjectItem(data, "ues"));
		}
		EXPECT(i >= 2 || (told >= 1900 && told <= 2000));
		cJSON_Delete(tree);
		free(answer);
		free(request);
	}
}

/* SIGHUP: a line that is as it was changes nothing, one that changed sets its UE, and whose line is
 * gone is gone; those that addUe brought stay. */
static void test_reload(void)
{
	struct test_ue added, both;

	ue_named(&added, "brought");
	ue_named(&both, "later");
	add(&added, ",\"te2e\":60,\"group\":\"roof\"");
	add(&both, ",\"te2e\":60");
	expect_te2e("brought", 60, "ue");
	set_te2e("\"ueId\":\"ue-0\"", "60");
	cJSON_Delete(admin_done(&admin, "{\"command\":\"removeUe\",\"ueId\":\"ue-59\"}"));
	broker_reload(&broker);
	expect_te2e("ue-0", 60, "ue");
	expect_gone("ue-59");
	broker_write_keys(&broker,
			  (const struct ue_range[]){{.prefix = "ue", .count = 60, .te2e_s = 70},
						    {.prefix = "later", .count = 1},
						    {0}},
			  NULL);
	broker_reload(&broker);
	expect_te2e("ue-0", 70, "ue");
	expect_te2e("ue-59", 70, "ue");
	expect_te2e("brought", 60, "ue");
	expect_te2e("later", 60, "ue");
	expect_gone("roof-0");
	REQUIRE(ue_connect(&added, &broker, MQTT_5, false));
	EXPECT(ue_first_contact(&added));
	mqtt_disconnect(&added.link);
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},
	    {"getUe", test_get_ue},
	    {"listUes", test_list},
	    {"setTe2e: whose counts", test_te2e_levels},
	    {"setTe2e holds at once", test_te2e_at_once},
	    {"setGroup", test_set_group},
	    {"getStatus", test_status},
	    {"a UE's life", test_life},
	    {"errors", test_errors},
	    {"bad requests", test_bad_requests},
	    {"too many, too long", test_too_many},
	    {"several", test_several},
	    {"repeated", test_repeated},
	    {"too much", test_too_much},
	    {"SIGHUP", test_reload},
	    {"stop", stop},
	};

	return harness_main("commands", tests, sizeof tests / sizeof *tests);
}
