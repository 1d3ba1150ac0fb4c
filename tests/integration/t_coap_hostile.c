/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gateway among enemies and with a broker that hangs or restarts: it stays up, its memory has a
 * bound, and a UE that minds its own business is served all the while.
 * EESE_TEST_SECONDS=N: each attack takes that long.
 */
#include "gateway.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	SECONDS = 1,
	PORTS = 10000,
	VICTIMS = 50,
	READINGS_MAX = 1 << 20,
	AT_ONCE = 20, /* datagrams, and then a short rest: not all fits into a socket */
	TRIES = 40,
	TRY_MS = 500,
	PAUSE_MS = 60, /* 20 requests a second are a UE's */
	HANG_MS = 2500,
	HANG_PORTS = 200,
	TOLD_MS = 10000,
	RESTARTS = 2,
	/* What tables and queues may take by their default bounds, and then some. */
	GROWTH_MAX_KIB = 96 * 1024,
};

static const struct ue_range ues[] = {
    {.prefix = "good", .count = 2}, {.prefix = "victim", .count = VICTIMS}, {0}};
static struct broker_options broker_options = {.ues = ues};
static struct broker broker;
static struct gateway gateway;
static struct observer app;
static struct coap good;
static struct test_ue ue;
static long memory;
/* What the good UE said, each with its place in here as text. */
static struct {
	bool taken;
	unsigned arrived;
} readings[READINGS_MAX];
static unsigned said, accepted;

/* No more than the broker takes in that time. */
static const char *const impatient[] = {"--answer-wait", "1", "--max-requests", "500", NULL};

/* 127.a.b.c; every test's own devices are at 127.0.0.1. */
static bool open_from(struct coap *c, unsigned a, unsigned b, unsigned host)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(gateway.port)};

	memset(c, 0, sizeof *c);
	at.sin_addr.s_addr = htonl(127u << 24 | a << 16 | b << 8 | host);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	c->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return c->fd >= 0 && bind(c->fd, (struct sockaddr *)&at, sizeof at) == 0 &&
	       connect(c->fd, (struct sockaddr *)&to, sizeof to) == 0;
}

/* As a device does it: again and again, since the gateway's socket may overflow; and what comes
 * once more because its ACK got lost is acknowledged, as the gateway waits for that. */
static bool ask(struct coap *c, const struct coap_message *request, struct coap_message *out)
{
	for (int i = 0; i < TRIES; i++) {
		if (!coap_transmit(c, request))
			return false;
		while (coap_receive(c, out, TRY_MS)) {
			if (out->type == COAP_CON && !coap_acknowledge(c, out))
				return false;
			if (out->code != 0 && memcmp(out->token, request->token, 2) == 0)
				return true;
		}
	}
	return false;
}

static uint8_t say(struct coap_message *r)
{
	struct coap_message m;
	struct octets msg;
	char path[128], text[16];
	uint8_t code;

	if (said == READINGS_MAX)
		abort();
	snprintf(text, sizeof text, "%u", said);
	ue_seal(&ue, "t", text, &msg);
	snprintf(path, sizeof path, "e2e/%s/up/t", ue.id);
	coap_begin(&good, &m, COAP_CON, COAP_POST);
	coap_add_path(&m, path);
	m.payload = msg.p;
	m.len = msg.len;
	code = ask(&good, &m, r) ? r->code : 0;
	readings[said].taken = code == COAP_CODE(204);
	accepted += readings[said++].taken;
	return code;
}

/* A message of the good UE is taken: under another keyset if need be, and, as a device does it,
 * again if the gateway says that it can't just now. Never is it told that it asks too often. */
static bool served(void)
{
	struct coap_message r;
	uint8_t code = say(&r);

	for (int i = 0; i < TRIES && code == COAP_CODE(503); i++) {
		harness_sleep_ms(TRY_MS);
		code = say(&r);
	}
	if (code == COAP_CODE(401) && coap_adopt(&ue, &r))
		code = say(&r);
	return code == COAP_CODE(204);
}

static void start(void)
{
	REQUIRE(broker_start(&broker, &broker_options));
	REQUIRE(observer_open(&app, &broker, TEST_APP_USER, "app/+/up/#"));
	REQUIRE(gateway_start(&gateway, broker.port, impatient));
	ue_take(&ue, "good");
	REQUIRE(coap_open(&good, gateway.port, false));
	REQUIRE(coap_first_contact(&good, &ue));
	memory = gateway_memory(&gateway);
	broker_options.same_port = true;
}

static void stop(void)
{
	coap_close(&good);
	observer_close(&app);
	gateway_stop(&gateway);
	broker_stop(&broker);
}

/* A sanitizer keeps what is freed. */
static void expect_bounded(void)
{
	const long now = gateway_memory(&gateway);

	EXPECT(gateway_alive(&gateway));
	printf("%.1f MiB ", (double)now / 1024);
	if (EESE_TEST_ASAN[0] == '\0')
		EXPECT(now < memory + GROWTH_MAX_KIB);
}

/* ---- attacks, each in a process of its own ---- */

static uint64_t attack_end(void)
{
	const char *text = getenv("EESE_TEST_SECONDS");
	const long s = text != NULL ? strtol(text, NULL, 10) : SECONDS;

	return mqtt_now_ms() + (uint64_t)(s > 0 ? s : SECONDS) * 1000;
}

/* Meanwhile the good UE is served. */
static void under(void (*attack)(uint64_t end))
{
	const uint64_t end = attack_end();
	const unsigned before = accepted;
	uint64_t longest = 0;
	int status = 0;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		attack(end);
		_exit(0);
	}
	REQUIRE(pid > 0);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		const uint64_t began = mqtt_now_ms();

		EXPECT(served());
		if (mqtt_now_ms() - began > longest)
			longest = mqtt_now_ms() - began;
		harness_sleep_ms(PAUSE_MS);
	}
	EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	EXPECT(served());
	printf("%u served, %llu ms at most, ", accepted - before, (unsigned long long)longest);
	expect_bounded();
}

static unsigned dice(unsigned sides)
{
	return (unsigned)random() % sides;
}

static void rest(void)
{
	static unsigned sent;

	if (++sent % AT_ONCE == 0)
		harness_sleep_ms(1);
}

static void send_raw(struct coap *c, const uint8_t *p, size_t len)
{
	(void)send(c->fd, p, len, 0);
	rest();
}

/* Anything; half of it with the head of a CoAP message. */
static void noise(uint64_t end)
{
	uint8_t p[1400];
	struct coap c;

	if (!open_from(&c, 0, 0, 2))
		_exit(1);
	while (mqtt_now_ms() < end) {
		const size_t len = dice(dice(4) == 0 ? sizeof p : 64);

		for (size_t i = 0; i < len; i++)
			p[i] = (uint8_t)dice(256);
		if (dice(2) == 0)
			p[0] = (uint8_t)(0x40 | dice(4) << 4 | dice(10));
		if (dice(2) == 0)
			p[1] = (uint8_t)(1 + dice(7));
		send_raw(&c, p, len);
	}
}

/* A request with all the options there are, as it is on the wire; its length. */
static size_t whole_request(struct coap *c, uint8_t code, uint8_t out[COAP_DATAGRAM_MAX])
{
	static const uint16_t numbers[] = {COAP_IF_MATCH, COAP_ETAG, COAP_IF_NONE_MATCH};
	struct coap_message m;
	ssize_t len;
	int ends[2];
	const int own = c->fd;

	coap_begin(c, &m, COAP_CON, code);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (dice(3) == 0)
			coap_add(&m, numbers[i], "abcdefgh", dice(9));
	if (dice(2) == 0)
		coap_add_number(&m, COAP_OBSERVE, dice(3));
	coap_add_path(&m, dice(2) == 0 ? "e2e/victim-1/up/a/b/c?d=7&x" : "e2e/victim-2/down?d");
	if (dice(3) == 0)
		coap_add_number(&m, COAP_ACCEPT, dice(300));
	if (dice(3) == 0)
		coap_add_number(&m, COAP_BLOCK2, dice(1 << 20));
	if (dice(3) == 0)
		coap_add_number(&m, COAP_BLOCK1, dice(1 << 20));
	if (dice(3) == 0)
		coap_add(&m, COAP_ECHO, "abcdefghijkl", 12);
	if (dice(3) == 0)
		coap_add_number(&m, COAP_NO_RESPONSE, dice(300));
	m.payload = (const uint8_t *)"\1\0\7 whatever it may be";
	m.len = dice(20);
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) != 0)
		_exit(1);
	c->fd = ends[0];
	coap_transmit(c, &m);
	c->fd = own;
	len = recv(ends[1], out, COAP_DATAGRAM_MAX, 0);
	close(ends[0]);
	close(ends[1]);
	return len > 0 ? (size_t)len : 0;
}

/* Cut off at each octet, and with some changed. */
static void truncated(uint64_t end)
{
	static const uint8_t codes[] = {COAP_GET, COAP_POST, COAP_PUT, COAP_FETCH};
	uint8_t p[COAP_DATAGRAM_MAX];
	struct coap c;

	if (!open_from(&c, 0, 0, 3))
		_exit(1);
	while (mqtt_now_ms() < end) {
		const size_t len = whole_request(&c, codes[dice(sizeof codes)], p);

		for (size_t cut = 0; cut <= len; cut++)
			send_raw(&c, p, cut);
		for (size_t i = 0; i < len; i++) {
			const uint8_t was = p[i];

			p[i] = (uint8_t)dice(256);
			send_raw(&c, p, len);
			p[i] = was;
		}
	}
}

/* Each from a port of its own, and some of each address: a reading and a poll. */
static void from_ports(unsigned count, uint64_t end)
{
	struct coap_message m;
	struct coap c;
	char path[64];

	for (unsigned i = 0; i < count || mqtt_now_ms() < end; i++) {
		if (!open_from(&c, 1, i / 200 % 250, 1 + i % 200))
			_exit(1);
		c.mid = (uint16_t)i;
		snprintf(path, sizeof path, "e2e/stranger-%u/up/t", i);
		coap_begin(&c, &m, COAP_CON, COAP_POST);
		coap_add_path(&m, path);
		m.payload = (const uint8_t *)"\1\0\7 whatever it may be";
		m.len = 20;
		coap_transmit(&c, &m);
		snprintf(path, sizeof path, "e2e/victim-%u/down?d", i % VICTIMS);
		coap_begin(&c, &m, COAP_CON, COAP_GET);
		coap_add_path(&m, path);
		coap_transmit(&c, &m);
		coap_close(&c);
		rest();
	}
}

static void many_ports(uint64_t end)
{
	from_ports(PORTS, end);
}

/* Registers as often as it may, from an address that is its own; acknowledges nothing. */
static void observe_storm(uint64_t end)
{
	struct coap_message m, r = {0};
	const struct coap_option *echo;
	uint8_t value[40];
	size_t value_len = 0;
	struct coap c;
	char path[64];

	if (!open_from(&c, 0, 0, 4))
		_exit(1);
	for (unsigned i = 0; mqtt_now_ms() < end; i++) {
		snprintf(path, sizeof path, "e2e/victim-%u/down", i % VICTIMS);
		coap_begin(&c, &m, COAP_CON, COAP_GET);
		coap_add_number(&m, COAP_OBSERVE, 0);
		coap_add_path(&m, path);
		if (value_len > 0)
			coap_add(&m, COAP_ECHO, value, value_len);
		coap_transmit(&c, &m);
		rest();
		if (!coap_receive(&c, &r, value_len == 0 ? TRY_MS : 0))
			continue;
		echo = coap_find(&r, COAP_ECHO);
		if (echo != NULL && echo->len <= sizeof value) {
			value_len = echo->len;
			memcpy(value, echo->value, value_len);
		}
	}
}

static void test_noise(void)
{
	under(noise);
}

static void test_truncated(void)
{
	under(truncated);
}

static void test_ports(void)
{
	under(many_ports);
}

/* What is sent to those who are observed goes out to nobody. */
static void test_observe(void)
{
	const struct mqtt_login login = {
	    .version = MQTT_5, .client_id = "sender", .username = TEST_APP_USER};
	struct mqtt sender;
	char topic[64];

	under(observe_storm);
	REQUIRE(mqtt_connect(&sender, broker.port, &login) == 0);
	for (int i = 0; i < 10 * VICTIMS; i++) {
		const struct mqtt_publish p = {.topic = topic, .payload = "x", .len = 1, .qos = 1};

		snprintf(topic, sizeof topic, "app/victim-%d/down/n", i % VICTIMS);
		EXPECT(mqtt_publish(&sender, &p) >= 0);
		if (i % 50 == 0)
			EXPECT(served());
	}
	mqtt_disconnect(&sender);
	under(noise);
}

/* ---- the broker ---- */

/* Who asks is told, not only when the connection is given up after 15 s; then all is as before. */
static void test_hang(void)
{
	const uint64_t began = mqtt_now_ms();
	struct coap_message r;

	EXPECT_EQUAL(kill(broker.pid, SIGSTOP), 0);
	while (mqtt_now_ms() < began + HANG_MS) {
		const uint64_t asked = mqtt_now_ms();

		EXPECT_EQUAL(say(&r), COAP_CODE(503));
		EXPECT(mqtt_now_ms() < asked + TOLD_MS);
		from_ports(HANG_PORTS, 0);
	}
	EXPECT_EQUAL(kill(broker.pid, SIGCONT), 0);
	EXPECT(served());
	expect_bounded();
}

static void test_restarts(void)
{
	for (int i = 0; i < RESTARTS; i++) {
		broker_end(&broker);
		REQUIRE(broker_again(&broker, &broker_options));
		EXPECT(served());
	}
	expect_bounded();
}

/* What was taken arrived, once, and what was not at most once: while the broker hung it had it. */
static void test_arrived(void)
{
	char topic[EESE_UE_ID_MAX + 16];

	EXPECT(observer_sync(&app));
	snprintf(topic, sizeof topic, "app/%s/up/t", ue.id);
	for (size_t i = 0; i < app.count; i++) {
		char text[16] = "";
		const struct mqtt_message *m = app.seen[i];

		if (strcmp(m->topic, topic) != 0 || m->len >= sizeof text)
			continue;
		memcpy(text, m->payload, m->len);
		readings[strtoul(text, NULL, 10) % READINGS_MAX].arrived++;
	}
	for (unsigned i = 0; i < said; i++)
		EXPECT(readings[i].arrived <= 1 && readings[i].arrived >= readings[i].taken);
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},
	    {"noise", test_noise},
	    {"truncated", test_truncated},
	    {"10,000 ports", test_ports},
	    {"observe storm", test_observe},
	    {"a broker that hangs", test_hang},
	    {"what was taken arrived", test_arrived},
	    {"brokers that restart", test_restarts},
	    {"stop", stop},
	};

	return harness_main("coap hostile", tests, sizeof tests / sizeof *tests);
}
