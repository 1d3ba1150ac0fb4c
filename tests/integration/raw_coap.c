/* SPDX-License-Identifier: Apache-2.0 */
#include "raw_coap.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { TRIES = 10, TRY_MS = 2000, URI_PATH = 11, URI_QUERY = 15 };

int raw_coap_open(uint16_t port)
{
	const struct sockaddr_in to = {.sin_family = AF_INET,
				       .sin_port = htons(port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof to) != 0)
		abort();
	return fd;
}

static void add(struct datagram *d, const void *octets, size_t len)
{
	memcpy(d->p + d->len, octets, len);
	d->len += len;
}

/* RFC 7252 3.1, for deltas and lengths that occur here. */
static void option(struct datagram *d, unsigned delta, const char *value, size_t len)
{
	uint8_t head[2] = {(uint8_t)(delta << 4 | (len < 13 ? len : 13)), (uint8_t)(len - 13)};

	add(d, head, len < 13 ? 1 : 2);
	add(d, value, len);
}

void raw_coap_request(struct datagram *d, uint8_t code, uint16_t mid, const char *path,
		      const char *query, const void *payload, size_t len)
{
	static uint32_t token;
	const uint8_t head[] = {0x44, code, (uint8_t)(mid >> 8), (uint8_t)mid};
	unsigned last = 0;

	d->len = 0;
	add(d, head, sizeof head);
	/* of its own, so that a message ID that comes round again is no repetition */
	token++;
	add(d, &token, sizeof token);
	while (*path != '\0') {
		const size_t part = strcspn(path, "/");

		option(d, URI_PATH - last, path, part);
		last = URI_PATH;
		path += part + (path[part] == '/' ? 1 : 0);
	}
	if (query != NULL)
		option(d, URI_QUERY - last, query, strlen(query));
	if (len > 0) {
		add(d, "\xff", 1);
		add(d, payload, len);
	}
}

void raw_coap_send(int fd, const struct datagram *d)
{
	(void)send(fd, d->p, d->len, 0);
}

bool raw_coap_hear(int fd, struct datagram *d, int timeout_ms)
{
	struct pollfd at = {.fd = fd, .events = POLLIN};
	ssize_t n;

	if (poll(&at, 1, timeout_ms) != 1)
		return false;
	n = recv(fd, d->p, sizeof d->p, 0);
	d->len = n > 0 ? (size_t)n : 0;
	return n > 0;
}

int raw_coap_ask(int fd, const struct datagram *request, struct datagram *reply)
{
	for (int i = 0; i < TRIES; i++) {
		raw_coap_send(fd, request);
		while (raw_coap_hear(fd, reply, TRY_MS))
			if (reply->len >= 4 && memcmp(reply->p + 2, request->p + 2, 2) == 0)
				return raw_coap_code(reply);
	}
	return 0;
}

int raw_coap_code(const struct datagram *reply)
{
	return reply->len >= 4 ? (reply->p[1] >> 5) * 100 + (reply->p[1] & 31) : 0;
}

bool raw_coap_challenge(const struct datagram *reply, char token[RAW_TOKEN + 1],
			uint8_t challenge[RAW_CHALLENGE])
{
	static const char before[] = "\x03"
				     "aka"
				     "\x0d\x03";
	const size_t behind = RAW_TOKEN + 1 + RAW_CHALLENGE;
	const uint8_t *at = memmem(reply->p, reply->len, before, sizeof before - 1);

	if (at == NULL || raw_coap_code(reply) != 201)
		return false;
	at += sizeof before - 1;
	if (at + behind != reply->p + reply->len || at[RAW_TOKEN] != 0xff)
		return false;
	memcpy(token, at, RAW_TOKEN);
	token[RAW_TOKEN] = '\0';
	memcpy(challenge, at + RAW_TOKEN + 1, RAW_CHALLENGE);
	return true;
}
