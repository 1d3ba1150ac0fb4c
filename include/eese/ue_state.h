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
	uint8_t rand[EESE_RAND_SIZE];
	uint8_t alg;
	bool used; /* a number of it was used, and the EESE may hold it */
};

/* The newest keyset and the ones that held messages may still be protected under. */
#define EESE_UE_KNOWN_MAX 4

#define EESE_UE_TIMERS 5

/* What is used most stands first: short offsets make short instructions. */
struct eese_ue {
	uint8_t want;           /* enum want: why a KEY_REQUEST is needed */
	uint8_t limited_reason; /* 0: none is waiting */
	uint8_t unanswered;     /* KEY_REQUESTs since the last answer */
	uint8_t events;         /* bit k: an event of kind k is waiting */
	uint8_t reasons[3];     /* of EESE_UE_EVENT_NEW_KEYSET and the two behind it */
	bool error_6;           /* there was one since the last KEY_UPDATE */
	bool gate_closed;
	bool from_record; /* known[0] is from before a restart */
	bool has_new_key, ask_new, alg_new;
	bool key_spent; /* the record of int_key is lost: AKA first */
	uint16_t ikid, new_ikid;

	uint32_t left[EESE_UE_TIMERS]; /* by enum timer, milliseconds */
	uint32_t request_step;         /* the back-off of KEY_REQUEST 0, 2, 5 */
	uint32_t limited_step;         /* and of 1, 3, 4 */
	uint32_t gate_ksn;             /* held messages older than this close the gate */

	/* Uplink numbers of known[0]; what is reserved stands in the record. */
	uint32_t next_number, units;
	uint32_t numbers_reserved, units_reserved;

	size_t arena_used;
	uint32_t last_handle;
	uint32_t before_ksn; /* the keyset before, for downlink; 0: none */

	struct eese_ue_config config;

	struct eese_ue_keyset known[EESE_UE_KNOWN_MAX]; /* by KSN, newest first */
	struct eese_window down;                        /* of known[0] */
	struct eese_window before_down;                 /* of before_ksn */
	size_t keep_used;
	uint64_t now; /* of the port's clock, when left[] was brought up to date */

	uint8_t int_key[EESE_INT_KEY_SIZE];
	uint8_t new_key[EESE_INT_KEY_SIZE]; /* beside it after AKA, if has_new_key */
	struct eese_ue_counters counters;
};

#endif
