/* SPDX-License-Identifier: Apache-2.0 */
/* What a device's exchanges with the gateway cost: datagrams and octets of UDP payload, both ways
 * together, as they pass. */
#include "bench.h"
#include "gateway.h"
#include "pki.h"
#include "program.h"
#include "udp_relay.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TRIES = 200, TRY_MS = 20, PATIENCE_MS = 60000 };

/* Six octets, as in draft-ietf-iotops-security-protocol-comparison. */
#define READING "23.5 C"
#define PSK_HEX "30313233343536373839616263646566"
#define PSK_TEXT "0123456789abcdef"

static struct broker broker;
static struct gateway gateway;
static struct mqtt admin;
static struct mqtt app; /* sends downlink */
static struct pki pki;
static struct test_ue ue;
static struct coap device, other; /* the device's socket, and one that looks on */
static uint16_t secure_port;
static char psk_file[192], payload[192];

static bool write_file(const char *path, const void *octets, size_t len)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	const bool ok = fd >= 0 && write(fd, octets, len) == (ssize_t)len;

	if (fd >= 0)
		close(fd);
	return ok;
}

static bool start_gateway(void)
{
	char at[32];
	const char *const more[] = {"--listen-dtls",
				    at,
				    "--dtls-psk",
				    psk_file,
				    "--dtls-cert",
				    pki_path(&pki, "server.pem"),
				    "--dtls-key",
				    pki_path(&pki, "server-key.pem"),
				    "--dtls-ca",
				    pki_path(&pki, "ca.pem"),
				    NULL};
	static const char psk[] = "device " PSK_HEX "\n";

	secure_port = gateway_free_port();
	snprintf(at, sizeof at, "127.0.0.1:%u", secure_port);
	snprintf(psk_file, sizeof psk_file, "%s/psk", broker.dir);
	snprintf(payload, sizeof payload, "%s/payload", broker.dir);
	return write_file(psk_file, psk, sizeof psk - 1) &&
	       gateway_start(&gateway, broker.port, more);
}

static bool start(void)
{
	static const struct ue_range ues[] = {{.prefix = "ue", .count = 1}, {0}};
	const struct broker_options o = {.ues = ues,
					 .plugin_lines = "plugin_opt_admins " TEST_ADMIN_USER "\n"};
	const struct mqtt_login login = {
	    .version = MQTT_5, .client_id = "application", .username = TEST_APP_USER};

	ue_named(&ue, "ue-0");
	return broker_start(&broker, &o) && pki_make(&pki) &&
	       admin_open(&admin, &broker, "admin", MQTT_5) &&
	       mqtt_connect(&app, broker.port, &login) == 0 && start_gateway() &&
	       coap_open(&device, gateway.port, false) && coap_open(&other, gateway.port, false);
}

static void stop(void)
{
	coap_close(&device);
	coap_close(&other);
	mqtt_disconnect(&app);
	mqtt_disconnect(&admin);
	gateway_stop(&gateway);
	pki_drop(&pki);
	broker_stop(&broker);
}

static void expire(void)
{
	cJSON_Delete(admin_done(&admin, "{\"command\":\"expireKey\",\"ueId\":\"%s\"}", ue.id));
}

struct cost {
	size_t datagrams, octets;
};

/* Since the last call. */
static struct cost spent(void)
{
	const struct cost c = {device.sent + device.received,
			       device.sent_octets + device.received_octets};

	device.sent = device.received = device.sent_octets = device.received_octets = 0;
	return c;
}

/* datagrams: how many it may be at most; 0: any. name is kept. */
static void tell(const char *name, struct cost c, double datagrams)
{
	report_number(name, "datagrams", (double)c.datagrams, datagrams);
	report_number(name, "octets", (double)c.octets, 0);
}

/* Until what the application sends is at the gateway. */
static bool send_down(void)
{
	char topic[EESE_UE_ID_MAX + 16];
	const struct mqtt_publish p = {
	    .topic = topic, .payload = READING, .len = sizeof READING - 1, .qos = 1};
	struct coap_message m;
	struct parts parts = {0};

	snprintf(topic, sizeof topic, "app/%s/down/t", ue.id);
	if (mqtt_publish(&app, &p) < 0)
		return false;
	for (int i = 0; i < TRIES && parts.count == 0; i++) {
		if (coap_get(&other, &ue, "down?d", &m) != COAP_CODE(205) ||
		    !coap_parts(&m, &parts))
			return false;
		if (parts.count == 0)
			harness_sleep_ms(TRY_MS);
	}
	return parts.count == 1;
}

static void measure_uplink(void)
{
	struct coap_message m;

	spent();
	EXPECT(coap_request_key(&device, &ue, EESE_REQUEST_NO_KEYSET, 0, &m) == COAP_CODE(204));
	tell("a first key asked for", spent(), 2);
	EXPECT(coap_adopt(&ue, &m));
	EXPECT(coap_say(&device, &ue, "t", READING, NULL) == COAP_CODE(204));
	tell("a reading accepted", spent(), 2);
	expire();
	EXPECT(coap_say(&device, &ue, "t", READING, &m) == COAP_CODE(401) && coap_adopt(&ue, &m));
	EXPECT(coap_say(&device, &ue, "t", READING, NULL) == COAP_CODE(204));
	tell("a reading that meets an expired key, until it is delivered", spent(), 4);
}

/* On the response to a reading that is sent anyway, and acknowledged by the next one. */
static void measure_ride(void)
{
	struct coap_message m;
	struct parts parts;
	struct cost plain, c;
	char sub[32];

	EXPECT(coap_get(&other, &ue, "down", &m) == COAP_CODE(205));
	spent();
	EXPECT(coap_say(&device, &ue, "t", READING, NULL) == COAP_CODE(204));
	plain = spent();
	EXPECT(send_down());
	EXPECT(coap_say(&device, &ue, "t?d", READING, &m) == COAP_CODE(204));
	EXPECT(coap_parts(&m, &parts) && parts.count == 1);
	snprintf(sub, sizeof sub, "t?d=%llu", (unsigned long long)parts.number);
	EXPECT(coap_say(&device, &ue, sub, READING, &m) == COAP_CODE(204) && m.len == 0);
	c = spent();
	c.datagrams -= 2 * plain.datagrams;
	c.octets -= 2 * plain.octets;
	tell("a downlink to a sleepy device with its readings: more than these", c, 0);
}

static void measure_poll(void)
{
	struct coap_message m;
	struct parts parts;
	char path[32];

	EXPECT(send_down());
	spent();
	EXPECT(coap_get(&device, &ue, "down?d", &m) == COAP_CODE(205));
	EXPECT(coap_parts(&m, &parts) && parts.count == 1);
	snprintf(path, sizeof path, "down?d=%llu", (unsigned long long)parts.number);
	EXPECT(coap_get(&device, &ue, path, &m) == COAP_CODE(205) && m.len == 0);
	tell("a downlink polled for, and acknowledged by the next poll", spent(), 4);
}

/* One reading by coap-client, from its first datagram to its last. */
static struct cost by_client(bool secure, const char *const *login)
{
	const char *words[24] = {"coap-client-gnutls", "-m", "post", "-f", payload};
	char uri[128];
	struct udp_relay relay;
	struct octets msg;
	struct program t;
	struct cost c;
	size_t count = 5;

	ue_seal(&ue, "t", READING, &msg);
	EXPECT(write_file(payload, msg.p, msg.len));
	EXPECT(udp_relay_start(&relay, secure ? secure_port : gateway.port));
	while (*login != NULL)
		words[count++] = *login++;
	snprintf(uri, sizeof uri, "%s://127.0.0.1:%u/e2e/%s/up/t", secure ? "coaps" : "coap",
		 relay.port, ue.id);
	words[count] = uri;
	program_start(&t, broker.dir, words);
	EXPECT(program_ends(&t, PATIENCE_MS) == 0);
	udp_relay_stop(&relay);
	c.datagrams = atomic_load(&relay.datagrams);
	c.octets = atomic_load(&relay.octets);
	return c;
}

static void measure_dtls(void)
{
	static const char *const none[] = {NULL};
	static const char *const psk[] = {"-u", "device", "-k", PSK_TEXT, NULL};
	const char *const cert[] = {
	    "-c", pki_path(&pki, "client.pem"), "-j", pki_path(&pki, "client-key.pem"),
	    "-C", pki_path(&pki, "ca.pem"),     NULL};

	tell("a reading by Debian's coap-client", by_client(false, none), 2);
	tell("the same in a new DTLS 1.2 session, pre-shared key", by_client(true, psk), 0);
	tell("the same in a new DTLS 1.2 session, certificates", by_client(true, cert), 0);
}

void case_exchanges(void)
{
	const bool ok = start();

	EXPECT(ok);
	if (ok) {
		report_group("CoAP exchanges, 6 octets of plaintext, both ways");
		measure_uplink();
		measure_ride();
		measure_poll();
		measure_dtls();
	}
	stop();
}
