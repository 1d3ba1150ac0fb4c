/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several messages for a UE in one payload: a CBOR sequence (RFC 8742) of
 *   bstr               a KEY_UPDATE, as on ctl
 *   tstr bstr          a downlink message: what follows down/, and the protected octets
 *   uint               the last of those in here has this number: acknowledge with d=NUMBER
 *   true               more waits than is in here
 * The first two in the order in which they came, the others behind them at most once.
 */
#ifndef EESE_COAP_GW_BUNDLE_H
#define EESE_COAP_GW_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes into out; what does not fit is left out as a whole. */
struct bundle {
	uint8_t *out;
	size_t size, len;
};

bool bundle_update(struct bundle *b, const uint8_t *msg, size_t len);
/* Leaves room for number and true behind it. */
bool bundle_message(struct bundle *b, const char *sub, size_t sub_len, const uint8_t *octets,
		    size_t len, uint64_t number);
/* A KEY_UPDATE between messages; the same room behind it. */
bool bundle_control(struct bundle *b, const uint8_t *msg, size_t len, uint64_t number);
bool bundle_number(struct bundle *b, uint64_t number);
bool bundle_more(struct bundle *b);

/* Octets of a bundle with this message alone and its number. */
size_t bundle_size(size_t sub_len, size_t len, uint64_t number);

#endif
