/* SPDX-License-Identifier: Apache-2.0 */
#include "link.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { CONNACK = 2, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK = 9 };

static bool open_socket(struct link *l, uint16_t port)
{
	const struct timeval patience = {.tv_sec = LINK_PATIENCE_S};
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
	const int yes = 1;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	l->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return l->fd >= 0 && connect(l->fd, (struct sockaddr *)&a, sizeof a) == 0 &&
	       setsockopt(l->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 &&
	       setsockopt(l->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0 &&
	       setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) == 0;
}

static bool open_tls(struct link *l, gnutls_certificate_credentials_t ca)
{
	int r;

	if (gnutls_init(&l->tls, GNUTLS_CLIENT) != 0 || gnutls_set_default_priority(l->tls) != 0 ||
	    gnutls_credentials_set(l->tls, GNUTLS_CRD_CERTIFICATE, ca) != 0)
		return false;
	gnutls_session_set_verify_cert(l->tls, "localhost", 0);
	gnutls_transport_set_int(l->tls, l->fd);
	do {
		r = gnutls_handshake(l->tls);
	} while (r < 0 && gnutls_error_is_fatal(r) == 0);
	return r == 0;
}

static size_t put_text(uint8_t *out, const char *text)
{
	size_t len = 0;

	for (; text[len] != '\0'; len++)
		out[2 + len] = (uint8_t)text[len];
	out[0] = (uint8_t)(len >> 8);
	out[1] = (uint8_t)len;
	return 2 + len;
}

bool link_open(struct link *l, uint16_t port, const char *user, gnutls_certificate_credentials_t ca)
{
	static const uint8_t head[] = {0, 4, 'M', 'Q', 'T', 'T', 4, 0x82, 0, 0};
	uint8_t msg[256] = {0x10};
	struct packet answer;
	size_t len = 2;

	memset(l, 0, sizeof *l);
	if (!open_socket(l, port) || (ca != NULL && !open_tls(l, ca)))
		return false;
	memcpy(msg + len, head, sizeof head);
	len += sizeof head;
	len += put_text(msg + len, user);
	len += put_text(msg + len, user);
	msg[1] = (uint8_t)(len - 2);
	return len < 130 && link_write(l, msg, len) && link_expect(l, CONNACK, &answer) &&
	       answer.len == 2 && answer.body[1] == 0;
}

void link_close(struct link *l)
{
	if (l->tls != NULL)
		gnutls_deinit(l->tls);
	if (l->fd > 0)
		close(l->fd);
	free(l->in);
	memset(l, 0, sizeof *l);
}

bool link_write(struct link *l, const void *p, size_t len)
{
	const uint8_t *at = p;

	l->octets_out += len;
	while (len > 0) {
		ssize_t n = l->tls != NULL ? gnutls_record_send(l->tls, at, len)
					   : send(l->fd, at, len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static bool send_answers(struct link *l)
{
	size_t len = l->answers_len;

	l->answers_len = 0;
	return len == 0 || link_write(l, l->answers, len);
}

/* More octets into the buffer, behind those not used yet. */
static bool fill(struct link *l)
{
	ssize_t n;

	if (!send_answers(l))
		return false;
	if (l->in == NULL && (l->in = malloc(LINK_BUFFER)) == NULL)
		return false;
	if (l->used > 0 && l->len > l->used)
		memmove(l->in, l->in + l->used, l->len - l->used);
	l->len -= l->used;
	l->used = 0;
	n = l->tls != NULL ? gnutls_record_recv(l->tls, l->in + l->len, LINK_BUFFER - l->len)
			   : recv(l->fd, l->in + l->len, LINK_BUFFER - l->len, 0);
	/* A TLS 1.3 session ticket is no data. */
	if (l->tls != NULL && n == GNUTLS_E_AGAIN)
		return true;
	if (n <= 0)
		return false;
	l->len += (size_t)n;
	l->octets_in += (size_t)n;
	return true;
}

/* false: not all of it is there. */
static bool parse(const struct link *l, struct packet *out, size_t *used)
{
	size_t left = l->len - l->used, len = 0, at = 1;
	const uint8_t *p = l->in + l->used;

	if (left < 2)
		return false;
	for (unsigned shift = 0;; shift += 7) {
		if (at == left || at > 4)
			return false;
		len |= (size_t)(p[at] & 0x7f) << shift;
		if ((p[at++] & 0x80) == 0)
			break;
	}
	*out = (struct packet){.first = p[0], .body = p + at, .len = len};
	*used = at + len;
	return left >= *used;
}

bool link_read(struct link *l, struct packet *out)
{
	size_t used;

	while (l->len == l->used || !parse(l, out, &used))
		if (!fill(l))
			return false;
	l->used += used;
	return true;
}

bool link_expect(struct link *l, uint8_t type, struct packet *out)
{
	return link_read(l, out) && out->first >> 4 == type;
}

bool link_subscribe(struct link *l, const char *filter, uint8_t qos)
{
	uint8_t msg[256] = {0x82, 0, 0, 1};
	struct packet answer;
	size_t len = 4;

	len += put_text(msg + len, filter);
	msg[len++] = qos;
	msg[1] = (uint8_t)(len - 2);
	return link_write(l, msg, len) && link_expect(l, SUBACK, &answer) && answer.len == 3 &&
	       answer.body[2] < 0x80;
}

static bool acknowledge(struct link *l, uint8_t type, const uint8_t *mid)
{
	const uint8_t msg[4] = {(uint8_t)(type << 4 | (type == PUBREL ? 2 : 0)), 2, mid[0], mid[1]};

	if (l->answers_len + sizeof msg > sizeof l->answers && !send_answers(l))
		return false;
	memcpy(l->answers + l->answers_len, msg, sizeof msg);
	l->answers_len += sizeof msg;
	return true;
}

/* Answers a PUBLISH; gives where its payload begins. */
static bool answer_publish(struct link *l, const struct packet *p, size_t *payload)
{
	uint8_t qos = p->first >> 1 & 3;
	size_t at = p->len < 2 ? p->len : (size_t)(p->body[0] << 8 | p->body[1]) + 2;

	*payload = at + (qos > 0 ? 2 : 0);
	if (*payload > p->len)
		return false;
	return qos == 0 || acknowledge(l, qos == 1 ? PUBACK : PUBREC, p->body + at);
}

bool link_take(struct link *l, size_t count)
{
	struct packet p;
	size_t payload, open = 0;

	while (count > 0 || open > 0) {
		if (!link_read(l, &p))
			return false;
		if (p.first >> 4 == PUBLISH) {
			if (count == 0 || !answer_publish(l, &p, &payload))
				return false;
			count--;
			open += (p.first >> 1 & 3) == 2;
		} else if (p.first >> 4 == PUBREL) {
			if (open == 0 || !acknowledge(l, PUBCOMP, p.body))
				return false;
			open--;
		}
	}
	return send_answers(l);
}

bool link_message(struct link *l, const uint8_t **payload, size_t *len)
{
	struct packet p;
	size_t at;

	do {
		if (!link_read(l, &p))
			return false;
	} while (p.first >> 4 != PUBLISH);
	if (!answer_publish(l, &p, &at) || !send_answers(l))
		return false;
	*payload = p.body + at;
	*len = p.len - at;
	return true;
}

bool link_settle(struct link *l, uint8_t qos)
{
	struct packet p;

	if (qos == 1)
		return link_expect(l, PUBACK, &p);
	return qos == 0 || (link_expect(l, PUBREC, &p) && acknowledge(l, PUBREL, p.body) &&
			    link_expect(l, PUBCOMP, &p));
}

size_t link_publish(uint8_t *out, const char *topic, const void *payload, size_t len, uint8_t qos,
		    uint16_t mid)
{
	size_t body = 2 + strlen(topic) + (qos > 0 ? 2 : 0) + len, at = 1;

	out[0] = (uint8_t)(0x30 | qos << 1);
	for (size_t left = body; left > 0 || at == 1; left >>= 7)
		out[at++] = (uint8_t)((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
	at += put_text(out + at, topic);
	if (qos > 0) {
		out[at++] = (uint8_t)(mid >> 8);
		out[at++] = (uint8_t)mid;
	}
	if (len > 0)
		memcpy(out + at, payload, len);
	return at + len;
}
