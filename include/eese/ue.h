/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libeese-ue: the device's end of the protocol, clause 6. No allocation, no I/O, no clock of its
 * own: everything outside comes through a port of four functions, all memory from the caller.
 *
 * The library holds every uplink message until it is accepted, settles what it holds by the ref of
 * each KEY_UPDATE, and tells the application through eese_ue_next_event() what became of it.
 *
 * Not thread-safe: one struct eese_ue is used by one thread at a time. The port's functions are
 * called from inside the library's and must not call it back.
 *
 * Where flash is short, compile core/ and ue/ with EESE_SMALL defined (or link eese-ue-small and
 * eese-core-small). It is the same protocol and the same interface, without what clause 6 lets a
 * small device do without: algorithm 10 alone (KEY_REQUEST 5 asks for it), no downlink message is
 * kept for a KEY_UPDATE still to come, and counters stay 0.
 */
#ifndef EESE_UE_H
#define EESE_UE_H

#include "eese/control.h"
#include "eese/data.h"

/* Octets of the one record in non-volatile memory. Its content is the library's affair; it has a
 * checksum, so a port need not add one, but the port must write it atomically: after a power cut
 * a read gives the old record or the new one. */
#define EESE_UE_RECORD_SIZE 128

enum eese_ue_channel {
	EESE_UE_UP,  /* publish on <base>/<ue>/up/<topic> */
	EESE_UE_REQ, /* publish on <base>/<ue>/req */
};

/* One message on its way out. All pointers are valid during the call only. */
struct eese_ue_message {
	enum eese_ue_channel channel;
	const char *topic; /* EESE_UE_UP: what follows up/; no NUL at the end; else empty */
	size_t topic_len;
	const uint8_t *octets;
	size_t len;
	uint32_t handle;   /* for eese_ue_acknowledged(); 0 on EESE_UE_REQ */
	bool acknowledged; /* as given to eese_ue_publish() */
};

enum eese_ue_nvm { EESE_UE_NVM_READ, EESE_UE_NVM_WRITE };

/* What nvm answers. */
enum eese_ue_nvm_result {
	EESE_UE_NVM_OK,
	EESE_UE_NVM_EMPTY, /* read: never written */
	EESE_UE_NVM_FAILED,
};

struct eese_ue_port {
	/* Hands a message to the transport. false: it can't be taken now (not connected, queue
	 * full); the library tries again later. */
	bool (*send)(void *ctx, const struct eese_ue_message *m);
	/* Milliseconds since any fixed point; never goes back while the struct eese_ue lives. */
	uint64_t (*now)(void *ctx);
	/* Fills out with len random octets (jitter of back-off; no key is made from them). */
	bool (*random)(void *ctx, uint8_t *out, size_t len);
	/* Reads or writes the record. A write is durable when it returns EESE_UE_NVM_OK. */
	enum eese_ue_nvm_result (*nvm)(void *ctx, enum eese_ue_nvm op,
				       uint8_t record[EESE_UE_RECORD_SIZE]);
	void *ctx;
};

struct eese_ue_config {
	const char *ue_id; /* ends with NUL; must outlive the struct eese_ue */
	struct eese_ue_port port;

	/* Where held messages live: topic and plaintext, together rounded up to a multiple of four
	 * octets, and a header of EESE_UE_HELD_OVERHEAD octets each. Up to three octets are lost
	 * if it doesn't begin at such a multiple. Must outlive the struct eese_ue. */
	uint8_t *arena;
	size_t arena_size;

	/* Where a message is sealed; its size bounds plaintext + EESE_DATA_OVERHEAD_MAX. */
	uint8_t *scratch;
	size_t scratch_size;

	/* Sequence numbers reserved by one write of the record, 2^20 at most; 0 = 64. */
	uint32_t reserve_block;

	/* Repeat of an unacknowledged message, first back-off in milliseconds; below 10: 10,000.
	 * Doubles to an hour. A negative acknowledgement repeats after a tenth of it. */
	uint32_t repeat_ms;

	/* Whether the record may be written at each downlink message. If not, nothing is opened
	 * under a keyset from before a restart, and a KEY_REQUEST asks for a new one. */
	bool downlink_durable;

	/* Bit n set: algorithm row n of the table in clause 2 is supported (10, 30, 1, 24 in this
	 * order); 0 = all. Algorithm 10 always is, and the only one in EESE_SMALL. */
	uint8_t algs;

	/* Optional: where up to EESE_UE_KEEP_MAX downlink messages wait that came before their
	 * KEY_UPDATE; NULL and 0: none is kept. Ignored in EESE_SMALL. */
	uint8_t *keep;
	size_t keep_size;
};

enum {
	/* octets of arena a held message needs beside topic and plaintext */
	EESE_UE_HELD_OVERHEAD = 32,
	EESE_UE_OUTSTANDING_MAX = 64,
	EESE_UE_RESEND_KEEP = 4,
	EESE_UE_KEEP_MAX = 4,
	EESE_UE_KEEP_OVERHEAD = 8,
};

enum eese_ue_event_kind {
	EESE_UE_EVENT_NONE,
	EESE_UE_EVENT_ACCEPTED,    /* handle: the EESE has it (acknowledgement or ref) */
	EESE_UE_EVENT_UNCONFIRMED, /* handle: let go after resend_keep on a transport without
				      verdicts */
	EESE_UE_EVENT_FAILED,      /* handle: given back, it was not accepted as far as is known */
	EESE_UE_EVENT_NEW_KEYSET,  /* ksn, reason: adopted */
	EESE_UE_EVENT_RUN_AKA,     /* reason: an enum eese_error_reason, or 0 if nobody answered */
	EESE_UE_EVENT_WAIT,        /* reason: an enum eese_error_reason; told to wait */
};

struct eese_ue_event {
	enum eese_ue_event_kind kind;
	uint32_t handle;
	uint32_t ksn;
	uint8_t reason;
};

/* Counters, for a status display; all 0 in EESE_SMALL. */
struct eese_ue_counters {
	uint32_t sealed, repeated, resealed, opened;
	uint32_t dropped_control, dropped_downlink, errors, requests, adopted;
};

/* The state. Its members are the library's; it is public so that it can be allocated. */
#include "eese/ue_state.h"

/*
 * Starts from the record in non-volatile memory (or from nothing) under this e2e_int_key. A record
 * that belongs to another key is not used: a key once replaced by a newer one must never be given
 * again. If the record is damaged the key is spent: EVENT_RUN_AKA, and nothing until
 * eese_ue_new_key(). The key is copied.
 * EESE_INVALID: the configuration; EESE_STORAGE: the record could not be read; EESE_CRYPTO.
 * On failure *ue is all zero.
 */
EESE_MUST_CHECK enum eese_result eese_ue_init(struct eese_ue *ue,
					      const struct eese_ue_config *config,
					      const uint8_t int_key[EESE_INT_KEY_SIZE]);

/*
 * After an AKA run: this key is tried beside the one in use until a KEY_UPDATE held under it, then
 * the old one is wiped. Meanwhile KEY_REQUESTs go under the two in turns; eese_ue_refresh() makes
 * one. The caller stores both, and forgets the old one when eese_ue_has_new_key() is false again.
 * After a restart with both stored: eese_ue_init() with the old one, then at once this, which goes
 * over to the new one if the record is of that already. (If the record turns out damaged then, both
 * are spent, since it may have been of either.)
 * EESE_INVALID: it is the key whose record was damaged, or another one with the IKID of the key in
 * use, from which a restart could not tell it: run AKA again. EESE_STORAGE, EESE_CRYPTO.
 */
EESE_MUST_CHECK enum eese_result eese_ue_new_key(struct eese_ue *ue,
						 const uint8_t int_key[EESE_INT_KEY_SIZE]);

/* Whether such a key waits beside the one in use. */
bool eese_ue_has_new_key(const struct eese_ue *ue);

/* Wipes keys and held messages. The record stays. NULL-safe. */
void eese_ue_wipe(struct eese_ue *ue);

/*
 * Takes a message for topic (what follows up/). It is sent at once if there is a keyset and
 * nothing forbids it, else as soon as that is so. acknowledged: the transport reports for this
 * message whether the EESE took it (MQTT 5 at QoS 1 or 2, CoAP CON); then it is repeated until
 * settled. Otherwise the last EESE_UE_RESEND_KEEP are kept for 60 s at most.
 * *handle (1..) names it in events. EESE_FULL: 64 are outstanding or the arena is full: try
 * again after an event; EESE_INVALID: topic or plaintext beyond the bounds; *handle is then 0.
 */
EESE_MUST_CHECK enum eese_result eese_ue_publish(struct eese_ue *ue, const char *topic,
						 size_t topic_len, const uint8_t *plain,
						 size_t plain_len, bool acknowledged,
						 uint32_t *handle);

/* The transport's verdict on a message (clause 6, not authenticated). A handle that is no longer
 * held is ignored. */
void eese_ue_acknowledged(struct eese_ue *ue, uint32_t handle, bool positive);

/* The transport is up, for the first time or again: what is held and due is sent, and a
 * KEY_REQUEST if there is no keyset. */
void eese_ue_connected(struct eese_ue *ue);

/* Octets from <base>/<ue>/ctl, from anyone. The result says what became of them and may be
 * ignored by callers that do not count. */
enum eese_result eese_ue_control(struct eese_ue *ue, const uint8_t *msg, size_t len);

/*
 * Octets from <base>/<ue>/down/<topic>. EESE_OK: plaintext in out. EESE_NO_KEY: kept for a
 * KEY_UPDATE still to come. EESE_STORAGE, EESE_CRYPTO: not now, kept if there is room. EESE_FULL:
 * as EESE_NO_KEY, but there is no room to keep it. Others: dropped. *out_len is 0 unless EESE_OK.
 * out_size must be at least len.
 */
EESE_MUST_CHECK enum eese_result eese_ue_downlink(struct eese_ue *ue, const char *topic,
						  size_t topic_len, const uint8_t *msg, size_t len,
						  uint8_t *out, size_t out_size, size_t *out_len);

/*
 * The next kept downlink message that opens now, in order of arrival; call after every
 * eese_ue_control() until it gives EESE_NO_KEY. topic must hold EESE_TOPIC_MAX octets, out as
 * many as the longest message kept (EESE_INVALID: it does not; nothing changed).
 */
EESE_MUST_CHECK enum eese_result eese_ue_next_kept(struct eese_ue *ue, char *topic,
						   size_t *topic_len, uint8_t *out, size_t out_size,
						   size_t *out_len);

/* Asks for a new keyset (KEY_REQUEST 2), rate-limited. */
void eese_ue_refresh(struct eese_ue *ue);

/* Does what is due and gives the time of the next call in milliseconds of the port's clock,
 * UINT64_MAX if nothing is waiting. Call it after every other call, and then. */
uint64_t eese_ue_poll(struct eese_ue *ue);

/* Takes the next event; false and kind NONE if there is none. A handle's memory is free after
 * its ACCEPTED, UNCONFIRMED or FAILED was taken, so take events regularly. */
bool eese_ue_next_event(struct eese_ue *ue, struct eese_ue_event *event);

/* Messages taken and not yet settled. */
size_t eese_ue_held(const struct eese_ue *ue);

/* KSN in use, 0 if none. */
uint32_t eese_ue_ksn(const struct eese_ue *ue);

const struct eese_ue_counters *eese_ue_counters(const struct eese_ue *ue);

#endif
