/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smallest useful device: one reading, end to end protected, over libmosquitto.
 *
 *   example-device HOST PORT KEY-FILE STATE-FILE
 *
 * KEY-FILE: "UE-ID e2e_int_key-in-hex". STATE-FILE: where libeese-ue keeps its record; never copy
 * or restore it. The MQTT user name is the UE-ID, the password comes from MQTT_PASSWORD if set.
 * Exits 0 once the EESE has accepted the reading, 1 if it has not within 30 s.
 */
#define _DEFAULT_SOURCE

#include <ctype.h>
#include <fcntl.h>
#include <libgen.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "eese/ue.h"

static struct device {
	struct mosquitto *mosq;
	struct eese_ue ue;
	char id[EESE_UE_ID_MAX + 1];
	const char *state_file;
	bool listening;  /* subscribed to ctl: before that no answer would reach us */
	int mid;         /* of the PUBLISH in flight .. */
	uint32_t handle; /* .. and the library's name for it */
} dev;

/* ---- the port: four functions ---- */

static bool port_send(void *ctx, const struct eese_ue_message *m)
{
	char topic[EESE_TOPIC_MAX + EESE_UE_ID_MAX + 16];
	int mid;

	(void)ctx;
	if (!dev.listening)
		return false;
	if (m->channel == EESE_UE_REQ)
		snprintf(topic, sizeof(topic), "e2e/%s/req", dev.id);
	else
		snprintf(topic, sizeof(topic), "e2e/%s/up/%.*s", dev.id, (int)m->topic_len,
			 m->topic);
	if (mosquitto_publish_v5(dev.mosq, &mid, topic, (int)m->len, m->octets, 1, false, NULL) !=
	    MOSQ_ERR_SUCCESS)
		return false;
	if (m->channel == EESE_UE_UP) {
		dev.mid = mid;
		dev.handle = m->handle;
	}
	return true;
}

static uint64_t port_now(void *ctx)
{
	struct timespec t;

	(void)ctx;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static bool port_random(void *ctx, uint8_t *out, size_t len)
{
	(void)ctx;
	return getentropy(out, len) == 0;
}

static enum eese_ue_nvm_result read_record(uint8_t *record)
{
	int fd = open(dev.state_file, O_RDONLY);
	ssize_t got;

	if (fd < 0)
		return access(dev.state_file, F_OK) != 0 ? EESE_UE_NVM_EMPTY : EESE_UE_NVM_FAILED;
	got = read(fd, record, EESE_UE_RECORD_SIZE);
	close(fd);
	return got == EESE_UE_RECORD_SIZE ? EESE_UE_NVM_OK : EESE_UE_NVM_FAILED;
}

/* A rename is durable only when its directory is. */
static bool sync_directory(void)
{
	char path[4096];
	int fd;
	bool ok;

	snprintf(path, sizeof(path), "%s", dev.state_file);
	fd = open(dirname(path), O_RDONLY | O_DIRECTORY);
	ok = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

/* Atomic and durable: a second file, synced and then renamed. */
static enum eese_ue_nvm_result port_nvm(void *ctx, enum eese_ue_nvm op,
					uint8_t record[EESE_UE_RECORD_SIZE])
{
	char fresh[4096];
	bool ok;
	int fd;

	(void)ctx;
	if (op == EESE_UE_NVM_READ)
		return read_record(record);
	snprintf(fresh, sizeof(fresh), "%s.new", dev.state_file);
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0)
		return EESE_UE_NVM_FAILED;
	ok = write(fd, record, EESE_UE_RECORD_SIZE) == EESE_UE_RECORD_SIZE && fsync(fd) == 0;
	ok = close(fd) == 0 && ok && rename(fresh, dev.state_file) == 0 && sync_directory();
	return ok ? EESE_UE_NVM_OK : EESE_UE_NVM_FAILED;
}

/* ---- MQTT ---- */

static void on_connect(struct mosquitto *m, void *ctx, int rc, int flags,
		       const mosquitto_property *p)
{
	char topic[EESE_UE_ID_MAX + 16];

	(void)ctx, (void)flags, (void)p;
	snprintf(topic, sizeof(topic), "e2e/%s/ctl", dev.id);
	if (rc == 0)
		mosquitto_subscribe(m, NULL, topic, 1);
	else
		fprintf(stderr, "refused: %s\n", mosquitto_reason_string(rc));
}

static void on_subscribe(struct mosquitto *m, void *ctx, int mid, int count, const int *qos)
{
	(void)m, (void)ctx, (void)mid;
	dev.listening = count == 1 && qos[0] < 0x80;
	if (dev.listening)
		eese_ue_connected(&dev.ue);
}

static void on_publish(struct mosquitto *m, void *ctx, int mid, int rc, const mosquitto_property *p)
{
	(void)m, (void)ctx, (void)p;
	if (mid == dev.mid)
		eese_ue_acknowledged(&dev.ue, dev.handle, rc < 0x80);
}

static void on_message(struct mosquitto *m, void *ctx, const struct mosquitto_message *msg)
{
	(void)m, (void)ctx;
	(void)eese_ue_control(&dev.ue, msg->payload, (size_t)msg->payloadlen);
}

static bool start_mqtt(const char *host, int port)
{
	mosquitto_lib_init();
	dev.mosq = mosquitto_new(NULL, true, NULL);
	if (dev.mosq == NULL)
		return false;
	mosquitto_int_option(dev.mosq, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
	mosquitto_username_pw_set(dev.mosq, dev.id, getenv("MQTT_PASSWORD"));
	mosquitto_connect_v5_callback_set(dev.mosq, on_connect);
	mosquitto_subscribe_callback_set(dev.mosq, on_subscribe);
	mosquitto_publish_v5_callback_set(dev.mosq, on_publish);
	mosquitto_message_callback_set(dev.mosq, on_message);
	return mosquitto_connect(dev.mosq, host, port, 60) == MOSQ_ERR_SUCCESS;
}

/* ---- the device ---- */

static bool parse_hex(const char *hex, uint8_t *out, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < 2 * len; i++) {
		const char *d =
		    hex[i] != '\0' ? strchr(digits, tolower((unsigned char)hex[i])) : NULL;

		if (d == NULL)
			return false;
		out[i / 2] = (uint8_t)(out[i / 2] << 4 | (d - digits));
	}
	return hex[2 * len] == '\0';
}

static bool read_key(const char *file, uint8_t key[EESE_INT_KEY_SIZE])
{
	char hex[2 * EESE_INT_KEY_SIZE + 2] = "";
	FILE *f = fopen(file, "r");
	bool ok = f != NULL && fscanf(f, "%64s %65s", dev.id, hex) == 2 &&
		  parse_hex(hex, key, EESE_INT_KEY_SIZE);

	if (f != NULL)
		fclose(f);
	eese_wipe(hex, sizeof(hex));
	return ok;
}

static bool start_ue(const char *key_file)
{
	static uint8_t arena[512], scratch[256];
	struct eese_ue_config config = {
	    .ue_id = dev.id,
	    .port = {.send = port_send, .now = port_now, .random = port_random, .nvm = port_nvm},
	    .arena = arena,
	    .arena_size = sizeof(arena),
	    .scratch = scratch,
	    .scratch_size = sizeof(scratch),
	};
	uint8_t key[EESE_INT_KEY_SIZE] = {0};
	bool ok = read_key(key_file, key) && eese_init() == EESE_OK &&
		  eese_ue_init(&dev.ue, &config, key) == EESE_OK;

	eese_wipe(key, sizeof(key));
	return ok;
}

/* true once the reading was accepted. */
static bool run(uint64_t until)
{
	struct eese_ue_event e;

	while (port_now(NULL) < until) {
		uint64_t now = port_now(NULL), next = eese_ue_poll(&dev.ue);
		uint64_t wait = next <= now ? 1 : next - now;

		if (mosquitto_loop(dev.mosq, wait < 500 ? (int)wait : 500, 1) != MOSQ_ERR_SUCCESS)
			return false;
		while (eese_ue_next_event(&dev.ue, &e)) {
			if (e.kind == EESE_UE_EVENT_NEW_KEYSET)
				printf("new keyset, KSN %lu\n", (unsigned long)e.ksn);
			if (e.kind == EESE_UE_EVENT_ACCEPTED || e.kind == EESE_UE_EVENT_FAILED)
				return e.kind == EESE_UE_EVENT_ACCEPTED;
		}
	}
	return false;
}

int main(int argc, char **argv)
{
	char reading[64];
	uint32_t handle;
	double load;
	bool ok = false;

	if (argc != 5) {
		fprintf(stderr, "usage: example-device HOST PORT KEY-FILE STATE-FILE\n");
		return EXIT_FAILURE;
	}
	dev.state_file = argv[4];
	if (getloadavg(&load, 1) == 1 && start_ue(argv[3]) &&
	    start_mqtt(argv[1], (int)strtol(argv[2], NULL, 10))) {
		snprintf(reading, sizeof(reading), "load %.2f", load);
		ok = eese_ue_publish(&dev.ue, "load", 4, (const uint8_t *)reading, strlen(reading),
				     true, &handle) == EESE_OK &&
		     run(port_now(NULL) + 30000);
		printf("%s: %s\n", reading, ok ? "accepted" : "not accepted");
	}
	mosquitto_destroy(dev.mosq);
	mosquitto_lib_cleanup();
	eese_ue_wipe(&dev.ue);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
