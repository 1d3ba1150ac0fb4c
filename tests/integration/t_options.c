/* SPDX-License-Identifier: Apache-2.0 */
/* A wrong, unknown, doubled or unreadable option stops the broker, and its log names it. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static const struct ue_range ues[] = {{.prefix = "ue", .count = 3}, {0}};

static void test_wrong_options(void)
{
	static const struct {
		const char *lines, *named;
	} row[] = {
	    {"plugin_opt_colour blue\n", "colour"},
	    {"plugin_opt_key_files /tmp/x\n", "key_files"},
	    {"plugin_opt_te2e 5\nplugin_opt_te2e 6\n", "te2e"},
	    {"plugin_opt_te2e 5\nplugin_opt_te2e 5\n", "te2e"},
	    {"plugin_opt_te2e five\n", "te2e"},
	    {"plugin_opt_te2e 5x\n", "te2e"},
	    {"plugin_opt_te2e -1\n", "te2e"},
	    {"plugin_opt_te2e 99999999999999999999\n", "te2e"},
	    {"plugin_opt_update_interval x\n", "update_interval"},
	    {"plugin_opt_update_interval 0\n", "update_interval"},
	    {"plugin_opt_refresh_margin 51\n", "refresh_margin"},
	    {"plugin_opt_refresh_margin ten\n", "refresh_margin"},
	    {"plugin_opt_acl_default deny\n", "acl_default"},
	    {"plugin_opt_gateways a\nplugin_opt_gateways b\n", "gateways"},
	    {"plugin_opt_retain_topics a/#/b\n", "retain_topics"},
	    {"plugin_opt_hold_life 86401\n", "hold_life"},
	    {"plugin_opt_alg 11\n", "alg"},
	    {"plugin_opt_alg aes\n", "alg"},
	    {"plugin_opt_base e2e/x\n", "base"},
	    {"plugin_opt_base #\n", "base"},
	    {"plugin_opt_base app\n", "base"},
	    {"plugin_opt_admins a\nplugin_opt_admins b\n", "admins"},
	    {"plugin_opt_emks_url http://127.0.0.1\n", "emks_url must be a URL that begins"},
	    {"plugin_opt_emks_url https://a@127.0.0.1\n", "emks_url must be a URL with host"},
	    {"plugin_opt_emks_url https://127.0.0.1\n", "emks_cert"},
	    {"plugin_opt_emks_ca /tmp/x\n", "emks_url"},
	    {"plugin_opt_emks_timeout 0\n", "emks_timeout"},
	    {"plugin_opt_emks_recheck 1h\n", "emks_recheck must be a number from 0 to 315360000"},
	    {"plugin_opt_rand_source emks\n", "emks_url"},
	    {"plugin_opt_rand_source ours\n", "rand_source"},
	    {"plugin_opt_kek_file /tmp/x\n", "kek_file"},
	};

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		const struct broker_options o = {.ues = ues, .plugin_lines = row[i].lines};

		broker_refuses(&o, row[i].named);
	}
}

static void test_no_key_file(void)
{
	static const char *const lines[] = {NULL, "plugin_opt_key_file /nonexistent/keys\n",
					    "plugin_opt_key_file /\n"};

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		const struct broker_options o = {
		    .ues = ues, .no_key_option = true, .plugin_lines = lines[i]};

		broker_refuses(&o, "key_file");
	}
}

static void test_key_file_twice(void)
{
	const struct broker_options o = {.ues = ues, .plugin_lines = "plugin_opt_key_file /x\n"};

	broker_refuses(&o, "key_file");
}

/* Refused if others than its owner can read it; or write it. */
static void test_key_file_mode(void)
{
	static const mode_t modes[] = {0644, 0640, 0604, 0660, 0606, 0777};

	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		const struct broker_options o = {.ues = ues, .key_mode = modes[i]};

		broker_refuses(&o, "keys");
	}
}

static void test_bad_key_files(void)
{
	static const struct {
		const char *text, *named;
	} row[] = {
	    {"ue-0 00\n", "1"},
	    {"# comment\n\nue-0 " KEY "00\n", "3"},
	    {"ue-0 " KEY "\nue-1 z" KEY "\n", "2"},
	    {"ue-0 " KEY "\nue-0 " KEY "\n", "2"},
	    {"ue-0\n", "1"},
	    {"ue/0 " KEY "\n", "1"},
	    {"ue+0 " KEY "\n", "1"},
	    {"0123456789012345678901234567890123456789012345678901234567890123x " KEY "\n", "1"},
	    {"ue-0 " KEY " te2e=x\n", "1"},
	    {"ue-0 " KEY " te2e=-5\n", "1"},
	    {"ue-0 " KEY " te2e=5 te2e=6\n", "1"},
	    {"ue-0 " KEY " group=a/b\n", "1"},
	    {"ue-0 " KEY " colour=blue\n", "1"},
	    {"ue-0 " KEY " te2e\n", "1"},
	};

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		const struct broker_options o = {.keys = row[i].text};
		char words[64];

		snprintf(words, sizeof words, "keys|line %s", row[i].named);
		broker_refuses(&o, words);
	}
}

/* What is right is taken, down to odd spacing; and nothing in the log gives a key away. */
static void test_good_key_file(void)
{
	const struct broker_options o = {
	    .keys = "# devices\n\n  ue-A.b_c@d\t" KEY "   te2e=5\tgroup=g.1  \r\n"
		    "ue-1 000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F\n"
		    "ue-2 " KEY " # a comment\n",
	    .plugin_lines = "plugin_opt_te2e 0\nplugin_opt_refresh_margin 0\n"
			    "plugin_opt_update_interval 1\nplugin_opt_admins a b  c\n"};
	struct broker b;
	char *log;

	REQUIRE(broker_start(&b, &o));
	log = broker_log(&b);
	EXPECT(strstr(log, "000102030405") == NULL);
	free(log);
	broker_stop(&b);
}

static int send_up(struct test_ue *u, const char *base, const char *text, uint8_t qos)
{
	struct octets msg;
	char topic[128];
	struct mqtt_publish p = {.topic = topic, .payload = msg.p, .qos = qos};

	ue_seal(u, "t", text, &msg);
	p.len = msg.len;
	snprintf(topic, sizeof topic, "%s/%s/up/t", base, u->id);
	return mqtt_publish(&u->link, &p);
}

/* First contact by data, then one message at each QoS. */
static void talk(struct test_ue *u, const char *base, uint16_t port)
{
	const struct mqtt_login login = {.version = MQTT_5, .client_id = u->id, .username = u->id};
	struct eese_key_update update = {.ksn = 9, .alg = EESE_ALG_AES_CCM_16_64_128};
	struct mqtt_message *m;
	char topic[128];

	REQUIRE(mqtt_connect(&u->link, port, &login) == 0);
	snprintf(topic, sizeof topic, "%s/%s/ctl", base, u->id);
	EXPECT_EQUAL(mqtt_subscribe(&u->link, topic, 1), 1);
	ue_adopt(u, &update);
	EXPECT_EQUAL(send_up(u, base, "lost", 1), 0x87);
	EXPECT(mqtt_sync(&u->link));
	m = mqtt_next(&u->link, 0);
	REQUIRE(m != NULL);
	EXPECT(eese_key_update_decode(u->control_key, u->id, m->payload, m->len, &update) ==
	       EESE_OK);
	mqtt_message_free(m);
	ue_adopt(u, &update);
	for (uint8_t qos = 0; qos <= 2; qos++)
		EXPECT(taken(MQTT_5, qos, send_up(u, base, "found", qos)));
	EXPECT(mqtt_sync(&u->link));
}

/* Other topic roots than e2e and app, of other lengths too. */
static void test_other_roots(void)
{
	static const struct ue_range one[] = {{.prefix = "ue", .count = 1}, {0}};
	static const char *const roots[][2] = {
	    {"x", "plaintext"}, {"protected", "y"}, {"in", "up"}};

	for (size_t i = 0; i < sizeof roots / sizeof *roots; i++) {
		char lines[128], topic[128];
		const struct broker_options o = {.ues = one, .plugin_lines = lines};
		struct broker b;
		struct test_ue u;
		struct observer app;

		snprintf(lines, sizeof lines, "plugin_opt_base %s\nplugin_opt_app %s\n",
			 roots[i][0], roots[i][1]);
		REQUIRE(broker_start(&b, &o));
		ue_named(&u, "ue-0");
		snprintf(topic, sizeof topic, "%s/#", roots[i][1]);
		EXPECT(observer_open(&app, &b, TEST_APP_USER, topic));
		talk(&u, roots[i][0], b.port);
		EXPECT(observer_sync(&app));
		snprintf(topic, sizeof topic, "%s/ue-0/up/t", roots[i][1]);
		EXPECT_EQUAL(observer_count(&app, topic, "found"), 3);
		EXPECT_EQUAL(app.count, 3);
		mqtt_disconnect(&u.link);
		observer_close(&app);
		broker_stop(&b);
	}
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"wrong options", test_wrong_options},
	    {"no key file", test_no_key_file},
	    {"key file named twice", test_key_file_twice},
	    {"key file that others can read", test_key_file_mode},
	    {"bad key files", test_bad_key_files},
	    {"good key file", test_good_key_file},
	    {"other topic roots", test_other_roots},
	};

	return harness_main("options", tests, sizeof tests / sizeof *tests);
}
