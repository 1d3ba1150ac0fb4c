/* SPDX-License-Identifier: Apache-2.0 */
/* An endpoint with a counting allocator that can fail, and the UE's side of the wire, made with
 * the core's own functions. Time stands still unless a test moves it. */
#ifndef EESE_TESTS_ENDPOINT_SUPPORT_H
#define EESE_TESTS_ENDPOINT_SUPPORT_H

#include <CUnit/Basic.h>
#include <string.h>

#include "core_support.h"
#include "endpoint/endpoint.h"

#define UE "meter-17@example"
#define TEXT "1234.5 kWh, valve open"
#define UNIX UINT64_C(1800000000) /* when a world begins */

enum { SECOND = 1000, REST_S = 61 /* longer than any budget's interval */ };

/* What the endpoint's memory comes from. */
struct heap {
	size_t live, calls;
	size_t fail_at;        /* the call that fails and all after it, counted from 1; 0: none */
	const uint8_t *secret; /* octets that no released block may hold */
	size_t secret_len;
	unsigned unwiped; /* released blocks that held it */
};
extern struct heap heap;

struct world {
	struct eese_endpoint *ep;
	struct eese_endpoint_config config;
	struct eese_time now;
	uint8_t key[EESE_INT_KEY_SIZE]; /* e2e_int_key of the UE */
	/* Keysets as the UE derived them; zero where the state has none. */
	struct eese_keyset current, pending, previous;
	struct eese_actions out; /* of the last event */
	enum eese_result result; /* of the last downlink */
	bool ordered;
	uint8_t sealed[256];
	/* The last KEY_UPDATE whose MAC held, and whether the last event brought one. */
	struct eese_key_update update;
	bool updated;
	unsigned rand; /* RANDs given so far */
};

/* A world whose endpoint knows no UE. The config may be changed before the endpoint is made. */
void world_config(struct world *w);
void world_make(struct world *w);
void world_new(struct world *w);
/* Frees the endpoint; nothing may be left of it in memory. */
void world_free(struct world *w);
void add_rands(struct world *w);

/* e2e_int_key number which; 1 is the UE's at first. */
void key_of(uint8_t which, uint8_t out[EESE_INT_KEY_SIZE]);
void pass(struct world *w, uint64_t seconds);
uint64_t counter(const struct world *w, enum eese_counter c);

/* ---- states of clause 5 ---- */

enum state {
	STRANGER,
	LISTED,  /* by an administrator, without key */
	KEY_OLD, /* e2e_int_key past its expiry */
	KEYED,   /* e2e_int_key, no keyset */
	PENDING, /* a RAND sent, nothing confirmed */
	VALID,   /* current accepted 0 and 100 */
	VALID_PENDING,
	TE2E,            /* current invalid, reason 1 */
	ENTERPRISE,      /* 2 */
	INTEGRITY,       /* 5; the refresh at v/2 left a pending */
	INVALID_PENDING, /* 2, and the KEY_UPDATE sent */
	PREVIOUS,        /* previous accepted 0 and 100, current valid, 0 and 100 */
	ALL_THREE,       /* and a pending */
	RESTORED,        /* after a clean shutdown, reason 3 */
	RESTORED_BARE,   /* after a crash: without window */
	STATES
};
extern const char *const state_names[STATES];

/* Brings a new world into the state; every budget is open. */
void world_in(struct world *w, enum state s);
/* The same for a world that world_make() just made. */
void bring(struct world *w, enum state s);

/* ---- events ---- */

void set_ue(struct world *w, const uint8_t *key, uint64_t expiry, const char *group);
/* A message of TEXT on topic "t" under this keyset; len octets. */
size_t message(const struct eese_keyset *k, uint64_t number, uint8_t out[64]);
void data_octets(struct world *w, const uint8_t *msg, size_t len);
void data(struct world *w, const struct eese_keyset *k, uint64_t number);
void data_forged(struct world *w, const struct eese_keyset *k, uint64_t number);
/* Well-formed, under a kid that none of the world's keysets has. */
void data_unknown(struct world *w);
void request(struct world *w, uint8_t reason, uint32_t r);
void request_octets(struct world *w, const uint8_t *msg, size_t len);
/* KEY_REQUEST 2 under this key */
void request_under(struct world *w, const uint8_t *key, uint32_t r);
void downlink(struct world *w);
void listening(struct world *w);
/* Whether the last downlink's octets open under k, with this number. */
bool down_opens(const struct world *w, const struct eese_keyset *k, uint64_t number);
void key_arrived(struct world *w, const uint8_t *key, uint64_t created, uint64_t expiry);
void key_refused(struct world *w, uint8_t reason);
void key_denied(struct world *w, uint8_t reason);
/* The keyset that the last KEY_UPDATE announced. */
void adopt(const struct world *w, struct eese_keyset *out);
/* Saves, starts another endpoint and restores; clean: the windows were written. */
void restart(struct world *w, bool clean);

/* ---- what came of it ---- */

/*
 * The answer to the last event: "", "ERROR 4", "ERROR 6 kid number" or
 * "UPDATE reason which ref": which: current, pending or new; ref: absent,
 * valid:slot or invalid:slot, slot being previous, current or ?. "; ask" behind it if so.
 */
const char *answer(const struct world *w);
/* Whether it is as expected; a '*' there stands for any one character. */
bool answered(const struct world *w, const char *expected);

/*
 * Looks by messages which keysets the endpoint holds; changes its state. One letter each for
 * previous, current, pending: '-' not held, 'r' refused as previous, 'i' invalid, 'v' delivers.
 * '+' behind them if an event announced a keyset that is none of these and it delivers.
 */
const char *remaining(struct world *w);

/* Asserts with the row's name in the message. */
#define EXPECT(condition, name)                                                                    \
	CU_assertImplementation((condition) ? CU_TRUE : CU_FALSE, __LINE__, (name), __FILE__, "",  \
				CU_FALSE)

#endif
