/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key derivation, clause 2. Nothing here allocates or keeps state; the caller owns and wipes
 * every output. On any result but EESE_OK the output is all zero.
 */
#ifndef EESE_KEYS_H
#define EESE_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "eese/result.h"
#include "eese/wire.h"

/* Makes PSA Crypto ready; call once before anything else. Calling it again does no harm. */
EESE_MUST_CHECK enum eese_result eese_init(void);

/* Overwrites len octets at p in a way the compiler does not remove. p may be NULL if len is 0. */
void eese_wipe(void *p, size_t len);

/* Compares len octets in time that does not depend on their values. */
bool eese_equal(const void *a, const void *b, size_t len);

/* Whether id is a UE-ID: 1..64 characters of A-Za-z0-9._@- (clause 2). Need not end with NUL. */
bool eese_ue_id_valid(const char *id, size_t len);

/* Characters of a UE-ID that ends with NUL; 0 if it is none, or NULL. */
size_t eese_ue_id_length(const char *id);

/* A run of octets: a KDF parameter. p may be NULL if len is 0. */
struct eese_octets {
	const void *p;
	size_t len;
};

/* Octets that FC and all parameters with their lengths may have: no derivation here needs more. */
enum { EESE_KDF_INPUT_MAX = 128 };

/* KDF(key, FC, P0..Pn) of TS 33.220 B.2: HMAC-SHA-256 over FC || P0 || L0 || ... EESE_INVALID: that
 * is longer than EESE_KDF_INPUT_MAX. */
EESE_MUST_CHECK enum eese_result eese_kdf(const uint8_t *key, size_t key_len, uint16_t fc,
					  const struct eese_octets *params, size_t count,
					  uint8_t out[32]);

/* e2e_int_key = KDF(CK||IK, FFE0, "CIoT End-to-end"). */
EESE_MUST_CHECK enum eese_result eese_derive_int_key(const uint8_t ck[EESE_CK_SIZE],
						     const uint8_t ik[EESE_IK_SIZE],
						     uint8_t out[EESE_INT_KEY_SIZE]);

/* Control key = KDF(e2e_int_key, FFE3, UE-ID). ue_id ends with NUL. */
EESE_MUST_CHECK enum eese_result eese_derive_control_key(const uint8_t int_key[EESE_INT_KEY_SIZE],
							 const char *ue_id,
							 uint8_t out[EESE_CONTROL_KEY_SIZE]);

/* IKID: a hint which e2e_int_key is meant, never proof. */
EESE_MUST_CHECK enum eese_result eese_derive_ikid(const uint8_t int_key[EESE_INT_KEY_SIZE],
						  uint16_t *out);

/* e2eKEYSET (root) = KDF(e2e_int_key, FFE1, RAND). */
EESE_MUST_CHECK enum eese_result eese_derive_root(const uint8_t int_key[EESE_INT_KEY_SIZE],
						  const uint8_t rand[EESE_RAND_SIZE],
						  uint8_t out[EESE_ROOT_SIZE]);

/* One direction of a keyset: all that sealing or opening a data message needs. */
struct eese_key {
	uint32_t ksn;
	uint8_t alg;                /* enum eese_alg */
	uint8_t direction;          /* enum eese_direction */
	uint8_t key[EESE_KEY_MAX];  /* the first key_size octets count, the rest is zero */
	uint8_t iv[EESE_NONCE_MAX]; /* the first nonce_size octets count, the rest is zero */
};

/* The members of the e2eKEYSET for both directions. */
struct eese_keyset {
	struct eese_key up, down;
};

/*
 * Derives root and members from e2e_int_key and RAND; the root is wiped before return.
 * ue_id ends with NUL. EESE_INVALID: alg or ue_id is none.
 */
EESE_MUST_CHECK enum eese_result eese_derive_keyset(const uint8_t int_key[EESE_INT_KEY_SIZE],
						    const char *ue_id,
						    const uint8_t rand[EESE_RAND_SIZE],
						    uint32_t ksn, uint8_t alg,
						    struct eese_keyset *out);

/* The same of one direction alone, at three of the five HMACs. */
EESE_MUST_CHECK enum eese_result eese_derive_key(const uint8_t int_key[EESE_INT_KEY_SIZE],
						 const char *ue_id,
						 const uint8_t rand[EESE_RAND_SIZE], uint32_t ksn,
						 uint8_t alg, enum eese_direction direction,
						 struct eese_key *out);

#endif
