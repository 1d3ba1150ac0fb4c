/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQN by TS 33.102 Annex C: SQN = SEQ || IND, 43 and 5 bits, so the USIM has 32 slots; not
 * time-based (C.1.1.1, C.1.1.3). Each vector has the next SEQ and, cyclically, the next IND.
 */
#ifndef EMKS_SQN_H
#define EMKS_SQN_H

#include <stdbool.h>
#include <stdint.h>

#include "eese/milenage.h"

enum { SQN_IND_BITS = 5, SQN_SLOTS = 1 << SQN_IND_BITS };

#define SQN_MAX ((UINT64_C(1) << 48) - 1)
#define SQN_SEQ_MAX (SQN_MAX >> SQN_IND_BITS)
/* C.2.1: the greatest jump of SEQ that a USIM accepts. */
#define SQN_DELTA (UINT64_C(1) << 28)
/* How far a block of 32 vectors goes: back to the same IND. */
#define SQN_BLOCK ((uint64_t)SQN_SLOTS << SQN_IND_BITS)

/* The one after sqn; 0: there is none. */
uint64_t sqn_next(uint64_t sqn);

/* 6.3.5 step 3: whether a USIM whose greatest accepted one is ms would accept sqn_next(he). */
bool sqn_in_range(uint64_t he, uint64_t ms);

void sqn_write(uint64_t sqn, uint8_t out[EESE_SQN_SIZE]);
uint64_t sqn_read(const uint8_t sqn[EESE_SQN_SIZE]);

#endif
