/* SPDX-License-Identifier: Apache-2.0 */
#include "coap.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mqtt.h"

bool coap_open(struct coap *c, uint16_t port, bool v6)
{
	struct sockaddr_in a4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 a6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	memset(c, 0, sizeof *c);
	a4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a6.sin6_addr = in6addr_loopback;
	c->fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (getrandom(&c->mid, sizeof c->mid, 0) < 0 || c->fd < 0)
		return false;
	return v6 ? connect(c->fd, (struct sockaddr *)&a6, sizeof a6) == 0
		  : connect(c->fd, (struct sockaddr *)&a4, sizeof a4) == 0;
}

void coap_close(struct coap *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

void coap_begin(struct coap *c, struct coap_message *m, enum coap_type type, uint8_t code)
{
	memset(m, 0, sizeof *m);
	m->type = type;
	m->code = code;
	m->mid = c->mid++;
	c->token++;
	m->token_len = 2;
	m->token[0] = (uint8_t)(c->token >> 8);
	m->token[1] = (uint8_t)c->token;
}

void coap_add(struct coap_message *m, uint16_t number, const void *value, size_t len)
{
	if (m->option_count == COAP_OPTIONS_MAX)
		abort();
	m->options[m->option_count++] =
	    (struct coap_option){.number = number, .value = value, .len = len};
}

void coap_add_number(struct coap_message *m, uint16_t number, uint32_t value)
{
	uint8_t *at = m->datagram + m->datagram_len;
	size_t len = 0;

	for (int shift = 24; shift >= 0; shift -= 8)
		if (len > 0 || value >> shift != 0)
			at[len++] = (uint8_t)(value >> shift);
	m->datagram_len += len;
	coap_add(m, number, at, len);
}

/* Up to a separator or the end; what comes behind it, or NULL. */
static const char *add_part(struct coap_message *m, uint16_t number, const char *text,
			    const char *separators)
{
	size_t len = strcspn(text, separators);

	coap_add(m, number, text, len);
	return text[len] == separators[0] ? text + len + 1 : NULL;
}

void coap_add_path(struct coap_message *m, const char *path)
{
	const char *query = strchr(path, '?');

	while (path != NULL)
		path = add_part(m, COAP_URI_PATH, path, "/?");
	query = query != NULL ? query + 1 : NULL;
	while (query != NULL)
		query = add_part(m, COAP_URI_QUERY, query, "&");
}

/* A delta or length: its nibble, and what follows it. */
static uint8_t extend(uint32_t value, uint8_t *more, size_t *more_len)
{
	*more_len = 0;
	if (value < 13)
		return (uint8_t)value;
	if (value < 269) {
		more[(*more_len)++] = (uint8_t)(value - 13);
		return 13;
	}
	more[(*more_len)++] = (uint8_t)((value - 269) >> 8);
	more[(*more_len)++] = (uint8_t)(value - 269);
	return 14;
}

static size_t write_option(const struct coap_option *o, uint16_t before, uint8_t *out)
{
	uint8_t delta[2], length[2];
	size_t delta_len, length_len, used = 1;

	out[0] = (uint8_t)(extend((uint32_t)(o->number - before), delta, &delta_len) << 4);
	out[0] |= extend((uint32_t)o->len, length, &length_len);
	memcpy(out + used, delta, delta_len);
	used += delta_len;
	memcpy(out + used, length, length_len);
	used += length_len;
	if (o->len > 0)
		memcpy(out + used, o->value, o->len);
	return used + o->len;
}

bool coap_transmit_octets(struct coap *c, const void *octets, size_t len)
{
	c->sent++;
	c->sent_octets += len;
	/* A refused port shows at the next send; the one after goes out. */
	return send(c->fd, octets, len, 0) == (ssize_t)len || send(c->fd, octets, len, 0) >= 0;
}

bool coap_transmit(struct coap *c, const struct coap_message *m)
{
	uint8_t out[COAP_DATAGRAM_MAX + 64];
	size_t len = 4 + m->token_len;
	uint16_t before = 0;

	out[0] = (uint8_t)(0x40 | m->type << 4 | m->token_len);
	out[1] = m->code;
	out[2] = (uint8_t)(m->mid >> 8);
	out[3] = (uint8_t)m->mid;
	memcpy(out + 4, m->token, m->token_len);
	for (size_t i = 0; i < m->option_count; i++) {
		len += write_option(&m->options[i], before, out + len);
		before = m->options[i].number;
	}
	if (m->len > 0) {
		out[len++] = 0xff;
		memcpy(out + len, m->payload, m->len);
		len += m->len;
	}
	return coap_transmit_octets(c, out, len);
}

static bool read_extended(const uint8_t **p, const uint8_t *end, uint32_t *value)
{
	size_t n = *value == 13 ? 1 : *value == 14 ? 2 : 0;

	if (*value == 15 || (size_t)(end - *p) < n)
		return false;
	if (n == 1)
		*value = 13u + (*p)[0];
	else if (n == 2)
		*value = 269u + (uint32_t)((*p)[0] << 8 | (*p)[1]);
	*p += n;
	return true;
}

static bool parse(struct coap_message *m)
{
	const uint8_t *p = m->datagram, *end = p + m->datagram_len;
	uint32_t number = 0;

	if (m->datagram_len < 4 || p[0] >> 6 != 1 || (p[0] & 15) > 8)
		return false;
	m->type = (enum coap_type)(p[0] >> 4 & 3);
	m->token_len = p[0] & 15;
	m->code = p[1];
	m->mid = (uint16_t)(p[2] << 8 | p[3]);
	p += 4;
	if ((size_t)(end - p) < m->token_len)
		return false;
	memcpy(m->token, p, m->token_len);
	p += m->token_len;
	while (p < end && *p != 0xff) {
		uint32_t delta = *p >> 4, len = *p & 15;

		p++;
		if (!read_extended(&p, end, &delta) || !read_extended(&p, end, &len) ||
		    (size_t)(end - p) < len)
			return false;
		number += delta;
		coap_add(m, (uint16_t)number, p, len);
		p += len;
	}
	if (p < end) {
		m->payload = p + 1;
		m->len = (size_t)(end - p - 1);
	}
	return true;
}

bool coap_receive(struct coap *c, struct coap_message *out, int timeout_ms)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};
	uint64_t end = mqtt_now_ms() + (uint64_t)timeout_ms;

	for (;;) {
		uint64_t now = mqtt_now_ms();
		ssize_t n;

		if (now > end || poll(&p, 1, (int)(end - now)) != 1)
			return false;
		memset(out, 0, sizeof *out);
		n = recv(c->fd, out->datagram, sizeof out->datagram, 0);
		if (n < 0)
			continue;
		c->received++;
		c->received_octets += (size_t)n;
		out->datagram_len = (size_t)n;
		if (parse(out))
			return true;
	}
}

static bool send_empty(struct coap *c, enum coap_type type, uint16_t mid)
{
	const uint8_t octets[4] = {(uint8_t)(0x40 | type << 4), 0, (uint8_t)(mid >> 8),
				   (uint8_t)mid};

	return coap_transmit_octets(c, octets, sizeof octets);
}

bool coap_acknowledge(struct coap *c, const struct coap_message *m)
{
	return send_empty(c, COAP_ACK, m->mid);
}

bool coap_reset(struct coap *c, const struct coap_message *m)
{
	return send_empty(c, COAP_RST, m->mid);
}

bool coap_exchange(struct coap *c, const struct coap_message *request, struct coap_message *out)
{
	if (!coap_transmit(c, request))
		return false;
	while (coap_receive(c, out, COAP_PATIENCE_MS)) {
		if (out->code == 0 || out->token_len != request->token_len ||
		    memcmp(out->token, request->token, out->token_len) != 0)
			continue;
		return out->type != COAP_CON || coap_acknowledge(c, out);
	}
	return false;
}

const struct coap_option *coap_find(const struct coap_message *m, uint16_t number)
{
	for (size_t i = 0; i < m->option_count; i++)
		if (m->options[i].number == number)
			return &m->options[i];
	return NULL;
}

uint32_t coap_number(const struct coap_message *m, uint16_t number, uint32_t missing)
{
	const struct coap_option *o = coap_find(m, number);
	uint32_t value = 0;

	if (o == NULL)
		return missing;
	for (size_t i = 0; i < o->len; i++)
		value = value << 8 | o->value[i];
	return value;
}
