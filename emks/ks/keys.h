/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The EMKS: keeps the newest key of each subscriber and domain, sealed, until its expiry. It knows
 * subscribers by a number only; who may have a key is the HSS's to say.
 */
#ifndef EMKS_KEYS_H
#define EMKS_KEYS_H

#include "eese/domain.h"
#include "emks/db.h"

/* key is secret; the caller wipes. Times are Unix time in seconds. */
struct ks_key {
	uint8_t key[EESE_INT_KEY_SIZE];
	uint16_t ikid;
	int64_t
	    created; /* grows with each key of a subscriber and domain, whatever the clock does */
	int64_t expiry;
};

enum ks_answer {
	KS_OK,
	KS_NONE,   /* AKA was not run yet, or not again since the key expired */
	KS_FAILED, /* database or PSA Crypto */
};

/* Keeps a new key for life seconds in place of the one before; durable when the caller's
 * transaction is committed. False, with the reason in db_wrong(): also if there is no such
 * subscriber. */
bool ks_put(struct db *db, int64_t subscriber, enum eese_domain domain,
	    const uint8_t key[EESE_INT_KEY_SIZE], int64_t now, int64_t life);

/* On any answer but KS_OK out is all zero. */
enum ks_answer ks_newest(struct db *db, int64_t subscriber, enum eese_domain domain, int64_t now,
			 struct ks_key *out);

/* Forgets the keys that have expired. */
bool ks_sweep(struct db *db, int64_t now);

#endif
