/* SPDX-License-Identifier: Apache-2.0 */
/* CoAP messages as the gateway sees them: what a request says, what a reply is made of. */
#ifndef EESE_COAP_GW_MESSAGE_H
#define EESE_COAP_GW_MESSAGE_H

#include <coap3/coap.h>

#include "limit.h"
#include "path.h"

/* Content-Formats of the IANA registry, and none. */
enum { FORMAT_OCTETS = 42, FORMAT_CBOR_SEQ = 63, FORMAT_NONE = 0x10000 };

/* Codes, RFC 7252 12.1.2; 4.08 is RFC 7959's and 4.29 RFC 8516's. */
enum {
	CODE_CHANGED = COAP_RESPONSE_CODE(204),
	CODE_CONTENT = COAP_RESPONSE_CODE(205),
	CODE_VALID = COAP_RESPONSE_CODE(203),
	CODE_CONTINUE = COAP_RESPONSE_CODE(231),
	CODE_BAD_REQUEST = COAP_RESPONSE_CODE(400),
	CODE_UNAUTHORIZED = COAP_RESPONSE_CODE(401),
	CODE_FORBIDDEN = COAP_RESPONSE_CODE(403),
	CODE_NOT_FOUND = COAP_RESPONSE_CODE(404),
	CODE_NOT_ALLOWED = COAP_RESPONSE_CODE(405),
	CODE_NOT_ACCEPTABLE = COAP_RESPONSE_CODE(406),
	CODE_INCOMPLETE = COAP_RESPONSE_CODE(408),
	CODE_PRECONDITION = COAP_RESPONSE_CODE(412),
	CODE_TOO_LARGE = COAP_RESPONSE_CODE(413),
	CODE_FORMAT = COAP_RESPONSE_CODE(415),
	CODE_TOO_MANY = COAP_RESPONSE_CODE(429),
	CODE_INTERNAL = COAP_RESPONSE_CODE(500),
	CODE_UNAVAILABLE = COAP_RESPONSE_CODE(503),
};

enum { TOKEN_MAX = 8, ECHO_MAX = 40 };

/* Who sent a request: an address and port without padding, comparable octet by octet. */
struct peer {
	uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint32_t scope;
	uint16_t port;
	uint8_t secure; /* DTLS */
	uint8_t zero;
};

struct block {
	bool present;
	bool more;
	uint32_t num;
	uint8_t szx; /* 0..6: 16 to 1,024 octets; 7 is reserved */
};

/* Points into the PDU it was read from. */
struct message {
	coap_session_t *session;
	struct peer peer;
	coap_pdu_type_t type;
	coap_pdu_code_t code;
	uint16_t mid;
	uint8_t token_len;
	uint8_t token[TOKEN_MAX];
	struct path path;
	size_t size; /* octets of the datagram's CoAP message */
	const uint8_t *payload;
	size_t payload_len;
	uint32_t format, accept;            /* FORMAT_NONE: not there */
	int observe;                        /* -1: not there */
	bool if_none_match, if_match_other; /* If-Match with an ETag in it */
	bool ride;                          /* query d: what waits shall ride back */
	bool acks;                          /* query d=N, or an ETag on a GET */
	bool bad_query;                     /* d is there and makes no sense */
	uint64_t ack;                       /* N */
	uint32_t no_response;               /* RFC 7967: bit c-1 set: class c is not wanted */
	struct block block1, block2;
	const uint8_t *echo; /* NULL: none */
	size_t echo_len;
};

void peer_of(const coap_session_t *session, struct peer *out);

/* What of the address is one sender's: all of IPv4, the first 64 bits of IPv6. */
void peer_network(const struct peer *p, uint8_t out[NETWORK_SIZE]);

/* Reads a request. base is the first level of the paths. */
void message_read(struct message *m, const char *base, coap_session_t *session,
		  const coap_pdu_t *pdu);

/* A response without its payload's memory: that is the caller's. */
struct reply {
	uint8_t code;
	uint32_t format; /* FORMAT_NONE */
	bool has_max_age, has_etag, has_observe, has_size1;
	uint32_t max_age, size1, observe;
	uint64_t etag;
	struct block block1, block2;
	const uint8_t *payload;
	size_t payload_len;
	uint8_t echo[ECHO_MAX];
	size_t echo_len;
};

/* Without payload and options. */
struct reply reply_of(uint8_t code);
/* 5.03 or 4.29: when to come again. */
struct reply reply_later(uint8_t code, uint32_t max_age);

/* Puts all but type, mid and token into the PDU. False: it did not fit, the PDU is unusable. */
bool reply_write(const struct reply *r, coap_pdu_t *pdu);

/* Octets that it takes on the wire with a token of this length, without DTLS. An upper bound. */
size_t reply_size(const struct reply *r, size_t token_len);

/* Whether the requester said that it does not want this class of response. */
bool reply_unwanted(uint32_t no_response, uint8_t code);

#endif
