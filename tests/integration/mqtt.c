/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct packet {
	uint8_t type, flags;
	const uint8_t *body;
	size_t len;
};

/* A growing packet; the fixed header is put in front when it is sent. */
struct writer {
	uint8_t *octets;
	size_t len;
};

uint64_t mqtt_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void put(struct writer *w, const void *p, size_t len)
{
	w->octets = realloc(w->octets, w->len + len + 1);
	if (w->octets == NULL)
		abort();
	if (len > 0)
		memcpy(w->octets + w->len, p, len);
	w->len += len;
}

static void put_8(struct writer *w, unsigned v)
{
	put(w, &(uint8_t){(uint8_t)v}, 1);
}

static void put_16(struct writer *w, unsigned v)
{
	put_8(w, v >> 8);
	put_8(w, v & 0xff);
}

static void put_string(struct writer *w, const char *s)
{
	put_16(w, (unsigned)strlen(s));
	put(w, s, strlen(s));
}

static void put_varint(struct writer *w, size_t v)
{
	do {
		put_8(w, (unsigned)(v & 0x7f) | (v > 0x7f ? 0x80 : 0));
		v >>= 7;
	} while (v > 0);
}

static bool write_all(int fd, const uint8_t *p, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

/* Sends the packet and frees it. */
static bool send_packet(struct mqtt *m, unsigned first_octet, struct writer *body)
{
	struct writer w = {0};
	bool ok;

	put_8(&w, first_octet);
	put_varint(&w, body->len);
	put(&w, body->octets, body->len);
	ok = m->fd >= 0 && write_all(m->fd, w.octets, w.len);
	free(w.octets);
	free(body->octets);
	return ok;
}

/* Length of the whole packet at p, 0 if not all of it is there. */
static size_t packet_parse(const uint8_t *p, size_t len, struct packet *out)
{
	size_t remaining = 0, at = 1;
	unsigned shift = 0;

	do {
		if (at >= len || shift > 21)
			return 0;
		remaining |= (size_t)(p[at] & 0x7f) << shift;
		shift += 7;
	} while (p[at++] & 0x80);
	if (len - at < remaining)
		return 0;
	out->type = p[0] >> 4;
	out->flags = p[0] & 0x0f;
	out->body = p + at;
	out->len = remaining;
	return at + remaining;
}

/* 1: more octets are there; 0: time is up; negative: closed. */
static int read_more(struct mqtt *m, uint64_t deadline)
{
	struct pollfd p = {.fd = m->fd, .events = POLLIN};
	uint64_t now = mqtt_now_ms();
	ssize_t n;
	int ready;

	if (m->fd < 0)
		return MQTT_CLOSED;
	if (m->in_size - m->in_len < 4096) {
		m->in_size = m->in_size * 2 + 8192;
		m->in = realloc(m->in, m->in_size);
		if (m->in == NULL)
			abort();
	}
	do
		ready = poll(&p, 1, deadline > now ? (int)(deadline - now) : 0);
	while (ready < 0 && errno == EINTR);
	if (ready <= 0)
		return 0;
	n = recv(m->fd, m->in + m->in_len, m->in_size - m->in_len, 0);
	if (n <= 0)
		return MQTT_CLOSED;
	m->in_len += (size_t)n;
	return 1;
}

/* 1: *out is the next packet, valid until the next call; 0 or negative as read_more(). */
static int read_packet(struct mqtt *m, uint64_t deadline, struct packet *out)
{
	size_t used;
	int more;

	if (m->in_used > 0)
		memmove(m->in, m->in + m->in_used, m->in_len - m->in_used);
	m->in_len -= m->in_used;
	m->in_used = 0;
	while ((used = packet_parse(m->in, m->in_len, out)) == 0) {
		more = read_more(m, deadline);
		if (more <= 0)
			return more;
	}
	m->in_used = used;
	return 1;
}

static uint16_t get_16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

bool mqtt_send_ack(struct mqtt *m, enum mqtt_type type, uint16_t mid)
{
	struct writer w = {0};

	put_16(&w, mid);
	return send_packet(m, (unsigned)type << 4 | (type == MQTT_PUBREL ? 2 : 0), &w);
}

static void *copy(const void *p, size_t len)
{
	char *c = malloc(len + 1);

	if (c == NULL)
		abort();
	memcpy(c, p, len);
	c[len] = '\0';
	return c;
}

/* A copy of what this PUBLISH carries. */
static struct mqtt_message *read_message(enum mqtt_version version, const struct packet *p,
					 uint16_t *mid)
{
	struct mqtt_message *msg = calloc(1, sizeof *msg);
	size_t topic_len = get_16(p->body), at = 2 + topic_len;

	if (msg == NULL)
		abort();
	msg->qos = (p->flags >> 1) & 3;
	msg->dup = p->flags & 8;
	msg->retain = p->flags & 1;
	msg->topic = copy(p->body + 2, topic_len);
	if (msg->qos > 0) {
		*mid = get_16(p->body + at);
		at += 2;
	}
	if (version == MQTT_5) {
		msg->properties_len = p->body[at]; /* few are sent here: one octet of length */
		at += 1 + msg->properties_len;
	}
	msg->len = p->len - at;
	msg->payload = copy(p->body + at, msg->len);
	return msg;
}

struct mqtt_message *mqtt_tap(enum mqtt_version version, const uint8_t *p, size_t len, size_t *used)
{
	struct packet packet;
	uint16_t mid;

	*used = packet_parse(p, len, &packet);
	if (*used == 0 || packet.type != MQTT_PUBLISH)
		return NULL;
	return read_message(version, &packet, &mid);
}

/* Keeps a PUBLISH for mqtt_next() and acknowledges it. */
static void keep_message(struct mqtt *m, const struct packet *p)
{
	uint16_t mid = 0;
	struct mqtt_message *msg = read_message(m->version, p, &mid);

	*(m->last != NULL ? &m->last->next : &m->first) = msg;
	m->last = msg;
	if (msg->qos > 0)
		mqtt_send_ack(m, msg->qos == 1 ? MQTT_PUBACK : MQTT_PUBREC, mid);
}

/* Reads one packet; what needs no caller is done here. As read_packet(). */
static int step(struct mqtt *m, uint64_t deadline, struct packet *p)
{
	int got = read_packet(m, deadline, p);

	if (got <= 0)
		return got;
	if (p->type == MQTT_PUBLISH)
		keep_message(m, p);
	else if (p->type == MQTT_PUBREL)
		mqtt_send_ack(m, MQTT_PUBCOMP, get_16(p->body));
	return 1;
}

/* The reason code in a packet of this type. */
static int reason_of(const struct mqtt *m, const struct packet *p)
{
	switch (p->type) {
	case MQTT_CONNACK:
		return p->body[1];
	case MQTT_SUBACK:
		return p->body[p->len - 1];
	default:
		return m->version == MQTT_5 && p->len > 2 ? p->body[2] : 0;
	}
}

static bool has_mid(uint8_t type)
{
	return (type >= MQTT_PUBACK && type <= MQTT_PUBCOMP) || type == MQTT_SUBACK;
}

int mqtt_wait(struct mqtt *m, enum mqtt_type type, uint16_t mid)
{
	uint64_t deadline = mqtt_now_ms() + MQTT_PATIENCE_MS;
	struct packet p;
	int got;

	while ((got = step(m, deadline, &p)) > 0) {
		if (p.type == MQTT_DISCONNECT)
			return MQTT_CLOSED;
		if (p.type != type || (has_mid(p.type) && get_16(p.body) != mid))
			continue;
		if (type == MQTT_CONNACK)
			m->session_present = p.body[0] & 1;
		return reason_of(m, &p);
	}
	return got == 0 ? MQTT_TIMED_OUT : MQTT_CLOSED;
}

static bool open_socket(struct mqtt *m, uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct timeval bound = {.tv_sec = MQTT_PATIENCE_MS / 1000};
	int one = 1;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	m->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (m->fd < 0)
		return false;
	setsockopt(m->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(m->fd, SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof bound);
	if (connect(m->fd, (struct sockaddr *)&to, sizeof to) == 0)
		return true;
	close(m->fd);
	m->fd = -1;
	return false;
}

static void put_connect(struct writer *w, const struct mqtt_login *login)
{
	const unsigned will_retain = login->will_retain ? 0x20u : 0;

	put_string(w, login->version == MQTT_3_1 ? "MQIsdp" : "MQTT");
	put_8(w, login->version);
	put_8(w, (login->username != NULL ? 0xc0u : 0) | (login->persistent ? 0 : 0x02u) |
		     (login->will_topic != NULL ? 0x04u | 0x08u | will_retain : 0));
	put_16(w, 600);
	if (login->version == MQTT_5) {
		/* Session Expiry Interval: MQTT 5's sessions end with the connection without it. */
		put_8(w, 5);
		put_8(w, 0x11);
		put_16(w, 0);
		put_16(w, login->persistent ? 600 : 0);
	}
	put_string(w, login->client_id);
	if (login->will_topic != NULL) {
		if (login->version == MQTT_5)
			put_8(w, 0);
		put_string(w, login->will_topic);
		put_string(w, "will");
	}
	if (login->username != NULL) {
		put_string(w, login->username);
		put_string(w, MQTT_PASSWORD);
	}
}

int mqtt_connect(struct mqtt *m, uint16_t port, const struct mqtt_login *login)
{
	struct writer w = {0};

	memset(m, 0, sizeof *m);
	m->version = login->version;
	if (!open_socket(m, port))
		return MQTT_CLOSED;
	put_connect(&w, login);
	if (!send_packet(m, MQTT_CONNECT << 4, &w))
		return MQTT_CLOSED;
	return mqtt_wait(m, MQTT_CONNACK, 0);
}

static uint16_t next_mid(struct mqtt *m)
{
	m->last_mid = (uint16_t)(m->last_mid + 1);
	if (m->last_mid == 0)
		m->last_mid = 1;
	return m->last_mid;
}

int mqtt_subscribe(struct mqtt *m, const char *filter, uint8_t qos)
{
	struct writer w = {0};
	uint16_t mid = next_mid(m);

	put_16(&w, mid);
	if (m->version == MQTT_5)
		put_8(&w, 0);
	put_string(&w, filter);
	put_8(&w, qos);
	if (!send_packet(m, MQTT_SUBSCRIBE << 4 | 2, &w))
		return MQTT_CLOSED;
	return mqtt_wait(m, MQTT_SUBACK, mid);
}

int mqtt_send_publish(struct mqtt *m, const struct mqtt_publish *p)
{
	struct writer w = {0};
	uint16_t mid = 0;

	put_string(&w, p->topic);
	if (p->qos > 0) {
		mid = p->mid != 0 ? p->mid : next_mid(m);
		put_16(&w, mid);
	}
	if (m->version == MQTT_5) {
		put_varint(&w, p->properties_len);
		put(&w, p->properties, p->properties_len);
	}
	put(&w, p->payload, p->len);
	if (!send_packet(m,
			 MQTT_PUBLISH << 4 | (p->dup ? 8u : 0) | (unsigned)p->qos << 1 |
			     (p->retain ? 1u : 0),
			 &w))
		return -1;
	return mid;
}

int mqtt_publish(struct mqtt *m, const struct mqtt_publish *p)
{
	int mid = mqtt_send_publish(m, p), reason;

	if (mid < 0)
		return MQTT_CLOSED;
	if (p->qos == 0)
		return 0;
	reason = mqtt_wait(m, p->qos == 1 ? MQTT_PUBACK : MQTT_PUBREC, (uint16_t)mid);
	if (p->qos == 1 || reason < 0 || reason >= 0x80)
		return reason;
	mqtt_send_ack(m, MQTT_PUBREL, (uint16_t)mid);
	return mqtt_wait(m, MQTT_PUBCOMP, (uint16_t)mid) == 0 ? reason : MQTT_CLOSED;
}

bool mqtt_sync(struct mqtt *m)
{
	for (int i = 0; i < 2; i++) {
		struct writer w = {0};

		if (!send_packet(m, MQTT_PINGREQ << 4, &w) || mqtt_wait(m, MQTT_PINGRESP, 0) != 0)
			return false;
	}
	return true;
}

struct mqtt_message *mqtt_next(struct mqtt *m, int timeout_ms)
{
	uint64_t deadline = mqtt_now_ms() + (uint64_t)timeout_ms;
	struct mqtt_message *msg;
	struct packet p;

	while (m->first == NULL)
		if (step(m, deadline, &p) <= 0)
			return NULL;
	msg = m->first;
	m->first = msg->next;
	if (m->first == NULL)
		m->last = NULL;
	msg->next = NULL;
	return msg;
}

void mqtt_message_free(struct mqtt_message *msg)
{
	if (msg == NULL)
		return;
	free(msg->topic);
	free(msg->payload);
	free(msg);
}

bool mqtt_is_closed(struct mqtt *m, int timeout_ms)
{
	uint64_t deadline = mqtt_now_ms() + (uint64_t)timeout_ms;
	struct packet p;
	int got;

	while ((got = step(m, deadline, &p)) > 0)
		continue;
	return got < 0;
}

void mqtt_abort(struct mqtt *m)
{
	while (m->first != NULL)
		mqtt_message_free(mqtt_next(m, 0));
	if (m->fd >= 0)
		close(m->fd);
	free(m->in);
	memset(m, 0, sizeof *m);
	m->fd = -1;
}

void mqtt_disconnect(struct mqtt *m)
{
	struct writer w = {0};

	(void)send_packet(m, MQTT_DISCONNECT << 4, &w);
	mqtt_abort(m);
}
