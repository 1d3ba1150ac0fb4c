/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share. Nothing outside ue/ includes it. */
#ifndef EESE_UE_INTERNAL_H
#define EESE_UE_INTERNAL_H

#include <assert.h>
#include <stdalign.h>
#include <string.h>

#include "eese/ue.h"

#define NEVER UINT32_MAX

/* Durations in milliseconds, and limits. */
enum {
	BLOCKED_MS = 1000,   /* until the transport is tried again */
	GATE_MS = 10 * 1000, /* N2 */
	GATE_REPEAT_MS = 1000,
	KEEP_SENT_MS = 60 * 1000, /* N5 */
	REPEAT_MS = 10 * 1000,
	REPEAT_MIN_MS = 10, /* of which a tenth is waited for too */
	BACK_OFF_MAX_MS = 3600 * 1000,
	REQUEST_MS = 2 * 1000,  /* KEY_REQUEST 0, 2, 5 */
	LIMITED_MS = 60 * 1000, /* KEY_REQUEST 1, 3, 4 */
	AKA_ERROR_MS = 3600 * 1000,
	AKA_UNANSWERED_MS = 24 * 3600 * 1000,
	UNANSWERED_MAX = 5,
	ERROR_6_MAX = 5, /* N8 */
	RESERVE_BLOCK = 64,
};

/*
 * Time is kept as what is left of each wait: 0 is over, NEVER does not run. eese_dev_pass_time()
 * comes first in each call from outside.
 */
enum timer {
	BLOCKED, /* transport, memory or PSA refused: nothing is sent meanwhile */
	GATE,    /* N2; NEVER: the repeat was not handed to the transport yet */
	REQUEST, /* until KEY_REQUEST 0, 2, 5 */
	LIMITED, /* until KEY_REQUEST 1, 3, 4 */
	AKA,     /* since the application was told: runs down from AKA_UNANSWERED_MS */
	TIMERS,
};

static_assert(TIMERS == EESE_UE_TIMERS, "EESE_UE_TIMERS");

/* Why a KEY_REQUEST 0, 2 or 5 is needed. */
enum want {
	WANT_KEYSET = 1 << 0,
	WANT_REFRESH = 1 << 1,
	WANT_ALG = 1 << 2,
	WANT_WAIT = 1 << 3, /* an ERROR told to wait */
};

enum held_timer {
	DUE,    /* until it is sent (again); NEVER: not by time */
	LET_GO, /* N5; NEVER: not yet handed over under this number */
	HELD_TIMERS,
};

/* A message in the arena; topic and plaintext follow. */
struct held {
	uint32_t number;
	uint32_t ksn; /* 0: waits for a number, or is settled */
	uint32_t left[HELD_TIMERS];
	uint32_t handle;
	uint16_t topic_len, plain_len;
	uint8_t sends, nacks; /* doublings of the back-off */
	uint8_t errors;       /* ERROR 6 in a row */
	uint8_t outcome;      /* enum eese_ue_event_kind once settled */
	bool acknowledged;
	bool gate;                  /* its repeat before the gate was not handed over yet */
	bool nack_open, error_open; /* this transmission was not answered so yet */
};

static_assert(sizeof(struct held) == EESE_UE_HELD_OVERHEAD, "EESE_UE_HELD_OVERHEAD");

/* One downlink message and where its plaintext goes. */
struct incoming {
	const char *topic;
	size_t topic_len;
	const uint8_t *msg;
	size_t len;
	uint8_t *out;
	size_t out_size;
	size_t *out_len;
};

/* What stands in non-volatile memory, as it stands there: it never leaves the device. */
struct record {
	uint32_t magic;
	uint32_t ikid;
	uint32_t numbers_reserved, units_reserved;
	struct eese_ue_keyset current, before; /* before: for downlink, ksn 0 if none */
	uint64_t down_next, before_next;
	uint8_t unused[44];
	uint32_t crc; /* of all before it */
};

static_assert(sizeof(struct record) == EESE_UE_RECORD_SIZE, "EESE_UE_RECORD_SIZE");

/* A small device does without, see eese/ue.h. */
static inline void count(uint32_t *counter)
{
#ifdef EESE_SMALL
	(void)counter;
#else
	++*counter;
#endif
}

static inline bool has_keyset(const struct eese_ue *ue)
{
	return ue->known[0].ksn != 0;
}

/* Whether downlink may be opened under the newest keyset, clause 6. */
static inline bool opens_newest(const struct eese_ue *ue)
{
	return !ue->from_record || ue->config.downlink_durable;
}

/* Counts without ever wrapping round. */
static inline uint8_t one_more(uint8_t n)
{
	return n < UINT8_MAX ? (uint8_t)(n + 1) : n;
}

static inline uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* timers.c */
void eese_dev_pass_time(struct eese_ue *ue);
uint32_t eese_dev_back_off(const struct eese_ue *ue, uint32_t base_ms, unsigned doublings);
void eese_dev_event(struct eese_ue *ue, enum eese_ue_event_kind kind, uint8_t reason);
void eese_dev_run(struct eese_ue *ue);
void eese_dev_go_on(struct eese_ue *ue); /* both: lets time pass and does what is due */

/* held.c: for (h = NULL; (h = eese_dev_next(ue, h)) != NULL;) goes through the unsettled ones */
struct held *eese_dev_next(const struct eese_ue *ue, const struct held *h);
struct held *eese_dev_next_settled(const struct eese_ue *ue);
enum eese_result eese_dev_add(struct eese_ue *ue, const char *topic, size_t topic_len,
			      const uint8_t *plain, size_t plain_len, struct held **added);
void eese_dev_remove(struct eese_ue *ue, struct held *h);
struct held *eese_dev_find(const struct eese_ue *ue, uint32_t handle);
void eese_dev_settle(struct eese_ue *ue, struct held *h, enum eese_ue_event_kind outcome);
void eese_dev_anew(struct eese_ue *ue, struct held *h);

/* fields.c: what a record is made of */
uint32_t eese_dev_crc32(const uint8_t *p, size_t len);
uint8_t *eese_dev_put(uint8_t *p, uint64_t v, unsigned octets);
uint64_t eese_dev_get(const uint8_t **p, unsigned octets);

/* record.c */
enum eese_result eese_dev_record_read(const struct eese_ue *ue, struct record *out);
enum eese_result eese_dev_record_write(const struct eese_ue *ue, struct record *r);
void eese_dev_record_of(const struct eese_ue *ue, struct record *out);

/* keysets.c */
const struct eese_ue_keyset *eese_dev_known(const struct eese_ue *ue, uint32_t ksn);
uint32_t eese_dev_named(const struct eese_ue *ue, uint32_t announced, uint8_t kid);
enum eese_result eese_dev_derive(const struct eese_ue *ue, const struct eese_ue_keyset *k,
				 enum eese_direction direction, struct eese_key *out);
void eese_dev_push_known(struct eese_ue *ue, const struct eese_ue_keyset *k, uint32_t named);
const struct eese_alg_info *eese_dev_alg(const struct eese_ue *ue, uint8_t alg);

/* update.c, settle.c, error.c */
enum eese_result eese_dev_update(struct eese_ue *ue, const uint8_t *msg, size_t len);
void eese_dev_settle_by_ref(struct eese_ue *ue, uint32_t announced, const struct eese_ref *ref,
			    uint32_t named);
void eese_dev_close_gate(struct eese_ue *ue, uint32_t ksn);
bool eese_dev_gate_closed(struct eese_ue *ue);
enum eese_result eese_dev_error(struct eese_ue *ue, const uint8_t *msg, size_t len);

/* request.c */
void eese_dev_limited(struct eese_ue *ue, uint8_t reason);
void eese_dev_told_to_wait(struct eese_ue *ue);
void eese_dev_run_aka(struct eese_ue *ue, uint8_t reason, uint32_t gap_ms);
void eese_dev_uplink_accepted(struct eese_ue *ue);
void eese_dev_requests(struct eese_ue *ue);
uint32_t eese_dev_until_request(const struct eese_ue *ue);

/* send.c, protect.c */
bool eese_dev_hand_over(struct eese_ue *ue, const struct eese_ue_message *m);
bool eese_dev_transmit(struct eese_ue *ue, struct held *h);
void eese_dev_repeats(struct eese_ue *ue);
void eese_dev_protect_waiting(struct eese_ue *ue);

/* downlink.c, keep.c */
enum eese_result eese_dev_open(struct eese_ue *ue, const struct incoming *in);
bool eese_dev_keep_sound(const struct eese_ue_config *c);
bool eese_dev_keep(struct eese_ue *ue, const struct incoming *in);
void eese_dev_forget_kept(struct eese_ue *ue);

#endif
