/* SPDX-License-Identifier: Apache-2.0 */
/* Every command of eese-ctl at a real broker, in text and in JSON. */
#include "harness.h"

#include "admin.h"
#include "ctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MANY = 2300 };

static struct broker broker;

static const struct ue_range ues[] = {{.prefix = "many", .count = MANY, .group = "crowd"},
				      {.prefix = "roof", .count = 8, .group = "roof"},
				      {.prefix = "ue", .count = 30},
				      {0}};

#define CTL(code, ...) CTL_WITH(code, broker.port, NULL, __VA_ARGS__)

static void start(void)
{
	const struct broker_options o = {.ues = ues,
					 .plugin_lines = "plugin_opt_admins " TEST_ADMIN_USER "\n"};

	REQUIRE(broker_start(&broker, &o));
	ctl_setup();
}

static void stop(void)
{
	ctl_end();
	broker_stop(&broker);
}

static bool fresh(struct test_ue *u, const char *prefix)
{
	ue_take(u, prefix);
	return ue_connect(u, &broker, MQTT_5, false) && ue_first_contact(u);
}

static size_t lines_of(const char *text)
{
	size_t count = 0;

	for (; *text != '\0'; text++)
		count += *text == '\n';
	return count;
}

static const cJSON *at(const cJSON *list, int i)
{
	return cJSON_GetArrayItem(list, i);
}

/* What show --json tells of one UE, to be deleted. */
static cJSON *shown(const char *ue)
{
	cJSON *list, *only;

	CTL(0, "show", "--json", "--", ue);
	list = ctl_json();
	EXPECT_EQUAL(cJSON_GetArraySize(list), 1);
	only = cJSON_DetachItemFromArray(list, 0);
	cJSON_Delete(list);
	EXPECT(strcmp(json_text(only, "ueId"), ue) == 0);
	return only;
}

static bool state_is(const char *ue, const char *state)
{
	cJSON *o = shown(ue);
	const bool is = strcmp(json_text(o, "state"), state) == 0;

	if (!is)
		printf("\n  state of %s: %s\n", ue, json_text(o, "state"));
	cJSON_Delete(o);
	return is;
}

static void test_status(void)
{
	cJSON *o;

	CTL(0, "status");
	EXPECT(strncmp(ctl_out, "EESE ", 5) == 0);
	EXPECT(ctl_printed("\nbase            e2e\n"));
	EXPECT(ctl_printed("\ntotal ") || ctl_printed(" total "));
	EXPECT(!ctl_printed("failed tag"));
	CTL(0, "status", "-v");
	EXPECT(ctl_printed("failed tag"));
	CTL(0, "--json", "status");
	o = ctl_json();
	EXPECT_EQUAL(lines_of(ctl_out), 1);
	EXPECT_EQUAL(json_number(cJSON_GetObjectItemCaseSensitive(o, "ues"), "total"), MANY + 38);
	EXPECT(json_number(o, "te2e") > 0);
	EXPECT(cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(o, "counters")));
	cJSON_Delete(o);
	CTL(2, "status", "ue-0");
}

/* Over three pages, each UE once. */
static void test_list(void)
{
	cJSON *list;

	CTL(0, "list");
	EXPECT_EQUAL(lines_of(ctl_out), MANY + 38);
	EXPECT(ctl_printed("\nroof-7\n"));
	EXPECT(!ctl_printed(" "));
	CTL(0, "list", "--group", "roof");
	EXPECT_EQUAL(lines_of(ctl_out), 8);
	CTL(0, "list", "--limit", "1500");
	EXPECT_EQUAL(lines_of(ctl_out), 1500);
	CTL(0, "list", "--json");
	list = ctl_json();
	EXPECT_EQUAL(cJSON_GetArraySize(list), MANY + 38);
	EXPECT(cJSON_IsString(at(list, 0)));
	cJSON_Delete(list);
	CTL(0, "list", "--json", "--state", "expired");
	EXPECT(strcmp(ctl_out, "[]\n") == 0);
	CTL(0, "list", "--state", "expired");
	EXPECT(ctl_out[0] == '\0');
	CTL(0, "list", "--group", "roof", "--json", "-v");
	list = ctl_json();
	EXPECT_EQUAL(cJSON_GetArraySize(list), 8);
	EXPECT(strcmp(json_text(at(list, 0), "group"), "roof") == 0);
	cJSON_Delete(list);
	CTL(1, "list", "--group", "nobody-knows-it");
	EXPECT(ctl_said("Group not found"));
	CTL(2, "list", "--state", "lazy");
	CTL(2, "list", "--group", "a/b");
	CTL(2, "list", "ue-0");
}

/* The columns begin where their heads do. */
static void test_table(void)
{
	char *line, *rest;
	size_t state;

	CTL(0, "list", "-v", "--group", "roof");
	EXPECT_EQUAL(lines_of(ctl_out), 9);
	EXPECT(strncmp(ctl_out, "UE      STATE  GROUP  ", 22) == 0);
	rest = ctl_out;
	line = strsep(&rest, "\n");
	state = strcspn(line, "S");
	while ((line = strsep(&rest, "\n")) != NULL && line[0] != '\0') {
		EXPECT(strlen(line) > state && line[state - 1] == ' ' && line[state] != ' ');
		EXPECT(line[strlen(line) - 1] != ' ');
	}
}

static void test_show(void)
{
	struct test_ue u;
	cJSON *list;

	REQUIRE(fresh(&u, "ue"));
	CTL(0, "show", u.id);
	EXPECT(strncmp(ctl_out, u.id, strlen(u.id)) == 0);
	EXPECT(ctl_printed("\n  state         valid\n"));
	EXPECT(ctl_printed("AES-CCM-16-64-128"));
	CTL(1, "show", "--json", "nobody-1", u.id, "nobody-2");
	list = ctl_json();
	EXPECT_EQUAL(cJSON_GetArraySize(list), 3);
	EXPECT(strcmp(json_text(at(list, 0), "error"), "UE not found") == 0);
	EXPECT(strcmp(json_text(at(list, 1), "ueId"), u.id) == 0);
	EXPECT_EQUAL(json_number(at(list, 1), "ksn"), u.ksn);
	EXPECT(strcmp(json_text(at(list, 2), "ueId"), "nobody-2") == 0);
	cJSON_Delete(list);
	CTL(1, "show", "nobody-1", u.id);
	EXPECT(ctl_said("eese-ctl: nobody-1: UE not found\n"));
	EXPECT(ctl_printed("state"));
	CTL(2, "show");
	CTL(2, "show", "ue/1");
	mqtt_disconnect(&u.link);
}

/* Its keyset is refused from then on, and no other's. */
static void test_expire_one(void)
{
	struct test_ue u, other;

	REQUIRE(fresh(&u, "ue"));
	REQUIRE(fresh(&other, "ue"));
	CTL(0, "expire", u.id);
	EXPECT(strcmp(ctl_out, "1 UE: keysets expired\n") == 0);
	EXPECT(state_is(u.id, "expired"));
	EXPECT(refused(MQTT_5, 1, ue_say(&u, "t", "expired", 1)));
	EXPECT(taken(MQTT_5, 1, ue_say(&other, "t", "valid", 1)));
	CTL(1, "expire", "nobody-1", other.id, "nobody-2");
	EXPECT(ctl_said("nobody-1: UE not found\n") && ctl_said("nobody-2: UE not found\n"));
	EXPECT(strcmp(ctl_out, "1 UE: keysets expired\n") == 0);
	EXPECT(refused(MQTT_5, 1, ue_say(&other, "t", "expired", 1)));
	mqtt_disconnect(&u.link);
	mqtt_disconnect(&other.link);
}

static void test_expire_group_and_all(void)
{
	struct test_ue roof, alone;

	REQUIRE(fresh(&roof, "roof"));
	REQUIRE(fresh(&alone, "ue"));
	CTL(2, "expire", "--group", "roof", alone.id);
	CTL(2, "expire", "--group", "roof", "--all");
	CTL(2, "expire");
	EXPECT(state_is(roof.id, "valid"));
	CTL(0, "expire", "--group", "roof", "--json");
	EXPECT(strcmp(ctl_out, "[\n{\"group\":\"roof\"}\n]\n") == 0);
	EXPECT(state_is(roof.id, "expired"));
	EXPECT(state_is(alone.id, "valid"));
	CTL(1, "expire", "--group", "nobody-knows-it");
	/* There is nobody to ask, and a yes in a pipe is none. */
	CTL_WITH(2, broker.port, "y\n", "expire", "--all");
	EXPECT(ctl_said("--yes"));
	EXPECT(state_is(alone.id, "valid"));
	CTL(0, "expire", "--all", "--yes");
	EXPECT(strcmp(ctl_out, "all: keysets expired\n") == 0);
	EXPECT(state_is(alone.id, "expired"));
	mqtt_disconnect(&roof.link);
	mqtt_disconnect(&alone.link);
}

/* What list prints goes into --from; in several requests, and each error is reported. */
static void test_from(void)
{
	char *names, *more;
	cJSON *list;

	CTL(0, "list", "--group", "crowd");
	names = strdup(ctl_out);
	more = malloc(strlen(names) + 64);
	sprintf(more, "# a comment\n\n  nobody-1 \r\n%snobody-2", names);
	CTL_WITH(0, broker.port, names, "expire", "--from", "-");
	EXPECT(strcmp(ctl_out, "2300 UEs: keysets expired\n") == 0);
	CTL_WITH(1, broker.port, more, "te2e", "1000", "--from", "-", "--json");
	list = ctl_json();
	EXPECT_EQUAL(cJSON_GetArraySize(list), MANY + 2);
	EXPECT(strcmp(json_text(at(list, 0), "error"), "UE not found") == 0);
	EXPECT(strcmp(json_text(at(list, MANY + 1), "error"), "UE not found") == 0);
	EXPECT(cJSON_GetObjectItemCaseSensitive(at(list, MANY), "error") == NULL);
	cJSON_Delete(list);
	CTL_WITH(2, broker.port, "ue-1\nue 2\n", "expire", "--from", "-");
	EXPECT(ctl_said("standard input: line 2 is no UE-ID"));
	/* Nothing is not all. */
	CTL_WITH(0, broker.port, "", "expire", "--from", "-");
	CTL(2, "expire", "--from", "/nonexistent");
	free(names);
	free(more);
}

static void expect_te2e(const char *ue, double seconds, const char *from)
{
	cJSON *o = shown(ue);

	EXPECT_EQUAL(json_number(o, "te2e"), seconds);
	EXPECT(strcmp(json_text(o, "te2eFrom"), from) == 0);
	cJSON_Delete(o);
}

static void test_te2e(void)
{
	CTL(0, "te2e", "0", "ue-20", "ue-21");
	EXPECT(strcmp(ctl_out, "2 UEs: te2e for ever\n") == 0);
	expect_te2e("ue-21", 0, "ue");
	CTL(0, "te2e", "7200", "--group", "roof");
	EXPECT(strcmp(ctl_out, "group roof: te2e 2 h\n") == 0);
	expect_te2e("roof-1", 7200, "group");
	CTL(0, "te2e", "5400", "--default");
	EXPECT(strcmp(ctl_out, "default: te2e 1 h 30 min\n") == 0);
	expect_te2e("ue-22", 5400, "default");
	CTL(0, "te2e", "default", "ue-20", "ue-21");
	expect_te2e("ue-21", 5400, "default");
	CTL(0, "te2e", "default", "--group", "roof");
	CTL(0, "te2e", "default", "--default", "--json");
	EXPECT(strcmp(ctl_out, "[\n{\"default\":true}\n]\n") == 0);
	expect_te2e("roof-1", 86400, "default");
	CTL(1, "te2e", "60", "nobody-1");
	CTL(2, "te2e", "60");
	CTL(2, "te2e");
	CTL(2, "te2e", "1h", "ue-20");
	CTL(2, "te2e", "315360001", "ue-20");
	CTL(2, "te2e", "60", "ue-20", "--default");
}

static void expect_group(const char *ue, const char *group)
{
	cJSON *o = shown(ue);

	EXPECT(strcmp(json_text(o, "group"), group) == 0);
	cJSON_Delete(o);
}

static void test_group(void)
{
	CTL(0, "group", "cellar", "ue-23", "ue-24");
	EXPECT(strcmp(ctl_out, "2 UEs: in group cellar\n") == 0);
	expect_group("ue-24", "cellar");
	CTL(0, "group", "--none", "ue-24");
	EXPECT(strcmp(ctl_out, "1 UE: in no group\n") == 0);
	expect_group("ue-24", "");
	CTL(1, "group", "cellar", "nobody-1");
	CTL(2, "group", "cellar");
	CTL(2, "group");
	CTL(2, "group", "a b", "ue-24");
}

/* A name of the harness's, so that a device can be played on the key. */
static void key_of(const char *ue, char hex[2 * EESE_INT_KEY_SIZE + 1])
{
	uint8_t key[EESE_INT_KEY_SIZE];

	test_int_key(ue, key);
	for (size_t i = 0; i < sizeof key; i++)
		sprintf(hex + 2 * i, "%02x", key[i]);
}

static bool works(const char *ue)
{
	struct test_ue u;
	bool ok;

	ue_named(&u, ue);
	ok = ue_connect(&u, &broker, MQTT_5, false) && ue_first_contact(&u);
	mqtt_disconnect(&u.link);
	return ok;
}

static void test_add(void)
{
	char hex[2 * EESE_INT_KEY_SIZE + 1], text[512];
	const char *path;
	cJSON *o;

	key_of("new-1", hex);
	CTL_WITH(0, broker.port, hex, "add", "new-1", "--key-file", "-");
	EXPECT(strcmp(ctl_out, "new-1: added\n") == 0);
	EXPECT(works("new-1"));
	key_of("new-2", hex);
	snprintf(text, sizeof text, "# keys\nnew-3 %s\nnew-2 %s te2e=5 # roof\n", hex + 1, hex);
	path = ctl_file("new.keys", text, 0600);
	CTL(2, "add", "new-2", "--key-file", path);
	EXPECT(ctl_said("line 2"));
	snprintf(text, sizeof text, "# keys\nnew-2 %s te2e=5 # roof\n\n", hex);
	path = ctl_file("new.keys", text, 0600);
	CTL(0, "add", "new-2", "--key-file", path, "--te2e", "90", "--group", "fresh");
	EXPECT(works("new-2"));
	expect_te2e("new-2", 90, "ue");
	expect_group("new-2", "fresh");
	CTL(2, "add", "new-3", "--key-file", path);
	EXPECT(ctl_said("no line of this UE"));
	EXPECT(chmod(path, 0640) == 0);
	CTL(2, "add", "new-4", "--key-file", path);
	EXPECT(ctl_said("chmod 600"));
	CTL(0, "add", "new-5");
	EXPECT(strcmp(ctl_out, "new-5: added, without a key\n") == 0);
	EXPECT(state_is("new-5", "noKey"));
	CTL(1, "add", "new-5");
	EXPECT(ctl_said("UE already exists"));
	CTL(1, "add", "new-5", "--json");
	o = ctl_json();
	EXPECT(strcmp(json_text(at(o, 0), "error"), "UE already exists") == 0);
	cJSON_Delete(o);
	CTL(0, "add", "--", "-new-6");
	EXPECT(state_is("-new-6", "noKey"));
	CTL(2, "add");
	CTL(2, "add", "a", "b");
	CTL_WITH(2, broker.port, "0123", "add", "new-7", "--key-file", "-");
	CTL_WITH(2, broker.port, "", "add", "new-7", "--key-file", "-");
	CTL(1, "show", "new-7");
}

static void test_remove(void)
{
	CTL(2, "remove", "ue-25");
	EXPECT(state_is("ue-25", "new"));
	CTL(1, "remove", "ue-25", "nobody-1", "-y");
	EXPECT(strcmp(ctl_out, "1 UE: removed\n") == 0);
	EXPECT(ctl_said("nobody-1: UE not found"));
	CTL(1, "show", "ue-25");
	CTL(2, "remove", "-y");
}

static void test_versions(void)
{
	static const char *const versions[] = {"mqttv5", "mqttv311", "mqttv31"};

	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
		CTL(0, "-V", versions[i], "list", "--group", "roof");
		EXPECT_EQUAL(lines_of(ctl_out), 8);
		CTL(0, "-V", versions[i], "expire", "--group", "roof");
	}
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},
	    {"list", test_list},
	    {"list -v", test_table},
	    {"status", test_status},
	    {"show", test_show},
	    {"expire UEs", test_expire_one},
	    {"expire a group and all", test_expire_group_and_all},
	    {"names from a file", test_from},
	    {"te2e", test_te2e},
	    {"group", test_group},
	    {"add", test_add},
	    {"remove", test_remove},
	    {"MQTT versions", test_versions},
	    {"stop", stop},
	};

	return harness_main("ctl", tests, sizeof tests / sizeof *tests);
}
