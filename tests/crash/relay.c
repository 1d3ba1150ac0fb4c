/* SPDX-License-Identifier: Apache-2.0 */
#include "relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "record.h"

enum { LINKS_MAX = 2 * UES_MAX, SEND_PATIENCE_S = 10 };

struct stream {
	uint8_t *octets; /* not yet a whole packet */
	size_t len, size;
	bool lost; /* what comes from now on goes nowhere */
};

struct link {
	int device, broker;
	unsigned ue;
	bool known; /* of which UE it is */
	enum mqtt_version version;
	struct stream up, down;
	uint64_t cut_at; /* 0: not planned */
};

static struct link links[LINKS_MAX];
static size_t count;
static int listener = -1;
static struct relay_sum sum;
static uint64_t disturb_at;

struct relay_sum relay_sum(void)
{
	return sum;
}

static int open_socket(void)
{
	const struct timeval bound = {.tv_sec = SEND_PATIENCE_S};
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof bound);
	}
	return fd;
}

uint16_t relay_open(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t len = sizeof a;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = open_socket();
	if (listener < 0 || bind(listener, (struct sockaddr *)&a, sizeof a) != 0 ||
	    listen(listener, UES_MAX) != 0 ||
	    getsockname(listener, (struct sockaddr *)&a, &len) != 0)
		return 0;
	return ntohs(a.sin_port);
}

static void end_link(size_t i)
{
	close(links[i].device);
	close(links[i].broker);
	free(links[i].up.octets);
	free(links[i].down.octets);
	links[i] = links[--count];
}

void relay_close(void)
{
	while (count > 0)
		end_link(0);
	if (listener >= 0)
		close(listener);
	listener = -1;
}

static void accept_device(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(run.broker_port)};
	int device = accept4(listener, NULL, NULL, SOCK_CLOEXEC), broker = -1, one = 1;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (device >= 0 && run.broker_up && count < LINKS_MAX)
		broker = open_socket();
	if (broker < 0 || connect(broker, (struct sockaddr *)&to, sizeof to) != 0) {
		if (broker >= 0)
			close(broker);
		if (device >= 0)
			close(device);
		return;
	}
	setsockopt(device, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	links[count++] = (struct link){.device = device, .broker = broker};
	sum.connections++;
}

static bool pass(int to, const uint8_t *octets, size_t len)
{
	while (len > 0) {
		ssize_t n = send(to, octets, len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		octets += n;
		len -= (size_t)n;
	}
	return true;
}

/* Version and UE from CONNECT: its client identifier ends with the UE's name. */
static void look_at_connect(struct link *l, const uint8_t *p, size_t len)
{
	for (size_t at = 0; at + 5 < len && !l->known; at++) {
		if (memcmp(p + at, "MQTT", 4) == 0)
			l->version = (enum mqtt_version)p[at + 4];
		if (memcmp(p + at, "crash-", 6) == 0) {
			size_t end = at + 6;

			while (end < len && p[end] >= '0' && p[end] <= '9')
				end++;
			l->known = ue_of_name((const char *)p + at, end - at, &l->ue);
		}
	}
}

/* Whole packets: recorded, and passed on unless they are lost. */
static bool forward(struct link *l, struct stream *s, int to)
{
	size_t at = 0, used;
	bool ok = true;

	for (;;) {
		struct mqtt_message *m = mqtt_tap(l->version, s->octets + at, s->len - at, &used);

		if (used == 0)
			break;
		if (s->octets[at] >> 4 == MQTT_CONNECT)
			look_at_connect(l, s->octets + at, used);
		if (m != NULL)
			record_see(m->topic, m->payload, m->len);
		mqtt_message_free(m);
		ok = ok && (s->lost || pass(to, s->octets + at, used));
		at += used;
	}
	s->len -= at;
	memmove(s->octets, s->octets + at, s->len);
	return ok;
}

/* 1: something was read, 0: nothing is there, -1: closed. */
static int fill(struct stream *s, int from)
{
	ssize_t n;

	if (s->size - s->len < 4096) {
		s->size = 2 * s->size + 8192;
		s->octets = realloc(s->octets, s->size);
		if (s->octets == NULL)
			abort();
	}
	n = recv(from, s->octets + s->len, s->size - s->len, MSG_DONTWAIT);
	if (n < 0)
		return 0;
	s->len += (size_t)n;
	return n > 0 ? 1 : -1;
}

size_t relay_prepare(struct pollfd *p, size_t most)
{
	size_t n = 0;

	p[n++] = (struct pollfd){.fd = listener, .events = POLLIN};
	for (size_t i = 0; i < count && n + 2 <= most; i++) {
		p[n++] = (struct pollfd){.fd = links[i].device, .events = POLLIN};
		p[n++] = (struct pollfd){.fd = links[i].broker, .events = POLLIN};
	}
	return n;
}

static bool serve_side(struct link *l, struct stream *s, int from, int to, short revents)
{
	int got;

	if (revents == 0)
		return true;
	got = fill(s, from);
	if (got > 0)
		return forward(l, s, to);
	return got == 0 && (revents & (POLLERR | POLLHUP)) == 0;
}

void relay_serve(const struct pollfd *p, size_t entries)
{
	/* Backwards, since the last one takes the place of one that ends. */
	for (size_t i = (entries - 1) / 2; i-- > 0;) {
		struct link *l = &links[i];
		const struct pollfd *pair = &p[1 + 2 * i];
		bool ok = serve_side(l, &l->down, l->broker, l->device, pair[1].revents) &&
			  serve_side(l, &l->up, l->device, l->broker, pair[0].revents);

		if (ok && l->cut_at != 0 && now_ms() >= l->cut_at)
			ok = false;
		if (!ok)
			end_link(i);
	}
	if (p[0].revents != 0)
		accept_device();
}

void relay_broker_gone(void)
{
	while (count > 0) {
		struct link *l = &links[count - 1];

		while (fill(&l->down, l->broker) > 0)
			(void)forward(l, &l->down, l->device);
		end_link(count - 1);
	}
}

/* At once, or first all that goes one way is lost for a while: the messages, or their answers. */
void relay_disturb(void)
{
	struct link *l;

	if (count == 0 || !run.traffic || now_ms() < disturb_at)
		return;
	disturb_at = now_ms() + pick_between(50, 400);
	l = &links[pick(count)];
	if (l->cut_at != 0)
		return;
	l->cut_at = now_ms() + pick(300);
	switch (pick(3)) {
	case 0:
		l->up.lost = true;
		break;
	case 1:
		l->down.lost = true;
		break;
	default:
		l->cut_at = now_ms();
	}
	sum.cuts++;
}

/* A PUBLISH at QoS 0. */
static size_t make_publish(const struct recorded *r, enum mqtt_version version, uint8_t *out)
{
	char topic[128];
	size_t topic_len, rest, at = 0;

	record_topic(r, topic);
	topic_len = strlen(topic);
	rest = 2 + topic_len + (version == MQTT_5) + r->len;
	out[at++] = MQTT_PUBLISH << 4;
	do {
		out[at++] = (uint8_t)((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
		rest >>= 7;
	} while (rest > 0);
	out[at++] = 0;
	out[at++] = (uint8_t)topic_len;
	memcpy(out + at, topic, topic_len);
	at += topic_len;
	if (version == MQTT_5)
		out[at++] = 0;
	memcpy(out + at, r->octets, r->len);
	return at + r->len;
}

void relay_inject(size_t recorded)
{
	const struct recorded *r = record_nth(recorded);
	uint8_t packet[2048];

	if ((r->channel != CHANNEL_DOWN && r->channel != CHANNEL_CTL) || r->len > 1500)
		return;
	for (size_t i = 0; i < count; i++) {
		struct link *l = &links[i];

		/* Only once the broker has answered CONNECT. */
		if (!l->known || l->ue != r->ue || l->down.lost || l->down.size == 0)
			continue;
		if (pass(l->device, packet, make_publish(r, l->version, packet)))
			sum.injected++;
		return;
	}
}
