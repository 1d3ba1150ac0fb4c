/* SPDX-License-Identifier: Apache-2.0 */
#include "emks/daemon/replies.h"

#include <string.h>

uint64_t reply_hash(uint64_t hash, const void *p, size_t len)
{
	const uint8_t *octets = p;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ octets[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static size_t place_of(const struct reply_key *key)
{
	uint64_t hash = reply_hash(key->content, key->peer, sizeof key->peer);

	hash = reply_hash(hash, &key->mid, sizeof key->mid);
	return (size_t)((hash ^ hash >> 32) % REPLIES);
}

static bool same(const struct reply_key *a, const struct reply_key *b)
{
	return a->content == b->content && a->mid == b->mid &&
	       memcmp(a->peer, b->peer, sizeof a->peer) == 0;
}

const struct aka_answer *replies_find(const struct replies *r, int64_t now,
				      const struct reply_key *key)
{
	const struct reply *found = &r->at[place_of(key)];

	return now < found->until && same(&found->key, key) ? &found->answer : NULL;
}

void replies_add(struct replies *r, int64_t now, const struct reply_key *key,
		 const struct aka_answer *answer)
{
	struct reply *place = &r->at[place_of(key)];

	place->key = *key;
	place->until = now + REPLY_LIFE_S;
	place->answer = *answer;
}
