/* SPDX-License-Identifier: Apache-2.0 */
#include "emks/hss/block.h"

#include "emks/hss/sqn.h"

static struct sqn_block *block_of(struct sqn_blocks *b, int64_t subscriber)
{
	return &b->at[(uint64_t)subscriber % SQN_BLOCKS];
}

static enum hss_verdict stored(struct db *db, int64_t subscriber, uint64_t *sqn)
{
	bool failed;
	sqlite3_stmt *row =
	    db_row(db, &failed, "SELECT reserved FROM sqn WHERE subscriber = ?1", "i", subscriber);

	if (row == NULL)
		return failed ? HSS_FAILED : HSS_UNKNOWN;
	*sqn = (uint64_t)sqlite3_column_int64(row, 0);
	sqlite3_finalize(row);
	return HSS_OK;
}

static enum hss_verdict reserve(struct db *db, struct sqn_block *block, int64_t subscriber)
{
	enum hss_verdict v;

	block->subscriber = 0;
	if (!db_run(db, "BEGIN IMMEDIATE", ""))
		return HSS_FAILED;
	v = stored(db, subscriber, &block->last);
	if (v == HSS_OK && block->last > SQN_MAX - SQN_BLOCK)
		v = HSS_EXHAUSTED;
	block->end = block->last + SQN_BLOCK;
	if (v == HSS_OK && !db_run(db, "UPDATE sqn SET reserved = ?2 WHERE subscriber = ?1", "ii",
				   subscriber, (int64_t)block->end))
		v = HSS_FAILED;
	if (v == HSS_OK && db_run(db, "COMMIT", "")) {
		block->subscriber = subscriber;
		return HSS_OK;
	}
	db_rollback(db);
	return v == HSS_OK ? HSS_FAILED : v;
}

enum hss_verdict sqn_take(struct sqn_blocks *b, struct db *db, int64_t subscriber, uint64_t *sqn)
{
	struct sqn_block *block = block_of(b, subscriber);
	enum hss_verdict v = HSS_OK;

	*sqn = 0;
	if (block->subscriber != subscriber || block->last == block->end)
		v = reserve(db, block, subscriber);
	if (v == HSS_OK)
		*sqn = block->last = sqn_next(block->last);
	return v;
}

enum hss_verdict sqn_resync(struct sqn_blocks *b, struct db *db, int64_t subscriber, uint64_t ms)
{
	struct sqn_block *block = block_of(b, subscriber);
	enum hss_verdict v = HSS_OK;
	uint64_t he = block->last;

	if (block->subscriber != subscriber)
		v = stored(db, subscriber, &he);
	if (v != HSS_OK || sqn_in_range(he, ms))
		return v;
	if (block->subscriber == subscriber)
		block->subscriber = 0;
	if (!db_run(db, "UPDATE sqn SET reserved = ?2 WHERE subscriber = ?1", "ii", subscriber,
		    (int64_t)ms))
		return HSS_FAILED;
	return HSS_OK;
}
