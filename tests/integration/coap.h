/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CoAP client for tests that leaves every datagram to the caller, written without any library:
 * so that a retransmission, a lost ACK or a malformed option can be played exactly. Every wait has
 * a bound.
 */
#ifndef EESE_TESTS_COAP_H
#define EESE_TESTS_COAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum coap_type { COAP_CON, COAP_NON, COAP_ACK, COAP_RST };

enum {
	COAP_GET = 1,
	COAP_POST = 2,
	COAP_PUT = 3,
	COAP_DELETE = 4,
	COAP_FETCH = 5,
	COAP_UNKNOWN_METHOD = 31,
};

/* 2.04 as it is on the wire. */
#define COAP_CODE(text) ((((text) / 100) << 5) | ((text) % 100))

enum {
	COAP_IF_MATCH = 1,
	COAP_ETAG = 4,
	COAP_IF_NONE_MATCH = 5,
	COAP_OBSERVE = 6,
	COAP_URI_PATH = 11,
	COAP_CONTENT_FORMAT = 12,
	COAP_MAX_AGE = 14,
	COAP_URI_QUERY = 15,
	COAP_ACCEPT = 17,
	COAP_BLOCK2 = 23,
	COAP_BLOCK1 = 27,
	COAP_PROXY_SCHEME = 39,
	COAP_SIZE1 = 60,
	COAP_ECHO = 252,
	COAP_NO_RESPONSE = 258,
};

enum { COAP_DATAGRAM_MAX = 2048, COAP_OPTIONS_MAX = 40, COAP_PATIENCE_MS = 10000 };

struct coap_option {
	uint16_t number;
	const uint8_t *value; /* into the datagram it was read from */
	size_t len;
};

struct coap_message {
	enum coap_type type;
	uint8_t code;
	uint16_t mid;
	uint8_t token[8];
	size_t token_len;
	struct coap_option options[COAP_OPTIONS_MAX];
	size_t option_count;
	const uint8_t *payload;
	size_t len;
	uint8_t datagram[COAP_DATAGRAM_MAX]; /* received: what it was read from */
	size_t datagram_len;
};

struct coap {
	int fd;
	uint16_t mid;
	uint32_t token;
	size_t sent, received;               /* datagrams */
	size_t sent_octets, received_octets; /* of CoAP, without UDP and IP */
};

/* A socket connected to a port of 127.0.0.1 or, v6, of ::1. */
bool coap_open(struct coap *c, uint16_t port, bool v6);
void coap_close(struct coap *c);

/* A request with the next message id and token, and no options. */
void coap_begin(struct coap *c, struct coap_message *m, enum coap_type type, uint8_t code);
/* Options in the order of their numbers; values must outlive the sending. */
void coap_add(struct coap_message *m, uint16_t number, const void *value, size_t len);
/* A number of up to four octets; storage is the message's datagram buffer. */
void coap_add_number(struct coap_message *m, uint16_t number, uint32_t value);
/* "a/b/c?x&y" as Uri-Path and Uri-Query options. */
void coap_add_path(struct coap_message *m, const char *path);

bool coap_transmit(struct coap *c, const struct coap_message *m);
bool coap_transmit_octets(struct coap *c, const void *octets, size_t len);

/* The next datagram that is a CoAP message; false: none came in time. */
bool coap_receive(struct coap *c, struct coap_message *out, int timeout_ms);

/* Sends, and waits for the response with the request's token; empty ACKs are skipped and a CON is
 * acknowledged. */
bool coap_exchange(struct coap *c, const struct coap_message *request, struct coap_message *out);

/* Acknowledges or resets. */
bool coap_acknowledge(struct coap *c, const struct coap_message *m);
bool coap_reset(struct coap *c, const struct coap_message *m);

/* The option's value, NULL: it is not there. */
const struct coap_option *coap_find(const struct coap_message *m, uint16_t number);
/* As a number; missing: the default. */
uint32_t coap_number(const struct coap_message *m, uint16_t number, uint32_t missing);

#endif
