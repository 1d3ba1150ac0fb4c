/* SPDX-License-Identifier: Apache-2.0 */
/* Downlink over CoAP: polled, observed, riding back; kept until the device has it. */
#include "admin.h"
#include "gateway.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct broker broker;
static struct gateway gateway;
static struct coap client;
static struct mqtt app, admin;

static void start(void)
{
	static const struct ue_range ues[] = {{.prefix = "ue", .count = 100}, {0}};
	const struct broker_options o = {.ues = ues,
					 .plugin_lines = "plugin_opt_admins " TEST_ADMIN_USER "\n"};
	const struct mqtt_login login = {
	    .version = MQTT_5, .client_id = "application", .username = TEST_APP_USER};

	REQUIRE(broker_start(&broker, &o));
	REQUIRE(mqtt_connect(&app, broker.port, &login) == 0);
	REQUIRE(admin_open(&admin, &broker, "admin", MQTT_5));
	REQUIRE(gateway_start(&gateway, broker.port, NULL));
	REQUIRE(coap_open(&client, gateway.port, false));
}

static void stop(void)
{
	coap_close(&client);
	mqtt_disconnect(&app);
	mqtt_disconnect(&admin);
	gateway_stop(&gateway);
	broker_stop(&broker);
}

/* The application sends. */
static void send_down(const struct test_ue *u, const char *sub, const char *text)
{
	char topic[256];
	const struct mqtt_publish p = {
	    .topic = topic, .payload = text, .len = strlen(text), .qos = 1};

	snprintf(topic, sizeof topic, "app/%s/down/%s", u->id, sub);
	EXPECT(mqtt_publish(&app, &p) >= 0);
}

/* A UE with a keyset whose downlink is subscribed, from a port of its own. */
static bool ready(struct test_ue *u, struct coap *c)
{
	struct coap_message m;

	ue_take(u, "ue");
	return coap_open(c, gateway.port, false) && coap_first_contact(c, u) &&
	       coap_get(c, u, "down", &m) == COAP_CODE(205) && m.len == 0;
}

/* One poll. Too often, or no broker yet, is no answer. */
static bool polled(struct coap *c, const struct test_ue *u, const char *path,
		   struct coap_message *m, struct parts *parts)
{
	for (int i = 0; i < 200; i++) {
		const uint8_t code = coap_get(c, u, path, m);

		if (code == COAP_CODE(205))
			return coap_parts(m, parts);
		if (code != COAP_CODE(429) && code != COAP_CODE(503))
			return false;
		harness_sleep_ms(200);
	}
	return false;
}

/* Polls until the number of messages is there, as the gateway gets them a moment later than the
 * application's PUBACK. What came before them in a KEY_UPDATE is adopted. */
static bool poll_for(struct coap *c, struct test_ue *u, const char *path, size_t count,
		     struct coap_message *m, struct parts *parts)
{
	struct eese_key_update update;

	for (int i = 0; i < 200; i++) {
		if (!polled(c, u, path, m, parts))
			return false;
		if (parts->update != NULL &&
		    eese_key_update_decode(u->control_key, u->id, parts->update, parts->update_len,
					   &update) == EESE_OK)
			ue_adopt(u, &update);
		if (parts->count >= count)
			return true;
		harness_sleep_ms(50);
	}
	return false;
}

/* Whether so many wait at the gateway, none of which is acknowledged thereby. The last of them may
 * show only in that there is more. */
static bool wait_until(struct coap *c, struct test_ue *u, size_t count)
{
	struct coap_message m;
	struct parts parts;

	for (int i = 0; i < 200; i++) {
		if (!polled(c, u, "down?d", &m, &parts))
			return false;
		if (parts.count + parts.more >= count)
			return true;
		harness_sleep_ms(50);
	}
	return false;
}

/* A plain GET gives the next one, and only its ACK empties it. */
static void test_plain(void)
{
	struct test_ue u;
	struct coap c;
	struct coap_message m;
	struct parts parts;

	REQUIRE(ready(&u, &c));
	send_down(&u, "led", "on");
	send_down(&u, "led", "off");
	REQUIRE(poll_for(&c, &u, "down", 1, &m, &parts));
	EXPECT_EQUAL(m.type, COAP_CON);
	EXPECT_EQUAL(coap_number(&m, COAP_CONTENT_FORMAT, 0), 63);
	EXPECT(parts.count == 1 && strcmp(parts.messages[0].sub, "led") == 0 &&
	       ue_opens(&u, "led", parts.messages[0].octets, parts.messages[0].len, "on"));
	REQUIRE(poll_for(&c, &u, "down", 1, &m, &parts));
	EXPECT(ue_opens(&u, "led", parts.messages[0].octets, parts.messages[0].len, "off"));
	EXPECT(!parts.more);
	EXPECT_EQUAL(coap_get(&c, &u, "down", &m), COAP_CODE(205));
	EXPECT_EQUAL(m.len, 0);
	EXPECT_EQUAL(m.type, COAP_ACK);
	coap_close(&c);
}

/* Reset instead of acknowledged: it is given out again. */
static void test_not_acknowledged(void)
{
	struct test_ue u;
	struct coap c;
	struct coap_message m, r;
	struct parts parts;
	char path[128];

	REQUIRE(ready(&u, &c));
	send_down(&u, "a", "1");
	/* the echo, so that the address counts as verified */
	REQUIRE(poll_for(&c, &u, "down", 1, &m, &parts));
	send_down(&u, "a", "2");
	REQUIRE(wait_until(&c, &u, 1));
	snprintf(path, sizeof path, "e2e/%s/down", u.id);
	coap_begin(&c, &m, COAP_CON, COAP_GET);
	coap_add_path(&m, path);
	EXPECT(coap_transmit(&c, &m));
	do
		REQUIRE(coap_receive(&c, &r, COAP_PATIENCE_MS));
	while (r.type != COAP_CON);
	EXPECT(coap_reset(&c, &r));
	REQUIRE(poll_for(&c, &u, "down", 1, &m, &parts));
	EXPECT(ue_opens(&u, "a", parts.messages[0].octets, parts.messages[0].len, "2"));
	coap_close(&c);
}

/* The device says itself what it has: two datagrams, and any number of messages. */
static void test_told(void)
{
	struct test_ue u;
	struct coap c;
	struct coap_message m;
	struct parts parts;
	char path[64];

	REQUIRE(ready(&u, &c));
	for (int i = 0; i < 3; i++)
		send_down(&u, "t", i == 0 ? "0" : i == 1 ? "1" : "2");
	REQUIRE(poll_for(&c, &u, "down?d", 3, &m, &parts));
	EXPECT_EQUAL(m.type, COAP_ACK);
	EXPECT(parts.number > 0);
	for (size_t i = 0; i < 3; i++)
		EXPECT(ue_opens(&u, "t", parts.messages[i].octets, parts.messages[i].len,
				i == 0   ? "0"
				: i == 1 ? "1"
					 : "2"));
	/* Not told: all again. A number that nobody was given: the same. */
	EXPECT(coap_get(&c, &u, "down?d", &m) && coap_parts(&m, &parts) && parts.count == 3);
	EXPECT(coap_get(&c, &u, "down?d=999999", &m) && coap_parts(&m, &parts) && parts.count == 3);
	snprintf(path, sizeof path, "down?d=%llu", (unsigned long long)parts.number - 1);
	EXPECT(coap_get(&c, &u, path, &m) && coap_parts(&m, &parts) && parts.count == 1);
	snprintf(path, sizeof path, "down?d=%llu", (unsigned long long)parts.number);
	EXPECT_EQUAL(coap_get(&c, &u, path, &m), COAP_CODE(205));
	EXPECT_EQUAL(m.len, 0);
	coap_close(&c);
}

/* One topic alone: the octets, bare, and their number as ETag. */
static void test_bare(void)
{
	struct test_ue u;
	struct coap c;
	struct coap_message m, r;
	struct parts parts;
	char path[128];
	const struct coap_option *etag;

	REQUIRE(ready(&u, &c));
	send_down(&u, "x/y", "first");
	send_down(&u, "other", "second");
	send_down(&u, "x/y", "third");
	REQUIRE(wait_until(&c, &u, 2));
	EXPECT_EQUAL(coap_get(&c, &u, "down/x/y?d", &r), COAP_CODE(205));
	EXPECT_EQUAL(coap_number(&r, COAP_CONTENT_FORMAT, 0), 42);
	EXPECT(ue_opens(&u, "x/y", r.payload, r.len, "first"));
	etag = coap_find(&r, COAP_ETAG);
	REQUIRE(etag != NULL);
	snprintf(path, sizeof path, "e2e/%s/down/x/y", u.id);
	/* It may still be on its way to the gateway. */
	for (int i = 0; i < 200 && (i == 0 || r.code == COAP_CODE(203)); i++) {
		harness_sleep_ms(i == 0 ? 0 : 50);
		coap_begin(&c, &m, COAP_CON, COAP_GET);
		coap_add_number(&m, COAP_ETAG, coap_number(&r, COAP_ETAG, 0));
		coap_add_path(&m, path);
		REQUIRE(coap_exchange(&c, &m, &r));
	}
	EXPECT(ue_opens(&u, "x/y", r.payload, r.len, "third"));
	/* Up to its number, of this topic alone. */
	coap_begin(&c, &m, COAP_CON, COAP_GET);
	coap_add_number(&m, COAP_ETAG, coap_number(&r, COAP_ETAG, 0));
	coap_add_path(&m, path);
	REQUIRE(coap_exchange(&c, &m, &r));
	EXPECT_EQUAL(r.code, COAP_CODE(203));
	EXPECT_EQUAL(coap_get(&c, &u, "down?d", &r), COAP_CODE(205));
	EXPECT(coap_parts(&r, &parts) && parts.count == 1 &&
	       strcmp(parts.messages[0].sub, "other") == 0);
	coap_close(&c);
}

/* The sleepy device: one exchange has the reading, the verdict and what waited. */
static void test_ride(void)
{
	struct test_ue u;
	struct coap c;
	struct coap_message m;
	struct parts parts;
	char sub[64];

	REQUIRE(ready(&u, &c));
	EXPECT_EQUAL(coap_say(&c, &u, "t?d", "nothing waits", &m), COAP_CODE(204));
	EXPECT_EQUAL(m.len, 0);
	send_down(&u, "led", "on");
	REQUIRE(wait_until(&c, &u, 1));
	EXPECT_EQUAL(coap_say(&c, &u, "t?d", "a reading of the usual length", &m), COAP_CODE(204));
	EXPECT_EQUAL(m.type, COAP_ACK);
	EXPECT_EQUAL(coap_number(&m, COAP_CONTENT_FORMAT, 0), 63);
	REQUIRE(coap_parts(&m, &parts) && parts.count == 1);
	EXPECT(ue_opens(&u, "led", parts.messages[0].octets, parts.messages[0].len, "on"));
	snprintf(sub, sizeof sub, "t?d=%llu", (unsigned long long)parts.number);
	EXPECT_EQUAL(coap_say(&c, &u, sub, "acknowledged with the next", &m), COAP_CODE(204));
	EXPECT_EQUAL(m.len, 0);
	/* Not asked for: it waits. */
	send_down(&u, "led", "off");
	REQUIRE(wait_until(&c, &u, 1));
	EXPECT_EQUAL(coap_say(&c, &u, "t", "plain", &m), COAP_CODE(204));
	EXPECT_EQUAL(m.len, 0);
	REQUIRE(poll_for(&c, &u, "down?d", 1, &m, &parts));
	coap_close(&c);
}

/* After an expiry the EESE starts the contact: KEY_UPDATE and message come in one answer. */
static void test_contact(void)
{
	struct test_ue u;
	struct coap c;
	struct coap_message m;
	struct parts parts;
	uint32_t old;
	char path[64];

	REQUIRE(ready(&u, &c));
	cJSON_Delete(admin_done(&admin, "{\"command\":\"expireKey\",\"ueId\":\"%s\"}", u.id));
	send_down(&u, "cmd", "wake up");
	old = u.ksn;
	/* Both are more than an address of which nothing is known is given at once. */
	for (int i = 0; i < 200 && u.ksn == old; i++)
		REQUIRE(poll_for(&c, &u, "down?d", 0, &m, &parts));
	snprintf(path, sizeof path, "down?d=%llu", (unsigned long long)parts.number);
	REQUIRE(parts.count == 1 || poll_for(&c, &u, path, 1, &m, &parts));
	EXPECT(u.ksn != old);
	EXPECT(ue_opens(&u, "cmd", parts.messages[0].octets, parts.messages[0].len, "wake up"));
	/* The same on ctl, until it is used. */
	EXPECT_EQUAL(coap_get(&c, &u, "ctl", &m), COAP_CODE(205));
	EXPECT(m.len >= EESE_KEY_UPDATE_MIN && coap_number(&m, COAP_CONTENT_FORMAT, 0) == 42);
	EXPECT_EQUAL(coap_say(&c, &u, "t", "used", NULL), COAP_CODE(204));
	EXPECT_EQUAL(coap_get(&c, &u, "ctl", &m), COAP_CODE(205));
	EXPECT_EQUAL(m.len, 0);
	coap_close(&c);
}

/* In blocks, from both ends, as no datagram holds it. */
static void test_blocks(void)
{
	static char text[5000];
	static uint8_t whole[8192];
	struct test_ue u;
	struct coap c;
	struct coap_message m, r;
	struct parts parts;
	struct coap_message all;
	char path[128];
	size_t len = 0;
	uint32_t num = 0, block;

	REQUIRE(ready(&u, &c));
	memset(text, 'x', sizeof text - 1);
	send_down(&u, "fw", text);
	/* the Echo makes the address verified */
	do {
		harness_sleep_ms(50);
		REQUIRE(coap_get(&c, &u, "down?d", &r) == COAP_CODE(205));
	} while (r.len == 0);
	snprintf(path, sizeof path, "e2e/%s/down?d", u.id);
	do {
		coap_begin(&c, &m, COAP_CON, COAP_GET);
		coap_add_path(&m, path);
		coap_add_number(&m, COAP_BLOCK2, num << 4 | 5);
		REQUIRE(coap_exchange(&c, &m, &r));
		REQUIRE(r.code == COAP_CODE(205) && len + r.len <= sizeof whole);
		memcpy(whole + len, r.payload, r.len);
		len += r.len;
		block = coap_number(&r, COAP_BLOCK2, 0);
		EXPECT_EQUAL(block >> 4, num);
		num++;
	} while (block & 8);
	all = r;
	all.payload = whole;
	all.len = len;
	REQUIRE(coap_parts(&all, &parts) && parts.count == 1);
	EXPECT(ue_opens(&u, "fw", parts.messages[0].octets, parts.messages[0].len, text));
	/* A block that is not there. */
	coap_begin(&c, &m, COAP_CON, COAP_GET);
	coap_add_path(&m, path);
	coap_add_number(&m, COAP_BLOCK2, 100 << 4 | 5);
	REQUIRE(coap_exchange(&c, &m, &r));
	EXPECT_EQUAL(r.code, COAP_CODE(400));
	coap_close(&c);
}

static bool observe(struct coap *c, const struct test_ue *u, const char *path,
		    struct coap_message *r)
{
	struct coap_message m, asked;
	const struct coap_option *echo = NULL;
	char whole[128];

	snprintf(whole, sizeof whole, "e2e/%s/%s", u->id, path);
	for (int i = 0; i < 2; i++) {
		asked = *r;
		coap_begin(c, &m, COAP_CON, COAP_GET);
		coap_add_number(&m, COAP_OBSERVE, 0);
		coap_add_path(&m, whole);
		if (echo != NULL)
			coap_add(&m, COAP_ECHO, asked.datagram + (echo->value - r->datagram),
				 echo->len);
		if (!coap_exchange(c, &m, r))
			return false;
		echo = coap_find(r, COAP_ECHO);
		if (r->code != COAP_CODE(401) || echo == NULL)
			break;
	}
	return r->code == COAP_CODE(205) && coap_find(r, COAP_OBSERVE) != NULL;
}

/* The next notification. An empty CON asks whether we are there, and gets its RST. */
static bool notification(struct coap *c, struct coap_message *m)
{
	while (coap_receive(c, m, COAP_PATIENCE_MS)) {
		if (m->type == COAP_CON && m->code != 0)
			return true;
		if (m->type == COAP_CON)
			coap_reset(c, m);
	}
	return false;
}

static bool notified(struct coap *c, struct coap_message *m)
{
	return notification(c, m) && coap_acknowledge(c, m);
}

static void test_observe(void)
{
	struct test_ue u;
	struct coap c;
	struct coap_message r = {0};
	struct parts parts;
	char text[16];
	uint32_t last = 0;

	REQUIRE(ready(&u, &c));
	REQUIRE(observe(&c, &u, "down", &r));
	EXPECT_EQUAL(r.len, 0);
	for (int i = 0; i < 60; i++) {
		snprintf(text, sizeof text, "%d", i);
		send_down(&u, "n", text);
	}
	for (int i = 0; i < 60; i++) {
		snprintf(text, sizeof text, "%d", i);
		REQUIRE(notified(&c, &r));
		REQUIRE(coap_parts(&r, &parts) && parts.count == 1);
		EXPECT(ue_opens(&u, "n", parts.messages[0].octets, parts.messages[0].len, text));
		EXPECT(coap_number(&r, COAP_OBSERVE, 0) > last);
		last = coap_number(&r, COAP_OBSERVE, 0);
	}
	/* Reset: no longer told, and what it reset waits for a poll. */
	send_down(&u, "n", "last");
	REQUIRE(notification(&c, &r));
	EXPECT(coap_reset(&c, &r));
	send_down(&u, "n", "not told");
	REQUIRE(poll_for(&c, &u, "down?d", 2, &r, &parts));
	EXPECT(ue_opens(&u, "n", parts.messages[0].octets, parts.messages[0].len, "last"));
	coap_close(&c);
}

static void test_observe_ctl(void)
{
	struct test_ue u;
	struct coap c;
	struct coap_message r = {0};

	REQUIRE(ready(&u, &c));
	REQUIRE(observe(&c, &u, "ctl", &r));
	cJSON_Delete(admin_done(&admin, "{\"command\":\"expireKey\",\"ueId\":\"%s\"}", u.id));
	send_down(&u, "cmd", "x");
	REQUIRE(notified(&c, &r));
	EXPECT_EQUAL(coap_number(&r, COAP_CONTENT_FORMAT, 0), 42);
	EXPECT(coap_adopt(&u, &r));
	coap_close(&c);
}

/* "0", "1" and so on, in this order, each acknowledged with the next poll: an address that is not
 * known to be its owner's is given little at a time. */
static bool collects(struct coap *c, struct test_ue *u, const char *sub, size_t count)
{
	char path[64] = "down?d", text[16];
	struct coap_message m;
	struct parts parts;
	size_t seen = 0;

	while (seen < count) {
		if (!poll_for(c, u, path, 1, &m, &parts))
			return false;
		for (size_t i = 0; i < parts.count; i++) {
			snprintf(text, sizeof text, "%zu", seen++);
			if (!ue_opens(u, sub, parts.messages[i].octets, parts.messages[i].len,
				      text))
				return false;
		}
		snprintf(path, sizeof path, "down?d=%llu", (unsigned long long)parts.number);
	}
	return coap_get(c, u, path, &m) == COAP_CODE(205) && m.len == 0;
}

/* Killed with messages handed out, in the spool, and at the broker: none is lost. */
static void test_restarts(void)
{
	struct test_ue u;
	struct coap c;
	struct coap_message m;
	struct parts parts;
	char path[64];

	REQUIRE(ready(&u, &c));
	send_down(&u, "r", "0");
	REQUIRE(poll_for(&c, &u, "down?d", 1, &m, &parts));
	send_down(&u, "r", "1");
	harness_sleep_ms(100);
	gateway_kill(&gateway);
	send_down(&u, "r", "2");
	send_down(&u, "r", "3");
	REQUIRE(gateway_again(&gateway, broker.port, NULL));
	coap_close(&c);
	REQUIRE(coap_open(&c, gateway.port, false));
	REQUIRE(collects(&c, &u, "r", 4));
	/* What was acknowledged by a number does not come again, what was not does. */
	send_down(&u, "r", "4");
	REQUIRE(poll_for(&c, &u, "down?d", 1, &m, &parts));
	gateway_end(&gateway);
	send_down(&u, "r", "5");
	REQUIRE(gateway_again(&gateway, broker.port, NULL));
	REQUIRE(poll_for(&c, &u, "down?d", 2, &m, &parts));
	for (size_t i = 0; i < 2; i++)
		EXPECT(ue_opens(&u, "r", parts.messages[i].octets, parts.messages[i].len,
				i == 0 ? "4" : "5"));
	/* And so does what was handed out before the restart. */
	snprintf(path, sizeof path, "down?d=%llu", (unsigned long long)parts.number);
	gateway_end(&gateway);
	REQUIRE(gateway_again(&gateway, broker.port, NULL));
	REQUIRE(polled(&c, &u, path, &m, &parts));
	EXPECT_EQUAL(parts.count, 0);
	coap_close(&c);
}

/* What a GET may not ask, and one that is not confirmable, over IPv6. */
static void test_conditions(void)
{
	static const struct {
		const char *path;
		uint16_t option;
		const char *value;
		size_t len;
		uint8_t code;
	} odds[] = {
	    {"down?d", COAP_ACCEPT, "\x3f", 1, COAP_CODE(205)},
	    {"down?d", COAP_ACCEPT, "\x2a", 1, COAP_CODE(406)},
	    {"down/n?d", COAP_ACCEPT, "\x2a", 1, COAP_CODE(205)},
	    {"down/n?d", COAP_ACCEPT, "\x3f", 1, COAP_CODE(406)},
	    {"ctl", COAP_ACCEPT, "\x32", 1, COAP_CODE(406)},
	    {"ctl", COAP_IF_NONE_MATCH, "", 0, COAP_CODE(412)},
	    {"down?d", COAP_IF_MATCH, "\1", 1, COAP_CODE(412)},
	    {"down?d=", 0, NULL, 0, COAP_CODE(400)},
	    {"down/+?d", 0, NULL, 0, COAP_CODE(400)},
	};
	struct coap_message m, r;
	struct test_ue u;
	struct coap c;
	char path[128];

	REQUIRE(ready(&u, &c));
	coap_close(&c);
	REQUIRE(coap_open(&c, gateway.port, true));
	for (size_t i = 0; i < sizeof odds / sizeof *odds; i++) {
		snprintf(path, sizeof path, "e2e/%s/%s", u.id, odds[i].path);
		coap_begin(&c, &m, COAP_NON, COAP_GET);
		if (odds[i].option != 0 && odds[i].option < COAP_URI_PATH)
			coap_add(&m, odds[i].option, odds[i].value, odds[i].len);
		coap_add_path(&m, path);
		if (odds[i].option > COAP_URI_PATH)
			coap_add(&m, odds[i].option, odds[i].value, odds[i].len);
		REQUIRE(coap_exchange(&c, &m, &r));
		EXPECT_EQUAL(r.code, odds[i].code);
		EXPECT_EQUAL(r.type, COAP_NON);
	}
	coap_close(&c);
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},
	    {"plain poll", test_plain},
	    {"not acknowledged", test_not_acknowledged},
	    {"the device tells", test_told},
	    {"one topic, bare", test_bare},
	    {"riding back", test_ride},
	    {"the EESE starts the contact", test_contact},
	    {"blocks", test_blocks},
	    {"conditions", test_conditions},
	    {"observe", test_observe},
	    {"observe ctl", test_observe_ctl},
	    {"restarts", test_restarts},
	    {"stop", stop},
	};

	return harness_main("coap downlink", tests, sizeof tests / sizeof *tests);
}
