/* SPDX-License-Identifier: Apache-2.0 */
/* The store's disk: full now and then, or failing at some call of SQLite's. */
#ifndef EESE_TESTS_CRASH_DISK_H
#define EESE_TESTS_CRASH_DISK_H

#include "crash.h"

enum disk_kind {
	DISK_SOUND,
	DISK_FULL,  /* a small tmpfs, or where none can be mounted a limit on the size of files */
	DISK_CALLS, /* the n-th call on the store's files and those after it fail, or kill */
};

/* Before the first broker. false: it can't be had here; the reason was said. */
bool disk_start(enum disk_kind kind);

/* What the broker needs for it: lines for its configuration, a library to preload; NULL: none. */
const char *disk_lines(void);
const char *disk_preload(void);

/* The next broker's disk; good: without faults. */
void disk_next(bool good);
/* Fills and empties it now and then; called often. */
void disk_disturb(pid_t broker);
void disk_heal(pid_t broker);

/* Whether this broker's disk has had a fault, and whether that was to kill it. */
bool disk_failed(void);
bool disk_kills(void);

struct disk_sum {
	unsigned faults; /* calls that failed, or times it was full */
	unsigned calls;  /* to the store's files */
};

struct disk_sum disk_sum(void);

#endif
