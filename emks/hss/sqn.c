/* SPDX-License-Identifier: Apache-2.0 */
#include "emks/hss/sqn.h"

static uint64_t seq_of(uint64_t sqn)
{
	return sqn >> SQN_IND_BITS;
}

uint64_t sqn_next(uint64_t sqn)
{
	const uint64_t ind = (sqn + 1) % SQN_SLOTS;

	if (seq_of(sqn) >= SQN_SEQ_MAX)
		return 0;
	return (seq_of(sqn) + 1) << SQN_IND_BITS | ind;
}

/* C.2.1 with SEQ_MS for the slot's SEQ: no slot has a greater one. */
bool sqn_in_range(uint64_t he, uint64_t ms)
{
	const uint64_t next = sqn_next(he);

	return next != 0 && seq_of(next) > seq_of(ms) && seq_of(next) - seq_of(ms) <= SQN_DELTA;
}

void sqn_write(uint64_t sqn, uint8_t out[EESE_SQN_SIZE])
{
	for (int i = EESE_SQN_SIZE - 1; i >= 0; i--, sqn >>= 8)
		out[i] = (uint8_t)sqn;
}

uint64_t sqn_read(const uint8_t sqn[EESE_SQN_SIZE])
{
	uint64_t v = 0;

	for (int i = 0; i < EESE_SQN_SIZE; i++)
		v = v << 8 | sqn[i];
	return v;
}
