/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a gateway gives a device in one answer (Content-Format 63), a CBOR sequence (RFC 8742) of
 *   bstr         a KEY_UPDATE
 *   tstr bstr    a downlink message: what follows down/, and the protected octets
 *   uint         acknowledges all of them when it is said in the next request
 *   true         more waits at the gateway
 * It comes from someone who is not trusted.
 */
#ifndef EESE_TOOL_BUNDLE_H
#define EESE_TOOL_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum bundle_kind {
	BUNDLE_END,
	BUNDLE_UPDATE,  /* octets */
	BUNDLE_MESSAGE, /* topic, octets */
	BUNDLE_NUMBER,  /* number */
	BUNDLE_MORE,
	BUNDLE_BAD, /* no such sequence; nothing behind it can be read */
};

/* Pointers into what is read. */
struct bundle_item {
	enum bundle_kind kind;
	const uint8_t *topic; /* no NUL at its end */
	size_t topic_len;
	const uint8_t *octets;
	size_t len;
	uint64_t number;
};

/* Takes the next item off *p, whose *left octets become fewer. */
enum bundle_kind bundle_next(const uint8_t **p, size_t *left, struct bundle_item *out);

#endif
