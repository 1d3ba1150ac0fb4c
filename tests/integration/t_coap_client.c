/* SPDX-License-Identifier: Apache-2.0 */
/* Debian's coap-client as the device's CoAP: plain, and by DTLS with its three TLS libraries' ways
 * (none, GnuTLS, OpenSSL), with pre-shared keys and with certificates. */
#include "gateway.h"
#include "pki.h"
#include "program.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Seconds that coap-client waits. */
#define LONG "30"
#define SHORT "1"

enum { PATIENCE_MS = 60000, WORDS = 24 };

/* The key of lines "IDENTITY KEY", as it stands in the file and as coap-client takes it. */
#define PSK_HEX "30313233343536373839616263646566"
#define PSK_TEXT "0123456789abcdef"

static const char *const secure_clients[] = {"coap-client-gnutls", "coap-client-openssl"};

static struct broker broker;
static struct gateway gateway;
static struct observer app;
static struct coap client;
static struct mqtt sender;
static struct pki pki;
static uint16_t secure_port;
static char at[32], psk_file[192], payload[192], answer[192];
static char said[192]; /* the file of what coap-client said last */

static void write_file(const char *path, const void *octets, size_t len)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, octets, len) != (ssize_t)len)
		abort();
	close(fd);
}

/* Those of the gateway, and one more unless that is NULL. */
static const char *const *secure_options(const char *one_more)
{
	static char files[3][128];
	static const char *words[] = {"--listen-dtls", at,       "--dtls-psk", psk_file,
				      "--dtls-cert",   files[0], "--dtls-key", files[1],
				      "--dtls-ca",     files[2], NULL,         NULL};
	static const char *const names[] = {"server.pem", "server-key.pem", "ca.pem"};

	for (size_t i = 0; i < 3; i++)
		snprintf(files[i], sizeof files[i], "%s", pki_path(&pki, names[i]));
	words[10] = one_more;
	return words;
}

static void start(void)
{
	static const struct ue_range ues[] = {{.prefix = "ue", .count = 40}, {0}};
	static const char psks[] =
	    "# of devices\n\ndevice-1 " PSK_HEX "\n  device-2\t" PSK_HEX "aa\r\n";
	const struct broker_options o = {.ues = ues};
	const struct mqtt_login login = {
	    .version = MQTT_5, .client_id = "application", .username = TEST_APP_USER};

	REQUIRE(broker_start(&broker, &o));
	REQUIRE(observer_open(&app, &broker, TEST_APP_USER, "app/+/up/#"));
	REQUIRE(mqtt_connect(&sender, broker.port, &login) == 0);
	REQUIRE(pki_make(&pki));
	snprintf(psk_file, sizeof psk_file, "%s/psk", broker.dir);
	snprintf(payload, sizeof payload, "%s/payload", broker.dir);
	snprintf(answer, sizeof answer, "%s/answer", broker.dir);
	write_file(psk_file, psks, sizeof psks - 1);
	secure_port = gateway_free_port();
	snprintf(at, sizeof at, "127.0.0.1:%u", secure_port);
	REQUIRE(gateway_start(&gateway, broker.port, secure_options(NULL)));
	REQUIRE(coap_open(&client, gateway.port, false));
}

static void stop(void)
{
	coap_close(&client);
	mqtt_disconnect(&sender);
	observer_close(&app);
	gateway_stop(&gateway);
	pki_drop(&pki);
	broker_stop(&broker);
}

/* Runs coap-client with these options for the URI of this UE's path. */
static void run(const char *program, bool secure, const struct test_ue *u, const char *path,
		const char *const *more)
{
	const char *words[WORDS] = {program};
	char uri[256];
	struct program t;
	size_t count = 1;

	while (*more != NULL && count < WORDS - 2)
		words[count++] = *more++;
	snprintf(uri, sizeof uri, "%s://127.0.0.1:%u/e2e/%s/%s", secure ? "coaps" : "coap",
		 secure ? secure_port : gateway.port, u->id, path);
	words[count] = uri;
	program_start(&t, broker.dir, words);
	program_ends(&t, PATIENCE_MS);
	snprintf(said, sizeof said, "%s", t.err);
}

static size_t came(const struct test_ue *u, const char *sub, const char *text)
{
	EXPECT(observer_sync(&app));
	return observer_of(&app, u, sub, text);
}

/* Posts a sealed message; how often it arrived. Who is not let in is not waited for long. */
static size_t posted(const char *program, bool secure, struct test_ue *u, const char *text,
		     const char *const *login, const char *patience_s)
{
	const char *words[WORDS] = {"-m", "post", "-f", payload, "-B", patience_s};
	struct octets msg;
	size_t count = 6;

	while (*login != NULL && count < WORDS - 1)
		words[count++] = *login++;
	ue_seal(u, "t", text, &msg);
	write_file(payload, msg.p, msg.len);
	run(program, secure, u, "up/t", words);
	return came(u, "t", text);
}

static void test_plain(void)
{
	static const char *const none[] = {NULL};
	struct test_ue u;

	ue_take(&u, "ue");
	REQUIRE(coap_first_contact(&client, &u));
	EXPECT_EQUAL(posted("coap-client-notls", false, &u, "plain", none, LONG), 1);
}

/* Longer than a datagram: the client cuts it into blocks. */
static void test_blocks(void)
{
	static const char *const words[] = {"-m", "post", "-b", "256", "-f", payload, NULL};
	static uint8_t text[5000], msg[6000];
	struct test_ue u;
	size_t len;

	ue_take(&u, "ue");
	REQUIRE(coap_first_contact(&client, &u));
	EXPECT(observer_sync(&app));
	observer_forget(&app);
	memset(text, 'x', sizeof text);
	REQUIRE(eese_data_seal(&u.set.up, u.id, "long", 4, u.number++, text, sizeof text, msg,
			       sizeof msg, &len) == EESE_OK);
	write_file(payload, msg, len);
	run("coap-client-notls", false, &u, "up/long", words);
	EXPECT(observer_sync(&app));
	EXPECT(app.count == 1 && app.seen[0]->len == sizeof text &&
	       memcmp(app.seen[0]->payload, text, sizeof text) == 0);
}

static void test_psk(void)
{
	static const char *const good[] = {"-u", "device-1", "-k", PSK_TEXT, NULL};
	static const char *const wrong[] = {"-u", "device-1", "-k", "0123456789abcdeF", NULL};
	static const char *const another[] = {"-u", "device-2", "-k", PSK_TEXT, NULL};
	static const char *const unknown[] = {"-u", "device-3", "-k", PSK_TEXT, NULL};
	struct test_ue u;

	ue_take(&u, "ue");
	REQUIRE(coap_first_contact(&client, &u));
	for (size_t i = 0; i < 2; i++) {
		char text[16];

		snprintf(text, sizeof text, "psk %zu", i);
		EXPECT_EQUAL(posted(secure_clients[i], true, &u, text, good, LONG), 1);
		EXPECT_EQUAL(posted(secure_clients[i], true, &u, "wrong", wrong, SHORT), 0);
		EXPECT_EQUAL(posted(secure_clients[i], true, &u, "another", another, SHORT), 0);
		EXPECT_EQUAL(posted(secure_clients[i], true, &u, "unknown", unknown, SHORT), 0);
	}
}

static void test_certificates(void)
{
	const char *const key = pki_path(&pki, "client-key.pem"), *ca = pki_path(&pki, "ca.pem");
	const char *const good[] = {"-c", pki_path(&pki, "client.pem"), "-j", key, "-C", ca, NULL};
	const char *const intruder[] = {"-c", pki_path(&pki, "intruder.pem"), "-j", key, NULL};
	const char *const none[] = {"-R", ca, NULL};
	struct test_ue u;

	ue_take(&u, "ue");
	REQUIRE(coap_first_contact(&client, &u));
	for (size_t i = 0; i < 2; i++) {
		char text[16];

		snprintf(text, sizeof text, "cert %zu", i);
		EXPECT_EQUAL(posted(secure_clients[i], true, &u, text, good, LONG), 1);
		EXPECT_EQUAL(posted(secure_clients[i], true, &u, "intruder", intruder, SHORT), 0);
		EXPECT_EQUAL(posted(secure_clients[i], true, &u, "none", none, SHORT), 0);
	}
}

static void send_down(const struct test_ue *u, const char *text)
{
	char topic[256];
	const struct mqtt_publish p = {
	    .topic = topic, .payload = text, .len = strlen(text), .qos = 1};

	snprintf(topic, sizeof topic, "app/%s/down/led", u->id);
	EXPECT(mqtt_publish(&sender, &p) >= 0);
}

/* What the client wrote into its file, as the payload of a message. */
static bool wrote(const struct test_ue *u, const char *text)
{
	static struct coap_message m;
	struct parts parts;
	const int fd = open(answer, O_RDONLY | O_CLOEXEC);
	const ssize_t n = fd >= 0 ? read(fd, m.datagram, sizeof m.datagram) : -1;

	if (fd >= 0)
		close(fd);
	m.payload = m.datagram;
	m.len = n > 0 ? (size_t)n : 0;
	return coap_parts(&m, &parts) && parts.count == 1 &&
	       ue_opens(u, "led", parts.messages[0].octets, parts.messages[0].len, text);
}

/* A confirmable message, which the client acknowledges; without DTLS it has to send back an Echo
 * before. */
static void test_downlink(void)
{
	static const char *const plain[] = {"-m", "get", "-o", answer, NULL};
	static const char *const secure[] = {"-m",       "get", "-o",     answer, "-u",
					     "device-1", "-k",  PSK_TEXT, NULL};
	struct coap_message m;
	struct test_ue u;

	ue_take(&u, "ue");
	REQUIRE(coap_first_contact(&client, &u));
	REQUIRE(coap_get(&client, &u, "down", &m) == COAP_CODE(205));
	for (int i = 0; i < 3; i++) {
		const char *const program = i == 0 ? "coap-client-notls" : secure_clients[i - 1];
		bool ok = false;
		char text[24];

		snprintf(text, sizeof text, "down %d", i);
		send_down(&u, text);
		for (int tries = 0; tries < 50 && !ok; tries++) {
			unlink(answer);
			run(program, i > 0, &u, "down", i > 0 ? secure : plain);
			ok = wrote(&u, text);
		}
		EXPECT(ok);
	}
}

/* Told by Observe. */
static void test_observe(void)
{
	const char *words[] = {
	    "coap-client-notls", "-m", "get", "-s", "20", "-o", answer, NULL, NULL};
	struct coap_message m;
	struct program t;
	struct test_ue u;
	char uri[256];
	bool ok = false;

	ue_take(&u, "ue");
	REQUIRE(coap_first_contact(&client, &u));
	REQUIRE(coap_get(&client, &u, "down", &m) == COAP_CODE(205));
	snprintf(uri, sizeof uri, "coap://127.0.0.1:%u/e2e/%s/down", gateway.port, u.id);
	words[7] = uri;
	unlink(answer);
	program_start(&t, broker.dir, words);
	send_down(&u, "told");
	for (int waited = 0; waited < PATIENCE_MS && !ok; waited += 50) {
		harness_sleep_ms(50);
		ok = wrote(&u, "told");
	}
	EXPECT(ok);
	kill(t.pid, SIGKILL);
	program_ends(&t, PATIENCE_MS);
}

/* An observer that ends its DTLS and says no more: what comes later waits for a poll. */
static void test_observer_closes(void)
{
	const char *const talking[] = {"--listen-dtls", at,        "--dtls-psk",
				       psk_file,        "--debug", NULL};
	char address[32], request[128], log[192], came_in[96];
	const char *const words[] = {
	    "openssl",       "s_client", "-dtls1_2", "-quiet", "-no_ign_eof", "-psk",  PSK_HEX,
	    "-psk_identity", "device-1", "-cipher",  "PSK",    "-connect",    address, NULL};
	struct coap_message m;
	struct parts parts = {.count = 0};
	struct program t;
	struct test_ue u;
	bool ok = false;

	gateway_end(&gateway);
	REQUIRE(gateway_again(&gateway, broker.port, talking));
	ue_take(&u, "ue");
	/* The connection to the broker may still be to come. */
	for (int tries = 0; tries < 100 && !ok; tries++) {
		harness_sleep_ms(50);
		ok = coap_first_contact(&client, &u);
	}
	REQUIRE(ok);
	REQUIRE(coap_get(&client, &u, "down", &m) == COAP_CODE(205));
	snprintf(address, sizeof address, "127.0.0.1:%u", secure_port);
	/* A confirmable GET with two octets of token, Observe 0 and the path; no octet is 0. */
	snprintf(request, sizeof request,
		 "\x42\x01\x11\x12\x21\x22\x60\x53"
		 "e2e%c%s\x04"
		 "down",
		 (char)strlen(u.id), u.id);
	program_start(&t, broker.dir, words);
	program_say(&t, request);
	/* ACK, 2.05, and the token */
	EXPECT(program_says(t.out, "\x62\x45\x11\x12\x21\x22", PATIENCE_MS));
	program_ends(&t, PATIENCE_MS);
	send_down(&u, "later");
	snprintf(log, sizeof log, "%s/log", gateway.dir);
	snprintf(came_in, sizeof came_in, "'e2e/%s/down/led'", u.id);
	REQUIRE(program_says(log, came_in, PATIENCE_MS));
	REQUIRE(coap_get(&client, &u, "down?d", &m) == COAP_CODE(205));
	EXPECT(coap_parts(&m, &parts) && parts.count == 1);
}

static int refuses(const char *const *more)
{
	const char *words[WORDS] = {EESE_TEST_COAP_GW, "-p", "1", "--spool", "/dev/null"};
	struct program t;
	size_t count = 5;

	while (*more != NULL && count < WORDS - 1)
		words[count++] = *more++;
	program_start(&t, broker.dir, words);
	return program_ends(&t, PATIENCE_MS);
}

static bool told(const char *code)
{
	char *text = program_text(said);
	const bool found = strstr(text, code) != NULL;

	free(text);
	return found;
}

static void start_client(struct program *t, uint16_t port, const char *count)
{
	char at_port[64];
	const char *const words[] = {"coap-client-gnutls", "-G", count,    "-B",    "30", "-u",
				     "device-1",           "-k", PSK_TEXT, at_port, NULL};

	snprintf(at_port, sizeof at_port, "coaps://127.0.0.1:%u/nothing", port);
	program_start(t, broker.dir, words);
}

/* The first datagram of a handshake. */
static size_t catch_hello(uint8_t *out, size_t size)
{
	struct sockaddr_in me = {.sin_family = AF_INET};
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	socklen_t len = sizeof me;
	struct program t;
	ssize_t n = -1;

	me.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&me, sizeof me) != 0 ||
	    getsockname(fd, (struct sockaddr *)&me, &len) != 0)
		abort();
	start_client(&t, ntohs(me.sin_port), "1");
	if (poll(&p, 1, PATIENCE_MS) == 1)
		n = recv(fd, out, size, 0);
	kill(t.pid, SIGKILL);
	program_ends(&t, PATIENCE_MS);
	close(fd);
	return n > 0 ? (size_t)n : 0;
}

/* Many who begin and go away: those that are in notice nothing, nor does who needs no DTLS. */
static void test_handshakes(void)
{
	static const char *const login[] = {"-B", SHORT, "-u", "device-1", "-k", PSK_TEXT, NULL};
	uint8_t hello[1500];
	const size_t len = catch_hello(hello, sizeof hello);
	struct coap many[20], plain;
	struct coap_message m, r;
	struct program in;
	struct test_ue u;
	char *text;
	size_t count = 0;

	REQUIRE(len > 0);
	gateway_end(&gateway);
	REQUIRE(gateway_again(&gateway, broker.port, secure_options("--max-handshakes=5")));
	start_client(&in, secure_port, "4");
	EXPECT(program_says(in.err, "4.04", PATIENCE_MS));
	for (size_t i = 0; i < 20; i++) {
		REQUIRE(coap_open(&many[i], secure_port, false));
		EXPECT(coap_transmit_octets(&many[i], hello, len));
	}
	/* The gateway has dealt with them when it answers what came behind them. */
	REQUIRE(coap_open(&plain, gateway.port, false));
	coap_begin(&plain, &m, COAP_CON, COAP_GET);
	EXPECT(coap_exchange(&plain, &m, &r) && r.code == COAP_CODE(404));
	ue_named(&u, "ue-0");
	run(secure_clients[0], true, &u, "up/t", login);
	EXPECT(!told("4."));
	EXPECT_EQUAL(program_ends(&in, PATIENCE_MS), 0);
	text = program_text(in.err);
	for (const char *found = text; (found = strstr(found, "4.04")) != NULL; found++)
		count++;
	free(text);
	EXPECT_EQUAL(count, 4);
	for (size_t i = 0; i < 20; i++)
		coap_close(&many[i]);
	coap_close(&plain);
}

/* What can't be used is said at the start. */
static void test_files(void)
{
	const char *const server = pki_path(&pki, "server.pem"),
			  *other = pki_path(&pki, "client-key.pem");
	const char *const psk[] = {"--listen-dtls", at, "--dtls-psk", psk_file, NULL};
	const char *const nothing[] = {"--listen-dtls", at, NULL};
	const char *const plain[] = {"--listen", at, "--dtls-psk", psk_file, NULL};
	const char *const half[] = {"--listen-dtls", at, "--dtls-cert", server, NULL};
	const char *const mixed[] = {"--listen-dtls", at,    "--dtls-cert", server,
				     "--dtls-key",    other, NULL};
	static const struct {
		const char *text;
		mode_t mode;
	} bad[] = {
	    {"device-1 " PSK_HEX "\n", 0640},
	    {"device-1 303132\n", 0600},
	    {"device-1\n", 0600},
	    {"device-1 " PSK_HEX " x\n", 0600},
	    {"device-1 " PSK_HEX "\ndevice-1 " PSK_HEX "\n", 0600},
	};

	EXPECT_EQUAL(refuses(nothing), 2);
	EXPECT_EQUAL(refuses(plain), 2);
	EXPECT_EQUAL(refuses(half), 2);
	EXPECT_EQUAL(refuses(mixed), 3);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		write_file(psk_file, bad[i].text, strlen(bad[i].text));
		EXPECT(chmod(psk_file, bad[i].mode) == 0);
		EXPECT_EQUAL(refuses(psk), 3);
		EXPECT(chmod(psk_file, 0600) == 0);
	}
}

/* A client speaks for the UE only whose ID its identity, or its certificate's name, is. */
static void test_own(void)
{
	struct test_ue u, other, stranger;
	char line[128];

	ue_take(&u, "ue");
	ue_take(&other, "ue");
	REQUIRE(coap_first_contact(&client, &u) && coap_first_contact(&client, &other));
	snprintf(line, sizeof line, "%s " PSK_HEX "\n", u.id);
	write_file(psk_file, line, strlen(line));
	gateway_end(&gateway);
	REQUIRE(gateway_again(&gateway, broker.port, secure_options("--dtls-own-ue")));
	const char *const cert[] = {"-m", "post",
				    "-f", payload,
				    "-c", pki_path(&pki, "client.pem"),
				    "-j", pki_path(&pki, "client-key.pem"),
				    "-C", pki_path(&pki, "ca.pem"),
				    NULL};

	/* The name in the certificate. */
	ue_named(&stranger, "EESE");
	for (size_t i = 0; i < 2; i++) {
		const char *const login[] = {"-u", u.id, "-k", PSK_TEXT, NULL};
		char text[16];

		snprintf(text, sizeof text, "own %zu", i);
		/* The connection to the broker may still be to come. */
		for (int tries = 0; tries < 100 && came(&u, "t", text) == 0; tries++)
			posted(secure_clients[i], true, &u, text, login, LONG);
		EXPECT_EQUAL(came(&u, "t", text), 1);
		EXPECT_EQUAL(posted(secure_clients[i], true, &other, text, login, LONG), 0);
		EXPECT(told("4.03"));
		run(secure_clients[i], true, &other, "up/t", cert);
		EXPECT(told("4.03"));
		/* May ask, and is no UE that the EESE knows. */
		run(secure_clients[i], true, &stranger, "up/t", cert);
		EXPECT(told("4.01"));
	}
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},
	    {"plain", test_plain},
	    {"blocks", test_blocks},
	    {"pre-shared keys", test_psk},
	    {"certificates", test_certificates},
	    {"downlink", test_downlink},
	    {"observe", test_observe},
	    {"handshakes", test_handshakes},
	    {"an observer closes", test_observer_closes},
	    {"one UE's client", test_own},
	    {"files", test_files},
	    {"stop", stop},
	};

	return harness_main("coap-client", tests, sizeof tests / sizeof *tests);
}
