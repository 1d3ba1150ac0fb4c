/* SPDX-License-Identifier: Apache-2.0 */
/* CoAP to an eese-emksd by hand: many requests at once, and what is no CoAP. */
#ifndef EESE_TESTS_RAW_COAP_H
#define EESE_TESTS_RAW_COAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	RAW_DATAGRAM_MAX = 1500,
	RAW_TOKEN = 16, /* characters of a challenge's */
	RAW_CHALLENGE = 32,
	RAW_GET = 1,
	RAW_POST = 2,
	RAW_PUT = 3,
};

struct datagram {
	uint8_t p[RAW_DATAGRAM_MAX];
	size_t len;
};

/* A socket of its own port to this port of 127.0.0.1. */
int raw_coap_open(uint16_t port);

/* A CON request; path has levels of less than 13 characters but the last, which may be a token. */
void raw_coap_request(struct datagram *d, uint8_t code, uint16_t mid, const char *path,
		      const char *query, const void *payload, size_t len);

void raw_coap_send(int fd, const struct datagram *d);

/* Waits for one, timeout_ms at most. */
bool raw_coap_hear(int fd, struct datagram *d, int timeout_ms);

/* Sends and waits for the reply with its message ID; repeats it if need be. The code as in 201 for
 * 2.01; 0: there was none, or RST. */
int raw_coap_ask(int fd, const struct datagram *request, struct datagram *reply);

int raw_coap_code(const struct datagram *reply);

/* Of a reply 2.01. */
bool raw_coap_challenge(const struct datagram *reply, char token[RAW_TOKEN + 1],
			uint8_t challenge[RAW_CHALLENGE]);

#endif
