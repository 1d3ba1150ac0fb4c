/* SPDX-License-Identifier: Apache-2.0 */
/* What the gateway may neither lose nor mix up where a device comes by two ways, where messages of
 * its own are never acknowledged, and where it stands still. */
#include "gateway.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A confirmable message is given up within 4.5 s. */
static const char *const hasty[] = {"--ack-timeout", "1", "--max-retransmit", "1", NULL};

static struct broker broker;
static struct gateway gateway;
static struct mqtt app;

static void start(void)
{
	static const struct ue_range ues[] = {{.prefix = "ue", .count = 20}, {0}};
	const struct broker_options o = {.ues = ues};
	const struct mqtt_login login = {
	    .version = MQTT_5, .client_id = "application", .username = TEST_APP_USER};

	REQUIRE(broker_start(&broker, &o));
	REQUIRE(mqtt_connect(&app, broker.port, &login) == 0);
	REQUIRE(gateway_start(&gateway, broker.port, hasty));
}

static void stop(void)
{
	mqtt_disconnect(&app);
	gateway_stop(&gateway);
	broker_stop(&broker);
}

static void send_down(const struct test_ue *u, const char *sub, const char *text)
{
	char topic[256];
	const struct mqtt_publish p = {
	    .topic = topic, .payload = text, .len = strlen(text), .qos = 1};

	snprintf(topic, sizeof topic, "app/%s/down/%s", u->id, sub);
	EXPECT(mqtt_publish(&app, &p) >= 0);
}

/* Polls until so many wait. */
static bool poll_for(struct coap *c, const struct test_ue *u, const char *path, size_t count,
		     struct coap_message *m, struct parts *parts)
{
	for (int i = 0; i < 200; i++) {
		if (coap_get(c, u, path, m) != COAP_CODE(205) || !coap_parts(m, parts))
			return false;
		if (parts->count >= count)
			return true;
		harness_sleep_ms(50);
	}
	return false;
}

/* A UE with a keyset whose downlink is subscribed, from a port of its own. It has shown its address
 * by an Echo, as it was given more than three times what it sent. */
static bool ready(struct test_ue *u, struct coap *c)
{
	struct coap_message m;
	struct parts parts;
	char text[301], path[64];

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	ue_take(u, "ue");
	if (!coap_open(c, gateway.port, false) || !coap_first_contact(c, u) ||
	    coap_get(c, u, "down", &m) != COAP_CODE(205))
		return false;
	send_down(u, "long", text);
	if (!poll_for(c, u, "down?d", 1, &m, &parts))
		return false;
	snprintf(path, sizeof path, "down?d=%llu", (unsigned long long)parts.number);
	return coap_get(c, u, path, &m) == COAP_CODE(205) && m.len == 0;
}

/* Asks for the next message, which comes as a confirmable one that is left unanswered. */
static bool take_confirmable(struct coap *c, const struct test_ue *u, struct coap_message *out)
{
	struct coap_message m;
	char path[128];

	snprintf(path, sizeof path, "e2e/%s/down", u->id);
	coap_begin(c, &m, COAP_CON, COAP_GET);
	coap_add_path(&m, path);
	if (!coap_transmit(c, &m))
		return false;
	while (coap_receive(c, out, COAP_PATIENCE_MS))
		if (out->type == COAP_CON)
			return true;
	return false;
}

static bool has(const struct test_ue *u, const struct parts *parts, const char *text)
{
	for (size_t i = 0; i < parts->count; i++)
		if (ue_opens(u, parts->messages[i].sub, parts->messages[i].octets,
			     parts->messages[i].len, text))
			return true;
	return false;
}

/* Its address changed while a message was on its way to the old one. What it acknowledges then must
 * not be more than it was given, also if the gateway dies meanwhile. */
static void two_ways(bool dies)
{
	struct coap_message m, confirmable;
	struct coap old, new;
	struct parts parts;
	struct test_ue u;
	char path[64];

	REQUIRE(ready(&u, &old));
	REQUIRE(coap_open(&new, gateway.port, false));
	send_down(&u, "t", "first");
	REQUIRE(poll_for(&new, &u, "down?d", 1, &m, &parts));
	REQUIRE(take_confirmable(&old, &u, &confirmable));
	send_down(&u, "t", "second");
	for (int i = 0; i < 200; i++) {
		REQUIRE(poll_for(&new, &u, "down?d", 0, &m, &parts));
		if (has(&u, &parts, "second"))
			break;
		harness_sleep_ms(50);
	}
	REQUIRE(has(&u, &parts, "second"));
	snprintf(path, sizeof path, "down?d=%llu", (unsigned long long)parts.number);
	if (dies) {
		gateway_kill(&gateway);
		REQUIRE(gateway_again(&gateway, broker.port, hasty));
	} else {
		EXPECT(coap_reset(&old, &confirmable));
		harness_sleep_ms(300);
	}
	EXPECT_EQUAL(coap_get(&new, &u, path, &m), COAP_CODE(205));
	EXPECT(coap_parts(&m, &parts) && has(&u, &parts, "first"));
	coap_close(&old);
	coap_close(&new);
}

static void test_two_ways(void)
{
	two_ways(false);
	two_ways(true);
}

/* The number of one topic's message says nothing of another topic's. */
static void test_topics(void)
{
	const struct coap_option *etag;
	struct coap_message m, r;
	struct parts parts;
	struct test_ue u;
	struct coap c;
	char path[128];

	REQUIRE(ready(&u, &c));
	send_down(&u, "a", "of a");
	send_down(&u, "b", "of b");
	snprintf(path, sizeof path, "e2e/%s/down/b", u.id);
	for (int i = 0; i < 200; i++) {
		REQUIRE(coap_get(&c, &u, "down/b?d", &r) == COAP_CODE(205));
		if (r.len > 0)
			break;
		harness_sleep_ms(50);
	}
	etag = coap_find(&r, COAP_ETAG);
	REQUIRE(r.len > 0 && etag != NULL);
	coap_begin(&c, &m, COAP_CON, COAP_GET);
	coap_add_number(&m, COAP_ETAG, coap_number(&r, COAP_ETAG, 0));
	coap_add_path(&m, path);
	REQUIRE(coap_exchange(&c, &m, &r));
	EXPECT_EQUAL(r.code, COAP_CODE(203));
	REQUIRE(coap_get(&c, &u, "down?d", &r) == COAP_CODE(205) && coap_parts(&r, &parts));
	EXPECT(has(&u, &parts, "of a") && !has(&u, &parts, "of b"));
	coap_close(&c);
}

/* It stood still for longer than an ACK may take, and so heard of none. */
static void test_standstill(void)
{
	struct coap_message m, confirmable;
	struct parts parts;
	struct test_ue u;
	struct coap c;

	REQUIRE(ready(&u, &c));
	send_down(&u, "t", "kept");
	REQUIRE(poll_for(&c, &u, "down?d", 1, &m, &parts));
	REQUIRE(take_confirmable(&c, &u, &confirmable));
	EXPECT(kill(gateway.pid, SIGSTOP) == 0);
	harness_sleep_ms(6000);
	EXPECT(kill(gateway.pid, SIGCONT) == 0);
	/* It looks again, and is done with what it repeats. */
	harness_sleep_ms(6000);
	REQUIRE(coap_get(&c, &u, "down?d", &m) == COAP_CODE(205) && coap_parts(&m, &parts));
	EXPECT(has(&u, &parts, "kept"));
	coap_close(&c);
}

/* A NAT gives one client's port to another, whose message ID happens to be the same: the answer is
 * not that of the first. */
static void test_same_id(void)
{
	struct coap_message m, r;
	struct octets first, second;
	struct test_ue u;
	struct coap c;
	char path[128];

	REQUIRE(ready(&u, &c));
	snprintf(path, sizeof path, "e2e/%s/up/t", u.id);
	ue_seal(&u, "t", "good", &first);
	ue_seal(&u, "t", "broken", &second);
	second.p[second.len - 1] ^= 1;
	coap_begin(&c, &m, COAP_CON, COAP_POST);
	coap_add_path(&m, path);
	m.payload = first.p;
	m.len = first.len;
	REQUIRE(coap_exchange(&c, &m, &r));
	EXPECT_EQUAL(r.code, COAP_CODE(204));
	c.mid = (uint16_t)(c.mid - 1);
	coap_begin(&c, &m, COAP_CON, COAP_POST);
	coap_add_path(&m, path);
	m.payload = second.p;
	m.len = second.len;
	REQUIRE(coap_exchange(&c, &m, &r));
	EXPECT_EQUAL(r.code, COAP_CODE(401));
	coap_close(&c);
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},
	    {"two ways", test_two_ways},
	    {"topics", test_topics},
	    {"standstill", test_standstill},
	    {"same message ID", test_same_id},
	    {"stop", stop},
	};

	return harness_main("coap lost", tests, sizeof tests / sizeof *tests);
}
