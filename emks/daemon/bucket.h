/* SPDX-License-Identifier: Apache-2.0 */
/* How many requests a second each of a few names may make: token buckets, two seconds deep. */
#ifndef EMKS_BUCKET_H
#define EMKS_BUCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BUCKETS = 256 };

struct bucket {
	char name[65];
	int64_t filled_ms; /* when it was looked at */
	int64_t millis;    /* thousandths of a request left */
};

struct buckets {
	uint32_t rate; /* requests a second; 0: no limit */
	size_t count;
	struct bucket at[BUCKETS];
};

/* Whether name may go on now; takes one if so. More names than buckets share the last one. */
bool bucket_take(struct buckets *b, int64_t now_ms, const char *name);

#endif
