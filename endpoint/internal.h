/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share. Nothing outside endpoint/ includes it. */
#ifndef EESE_ENDPOINT_INTERNAL_H
#define EESE_ENDPOINT_INTERNAL_H

#include <stddef.h>
#include <string.h>

#include "endpoint/endpoint.h"
#include "endpoint/table.h"

/* Answers of one kind to one UE: at most one in an interval that doubles (clause 5, 'Budgets'). */
struct budget {
	uint64_t not_before;  /* ms */
	uint32_t interval_ms; /* 0: nothing sent since the last reset */
};

/* A keyset whose RAND the EESE made: pending, then current. What each uplink message needs stands
 * together at its end: there are too many for the cache. */
struct held {
	uint64_t made_ms;
	uint64_t next_number; /* downlink */
	uint32_t down_units, failed_tags;
	uint8_t rand[EESE_RAND_SIZE];
	uint8_t reason;  /* of its latest KEY_UPDATE */
	uint8_t told;    /* bit f: announced with a ref of form f */
	bool at_rest;    /* as it was restored: what was saved of it holds */
	bool has_window; /* false: what was accepted under it is not known */
	uint32_t ksn;
	uint64_t made_mark; /* epoch: expired if a mark is newer */
	uint64_t first_use_ms;
	struct eese_window window;
	uint32_t up_units;
	uint8_t alg;
	uint8_t invalid; /* 0: valid, else the update reason why not (1..5) */
	bool used;
	bool derived[2]; /* by direction */
	uint8_t keys[];  /* key and IV of the uplink, then of the downlink; zero until derived */
};

/* The keyset before: swallows and refuses, delivers nothing. Seldom used, so derived each time. */
struct previous {
	struct eese_window window;
	uint32_t ksn;
	uint8_t rand[EESE_RAND_SIZE];
	uint8_t alg;
	bool has_window;
};

struct group {
	struct eese_named named;
	uint64_t mark; /* keysets of members made before this epoch are expired */
	uint32_t te2e_s;
	bool has_te2e;
};

/* What each message needs stands together at its beginning, as in struct held. */
struct ue {
	struct eese_named named;
	struct held *current, *pending;
	struct previous *previous;
	struct group *group;
	uint32_t confirmed; /* when the operator last stood by the key, on keyserver.c's clock; 0:
			       before the start */
	uint32_t te2e_s;
	uint8_t alg; /* 0: the endpoint's */
	bool has_key, has_te2e, durable, keep;
	bool key_changed; /* since it was last taken from the list of changes */
	bool removed;     /* by command, and to stay so: only its name and line count */
	uint16_t ikid;
	uint32_t key_created; /* Unix seconds up to 2106; 0: not the operator's */
	uint32_t key_expiry;  /* the same; 0: none */
	uint32_t round;       /* of eese_endpoint_mark(): named since */
	uint32_t line;        /* of eese_ue_entry */
	uint32_t highest_ksn;
	struct eese_key_grant *candidate; /* a newer key no MAC has held under yet (N6) */
	struct budget authentic, rest;
	uint8_t int_key[EESE_INT_KEY_SIZE];
};

/* A request to the key server, under way or answered; also the only memory of a stranger. */
struct ask {
	char name[EESE_UE_ID_MAX];
	uint8_t name_len; /* 0: free */
	bool in_flight, has_request;
	uint8_t refusal; /* enum eese_error_reason of the last answer, 0 none */
	uint8_t request[EESE_KEY_REQUEST_SIZE];
	struct budget asking;
	struct budget answers;
};

enum {
	ASKS = 4096,
	ASK_WAYS = 8,
	ANSWER_INTERVAL_MAX_MS = 60 * 1000,
	ASK_INTERVAL_MS = 60 * 1000,
	ASK_AGAIN_MS = 2000, /* where the key server was not reached */
	ASK_INTERVAL_MAX_MS = 3600 * 1000,
	KSN_MARGIN_S = 3600,
};

struct eese_endpoint {
	struct eese_endpoint_config config;
	struct eese_table ues, groups;
	struct ask *asks;
	uint64_t epoch; /* counts expiry commands */
	uint64_t all_mark;
	uint32_t round, ksn_floor;
	bool track, closing, te2e_changed;
	struct eese_named *first_changed, *last_changed;
	size_t removed; /* of the UEs in the table: those that are only remembered as removed */
	size_t sweep_at;
	size_t counting[EESE_STATES],
	    tally[EESE_STATES]; /* of this round of the sweep, of the last */
	size_t rand_count;
	uint8_t rands[EESE_ENDPOINT_RANDS][EESE_RAND_SIZE];
	uint64_t counters[EESE_COUNT_MAX];
};

/* endpoint.c */
void *eese_ep_zalloc(struct eese_endpoint *ep, size_t size);
void eese_ep_release(struct eese_endpoint *ep, void *p, size_t size); /* wipes first */
void eese_ep_verdict(struct eese_endpoint *ep, struct eese_actions *out, enum eese_verdict verdict,
		     enum eese_counter count);

/* changes.c: the list of what is to be saved. Without eese_endpoint_track() it stays empty. */
void eese_ep_changed(struct eese_endpoint *ep, struct eese_named *n);
void eese_ep_key_changed(struct eese_endpoint *ep, struct ue *ue);
/* Takes out of the table a UE whose secrets are wiped; freed now, or when it leaves the list. */
void eese_ep_let_go(struct eese_endpoint *ep, struct ue *ue);
void eese_ep_free_changes(struct eese_endpoint *ep);

/* saved.c */
void eese_ep_save(const struct ue *ue, struct eese_ue_saved *out);

/* ue.c; find_any: one that is only remembered as removed too */
struct ue *eese_ep_find_any(const struct eese_endpoint *ep, const char *ue_id, size_t len);
struct ue *eese_ep_find(const struct eese_endpoint *ep, const char *ue_id, size_t len);
/* Of a name that is not known, or only as removed; add_new: not known at all. */
struct ue *eese_ep_add(struct eese_endpoint *ep, const char *ue_id, size_t len);
struct ue *eese_ep_add_new(struct eese_endpoint *ep, const char *ue_id, size_t len);
void eese_ep_forget(struct eese_endpoint *ep, struct ue *ue);
/* Octets of a name before its NUL, 0 for NULL; EESE_UE_ID_MAX + 1 if it is too long. */
size_t eese_ep_name_length(const char *s);
/* Unix seconds as a UE's record has them: what is later than 2106 is 2106. */
uint32_t eese_ep_seconds(uint64_t unix_s);
void eese_ep_drop_candidate(struct eese_endpoint *ep, struct ue *ue);
/* A zeroed thing of size octets that begins with a struct eese_named, its name behind it. */
void *eese_ep_new_named(struct eese_endpoint *ep, size_t size, const char *name, size_t len);
bool eese_ep_key_in_hand(const struct ue *ue, struct eese_time now);
enum eese_result eese_ep_install_key(struct eese_endpoint *ep, struct ue *ue,
				     const uint8_t int_key[EESE_INT_KEY_SIZE]);

/* command.c */
struct group *eese_ep_find_or_add_group(struct eese_endpoint *ep, const char *name, size_t len);
void eese_ep_move_to_group(struct eese_endpoint *ep, struct ue *ue, struct group *group);

/* held.c */
struct held *eese_ep_new_held(struct eese_endpoint *ep, uint8_t alg); /* zeroed but for alg */
void eese_ep_release_held(struct eese_endpoint *ep, struct held *h);
/* Derived now, if it was not before; the caller wipes it. */
bool eese_ep_key(const struct ue *ue, struct held *h, enum eese_direction direction,
		 struct eese_key *out);

/* keyset.c */
uint32_t eese_ep_te2e(const struct eese_endpoint *ep, const struct ue *ue,
		      enum eese_te2e_from *from);
uint8_t eese_ep_why_invalid(const struct eese_endpoint *ep, const struct ue *ue,
			    const struct held *h, struct eese_time now);
bool eese_ep_valid(struct eese_endpoint *ep, const struct ue *ue, struct held *h,
		   struct eese_time now, struct eese_actions *out);
void eese_ep_apply_marks(struct eese_endpoint *ep, const struct ue *ue, struct held *h,
			 struct eese_actions *out);
void eese_ep_invalidate(struct eese_endpoint *ep, struct held *h, uint8_t reason,
			struct eese_actions *out);
void eese_ep_use(struct held *h, struct eese_time now);
void eese_ep_count_units(struct eese_endpoint *ep, struct held *h, uint32_t *units, size_t len,
			 struct eese_actions *out);
bool eese_ep_margin_reached(const struct eese_endpoint *ep, const struct ue *ue,
			    const struct held *h, struct eese_time now);
bool eese_ep_new_pending(struct eese_endpoint *ep, struct ue *ue, struct eese_time now);
bool eese_ep_ensure_pending(struct eese_endpoint *ep, struct ue *ue, struct eese_time now);
bool eese_ep_key_serves(const struct eese_endpoint *ep, const struct ue *ue, struct eese_time now);
bool eese_ep_confirm(struct eese_endpoint *ep, struct ue *ue, struct eese_actions *out);
void eese_ep_drop_pending(struct eese_endpoint *ep, struct ue *ue);
void eese_ep_drop_stale_pending(struct eese_endpoint *ep, struct ue *ue, struct eese_time now);
void eese_ep_wipe_keysets(struct eese_endpoint *ep, struct ue *ue);

/* answer.c */
bool eese_ep_budget_open(const struct budget *b, struct eese_time now);
void eese_ep_budget_spend(struct budget *b, struct eese_time now, uint32_t first_ms,
			  uint32_t most_ms);
void eese_ep_announce(struct eese_endpoint *ep, struct ue *ue, struct held *h, uint8_t reason,
		      bool authentic, struct eese_time now, struct eese_actions *out);
void eese_ep_error(struct eese_endpoint *ep, struct budget *b, const struct eese_error *e,
		   struct eese_time now, struct eese_actions *out);
void eese_ep_no_pending(struct eese_endpoint *ep, struct ue *ue, struct budget *b,
			struct eese_time now, struct eese_actions *out);

/* keyserver.c: contact from a UE whose key is not in hand, or not the one it uses */
void eese_ep_ask(struct eese_endpoint *ep, struct eese_time now, const char *ue_id, size_t len,
		 const uint8_t *request, bool say_refusal, struct eese_actions *out);
/* Authentic contact, or a message for the UE: asks whether the operator still stands by the key, if
 * it was long ago that he did. Service goes on meanwhile. */
void eese_ep_recheck(struct eese_endpoint *ep, struct ue *ue, struct eese_time now,
		     struct eese_actions *out);
/* What the key server gave comes into use. false: nothing changed. */
bool eese_ep_install_grant(struct eese_endpoint *ep, struct ue *ue,
			   const struct eese_key_grant *grant);

/* request.c */
void eese_ep_authentic_request(struct eese_endpoint *ep, struct ue *ue, struct eese_time now,
			       const struct eese_key_request *r, struct eese_actions *out);
enum eese_result eese_ep_check_request(const uint8_t int_key[EESE_INT_KEY_SIZE], const char *ue_id,
				       const uint8_t *msg, size_t len,
				       struct eese_key_request *out);

#endif
