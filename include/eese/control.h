/* SPDX-License-Identifier: Apache-2.0 */
/* Control messages: KEY_UPDATE with its ref, KEY_REQUEST, ERROR; clauses 3.2 to 3.5. */
#ifndef EESE_CONTROL_H
#define EESE_CONTROL_H

#include "eese/keys.h"
#include "eese/window.h"

/* The kind of a message by its first octet; EESE_MALFORMED if it has none. */
EESE_MUST_CHECK enum eese_result eese_message_kind(const uint8_t *msg, size_t len,
						   enum eese_kind *out);

enum eese_ref_form {
	EESE_REF_ABSENT,  /* the EESE holds nothing from before the keyset announced */
	EESE_REF_VALID,   /* keyset kid is still valid */
	EESE_REF_INVALID, /* keyset kid is invalid for good; next and accepted say what was accepted
			   */
};

/* Clause 3.2: what became of the messages before the keyset announced. */
struct eese_ref {
	enum eese_ref_form form;
	uint8_t kid; /* KSN mod 8; VALID and INVALID only */
	uint64_t
	    next; /* INVALID: highest accepted number + 1, 0 if none; at most EESE_NUMBER_MAX */
	uint64_t accepted; /* INVALID: bit i: number next-1-i was accepted; bits below number 0 are
			      set */
};

/* The ref of an invalid keyset with this window. */
struct eese_ref eese_ref_of_window(uint32_t ksn, const struct eese_window *w);

/* Whether the ref, of form INVALID, says that number was accepted. */
bool eese_ref_accepted(const struct eese_ref *ref, uint64_t number);

struct eese_key_update {
	uint32_t ksn;
	uint8_t rand[EESE_RAND_SIZE];
	uint16_t ikid;
	uint8_t alg;
	uint8_t reason; /* enum eese_update_reason */
	struct eese_ref ref;
};

/* Encodes with MAC. out holds *out_len octets on EESE_OK: 32 and the ref, 46 at most (44 while
 * ref.next is below 2^24). EESE_INVALID: reason over 63, ref out of range. On failure *out_len
 * is 0. */
EESE_MUST_CHECK enum eese_result
eese_key_update_encode(const uint8_t control_key[EESE_CONTROL_KEY_SIZE], const char *ue_id,
		       const struct eese_key_update *u, uint8_t out[EESE_KEY_UPDATE_MAX],
		       size_t *out_len);

/* Checks form, then MAC, then fills *out. An unlisted reason is read as 0. alg is not checked:
 * the caller says whether it supports it. On failure *out is all zero. */
EESE_MUST_CHECK enum eese_result
eese_key_update_decode(const uint8_t control_key[EESE_CONTROL_KEY_SIZE], const char *ue_id,
		       const uint8_t *msg, size_t len, struct eese_key_update *out);

struct eese_key_request {
	uint8_t reason; /* enum eese_request_reason */
	uint32_t ksn;   /* highest the UE ever accepted under this e2e_int_key, 0 = none */
	uint16_t ikid;
};

EESE_MUST_CHECK enum eese_result
eese_key_request_encode(const uint8_t control_key[EESE_CONTROL_KEY_SIZE], const char *ue_id,
			const struct eese_key_request *r, uint8_t out[EESE_KEY_REQUEST_SIZE]);

/* The IKID of what looks like a KEY_REQUEST, to choose the key by; EESE_MALFORMED. */
EESE_MUST_CHECK enum eese_result eese_key_request_ikid(const uint8_t *msg, size_t len,
						       uint16_t *out);

/* As eese_key_update_decode(); an unlisted reason is read as 2. */
EESE_MUST_CHECK enum eese_result
eese_key_request_decode(const uint8_t control_key[EESE_CONTROL_KEY_SIZE], const char *ue_id,
			const uint8_t *msg, size_t len, struct eese_key_request *out);

struct eese_error {
	uint8_t reason; /* enum eese_error_reason; unlisted ones are kept as they are */
	uint8_t kid;    /* reason 6 only: kid and number of the message meant */
	uint64_t number;
};

/* out holds *out_len = 1 or, for reason 6, 3..7 octets. EESE_INVALID: reason over 63 or number
 * over EESE_NUMBER_MAX; *out_len is then 0. */
EESE_MUST_CHECK enum eese_result eese_error_encode(const struct eese_error *e,
						   uint8_t out[EESE_ERROR_MAX], size_t *out_len);

/* Not authenticated: advice only. On failure *out is all zero. */
EESE_MUST_CHECK enum eese_result eese_error_decode(const uint8_t *msg, size_t len,
						   struct eese_error *out);

#endif
