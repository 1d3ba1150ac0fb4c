/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data messages, clause 3.1: a compressed COSE_Encrypt0 of 9 + n (algorithm 10) or 17 + n octets
 * more than the plaintext, n = length of the Partial IV.
 */
#ifndef EESE_DATA_H
#define EESE_DATA_H

#include "eese/keys.h"

/* What stands in front of the ciphertext, readable by everyone, authentic only after opening. */
struct eese_data_head {
	uint8_t kid;     /* KSN mod 8 */
	uint8_t size;    /* octets of the head itself: 2..6 */
	uint64_t number; /* the Partial IV */
};

/*
 * Reads the head of a data message. EESE_MALFORMED: not data, too short for a head and the
 * shortest tag (8), reserved or non-minimal Partial IV; *out is then unchanged.
 */
EESE_MUST_CHECK enum eese_result eese_data_head(const uint8_t *msg, size_t len,
						struct eese_data_head *out);

/* Octets that sealing adds for this algorithm and number; 0 if alg is unknown or number too big. */
size_t eese_data_overhead(uint8_t alg, uint64_t number);

/*
 * Seals plain under key with this number. The caller never uses a number twice with one key.
 * topic: what follows up/ or down/, octet for octet; need not end with NUL, may be empty.
 * out must hold plain_len + eese_data_overhead(); plain and out do not overlap.
 * EESE_INVALID: a length or number beyond its bound, or out_size too small; EESE_CRYPTO.
 * On failure *out_len is 0 and out holds nothing of use.
 */
EESE_MUST_CHECK enum eese_result eese_data_seal(const struct eese_key *key, const char *ue_id,
						const char *topic, size_t topic_len,
						uint64_t number, const uint8_t *plain,
						size_t plain_len, uint8_t *out, size_t out_size,
						size_t *out_len);

/*
 * Opens msg under key. Does not look at the replay window and not whether the head's kid is
 * the key's. out must hold what eese_data_plain_size() says; msg and out do not overlap.
 * EESE_MALFORMED, EESE_NOT_AUTHENTIC, EESE_INVALID (lengths), EESE_CRYPTO: no plaintext is left
 * in out and *out_len is 0.
 */
EESE_MUST_CHECK enum eese_result eese_data_open(const struct eese_key *key, const char *ue_id,
						const char *topic, size_t topic_len,
						const uint8_t *msg, size_t len, uint8_t *out,
						size_t out_size, size_t *out_len);

/* Octets of plaintext in a message of len octets with this head under alg; EESE_MALFORMED if
 * the message is shorter than head and tag or longer than EESE_PLAINTEXT_MAX allows,
 * EESE_INVALID if alg is none. */
EESE_MUST_CHECK enum eese_result
eese_data_plain_size(uint8_t alg, const struct eese_data_head *head, size_t len, size_t *out);

#endif
