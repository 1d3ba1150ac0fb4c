/* SPDX-License-Identifier: Apache-2.0 */
/* Layout of struct eese_ue. Included by eese/ue.h only; nothing here is for applications. */
#ifndef EESE_UE_STATE_H
#define EESE_UE_STATE_H

#ifndef EESE_UE_H
#error "include eese/ue.h"
#endif

/* From what a keyset is derived under the e2e_int_key in use. */
struct eese_ue_keyset {
	uint32_t ksn; /* 0: none */
	uint8_t alg;
	bool used; /* a number of it was used, and the EESE may hold it */
	uint8_t rand[EESE_RAND_SIZE];
};

/* The newest keyset and the ones that held messages may still be protected under. */
#define EESE_UE_KNOWN_MAX 4

struct eese_ue {
	struct eese_ue_config config;
	struct eese_ue_counters counters;

	uint8_t int_key[EESE_INT_KEY_SIZE];
	uint8_t new_key[EESE_INT_KEY_SIZE]; /* beside it after AKA, if has_new_key */
	struct eese_key up;                 /* of known[0]; other keys are derived when needed */
	struct eese_ue_keyset known[EESE_UE_KNOWN_MAX]; /* by KSN, newest first */

	/* Uplink numbers of known[0]; what is reserved stands in the record. */
	uint64_t next_number, numbers_reserved;
	uint32_t units, units_reserved;

	struct eese_window down;        /* of known[0] */
	struct eese_window before_down; /* of before_ksn */
	uint32_t before_ksn;            /* the keyset before, for downlink; 0: none */

	uint64_t blocked_until; /* transport, memory or PSA refused: nothing is sent before */
	uint64_t gate_until;    /* UINT64_MAX: the repeat is not yet handed to the transport */
	uint32_t gate_ksn;      /* held messages older than this close the gate */

	uint64_t request_due; /* KEY_REQUEST 0, 2, 5 */
	uint32_t request_step;
	uint32_t limited_step; /* KEY_REQUEST 1, 3, 4 */
	uint64_t limited_due;
	uint64_t aka_told; /* UINT64_MAX: never */

	size_t arena_used, keep_used;
	uint32_t last_handle;
	uint16_t ikid, new_ikid;

	uint8_t want;           /* enum want: why a KEY_REQUEST is needed */
	uint8_t limited_reason; /* 0: none is waiting */
	uint8_t unanswered;     /* KEY_REQUESTs since the last answer */
	uint8_t error_6;        /* since the last KEY_UPDATE */
	uint8_t events;         /* bit k: an event of kind k is waiting */
	uint8_t adopted_reason, aka_reason, wait_reason;
	bool gate_closed;
	bool from_record; /* known[0] is from before a restart */
	bool has_new_key, ask_new, alg_new;
	bool key_spent; /* the record of int_key is lost: AKA first */
};

#endif
