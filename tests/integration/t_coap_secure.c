/* SPDX-License-Identifier: Apache-2.0 */
/* The device's tool over CoAP in DTLS, to a gateway that lets a client speak for its own UE only.
 */
#include "coap_tool.h"
#include "gateway.h"
#include "pki.h"

#include <fcntl.h>
#include <gnutls/dtls.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000, WORDS = 32 };

#define PSK "30313233343536373839616263646566"

static struct broker broker;
static struct gateway gateway;
static struct observer app;
static struct mqtt sender;
static struct pki pki;
static uint16_t port;
static char at[32], uri[64], gateway_psks[192], device_psk[192];

static void write_file(const char *path, const char *text)
{
	const size_t len = strlen(text);
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		abort();
	close(fd);
}

static bool start_gateway(bool again)
{
	char cert[128], key[128];
	const char *const more[] = {"--listen-dtls", at,   "--dtls-psk", gateway_psks,
				    "--dtls-cert",   cert, "--dtls-key", key,
				    "--dtls-own-ue", NULL};

	snprintf(cert, sizeof cert, "%s", pki_path(&pki, "server.pem"));
	snprintf(key, sizeof key, "%s", pki_path(&pki, "server-key.pem"));
	return again ? gateway_again(&gateway, broker.port, more)
		     : gateway_start(&gateway, broker.port, more);
}

static void start(void)
{
	static const struct ue_range ues[] = {
	    {.prefix = "short", .count = 2, .te2e_s = 2}, {.prefix = "ue", .count = 10}, {0}};
	const struct broker_options o = {.ues = ues};
	const struct mqtt_login login = {
	    .version = MQTT_5, .client_id = "application", .username = TEST_APP_USER};

	REQUIRE(broker_start(&broker, &o));
	REQUIRE(observer_open(&app, &broker, TEST_APP_USER, "app/+/up/#"));
	REQUIRE(mqtt_connect(&sender, broker.port, &login) == 0);
	REQUIRE(pki_make(&pki));
	port = gateway_free_port();
	snprintf(at, sizeof at, "127.0.0.1:%u", port);
	snprintf(uri, sizeof uri, "coaps://127.0.0.1:%u", port);
	snprintf(gateway_psks, sizeof gateway_psks, "%s/psks", broker.dir);
	snprintf(device_psk, sizeof device_psk, "%s/psk", broker.dir);
	write_file(gateway_psks, "short-0 " PSK "\nue-0 " PSK "\n");
	REQUIRE(start_gateway(false));
}

static void stop(void)
{
	observer_close(&app);
	mqtt_disconnect(&sender);
	gateway_stop(&gateway);
	pki_drop(&pki);
	broker_stop(&broker);
}

/* By DTLS: the later of two --coap counts. */
static void run_tool(struct program *t, const char *command, const char *ue,
		     const char *const *more)
{
	const char *words[WORDS] = {"--coap", uri};
	size_t count = 2;

	while (*more != NULL && count + 1 < WORDS)
		words[count++] = *more++;
	coap_tool_start(t, &broker, command, ue, port, words);
}

static bool has(const char *path, const char *what)
{
	char *text = program_text(path);
	const bool found = strstr(text, what) != NULL;

	free(text);
	return found;
}

/* With its key, over expiries, and a gateway that ends in order: a new session. */
static void test_psk(void)
{
	static const char *const more[] = {"-t", "t", "-l", "--coap-psk", device_psk, NULL};
	struct program t;
	char line[16];

	write_file(device_psk, "# of this device\nshort-0 " PSK "\n");
	run_tool(&t, "pub", "short-0", more);
	for (int i = 0; i < 6; i++) {
		snprintf(line, sizeof line, "n %d\n", i);
		program_say(&t, line);
		harness_sleep_ms(500);
		if (i == 2) {
			gateway_end(&gateway);
			REQUIRE(start_gateway(true));
		}
	}
	EXPECT_EQUAL(coap_tool_ends(&t, PATIENCE_MS), 0);
	EXPECT(has(t.err, "te2e ran out"));
	EXPECT(observer_sync(&app));
	for (int i = 0; i < 6; i++) {
		snprintf(line, sizeof line, "n %d", i);
		EXPECT_EQUAL(observer_count(&app, "app/short-0/up/t", line), 1);
	}
}

static void test_receive(void)
{
	static const char *const more[] = {"-v",  "-C",         "1",        "--poll",
					   "0.2", "--coap-psk", device_psk, NULL};
	struct program t;

	write_file(device_psk, "ue-0 " PSK "\n");
	run_tool(&t, "sub", "ue-0", more);
	EXPECT(program_says(t.err, "new keyset", PATIENCE_MS));
	harness_sleep_ms(500);
	coap_tool_send_down(&sender, "ue-0", "led", "on");
	EXPECT_EQUAL(coap_tool_ends(&t, PATIENCE_MS), 0);
	EXPECT(has(t.out, "led on\n"));
}

/* A key that the gateway has not, and another's. */
static void test_wrong_key(void)
{
	static const char *const more[] = {"-t", "t",          "-m",       "x", "--wait",
					   "2",  "--coap-psk", device_psk, NULL};
	struct program t;

	write_file(device_psk, "ue-1 " PSK "\n");
	run_tool(&t, "pub", "ue-1", more);
	EXPECT_EQUAL(program_ends(&t, PATIENCE_MS), 1);
	EXPECT(has(t.err, "no DTLS: is the key or the certificate right"));
	write_file(device_psk, "ue-0 " PSK "\n");
	run_tool(&t, "pub", "ue-1", more);
	EXPECT_EQUAL(program_ends(&t, PATIENCE_MS), 1);
	EXPECT(has(t.err, "the gateway does not let this client speak for the device"));
	write_file(device_psk, "ue-0 3031\n");
	run_tool(&t, "pub", "ue-0", more);
	EXPECT_EQUAL(program_ends(&t, PATIENCE_MS), 3);
	EXPECT(observer_sync(&app));
	EXPECT_EQUAL(observer_count(&app, "app/ue-1/up/t", NULL), 0);
}

/* The code of the response to a POST for short-0 by DTLS of this version alone; 0: none. */
static uint8_t code_by(const char *version)
{
	static const uint8_t post[] = {0x40, 2,   0,   7,   0xb3, 'e', '2', 'e', 7, 's', 'h',
				       'o',  'r', 't', '-', '0',  2,   'u', 'p', 1, 't', 0xff,
				       1,    0,   7,   7,   7,    7,   7,   7,   7, 7,   7};
	const gnutls_datum_t key = {(unsigned char *)"0123456789abcdef", 16};
	gnutls_psk_client_credentials_t credentials;
	struct coap c;
	gnutls_session_t s;
	uint8_t answer[256] = {0};
	char priorities[128];
	ssize_t n = 0;

	snprintf(priorities, sizeof priorities,
		 "NONE:+VERS-%s:+AES-128-CBC:+SHA1:+SHA256:+PSK:+SIGN-ALL:+COMP-NULL", version);
	if (!coap_open(&c, port, false))
		return 0;
	gnutls_psk_allocate_client_credentials(&credentials);
	gnutls_psk_set_client_credentials(credentials, "short-0", &key, GNUTLS_PSK_KEY_RAW);
	gnutls_init(&s, GNUTLS_CLIENT | GNUTLS_DATAGRAM);
	EXPECT(gnutls_priority_set_direct(s, priorities, NULL) == 0);
	gnutls_credentials_set(s, GNUTLS_CRD_PSK, credentials);
	gnutls_transport_set_int(s, c.fd);
	if (gnutls_handshake(s) == 0 && gnutls_record_send(s, post, sizeof post) > 0) {
		gnutls_record_set_timeout(s, PATIENCE_MS);
		n = gnutls_record_recv(s, answer, sizeof answer);
	}
	gnutls_deinit(s);
	gnutls_psk_free_client_credentials(credentials);
	coap_close(&c);
	return n >= 4 ? answer[1] : 0;
}

/* A version that is no longer taken for secure. */
static void test_version(void)
{
	EXPECT_EQUAL(code_by("DTLS1.2"), COAP_CODE(401));
	EXPECT_EQUAL(code_by("DTLS1.0"), COAP_CODE(403));
}

/* The gateway's certificate: of a CA that is trusted, for the host that was meant. */
static void test_certificate(void)
{
	static const struct {
		const char *ca, *cert;
		int code;
	} cases[] = {
	    {"ca.pem", "server.pem", 0},
	    {"other-ca.pem", "server.pem", 1},
	    {"ca.pem", "wrong-name.pem", 1},
	    {"ca.pem", "expired.pem", 1},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char ca[128], cert[128], key[128];
		const char *const gw[] = {"--listen-dtls", at,  "--dtls-cert", cert,
					  "--dtls-key",    key, NULL};
		const char *const more[] = {"-t",       "t",
					    "-m",       "by certificate",
					    "--wait",   cases[i].code == 0 ? "30" : "2",
					    "--cafile", ca,
					    NULL};
		struct program t;

		snprintf(ca, sizeof ca, "%s", pki_path(&pki, cases[i].ca));
		snprintf(cert, sizeof cert, "%s", pki_path(&pki, cases[i].cert));
		snprintf(key, sizeof key, "%s", pki_path(&pki, "server-key.pem"));
		gateway_end(&gateway);
		REQUIRE(gateway_again(&gateway, broker.port, gw));
		run_tool(&t, "pub", "ue-2", more);
		EXPECT_EQUAL(program_ends(&t, PATIENCE_MS), cases[i].code);
	}
	EXPECT(observer_sync(&app));
	EXPECT_EQUAL(observer_count(&app, "app/ue-2/up/t", "by certificate"), 1);
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},
	    {"pre-shared key", test_psk},
	    {"receive", test_receive},
	    {"wrong key", test_wrong_key},
	    {"version", test_version},
	    {"certificate", test_certificate},
	    {"stop", stop},
	};

	return harness_main("coap secure", tests, sizeof tests / sizeof *tests);
}
