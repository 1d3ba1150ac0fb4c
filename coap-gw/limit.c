/* SPDX-License-Identifier: Apache-2.0 */
#include "limit.h"

#include <stdlib.h>

#include "hash.h"

enum { TOKEN = 1000 };

bool bucket_take(struct bucket *b, uint64_t now, uint32_t rate, uint32_t burst)
{
	const uint64_t full = (uint64_t)burst * TOKEN;
	const uint64_t passed = now - b->at;
	uint64_t left = b->left;

	if (rate == 0)
		return true;
	/* rate tokens a second are rate thousandths a millisecond */
	if (b->at == 0 || passed >= full / rate + 1)
		left = full;
	else
		left += passed * rate;
	if (left > full)
		left = full;
	b->at = now;
	b->left = (uint32_t)left;
	if (left < TOKEN)
		return false;
	b->left -= TOKEN;
	return true;
}

struct limits {
	uint32_t places, rate, burst;
	struct bucket buckets[];
};

struct limits *limits_new(uint32_t places, uint32_t rate, uint32_t burst)
{
	struct limits *l = calloc(1, sizeof(*l) + places * sizeof(struct bucket));

	if (l != NULL) {
		l->places = places;
		l->rate = rate;
		l->burst = burst;
	}
	return l;
}

void limits_free(struct limits *l)
{
	free(l);
}

bool limits_take(struct limits *l, const uint8_t network[NETWORK_SIZE], uint64_t now)
{
	struct bucket *b = &l->buckets[hash_octets(network, NETWORK_SIZE) % l->places];

	return bucket_take(b, now, l->rate, l->burst);
}
