/* SPDX-License-Identifier: Apache-2.0 */
#include "keyserver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *keyserver_lines(const struct keyserver *k, const char *url, const char *cert,
			    const char *key, const char *more)
{
	static char lines[2048];

	snprintf(lines, sizeof lines,
		 "plugin_opt_emks_url %s\nplugin_opt_emks_cert %s\nplugin_opt_emks_key %s\n"
		 "plugin_opt_emks_ca %s\n%s",
		 url, pki_path(&k->pki, cert), pki_path(&k->pki, key), pki_path(&k->pki, "ca.pem"),
		 more);
	return lines;
}

bool keyserver_serve(struct keyserver *k, const char *cert)
{
	const struct hostile_config config = {.pki = &k->pki, .cert = cert, .port = k->port};

	k->emks = hostile_start(&config);
	if (k->emks != NULL)
		k->port = hostile_port(k->emks);
	return k->emks != NULL;
}

bool keyserver_start(struct keyserver *k, const char *more)
{
	static const struct ue_range ues[] = {{.prefix = "file", .count = 400}, {0}};
	struct broker_options o = {.ues = ues};
	char url[64];

	k->port = 0;
	if (!keyserver_serve(k, NULL))
		return false;
	snprintf(url, sizeof url, "https://127.0.0.1:%u", k->port);
	o.plugin_lines = keyserver_lines(k, url, "client.pem", "client-key.pem", more);
	return broker_start(&k->broker, &o);
}

void keyserver_stop(struct keyserver *k)
{
	broker_stop(&k->broker);
	hostile_stop(k->emks);
	k->emks = NULL;
}

long keyserver_counter(const struct keyserver *k, const char *what)
{
	const struct mqtt_login login = {
	    .version = MQTT_5, .client_id = "looks", .username = TEST_ADMIN_USER};
	char topic[128];
	struct mqtt_message *got = NULL;
	struct mqtt m;
	long n = -1;

	snprintf(topic, sizeof topic, "$SYS/broker/eese/keyserver/%s", what);
	if (mqtt_connect(&m, k->broker.port, &login) == 0 && mqtt_subscribe(&m, topic, 1) < 0x80)
		got = mqtt_next(&m, MQTT_PATIENCE_MS);
	if (got != NULL)
		n = strtol(strndupa((const char *)got->payload, got->len), NULL, 10);
	mqtt_message_free(got);
	mqtt_disconnect(&m);
	return n;
}

int keyserver_main(struct keyserver *k, const char *suite, const struct harness_test *tests,
		   size_t count)
{
	int failed;

	if (!pki_make(&k->pki))
		return EXIT_FAILURE;
	failed = harness_main(suite, tests, count);
	pki_drop(&k->pki);
	return failed;
}

struct control await_control(struct test_ue *u, int timeout_ms)
{
	uint64_t end = mqtt_now_ms() + (uint64_t)timeout_ms;
	struct control c;

	while ((c = ue_control(u)).kind == CONTROL_NONE && mqtt_now_ms() < end)
		harness_sleep_ms(10);
	return c;
}

static bool none_of_these(const struct test_ue *u, const char *wanted, uint8_t reason,
			  const struct control *c)
{
	printf("\n  %s: no %s %d but kind %d, reason %d\n", u->id, wanted, reason, c->kind,
	       c->kind == CONTROL_UPDATE ? c->update.reason : c->error.reason);
	return false;
}

bool await_update(struct test_ue *u, uint8_t reason)
{
	struct control c = await_control(u, MQTT_PATIENCE_MS);

	if (c.kind != CONTROL_UPDATE || c.update.reason != reason)
		return none_of_these(u, "KEY_UPDATE", reason, &c);
	ue_adopt(u, &c.update);
	return true;
}

bool await_error(struct test_ue *u, uint8_t reason)
{
	struct control c = await_control(u, MQTT_PATIENCE_MS);

	return (c.kind == CONTROL_ERROR && c.error.reason == reason) ||
	       none_of_these(u, "ERROR", reason, &c);
}

bool newcomer(struct test_ue *u, const struct keyserver *k, const char *prefix)
{
	ue_take(u, prefix);
	return ue_connect(u, &k->broker, MQTT_5, false);
}

int say_unknown(struct test_ue *u)
{
	const struct eese_key_update update = {.ksn = 9, .alg = EESE_ALG_AES_CCM_16_64_128};

	ue_adopt(u, &update);
	return ue_say(u, "t", "lost", 1);
}

bool come_back(struct test_ue *u, int timeout_ms)
{
	uint64_t end = mqtt_now_ms() + (uint64_t)timeout_ms;
	struct control c;

	do {
		if (say_unknown(u) < 0)
			return false;
		c = await_control(u, 500);
	} while (c.kind != CONTROL_UPDATE && mqtt_now_ms() < end);
	if (c.kind != CONTROL_UPDATE)
		return none_of_these(u, "KEY_UPDATE", 0, &c);
	ue_adopt(u, &c.update);
	return true;
}

void ue_rekey(struct test_ue *u, unsigned generation)
{
	hostile_int_key(u->id, generation, u->int_key);
	if (eese_derive_control_key(u->int_key, u->id, u->control_key) != EESE_OK ||
	    eese_derive_ikid(u->int_key, &u->ikid) != EESE_OK)
		abort();
	u->ksn = 0;
}
