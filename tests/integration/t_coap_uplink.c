/* SPDX-License-Identifier: Apache-2.0 */
/* A device that speaks CoAP: it knows from the response alone what became of its message. */
#include "admin.h"
#include "gateway.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = 100, AT_ONCE_ROUNDS = 6 };

static struct broker broker;
static struct gateway gateway;
static struct observer app;
static struct coap client;
static struct mqtt admin;

static void start(void)
{
	static const struct ue_range ues[] = {
	    {.prefix = "ue", .count = 100}, {.prefix = "many", .count = MANY}, {0}};
	const struct broker_options o = {.ues = ues,
					 .plugin_lines = "plugin_opt_admins " TEST_ADMIN_USER "\n"};

	REQUIRE(broker_start(&broker, &o));
	REQUIRE(observer_open(&app, &broker, TEST_APP_USER, "app/#"));
	REQUIRE(admin_open(&admin, &broker, "admin", MQTT_5));
	REQUIRE(gateway_start(&gateway, broker.port, NULL));
	REQUIRE(coap_open(&client, gateway.port, false));
}

static void stop(void)
{
	coap_close(&client);
	mqtt_disconnect(&admin);
	observer_close(&app);
	gateway_stop(&gateway);
	broker_stop(&broker);
}

static void expire(const struct test_ue *u)
{
	cJSON_Delete(admin_done(&admin, "{\"command\":\"expireKey\",\"ueId\":\"%s\"}", u->id));
}

static size_t came(const struct test_ue *u, const char *sub, const char *text)
{
	EXPECT(observer_sync(&app));
	return observer_of(&app, u, sub, text);
}

/* Refused with the KEY_UPDATE in the answer, and accepted under the new keyset: two exchanges. */
static void test_verdict(void)
{
	struct test_ue u, old;
	struct coap_message m;
	struct eese_key_update update;

	ue_take(&u, "ue");
	REQUIRE(coap_first_contact(&client, &u));
	old = u;
	EXPECT_EQUAL(coap_say(&client, &u, "t", "accepted", &m), COAP_CODE(204));
	EXPECT_EQUAL(m.type, COAP_ACK);
	EXPECT_EQUAL(m.len, 0);
	EXPECT_EQUAL(m.option_count, 0);
	EXPECT_EQUAL(came(&u, "t", "accepted"), 1);
	expire(&u);
	EXPECT_EQUAL(coap_say(&client, &u, "t", "too late", &m), COAP_CODE(401));
	EXPECT_EQUAL(m.type, COAP_ACK);
	EXPECT_EQUAL(coap_number(&m, COAP_CONTENT_FORMAT, 0), 42);
	REQUIRE(eese_key_update_decode(u.control_key, u.id, m.payload, m.len, &update) == EESE_OK);
	EXPECT_EQUAL(update.reason, EESE_UPDATE_ENTERPRISE);
	EXPECT_EQUAL(came(&u, "t", "too late"), 0);
	REQUIRE(coap_adopt(&u, &m));
	EXPECT_EQUAL(coap_say(&client, &u, "t", "too late", &m), COAP_CODE(204));
	EXPECT_EQUAL(came(&u, "t", "too late"), 1);
	/* A message under the keyset before is told of the current one again. */
	old.number = 50;
	EXPECT_EQUAL(coap_say(&client, &old, "t", "older", &m), COAP_CODE(401));
	EXPECT_EQUAL(came(&u, "t", "older"), 0);
}

/* Octets that open under no keyset: ERROR 6 names the message, and the response carries it. */
static void test_forged(void)
{
	struct test_ue u;
	struct coap_message m;
	struct octets msg;
	struct eese_error error;

	ue_take(&u, "ue");
	REQUIRE(coap_first_contact(&client, &u));
	ue_seal(&u, "t", "forged", &msg);
	msg.p[msg.len - 1] ^= 1;
	EXPECT_EQUAL(coap_post(&client, &u, "t", &msg, &m), COAP_CODE(401));
	EXPECT_EQUAL(coap_number(&m, COAP_CONTENT_FORMAT, 0), 42);
	REQUIRE(eese_error_decode(m.payload, m.len, &error) == EESE_OK);
	EXPECT_EQUAL(error.reason, EESE_ERROR_KEY_UNKNOWN);
	EXPECT_EQUAL(error.number, u.number - 1);
	/* Held back by the EESE's budget: refused, and nothing beside. */
	EXPECT_EQUAL(coap_post(&client, &u, "t", &msg, &m), COAP_CODE(401));
	EXPECT_EQUAL(m.len, 0);
	EXPECT_EQUAL(came(&u, "t", NULL), 0);
}

/* Somebody the EESE does not know. */
static void test_stranger(void)
{
	struct test_ue u;
	struct coap_message m;
	struct octets msg = {.len = 20, .p = {1, 0, 7}};
	struct eese_error error;

	ue_named(&u, "nobody");
	EXPECT_EQUAL(coap_post(&client, &u, "t", &msg, &m), COAP_CODE(401));
	REQUIRE(eese_error_decode(m.payload, m.len, &error) == EESE_OK);
	EXPECT_EQUAL(error.reason, EESE_ERROR_UE_UNKNOWN);
	EXPECT_EQUAL(coap_request_key(&client, &u, EESE_REQUEST_NO_KEYSET, 0, &m), COAP_CODE(401));
}

/* The octets of a datagram again: the same answer, and no second PUBLISH. */
static void test_repeated(void)
{
	struct test_ue u;
	struct coap_message m, first, second;
	struct octets msg;
	char path[128];

	ue_take(&u, "ue");
	REQUIRE(coap_first_contact(&client, &u));
	expire(&u);
	ue_seal(&u, "t", "once", &msg);
	snprintf(path, sizeof path, "e2e/%s/up/t", u.id);
	coap_begin(&client, &m, COAP_CON, COAP_POST);
	coap_add_path(&m, path);
	m.payload = msg.p;
	m.len = msg.len;
	REQUIRE(coap_exchange(&client, &m, &first));
	EXPECT_EQUAL(first.code, COAP_CODE(401));
	for (int i = 0; i < 3; i++) {
		REQUIRE(coap_exchange(&client, &m, &second));
		EXPECT(second.datagram_len == first.datagram_len &&
		       memcmp(second.datagram, first.datagram, first.datagram_len) == 0);
	}
	/* Two at once, and a third before the answer. */
	REQUIRE(coap_adopt(&u, &first));
	ue_seal(&u, "t", "twice", &msg);
	coap_begin(&client, &m, COAP_CON, COAP_POST);
	coap_add_path(&m, path);
	m.payload = msg.p;
	m.len = msg.len;
	EXPECT(coap_transmit(&client, &m) && coap_transmit(&client, &m));
	REQUIRE(coap_exchange(&client, &m, &first));
	EXPECT_EQUAL(first.code, COAP_CODE(204));
	EXPECT_EQUAL(came(&u, "t", "twice"), 1);
	while (coap_receive(&client, &second, 200))
		EXPECT_EQUAL(second.code, first.code);
}

static void test_non(void)
{
	struct test_ue u;
	struct coap_message m, r;
	struct octets msg;
	char path[128];

	ue_take(&u, "ue");
	REQUIRE(coap_first_contact(&client, &u));
	ue_seal(&u, "t", "non", &msg);
	snprintf(path, sizeof path, "e2e/%s/up/t", u.id);
	coap_begin(&client, &m, COAP_NON, COAP_POST);
	coap_add_path(&m, path);
	m.payload = msg.p;
	m.len = msg.len;
	EXPECT(coap_transmit(&client, &m));
	REQUIRE(coap_exchange(&client, &m, &r));
	EXPECT_EQUAL(r.type, COAP_NON);
	EXPECT_EQUAL(r.code, COAP_CODE(204));
	EXPECT_EQUAL(came(&u, "t", "non"), 1);
	EXPECT(!coap_receive(&client, &r, 200));
}

/* RFC 7967: who wants no answer gets the ACK alone. */
static void test_no_response(void)
{
	struct test_ue u;
	struct coap_message m, r;
	struct octets msg;
	char path[128];

	ue_take(&u, "ue");
	REQUIRE(coap_first_contact(&client, &u));
	ue_seal(&u, "t", "quiet", &msg);
	snprintf(path, sizeof path, "e2e/%s/up/t", u.id);
	coap_begin(&client, &m, COAP_CON, COAP_POST);
	coap_add_path(&m, path);
	coap_add_number(&m, COAP_NO_RESPONSE, 2);
	m.payload = msg.p;
	m.len = msg.len;
	EXPECT(coap_transmit(&client, &m));
	REQUIRE(coap_receive(&client, &r, COAP_PATIENCE_MS));
	EXPECT(r.type == COAP_ACK && r.code == 0 && r.mid == m.mid && r.datagram_len == 4);
	EXPECT_EQUAL(came(&u, "t", "quiet"), 1);
}

enum fate { VALID, EXPIRED, FORGED, FATES };

struct one {
	struct test_ue ue;
	enum fate fate;
	struct octets msg;
	bool answered;
};

/* ERROR 6 of just this message, or, where the UE did not confirm its keyset yet, that once more.
 * Both only as often as the EESE's budget has it. */
static bool is_of(const struct one *o, const struct coap_message *r)
{
	struct eese_key_update update;
	struct eese_error error;

	if (eese_error_decode(r->payload, r->len, &error) == EESE_OK)
		return error.reason == EESE_ERROR_KEY_UNKNOWN && error.number == o->ue.number - 1;
	return eese_key_update_decode(o->ue.control_key, o->ue.id, r->payload, r->len, &update) ==
		   EESE_OK &&
	       update.ksn == o->ue.ksn;
}

/* Each has its own fate and its own verdict, whichever comes in between. */
static void judge(struct one *o, const struct coap_message *r, int round)
{
	char text[32];

	EXPECT(!o->answered);
	o->answered = true;
	snprintf(text, sizeof text, "round %d", round);
	EXPECT_EQUAL(r->code, o->fate == VALID ? COAP_CODE(204) : COAP_CODE(401));
	EXPECT_EQUAL(came(&o->ue, "t", text), o->fate == VALID);
	if (o->fate == VALID)
		EXPECT_EQUAL(r->len, 0);
	if (o->fate == EXPIRED)
		EXPECT(coap_adopt(&o->ue, r));
	if (o->fate == FORGED)
		EXPECT(r->len == 0 || is_of(o, r));
}

static void send_all(struct one *all, int round)
{
	struct coap_message m;
	char text[32], path[EESE_UE_ID_MAX + 16];

	snprintf(text, sizeof text, "round %d", round);
	for (int i = 0; i < MANY; i++) {
		struct one *o = &all[i];

		o->answered = false;
		o->fate = (enum fate)((i + round) % FATES);
		if (o->fate == EXPIRED)
			expire(&o->ue);
		ue_seal(&o->ue, "t", text, &o->msg);
		if (o->fate == FORGED)
			o->msg.p[o->msg.len - 1] ^= 1;
	}
	for (int i = 0; i < MANY; i++) {
		struct one *o = &all[i];

		snprintf(path, sizeof path, "e2e/%.64s/up/t", o->ue.id);
		coap_begin(&client, &m, COAP_CON, COAP_POST);
		coap_add_path(&m, path);
		m.payload = o->msg.p;
		m.len = o->msg.len;
		memcpy(m.token, &i, 2);
		EXPECT(coap_transmit(&client, &m));
	}
}

static void test_at_once(void)
{
	static struct one all[MANY];
	struct coap_message r;
	uint16_t i;

	for (int n = 0; n < MANY; n++) {
		ue_take(&all[n].ue, "many");
		REQUIRE(coap_first_contact(&client, &all[n].ue));
	}
	for (int round = 0; round < AT_ONCE_ROUNDS; round++) {
		observer_forget(&app);
		send_all(all, round);
		for (int n = 0; n < MANY;) {
			REQUIRE(coap_receive(&client, &r, COAP_PATIENCE_MS));
			if (r.type == COAP_CON)
				coap_acknowledge(&client, &r);
			if (r.code == 0)
				continue;
			memcpy(&i, r.token, 2);
			REQUIRE(i < MANY);
			judge(&all[i], &r, round);
			n++;
		}
	}
}

struct odd {
	uint8_t method;
	const char *path;
	uint16_t option;
	const char *value;
	size_t len;
	uint8_t code;
};

/* Nothing of these reaches the broker, and each is told why. */
static void test_refused(void)
{
	static const struct odd odds[] = {
	    {COAP_POST, "", 0, NULL, 0, COAP_CODE(404)},
	    {COAP_POST, "e2e", 0, NULL, 0, COAP_CODE(405)},
	    {COAP_POST, "e2e/ue-0", 0, NULL, 0, COAP_CODE(404)},
	    {COAP_POST, "e2e/ue-0/up", 0, NULL, 0, COAP_CODE(404)},
	    {COAP_POST, "e2e/ue-0/other", 0, NULL, 0, COAP_CODE(404)},
	    {COAP_POST, "e2e/ue-0/req/x", 0, NULL, 0, COAP_CODE(404)},
	    {COAP_POST, "e2e/ue 0/up/t", 0, NULL, 0, COAP_CODE(404)},
	    {COAP_POST, "app/ue-0/up/t", 0, NULL, 0, COAP_CODE(404)},
	    {COAP_POST, "e2e/ue-0/up/+", 0, NULL, 0, COAP_CODE(400)},
	    {COAP_POST, "e2e/ue-0/up/a#", 0, NULL, 0, COAP_CODE(400)},
	    {COAP_POST, "e2e/ue-0/up/t", COAP_URI_PATH, "a/b", 3, COAP_CODE(400)},
	    {COAP_POST, "e2e/ue-0/up/t", COAP_URI_PATH, "a\0b", 3, COAP_CODE(400)},
	    {COAP_POST, "e2e/ue-0/up/t", COAP_URI_PATH, "\xff", 1, COAP_CODE(400)},
	    {COAP_POST, "e2e/ue-0/up/t", COAP_URI_PATH, "..", 2, COAP_CODE(400)},
	    {COAP_POST, "e2e/ue-0/up/t?d=x", 0, NULL, 0, COAP_CODE(400)},
	    {COAP_POST, "e2e/ue-0/ctl", 0, NULL, 0, COAP_CODE(405)},
	    {COAP_POST, "e2e/ue-0/down/t", 0, NULL, 0, COAP_CODE(405)},
	    {COAP_GET, "e2e/ue-0/up/t", 0, NULL, 0, COAP_CODE(405)},
	    {COAP_GET, "e2e/ue-0/req", 0, NULL, 0, COAP_CODE(405)},
	    {COAP_PUT, "e2e/ue-0/up/t", 0, NULL, 0, COAP_CODE(405)},
	    {COAP_DELETE, "e2e/ue-0/down", 0, NULL, 0, COAP_CODE(405)},
	    {COAP_FETCH, "e2e/ue-0/down", 0, NULL, 0, COAP_CODE(405)},
	    {COAP_POST, "e2e/ue-0/up/t", COAP_CONTENT_FORMAT, "\x32", 1, COAP_CODE(415)},
	    {COAP_POST, "e2e/ue-0/up/t", 9997, "x", 1, COAP_CODE(402)},
	};
	struct coap_message m, r;

	observer_forget(&app);
	for (size_t i = 0; i < sizeof odds / sizeof *odds; i++) {
		const struct odd *o = &odds[i];

		coap_begin(&client, &m, COAP_CON, o->method);
		coap_add_path(&m, o->path);
		if (o->option != 0)
			coap_add(&m, o->option, o->value, o->len);
		m.payload = (const uint8_t *)"\1\0\7 whatever it may be";
		m.len = 20;
		REQUIRE(coap_exchange(&client, &m, &r));
		if (r.code != o->code)
			printf("\n  %zu: %s\n", i, o->path);
		EXPECT_EQUAL(r.code, o->code);
		EXPECT_EQUAL(r.type, COAP_ACK);
	}
	coap_begin(&client, &m, COAP_CON, COAP_POST);
	coap_add(&m, COAP_IF_NONE_MATCH, "", 0);
	coap_add_path(&m, "e2e/ue-0/up/t");
	REQUIRE(coap_exchange(&client, &m, &r));
	EXPECT_EQUAL(r.code, COAP_CODE(412));
	EXPECT(observer_sync(&app));
	EXPECT_EQUAL(app.count, 0);
}

/* Sends len octets in blocks of 2^(szx+4); the last response. */
static bool post_blocks(const char *path, const uint8_t *p, size_t len, uint32_t szx,
			struct coap_message *r)
{
	const size_t size = (size_t)16 << szx;
	struct coap_message m;
	uint32_t num = 0;

	for (size_t done = 0; done < len; done += size, num++) {
		bool more = len - done > size;

		coap_begin(&client, &m, COAP_CON, COAP_POST);
		coap_add_path(&m, path);
		coap_add_number(&m, COAP_BLOCK1, num << 4 | (more ? 8u : 0u) | szx);
		m.payload = p + done;
		m.len = more ? size : len - done;
		if (!coap_exchange(&client, &m, r))
			return false;
		if (r->code >= COAP_CODE(400))
			return true;
		if (coap_number(r, COAP_BLOCK1, 0) != (num << 4 | (more ? 8u : 0u) | szx) ||
		    (r->code == COAP_CODE(231)) != more)
			return false;
	}
	return true;
}

static void test_blocks(void)
{
	static uint8_t plain[EESE_PLAINTEXT_MAX], msg[EESE_MESSAGE_MAX + 1];
	static const size_t sizes[] = {10, 900, 5000, EESE_PLAINTEXT_MAX};
	struct test_ue u;
	struct coap_message r = {0};
	char path[128];
	size_t len;

	ue_take(&u, "ue");
	REQUIRE(coap_first_contact(&client, &u));
	EXPECT(observer_sync(&app));
	snprintf(path, sizeof path, "e2e/%s/up/long/one", u.id);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		memset(plain, (int)('a' + i), sizeof plain);
		REQUIRE(eese_data_seal(&u.set.up, u.id, "long/one", 8, u.number++, plain, sizes[i],
				       msg, sizeof msg, &len) == EESE_OK);
		observer_forget(&app);
		REQUIRE(post_blocks(path, msg, len, i == 3 ? 6 : 2, &r));
		EXPECT_EQUAL(r.code, COAP_CODE(204));
		EXPECT(observer_sync(&app));
		EXPECT(app.count == 1 && app.seen[0]->len == sizes[i] &&
		       memcmp(app.seen[0]->payload, plain, sizes[i]) == 0);
	}
	memset(msg, 1, sizeof msg);
	REQUIRE(post_blocks(path, msg, sizeof msg, 6, &r));
	EXPECT_EQUAL(r.code, COAP_CODE(413));
	EXPECT_EQUAL(coap_number(&r, COAP_SIZE1, 0), EESE_MESSAGE_MAX);
}

/* Blocks that are none, and one that comes without those before it. */
static void test_bad_blocks(void)
{
	static const struct {
		uint32_t option;
		size_t len;
		uint8_t code;
	} blocks[] = {
	    {1 << 4 | 8 | 2, 64, COAP_CODE(408)}, {7 << 4 | 2, 10, COAP_CODE(408)},
	    {0 << 4 | 8 | 2, 63, COAP_CODE(400)}, {0 << 4 | 8 | 7, 64, COAP_CODE(400)},
	    {0 << 4 | 8 | 2, 64, COAP_CODE(231)}, {2 << 4 | 8 | 2, 64, COAP_CODE(408)},
	};
	static uint8_t octets[64];
	struct coap_message m, r;

	for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
		coap_begin(&client, &m, COAP_CON, COAP_POST);
		coap_add_path(&m, "e2e/ue-99/up/t");
		coap_add_number(&m, COAP_BLOCK1, blocks[i].option);
		m.payload = octets;
		m.len = blocks[i].len;
		REQUIRE(coap_exchange(&client, &m, &r));
		EXPECT_EQUAL(r.code, blocks[i].code);
	}
}

static void test_v6(void)
{
	struct coap c;
	struct test_ue u;

	ue_take(&u, "ue");
	if (!coap_open(&c, gateway.port, true)) {
		printf("no IPv6 here, skipped ");
		return;
	}
	EXPECT(coap_first_contact(&c, &u));
	coap_close(&c);
}

static void test_core(void)
{
	struct coap_message m, r;

	coap_begin(&client, &m, COAP_CON, COAP_GET);
	coap_add_path(&m, ".well-known/core");
	REQUIRE(coap_exchange(&client, &m, &r));
	EXPECT_EQUAL(r.code, COAP_CODE(205));
	EXPECT_EQUAL(coap_number(&r, COAP_CONTENT_FORMAT, 0), 40);
	EXPECT(memmem(r.payload, r.len, "</e2e>;", 7) != NULL);
	EXPECT(r.datagram_len <= 3 * 25);
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},
	    {"the verdict is in the response", test_verdict},
	    {"forged", test_forged},
	    {"stranger", test_stranger},
	    {"repeated datagrams", test_repeated},
	    {"NON", test_non},
	    {"No-Response", test_no_response},
	    {"many at once", test_at_once},
	    {"refused", test_refused},
	    {"blocks", test_blocks},
	    {"bad blocks", test_bad_blocks},
	    {"IPv6", test_v6},
	    {".well-known/core", test_core},
	    {"stop", stop},
	};

	return harness_main("coap uplink", tests, sizeof tests / sizeof *tests);
}
