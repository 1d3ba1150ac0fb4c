/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The EESE without a broker: one state machine a UE (clause 5) and the table of UEs. PURE: events
 * in, actions out; time and random octets come as arguments, memory from the caller's allocator.
 *
 * Every event function fills one struct eese_actions; the caller carries them out in this order:
 *   control   publish on <base>/<ue>/ctl at QoS 1
 *   sealed    publish on <base>/<ue>/down/<sub>, behind control
 *   verdict   what becomes of the message that was the event
 *   ask       start one request to the key server for this UE; its end comes back as
 *             eese_endpoint_key_arrived() or eese_endpoint_key_refused()
 */
#ifndef EESE_ENDPOINT_H
#define EESE_ENDPOINT_H

#include "eese/control.h"
#include "eese/data.h"

struct eese_endpoint;

/* Two clocks, both the caller's. */
struct eese_time {
	uint64_t ms;   /* monotonic milliseconds: te2e, budgets, lives */
	uint64_t unix; /* seconds since 1970: the floor of KSN, expiry of e2e_int_key */
};

struct eese_endpoint_config {
	void *(*alloc)(size_t size); /* NULL when out of memory */
	void (*release)(void *p);
	uint32_t te2e_s;             /* 0: keysets do not expire by time */
	uint32_t refresh_margin_pct; /* of te2e, 0..50; 0: no refresh ahead */
	uint32_t update_interval_ms; /* the budgets' first interval */
	uint32_t pending_life_s;
	uint32_t
	    recheck_s; /* how old the operator's word for a key may get; 0: as old as the key */
	uint8_t alg;   /* enum eese_alg for new keysets */
	uint8_t hash_seed[16]; /* random: keeps the table's order secret */
};

/* protocol's defaults for everything but the allocator and the seed */
#define EESE_ENDPOINT_DEFAULTS                                                                     \
	{                                                                                          \
		.te2e_s = 86400, .refresh_margin_pct = 10, .update_interval_ms = 1000,             \
		.pending_life_s = 7 * 86400, .alg = EESE_ALG_AES_CCM_16_64_128                     \
	}

enum eese_verdict {
	EESE_DROP = 0, /* malformed or not authentic or refused: not delivered, negative
			  acknowledgement where MQTT 5 allows one */
	EESE_DELIVER,  /* the plaintext is in the caller's buffer */
	EESE_SWALLOW,  /* seen before: success acknowledgement, nothing delivered */
	EESE_HANDLED,  /* a KEY_REQUEST or ERROR: nothing to deliver, success acknowledgement */
};

enum eese_counter {
	EESE_COUNT_OPENED,
	EESE_COUNT_SEALED,
	EESE_COUNT_SWALLOWED,
	EESE_COUNT_MALFORMED,
	EESE_COUNT_FAILED_TAG, /* wrong tag, or kid of no keyset held */
	EESE_COUNT_FAILED_MAC,
	EESE_COUNT_BELOW_WINDOW,
	EESE_COUNT_REFUSED_INVALID, /* authentic, but its keyset is invalid */
	EESE_COUNT_REFUSED_PREVIOUS,
	EESE_COUNT_REFUSED_NO_KEYSET,
	EESE_COUNT_REFUSED_NO_KEY,  /* no e2e_int_key */
	EESE_COUNT_REQUEST_IGNORED, /* KEY_REQUEST with good MAC that asks nothing new */
	EESE_COUNT_REQUESTS,
	EESE_COUNT_UPDATES_SENT,
	EESE_COUNT_ERRORS_SENT,
	EESE_COUNT_REFRESHED, /* keysets confirmed */
	EESE_COUNT_EXPIRED_TIME,
	EESE_COUNT_EXPIRED_ENTERPRISE,
	EESE_COUNT_EXPIRED_USAGE,
	EESE_COUNT_EXPIRED_INTEGRITY,
	EESE_COUNT_DOWNLINK_WAITING, /* downlink that had no key */
	EESE_COUNT_ASKED,
	EESE_COUNT_WITHDRAWN, /* keys that the operator took back */
	EESE_COUNT_MAX
};

/* Things the enterprise may want to hear of. */
enum eese_event {
	EESE_EVENT_KEY_EXPIRED = 1u << 0,   /* expired_reason, expired_ksn */
	EESE_EVENT_KEY_REFRESHED = 1u << 1, /* ksn */
	EESE_EVENT_REJECTED = 1u << 2,      /* count: why */
	EESE_EVENT_REPLAYED = 1u << 3,
	EESE_EVENT_KEY_WITHDRAWN = 1u << 4, /* withdrawn_reason */
};

struct eese_actions {
	enum eese_verdict verdict;
	size_t plain_len;  /* EESE_DELIVER */
	uint64_t number;   /* EESE_DELIVER: the message's */
	size_t sealed_len; /* downlink: octets in the caller's buffer, 0: not sealed */
	uint8_t control[EESE_KEY_UPDATE_MAX];
	size_t control_len; /* 0: no answer */
	bool ask;
	unsigned events;        /* enum eese_event */
	uint8_t expired_reason; /* enum eese_update_reason */
	uint32_t expired_ksn;
	uint8_t withdrawn_reason; /* enum eese_error_reason 1, 3 or 4 */
	uint32_t ksn;             /* refreshed: the new one; sealed: the one it is sealed under */
	enum eese_counter count;  /* the counter that the verdict went to */
};

/* EESE_INVALID, EESE_FULL (allocator). *out is NULL on failure. The config is copied. */
EESE_MUST_CHECK enum eese_result eese_endpoint_new(const struct eese_endpoint_config *config,
						   struct eese_endpoint **out);

/* Wipes every key and frees everything. NULL-safe. */
void eese_endpoint_free(struct eese_endpoint *ep);

/*
 * RANDs for keysets to come. The endpoint keeps up to EESE_ENDPOINT_RANDS and never uses one
 * twice; while it has none, no new keyset is announced. The caller tops them up after events.
 */
#define EESE_ENDPOINT_RANDS 64
size_t eese_endpoint_rands_wanted(const struct eese_endpoint *ep);
void eese_endpoint_add_rand(struct eese_endpoint *ep, const uint8_t rand[EESE_RAND_SIZE]);

/* ---- events: messages; ue_id and topic need not end with NUL ---- */

/*
 * Data on <base>/<ue>/up/<topic>. plain must hold len octets; it holds plaintext only if the
 * verdict is EESE_DELIVER. Any octets, any lengths, any UE-ID may be given.
 */
void eese_endpoint_data(struct eese_endpoint *ep, struct eese_time now, const char *ue_id,
			size_t ue_id_len, const char *topic, size_t topic_len, const uint8_t *msg,
			size_t len, uint8_t *plain, struct eese_actions *out);

/* Octets on <base>/<ue>/req. */
void eese_endpoint_request(struct eese_endpoint *ep, struct eese_time now, const char *ue_id,
			   size_t ue_id_len, const uint8_t *msg, size_t len,
			   struct eese_actions *out);

/* <base>/<ue>/ctl has a new reader: a KEY_UPDATE sent before may have had none, so what is pending
 * is announced once more. One answer to one subscription; no budget holds it back. */
void eese_endpoint_listening(struct eese_endpoint *ep, struct eese_time now, const char *ue_id,
			     size_t ue_id_len, struct eese_actions *out);

/*
 * Plaintext for the UE. sealed must hold len + EESE_DATA_OVERHEAD_MAX. out->sealed_len says
 * whether it was sealed; out->control goes first. Not sealed and out->ask or no key: the caller
 * holds the plaintext and comes again when the key arrived. ordered: *true if a pending keyset is
 * unconfirmed, so that the message must go behind control and everything before it.
 */
EESE_MUST_CHECK enum eese_result
eese_endpoint_downlink(struct eese_endpoint *ep, struct eese_time now, const char *ue_id,
		       size_t ue_id_len, const char *topic, size_t topic_len, const uint8_t *plain,
		       size_t len, uint8_t *sealed, size_t sealed_size, bool *ordered,
		       struct eese_actions *out);

/* ---- events: the key server ---- */

struct eese_key_grant {
	uint8_t int_key[EESE_INT_KEY_SIZE];
	uint64_t created; /* Unix seconds, 0 unknown */
	uint64_t expiry;  /* Unix seconds, 0 never */
};

/* Something waits for this UE's key: asks (out->ask) if it is not in hand and that is due. */
void eese_endpoint_want_key(struct eese_endpoint *ep, struct eese_time now, const char *ue_id,
			    size_t ue_id_len, struct eese_actions *out);

/* The latest answer for this UE: enum eese_error_reason, 0: none, or a key. */
uint8_t eese_endpoint_refusal(const struct eese_endpoint *ep, const char *ue_id, size_t ue_id_len);

/* An answer to ask. The contact that caused it is answered now (out->control). A UE that was not
 * there is added, to be kept (eese_ue_entry). */
void eese_endpoint_key_arrived(struct eese_endpoint *ep, struct eese_time now, const char *ue_id,
			       size_t ue_id_len, const struct eese_key_grant *grant,
			       struct eese_actions *out);

/* An answer to ask that is not the operator's, or none: reason is enum eese_error_reason 1, 2 or 4.
 * A key in hand stays. */
void eese_endpoint_key_refused(struct eese_endpoint *ep, struct eese_time now, const char *ue_id,
			       size_t ue_id_len, uint8_t reason, struct eese_actions *out);

/*
 * The operator's answer to ask: he gives no key; reason is enum eese_error_reason 1 (he knows no
 * such UE), 3 (EnPS is not applicable to it) or 4 (he has none). A key in hand that came from him
 * is then as one past its expiry, and its keysets are invalid, though their windows still count for
 * the ref, should he give it back.
 */
void eese_endpoint_key_denied(struct eese_endpoint *ep, struct eese_time now, const char *ue_id,
			      size_t ue_id_len, uint8_t reason, struct eese_actions *out);

/* ---- commands ---- */

/* What an administrator says of a UE. */
struct eese_ue_entry {
	uint8_t int_key[EESE_INT_KEY_SIZE];
	bool has_key;    /* false: ask the key server when it is needed */
	uint64_t expiry; /* of the key; Unix seconds, 0 never */
	bool has_te2e;
	uint32_t te2e_s;
	const char *group; /* NUL-terminated, NULL or "": none; same characters as a UE-ID */
	bool keep;         /* eese_endpoint_remove_unmarked() leaves it */
	/* Stands for all that a line of a key file says; 0: from no file. */
	uint32_t line;
};

/*
 * Adds the UE or replaces what is said of it. A key other than the one in hand is installed at
 * once and wipes every keyset of the old one; the same key changes nothing in its keysets. A line
 * that set the UE before leaves it as commands made it since, also if they removed it: the last
 * word counts.
 * EESE_INVALID: UE-ID or group; EESE_FULL: no memory, the UE is then as before.
 */
EESE_MUST_CHECK enum eese_result eese_endpoint_set_ue(struct eese_endpoint *ep, const char *ue_id,
						      size_t ue_id_len,
						      const struct eese_ue_entry *entry);

/* Wipes and forgets the UE; false if it is not there. The line of a file that set it does not
 * bring it back. */
bool eese_endpoint_remove_ue(struct eese_endpoint *ep, const char *ue_id, size_t ue_id_len);

/* Removes every UE that eese_endpoint_set_ue() did not name since eese_endpoint_mark(), but for
 * those that are to be kept. */
void eese_endpoint_mark(struct eese_endpoint *ep);
size_t eese_endpoint_remove_unmarked(struct eese_endpoint *ep);

/* Invalidates every keyset made so far, pending ones too (reason 2): of one UE (*out has the event
 * of its current one, or else of its pending one), of a group, of all. A mark, not a loop.
 * EESE_NO_KEY: no such UE or group. */
EESE_MUST_CHECK enum eese_result eese_endpoint_expire_ue(struct eese_endpoint *ep,
							 const char *ue_id, size_t ue_id_len,
							 struct eese_actions *out);
EESE_MUST_CHECK enum eese_result eese_endpoint_expire_group(struct eese_endpoint *ep,
							    const char *group, size_t group_len);
void eese_endpoint_expire_all(struct eese_endpoint *ep);

/*
 * te2e in seconds, 0 for no expiry by time, holding at once for keysets in use too. A UE's own
 * counts before its group's, and that before the default; NULL takes a UE's or a group's back.
 * EESE_NO_KEY: no such UE. A group begins when something is first said of it: EESE_INVALID for
 * its name, EESE_FULL without memory.
 */
EESE_MUST_CHECK enum eese_result eese_endpoint_set_te2e_ue(struct eese_endpoint *ep,
							   const char *ue_id, size_t ue_id_len,
							   const uint32_t *te2e_s);
EESE_MUST_CHECK enum eese_result eese_endpoint_set_te2e_group(struct eese_endpoint *ep,
							      const char *group, size_t group_len,
							      const uint32_t *te2e_s);
void eese_endpoint_set_te2e_default(struct eese_endpoint *ep, uint32_t te2e_s);
uint32_t eese_endpoint_te2e_default(const struct eese_endpoint *ep);

/* Puts the UE into this group, NULL: into none. Errors as above; nothing changed then. */
EESE_MUST_CHECK enum eese_result eese_endpoint_set_group(struct eese_endpoint *ep,
							 const char *ue_id, size_t ue_id_len,
							 const char *group, size_t group_len);

/* ---- start: state from before ---- */

struct eese_keyset_saved {
	uint32_t ksn;
	uint8_t alg;
	uint8_t rand[EESE_RAND_SIZE];
	bool has_window; /* holds only if it was saved at a clean shutdown */
	struct eese_window window;
};

/* What outlives the EESE's process (architecture: 'what is stored'); secrets (key) are the
 * caller's to seal. */
struct eese_ue_saved {
	/* what administrators, the key file and the key server say of it */
	bool has_key, has_te2e, keep;
	bool removed; /* only remembered as removed, with line */
	uint16_t ikid;
	uint32_t te2e_s;
	uint32_t line;
	struct eese_key_grant key;
	char group[EESE_UE_ID_MAX + 1]; /* "": none */
	/* its past */
	uint8_t wanted_alg; /* 0: the endpoint's */
	bool durable;       /* false: highest_ksn may be old (crash, no store) */
	uint32_t highest_ksn;
	bool has_current, has_previous;
	struct eese_keyset_saved current, previous;
};

/* What to keep of this UE now; false if it is not there. */
bool eese_endpoint_save(const struct eese_endpoint *ep, const char *ue_id, size_t ue_id_len,
			struct eese_ue_saved *out);

/* UEs without a durable KSN get none up to this, whatever the clock says: what was used just
 * before a crash is not known. */
void eese_endpoint_ksn_floor(struct eese_endpoint *ep, uint32_t floor);

/* Makes room for so many UEs at once; false: no memory. */
bool eese_endpoint_expect(struct eese_endpoint *ep, size_t ues);

/*
 * Adds the UE, or gives one that is there its past; without has_key it keeps the key that it has.
 * What was current comes back 'current but invalid', reason 3 (clause 5, 'Every start'). Windows
 * count only if durable. EESE_NO_KEY: a keyset without a key; EESE_INVALID: a name or an alg;
 * EESE_FULL: no memory. On failure nothing changed.
 */
EESE_MUST_CHECK enum eese_result eese_endpoint_restore(struct eese_endpoint *ep, const char *ue_id,
						       size_t ue_id_len,
						       const struct eese_ue_saved *saved);

/* ---- what is to be saved ---- */

enum eese_change_kind {
	EESE_CHANGE_UE,      /* name, key_changed, ue */
	EESE_CHANGE_UE_GONE, /* name */
	EESE_CHANGE_GROUP,   /* name, has_te2e, te2e_s */
	EESE_CHANGE_DEFAULT, /* te2e_s */
};

struct eese_change {
	enum eese_change_kind kind;
	char name[EESE_UE_ID_MAX + 1];
	bool key_changed; /* since this UE's last change: key, or that there is none now */
	bool has_te2e;
	uint32_t te2e_s;
	struct eese_ue_saved ue; /* the caller wipes it */
};

/* From now on every change of what eese_endpoint_save() gives is remembered. */
void eese_endpoint_track(struct eese_endpoint *ep);

/* The next thing that changed, as it is now, each once however often it changed; false: none.
 * Windows change all the time and are no change; before eese_endpoint_closing() none is given. */
bool eese_endpoint_next_change(struct eese_endpoint *ep, struct eese_change *out);

/* This UE was not saved after all. */
void eese_endpoint_changed_again(struct eese_endpoint *ep, const char *ue_id, size_t ue_id_len);

/* Before a clean shutdown: makes a change of each UE whose windows are not as they were restored.
 * Goes through the table once. */
void eese_endpoint_closing(struct eese_endpoint *ep);

/* ---- looking ---- */

size_t eese_endpoint_count(const struct eese_endpoint *ep);
bool eese_endpoint_has_ue(const struct eese_endpoint *ep, const char *ue_id, size_t ue_id_len);
/* Whether the UE is there, and eese_endpoint_remove_unmarked() leaves it: whoever calls that one
 * does not own it. */
bool eese_endpoint_is_kept(const struct eese_endpoint *ep, const char *ue_id, size_t ue_id_len);
uint64_t eese_endpoint_counter(const struct eese_endpoint *ep, enum eese_counter c);
const char *eese_counter_name(enum eese_counter c);

/* Whether the UE is there with an e2e_int_key that has not expired and is good for a keyset. */
bool eese_endpoint_has_key(const struct eese_endpoint *ep, struct eese_time now, const char *ue_id,
			   size_t ue_id_len);
bool eese_endpoint_has_group(const struct eese_endpoint *ep, const char *group, size_t group_len);

enum eese_ue_state {
	EESE_STATE_NO_KEY,  /* no e2e_int_key */
	EESE_STATE_NEW,     /* no keyset yet */
	EESE_STATE_PENDING, /* one announced, none used yet */
	EESE_STATE_VALID,
	EESE_STATE_REFRESHING, /* valid, and the next one announced */
	EESE_STATE_EXPIRED,    /* refused until the next one is used */
	EESE_STATES
};

enum eese_te2e_from { EESE_TE2E_DEFAULT, EESE_TE2E_GROUP, EESE_TE2E_UE };

/* A UE as it is now. Texts live as long as the UE stays as it is. */
struct eese_ue_info {
	const char *ue_id;
	const char *group; /* NULL: in none */
	enum eese_ue_state state;
	uint32_t te2e_s;
	enum eese_te2e_from te2e_from;
	bool has_key;
	uint16_t ikid;
	uint64_t key_expiry;               /* Unix seconds, 0 never */
	uint32_t pending_ksn, highest_ksn; /* 0: none */
	/* of the current keyset, all 0 if there is none */
	uint32_t ksn;
	uint8_t alg;
	uint8_t invalid; /* enum eese_update_reason, 0: valid */
	bool expires;    /* by time; in expires_s seconds */
	uint32_t expires_s;
	uint32_t uplink_units, downlink_units, failed_tags;
};

/* false: no such UE; *out is all zero then. */
bool eese_endpoint_info(const struct eese_endpoint *ep, struct eese_time now, const char *ue_id,
			size_t ue_id_len, struct eese_ue_info *out);

/*
 * Calls each for the UEs from *at on (0: from the start), in no particular order, until it says
 * false, most places of the table were looked at, or its end came. *at is then where to go on, 0
 * at the end. UEs added or removed between two calls may come twice or not at all. Returns how
 * many places it looked at.
 */
size_t eese_endpoint_list(const struct eese_endpoint *ep, struct eese_time now, size_t *at,
			  size_t most, bool (*each)(void *ctx, const struct eese_ue_info *ue),
			  void *ctx);

/*
 * Looks at up to most places of the table of UEs from where the last call ended, and raises expiry
 * in time: one call of report for each keyset found newly invalid. For events and
 * eese_endpoint_tally(); no use of a keyset depends on it.
 */
void eese_endpoint_sweep(struct eese_endpoint *ep, struct eese_time now, size_t most,
			 void (*report)(void *ctx, const char *ue_id,
					const struct eese_actions *what),
			 void *ctx);

/* Places of that table: at least as many as it has had UEs at a time. */
size_t eese_endpoint_places(const struct eese_endpoint *ep);

/* How many UEs were in this state when the sweep last came by them. */
size_t eese_endpoint_tally(const struct eese_endpoint *ep, enum eese_ue_state state);

/* "noKey", "new", "pending", "valid", "refreshing", "expired" */
const char *eese_state_name(enum eese_ue_state state);

#endif
