/* SPDX-License-Identifier: Apache-2.0 */
/* Token buckets: how much of something may happen a second, with room for a burst. */
#ifndef EESE_COAP_GW_LIMIT_H
#define EESE_COAP_GW_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

/* All zero: full, as of no time yet. */
struct bucket {
	uint64_t at;   /* milliseconds, when it was last filled; 0: never */
	uint32_t left; /* thousandths of a token */
};

/* Whether there is a token, which is then taken. rate in tokens a second, 0: no limit; the bucket
 * holds burst of them. */
bool bucket_take(struct bucket *b, uint64_t now, uint32_t rate, uint32_t burst);

/* Buckets by source network: an IPv4 address or an IPv6 /64, in at most as many places as given.
 * Places are shared by those that fall on one; a place that is free again starts full. */
struct limits;

struct limits *limits_new(uint32_t places, uint32_t rate, uint32_t burst);
void limits_free(struct limits *l);

/* network: as peer_network() makes it. */
enum { NETWORK_SIZE = 8 };
bool limits_take(struct limits *l, const uint8_t network[NETWORK_SIZE], uint64_t now);

#endif
