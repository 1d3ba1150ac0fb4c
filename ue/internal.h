/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share. Nothing outside ue/ includes it. */
#ifndef EESE_UE_INTERNAL_H
#define EESE_UE_INTERNAL_H

#include <assert.h>
#include <string.h>

#include "eese/ue.h"

#define NEVER UINT64_MAX

enum {
	BLOCKED_MS = 1000,   /* until the transport is tried again */
	GATE_MS = 10 * 1000, /* N2 */
	GATE_REPEAT_MS = 1000,
	KEEP_SENT_MS = 60 * 1000, /* N5 */
	REPEAT_MS = 10 * 1000,
	BACK_OFF_MAX_MS = 3600 * 1000,
	REQUEST_MS = 2 * 1000,  /* KEY_REQUEST 0, 2, 5 */
	LIMITED_MS = 60 * 1000, /* KEY_REQUEST 1, 3, 4 */
	AKA_ERROR_MS = 3600 * 1000,
	AKA_UNANSWERED_MS = 24 * 3600 * 1000,
	UNANSWERED_MAX = 5,
	ERROR_6_MAX = 5, /* N8 */
	RESERVE_BLOCK = 64,
};

/* Why a KEY_REQUEST 0, 2 or 5 is needed. */
enum want {
	WANT_KEYSET = 1 << 0,
	WANT_REFRESH = 1 << 1,
	WANT_ALG = 1 << 2,
	WANT_WAIT = 1 << 3, /* an ERROR told to wait */
};

/* A message in the arena; topic and plaintext follow. Not aligned there, so it is copied. */
struct held {
	uint64_t number;
	uint64_t due;     /* NEVER: not by time */
	uint64_t sent_at; /* first handed over under this number; NEVER: not yet */
	uint32_t handle;
	uint32_t ksn; /* 0: waits for a number */
	uint16_t topic_len, plain_len;
	uint8_t sends, nacks; /* doublings of the back-off */
	uint8_t errors;       /* ERROR 6 in a row */
	uint8_t outcome;      /* enum eese_ue_event_kind once settled */
	bool acknowledged;
	bool gate;                  /* its repeat before the gate was not handed over yet */
	bool nack_open, error_open; /* this transmission was not answered so yet */
};

static_assert(sizeof(struct held) <= EESE_UE_HELD_OVERHEAD, "EESE_UE_HELD_OVERHEAD");

/* What stands in non-volatile memory. */
struct record {
	uint16_t ikid;
	struct eese_ue_keyset current, before; /* before: for downlink, ksn 0 if none */
	uint64_t numbers_reserved, down_next, before_next;
	uint32_t units_reserved;
};

static inline uint64_t now_of(const struct eese_ue *ue)
{
	return ue->config.port.now(ue->config.port.ctx);
}

static inline bool has_keyset(const struct eese_ue *ue)
{
	return ue->known[0].ksn != 0;
}

static inline uint32_t reserve_block(const struct eese_ue *ue)
{
	return ue->config.reserve_block != 0 ? ue->config.reserve_block : RESERVE_BLOCK;
}

static inline uint32_t repeat_ms(const struct eese_ue *ue)
{
	return ue->config.repeat_ms != 0 ? ue->config.repeat_ms : REPEAT_MS;
}

/* Counts without ever wrapping round. */
static inline uint8_t one_more(uint8_t n)
{
	return n < UINT8_MAX ? (uint8_t)(n + 1) : n;
}

/* timers.c */
uint64_t eese_dev_after(const struct eese_ue *ue, uint64_t now, uint64_t base_ms,
			unsigned doublings);
void eese_dev_event(struct eese_ue *ue, enum eese_ue_event_kind kind);
void eese_dev_run(struct eese_ue *ue, uint64_t now);

/* held.c: for (at = 0; eese_dev_load(ue, at, &h); at = eese_dev_step(at, &h)) */
bool eese_dev_load(const struct eese_ue *ue, size_t at, struct held *h);
void eese_dev_store(struct eese_ue *ue, size_t at, const struct held *h);
size_t eese_dev_step(size_t at, const struct held *h);
enum eese_result eese_dev_add(struct eese_ue *ue, const struct held *h, const char *topic,
			      const uint8_t *plain);
void eese_dev_remove(struct eese_ue *ue, size_t at);
bool eese_dev_find(const struct eese_ue *ue, uint32_t handle, size_t *at, struct held *h);
void eese_dev_settle(struct eese_ue *ue, size_t at, struct held *h,
		     enum eese_ue_event_kind outcome);
void eese_dev_anew(struct eese_ue *ue, size_t at, struct held *h);
bool eese_dev_refers(const struct eese_ue *ue, uint32_t ksn);

/* fields.c: what a record is made of */
uint32_t eese_dev_crc32(const uint8_t *p, size_t len);
uint8_t *eese_dev_put(uint8_t *p, uint64_t v, unsigned octets);
uint64_t eese_dev_get(const uint8_t **p, unsigned octets);

/* record.c */
enum eese_result eese_dev_record_read(struct eese_ue *ue, struct record *out, bool *found);
enum eese_result eese_dev_record_write(struct eese_ue *ue, const struct record *r);
void eese_dev_record_of(const struct eese_ue *ue, struct record *out);

/* keysets.c */
const struct eese_ue_keyset *eese_dev_known(const struct eese_ue *ue, uint32_t ksn);
uint32_t eese_dev_named(const struct eese_ue *ue, uint32_t announced, uint8_t kid);
enum eese_result eese_dev_derive(const struct eese_ue *ue, const struct eese_ue_keyset *k,
				 struct eese_keyset *out);
void eese_dev_push_known(struct eese_ue *ue, const struct eese_ue_keyset *k, uint32_t named);
struct eese_window eese_dev_window_below(uint64_t next);
bool eese_dev_alg_supported(const struct eese_ue *ue, uint8_t alg);

/* update.c, settle.c, error.c */
enum eese_result eese_dev_update(struct eese_ue *ue, const uint8_t *msg, size_t len);
void eese_dev_settle_by_ref(struct eese_ue *ue, uint32_t announced, const struct eese_ref *ref);
void eese_dev_close_gate(struct eese_ue *ue, uint32_t ksn);
bool eese_dev_gate_closed(struct eese_ue *ue, uint64_t now);
enum eese_result eese_dev_error(struct eese_ue *ue, const uint8_t *msg, size_t len);

/* request.c */
void eese_dev_limited(struct eese_ue *ue, uint8_t reason);
void eese_dev_told_to_wait(struct eese_ue *ue, uint64_t now);
void eese_dev_run_aka(struct eese_ue *ue, uint8_t reason, uint64_t gap_ms);
void eese_dev_uplink_accepted(struct eese_ue *ue);
void eese_dev_requests(struct eese_ue *ue, uint64_t now);
uint64_t eese_dev_request_deadline(const struct eese_ue *ue);

/* send.c, protect.c */
bool eese_dev_hand_over(struct eese_ue *ue, uint64_t now, const struct eese_ue_message *m);
bool eese_dev_transmit(struct eese_ue *ue, size_t at, struct held *h, uint64_t now);
void eese_dev_repeats(struct eese_ue *ue, uint64_t now);
void eese_dev_protect_waiting(struct eese_ue *ue, uint64_t now);

/* keep.c */
bool eese_dev_keep(struct eese_ue *ue, const char *topic, size_t topic_len, const uint8_t *msg,
		   size_t len);
bool eese_dev_kept(const struct eese_ue *ue, size_t at, const char **topic, size_t *topic_len,
		   const uint8_t **msg, size_t *len);
void eese_dev_unkeep(struct eese_ue *ue, size_t i);

#endif
