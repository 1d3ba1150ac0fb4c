/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an eavesdropper between device and broker sees: a relay on the loopback that prints every
 * MQTT PUBLISH passing either way. It has no key and changes nothing.
 *
 *   wiretap LISTEN-PORT BROKER-PORT      LISTEN-PORT 0: the system chooses; the first line says
 * which
 *
 * One line a message, its fields separated by tabs: time, -> (to the broker) or <-, topic, octets
 * of payload, the payload's beginning in hex, and what anyone can tell from it without a key.
 */
#define _POSIX_C_SOURCE 200809L

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "eese/control.h"
#include "eese/data.h"

enum {
	LINKS_MAX = 16,
	CAPTURE = 1536, /* octets looked at in a packet: topic, properties, start of the payload */
	HEX_SHOWN = 64, /* octets of payload printed */
	TOPIC_SHOWN = 256,
	MQTT_CONNECT = 1,
	MQTT_PUBLISH = 3,
};

enum step { STEP_HEAD, STEP_LENGTH, STEP_BODY, STEP_LOST };

/* One direction of a connection: an MQTT packet being collected. */
struct flow {
	const char *arrow;
	enum step step;
	uint8_t first;
	unsigned shift;
	size_t left, total; /* octets of the packet's body */
	size_t len;         /* octets captured of it */
	uint8_t body[CAPTURE];
};

/* A device's connection and the relay's to the broker. */
struct link {
	int device, broker; /* -1: free */
	uint8_t level;      /* MQTT 3.1: 3, 3.1.1: 4, 5: 5 */
	struct flow up, down;
};

static const char *const update_reasons[] = {
    "the EESE starts the contact", "key has expired (te2e)", "expired by the enterprise",
    "key unknown to the EESE",     "usage limit reached",    "too many integrity failures",
    "refreshed ahead of expiry",   "asked for by the UE",
};

static const char *const request_reasons[] = {
    "no keyset yet",    "stale KSN received",
    "refresh wanted",   "downlink under an unknown keyset",
    "ERROR 6 received", "algorithm not supported",
};

static const char *const error_reasons[] = {
    "?",
    "UE unknown",
    "key server not reachable",
    "EnPS not applicable",
    "no key: run AKA",
    "?",
    "key unknown or tag wrong",
    "key has expired, RAND follows",
};

#define TEXT(table, i) ((i) < sizeof(table) / sizeof((table)[0]) ? (table)[i] : "?")

/* What stands in the clear in a control message with a KSN: reason and KSN. */
static void note_control(const char *name, const char *reason, const uint8_t *msg)
{
	uint32_t ksn =
	    (uint32_t)msg[1] << 24 | (uint32_t)msg[2] << 16 | (uint32_t)msg[3] << 8 | msg[4];

	printf("%s reason %d, %s, KSN %lu", name, msg[0] & 0x3f, reason, (unsigned long)ksn);
}

/* Clause 3 without a key. The message has len octets, of which have are at hand. */
static void note(const uint8_t *msg, size_t have, size_t len)
{
	uint8_t reason = have > 0 ? msg[0] & 0x3f : 0;
	struct eese_data_head head;
	enum eese_kind kind;

	if (eese_message_kind(msg, have, &kind) != EESE_OK)
		return;
	switch (kind) {
	case EESE_KIND_DATA:
		if (eese_data_head(msg, have, &head) == EESE_OK)
			printf("data, kid %u, number %llu", head.kid,
			       (unsigned long long)head.number);
		break;
	case EESE_KIND_KEY_UPDATE:
		if (have == len && len >= EESE_KEY_UPDATE_MIN && len <= EESE_KEY_UPDATE_MAX)
			note_control("KEY_UPDATE", TEXT(update_reasons, reason), msg);
		break;
	case EESE_KIND_KEY_REQUEST:
		if (have == len && len == EESE_KEY_REQUEST_SIZE)
			note_control("KEY_REQUEST", TEXT(request_reasons, reason), msg);
		break;
	case EESE_KIND_ERROR:
		printf("ERROR reason %u, %s", reason, TEXT(error_reasons, reason));
		break;
	}
}

static void print_time(void)
{
	struct timespec now;
	struct tm tm;
	char text[16] = "";

	if (clock_gettime(CLOCK_REALTIME, &now) == 0 && localtime_r(&now.tv_sec, &tm) != NULL &&
	    strftime(text, sizeof(text), "%H:%M:%S", &tm) > 0)
		printf("%s.%03d", text, (int)(now.tv_nsec / 1000000));
}

static void print_publish(const char *arrow, const uint8_t *topic, size_t topic_len,
			  const uint8_t *payload, size_t have, size_t len)
{
	print_time();
	printf("\t%s\t", arrow);
	for (size_t i = 0; i < topic_len && i < TOPIC_SHOWN; i++)
		putchar(topic[i] >= ' ' && topic[i] <= '~' ? topic[i] : '?');
	printf("\t%zu\t", len);
	for (size_t i = 0; i < have && i < HEX_SHOWN; i++)
		printf("%02x", payload[i]);
	printf("%s\t", len > HEX_SHOWN ? ".." : len == 0 ? "-" : "");
	note(payload, have, len);
	putchar('\n');
	if (fflush(stdout) != 0)
		exit(EXIT_FAILURE);
}

/* Moves *at behind an MQTT 5 property list; false if it does not end within the capture. */
static bool skip_properties(const struct flow *f, size_t *at)
{
	size_t length = 0;
	unsigned shift = 0;

	while (*at < f->len && shift <= 21) {
		uint8_t c = f->body[(*at)++];

		length |= (size_t)(c & 0x7f) << shift;
		shift += 7;
		if ((c & 0x80) == 0) {
			*at += length;
			return *at <= f->len;
		}
	}
	return false;
}

static void publish_seen(const struct flow *f, uint8_t level)
{
	size_t topic_len, at;

	if (f->len < 2)
		return;
	topic_len = (size_t)f->body[0] << 8 | f->body[1];
	at = 2 + topic_len;
	if ((f->first & 0x06) != 0) /* QoS 1 or 2: a packet identifier */
		at += 2;
	if (at > f->len || (level >= 5 && !skip_properties(f, &at)))
		return;
	print_publish(f->arrow, f->body + 2, topic_len, f->body + at, f->len - at, f->total - at);
}

static void packet_seen(struct link *l, const struct flow *f)
{
	size_t name_len;

	if (f->first >> 4 == MQTT_PUBLISH) {
		publish_seen(f, l->level);
	} else if (f->first >> 4 == MQTT_CONNECT && f->len >= 2) {
		name_len = (size_t)f->body[0] << 8 | f->body[1];
		if (2 + name_len < f->len)
			l->level = f->body[2 + name_len];
	}
}

static void length_octet(struct link *l, struct flow *f, uint8_t c)
{
	f->left |= (size_t)(c & 0x7f) << f->shift;
	f->shift += 7;
	if ((c & 0x80) != 0) {
		if (f->shift > 21)
			f->step = STEP_LOST;
		return;
	}
	f->total = f->left;
	f->step = f->left > 0 ? STEP_BODY : STEP_HEAD;
	if (f->left == 0)
		packet_seen(l, f);
}

static void octets_seen(struct link *l, struct flow *f, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		switch (f->step) {
		case STEP_HEAD:
			f->first = p[i];
			f->shift = 0;
			f->left = f->len = 0;
			f->step = STEP_LENGTH;
			break;
		case STEP_LENGTH:
			length_octet(l, f, p[i]);
			break;
		case STEP_BODY:
			if (f->len < CAPTURE)
				f->body[f->len++] = p[i];
			if (--f->left == 0) {
				f->step = STEP_HEAD;
				packet_seen(l, f);
			}
			break;
		case STEP_LOST: /* no MQTT: only relayed from here on */
			return;
		}
	}
}

/* Passes on what is there; false at the connection's end. */
static bool relay(struct link *l, struct flow *f, int from, int to)
{
	uint8_t buf[4096];
	ssize_t got = recv(from, buf, sizeof(buf), 0);

	if (got < 0 && errno == EINTR)
		return true;
	if (got <= 0)
		return false;
	octets_seen(l, f, buf, (size_t)got);
	for (ssize_t sent = 0, n; sent < got; sent += n) {
		n = send(to, buf + sent, (size_t)(got - sent), MSG_NOSIGNAL);
		if (n < 0)
			return false;
	}
	return true;
}

static struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){
	    .sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static int connect_broker(uint16_t port)
{
	struct sockaddr_in to = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void accept_device(struct link *links, int listener, uint16_t broker_port)
{
	int one = 1, broker = -1, device = accept(listener, NULL, NULL);

	if (device < 0)
		return;
	for (size_t i = 0; i < LINKS_MAX; i++) {
		if (links[i].device >= 0)
			continue;
		broker = connect_broker(broker_port);
		if (broker < 0)
			break;
		setsockopt(device, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		setsockopt(broker, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		links[i] = (struct link){.device = device,
					 .broker = broker,
					 .level = 4,
					 .up.arrow = "->",
					 .down.arrow = "<-"};
		return;
	}
	close(device);
}

static int listen_on(uint16_t port)
{
	struct sockaddr_in at = loopback(port);
	socklen_t len = sizeof(at);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, LINKS_MAX) != 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) != 0) {
		close(fd);
		return -1;
	}
	printf("listening\t127.0.0.1\t%d\n", ntohs(at.sin_port));
	fflush(stdout);
	return fd;
}

static void serve(struct link *l, const struct pollfd *device, const struct pollfd *broker)
{
	bool alive = true;

	if (device->revents != 0)
		alive = relay(l, &l->up, l->device, l->broker);
	if (alive && broker->revents != 0)
		alive = relay(l, &l->down, l->broker, l->device);
	if (!alive) {
		close(l->device);
		close(l->broker);
		l->device = l->broker = -1;
	}
}

static bool parse_port(const char *text, uint16_t *out)
{
	char *end;
	long port = strtol(text, &end, 10);

	*out = (uint16_t)port;
	return *text != '\0' && *end == '\0' && port >= 0 && port <= 65535;
}

int main(int argc, char **argv)
{
	static struct link links[LINKS_MAX];
	struct pollfd fds[1 + 2 * LINKS_MAX];
	uint16_t listen_port, broker_port;

	if (argc != 3 || !parse_port(argv[1], &listen_port) || !parse_port(argv[2], &broker_port)) {
		fprintf(stderr, "usage: wiretap LISTEN-PORT BROKER-PORT\n");
		return EXIT_FAILURE;
	}
	for (size_t i = 0; i < LINKS_MAX; i++)
		links[i].device = links[i].broker = -1;
	fds[0] = (struct pollfd){.fd = listen_on(listen_port), .events = POLLIN};
	if (fds[0].fd < 0) {
		perror("wiretap: can't listen");
		return EXIT_FAILURE;
	}
	for (;;) {
		for (size_t i = 0; i < LINKS_MAX; i++) {
			fds[1 + 2 * i] = (struct pollfd){.fd = links[i].device, .events = POLLIN};
			fds[2 + 2 * i] = (struct pollfd){.fd = links[i].broker, .events = POLLIN};
		}
		if (poll(fds, 1 + 2 * LINKS_MAX, -1) < 0 && errno != EINTR)
			return EXIT_FAILURE;
		for (size_t i = 0; i < LINKS_MAX; i++) {
			if (links[i].device >= 0)
				serve(&links[i], &fds[1 + 2 * i], &fds[2 + 2 * i]);
		}
		if (fds[0].revents != 0)
			accept_device(links, fds[0].fd, broker_port);
	}
}
