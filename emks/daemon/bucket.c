/* SPDX-License-Identifier: Apache-2.0 */
#include "emks/daemon/bucket.h"

#include <stdio.h>
#include <string.h>

enum { DEPTH_S = 2, ONE = 1000 };

static struct bucket *bucket_of(struct buckets *b, int64_t now_ms, const char *name)
{
	size_t i = 0;

	while (i < b->count && strcmp(b->at[i].name, name) != 0)
		i++;
	if (i == BUCKETS)
		return &b->at[BUCKETS - 1];
	if (i == b->count) {
		b->count++;
		snprintf(b->at[i].name, sizeof b->at[i].name, "%s", name);
		b->at[i].filled_ms = now_ms;
		b->at[i].millis = (int64_t)b->rate * DEPTH_S * ONE;
	}
	return &b->at[i];
}

bool bucket_take(struct buckets *b, int64_t now_ms, const char *name)
{
	struct bucket *bucket = bucket_of(b, now_ms, name);
	const int64_t full = (int64_t)b->rate * DEPTH_S * ONE;
	int64_t passed = now_ms - bucket->filled_ms;

	if (b->rate == 0)
		return true;
	if (passed > DEPTH_S * 1000)
		passed = DEPTH_S * 1000;
	bucket->millis += passed * b->rate;
	if (bucket->millis > full)
		bucket->millis = full;
	bucket->filled_ms = now_ms;
	if (bucket->millis < ONE)
		return false;
	bucket->millis -= ONE;
	return true;
}
