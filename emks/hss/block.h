/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQN_HE of each subscriber, durable before it is used: reserved in the database in blocks of 32,
 * handed out from memory. A crash skips the rest of a block and repeats nothing.
 */
#ifndef EMKS_BLOCK_H
#define EMKS_BLOCK_H

#include "emks/hss/subscriber.h"

enum { SQN_BLOCKS = 4096 }; /* blocks in memory; whoever finds its place taken wastes one's rest */

struct sqn_block {
	int64_t subscriber; /* 0: none */
	uint64_t last, end; /* last handed out; last reserved */
};

struct sqn_blocks {
	struct sqn_block at[SQN_BLOCKS];
};

/* The next SQN. HSS_UNKNOWN, HSS_EXHAUSTED or HSS_FAILED: *sqn is 0. */
enum hss_verdict sqn_take(struct sqn_blocks *b, struct db *db, int64_t subscriber, uint64_t *sqn);

/* 6.3.5 steps 3 and 5, after MAC-S held: where the USIM would not accept the next SQN, go on from
 * its own, all 48 bits of it. */
enum hss_verdict sqn_resync(struct sqn_blocks *b, struct db *db, int64_t subscriber, uint64_t ms);

#endif
