/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One schedule of the randomised test: the real endpoint and the real device library, a link that
 * misbehaves as the seed says, and a ledger of what was published, delivered and reported.
 */
#ifndef EESE_SIM_WORLD_H
#define EESE_SIM_WORLD_H

#include <stdio.h>

#include "eese/ue.h"
#include "endpoint/endpoint.h"

enum {
	PACKET_SIZE = 96,
	PACKETS = 2048,
	MESSAGES = 200,
	NONCES = 8192,
	RECORDED = 256,
	SENT = 256,
};

#define UE_ID "ue1"
enum { UE_ID_LEN = sizeof UE_ID - 1 };

/* What connects the two. */
enum transport {
	MQTT_5,   /* in order, verdicts, loses only by a reset of the connection */
	DATAGRAM, /* loses, duplicates, reorders; verdicts that may be lost too */
	MQTT_3,   /* in order, reliable, no verdicts */
};

enum packet_kind { UP, REQ, ACK, CTL, DOWN };

struct packet {
	uint64_t at; /* ms */
	enum packet_kind kind;
	uint32_t handle;
	bool positive;
	unsigned life; /* of the UE that sent it, or that it answers */
	uint64_t order;
	size_t len;
	uint8_t octets[PACKET_SIZE];
};

enum restart { RESTART_CLEAN, RESTART_CRASH, RESTART_LOST };

/* A message of the application, either direction; its plaintext is its index. */
struct ledger {
	bool published; /* handed to the library or to the EESE */
	bool orphaned;  /* the sender crashed while it was not settled */
	bool accepted, failed, unconfirmed;
	uint32_t handle;
	unsigned delivered; /* in all */
	unsigned life;      /* of the receiver at the last delivery, from 1 */
};

struct nonce {
	uint32_t ksn;
	uint8_t direction;
	uint64_t number;
	uint64_t digest;
	bool used;
};

struct sent {
	unsigned life;
	uint32_t handle, ksn;
	size_t len;
	uint8_t octets[PACKET_SIZE];
};

/* keys.c */
struct keys {
	bool from_server;                  /* the EESE has no key but from the key server */
	unsigned runs;                     /* of AKA that are still to happen among the faults */
	uint8_t server[EESE_INT_KEY_SIZE]; /* the newest, and when it was made */
	uint64_t created;
	uint8_t current[EESE_INT_KEY_SIZE], next[EESE_INT_KEY_SIZE]; /* the device's */
	bool has_next;
	/* When the key server answers, and AKA is run again; UINT64_MAX: not. */
	uint64_t answer_at, again_at;
	uint64_t ask_at, ask_pause;  /* when the EESE is asked under the new key */
	uint64_t told_at, silent_at; /* not before: AKA by ERROR 4, and by nobody's answer */
};

struct world {
	uint64_t seed, prng;
	uint64_t ms;
	bool verbose;

	/* drawn from the seed */
	enum transport transport;
	bool persistent_session, faults;
	unsigned loss_pct, duplicate_pct, delay_ms;
	unsigned eese_restarts, ue_restarts, adversary;
	uint64_t quiet_at; /* faults end */
	struct eese_endpoint_config config;

	struct eese_endpoint *ep;
	struct eese_ue ue;
	struct keys keys;
	uint8_t record[EESE_UE_RECORD_SIZE];
	bool record_written;
	uint8_t arena[16384], scratch[256], keep[512];
	uint64_t ue_deadline;
	unsigned eese_life, ue_life;

	bool connected;
	unsigned answering; /* life of the UE whose message is at the EESE */
	uint64_t order, last_up, last_down;
	struct packet packets[PACKETS];
	size_t packet_count;
	struct packet recorded[RECORDED]; /* what the adversary has heard */
	size_t recorded_count;

	struct ledger up[MESSAGES], down[MESSAGES];
	size_t up_count, down_count;
	struct nonce nonces[NONCES];
	struct sent sent[SENT]; /* the last transmission of each handle */

	unsigned crashes;    /* of the EESE */
	size_t given_back;   /* messages that the library gave back as failed */
	const char *failure; /* the first promise broken */
	size_t failure_index;
};

uint64_t world_random(struct world *w);
unsigned world_below(struct world *w, unsigned n); /* 0..n-1 */
bool world_percent(struct world *w, unsigned pct);
void world_fail(struct world *w, const char *what, size_t index);

/* Runs one schedule; false and w->failure if a promise was broken. */
bool world_run(struct world *w, uint64_t seed, bool verbose);

/* link.c */
void link_send(struct world *w, enum packet_kind kind, uint32_t handle, bool positive,
	       const uint8_t *octets, size_t len);
void link_reset(struct world *w);
void link_connect(struct world *w);
uint64_t link_next(const struct world *w);
bool link_take(struct world *w, struct packet *out); /* the one that is due */

/* keys.c */
enum aka_end {
	AKA_DONE,
	AKA_RES_LOST,    /* the key is not in force, and the device does not know */
	AKA_ANSWER_LOST, /* it is, and the device does not know */
};
void keys_draw(struct world *w);
void keys_run_aka(struct world *w, enum aka_end end);
void keys_give_next(struct world *w); /* to a library that was just started */
void keys_ask(struct world *w);
void keys_answer(struct world *w);
void keys_event(struct world *w, const struct eese_ue_event *e);
void keys_settle(struct world *w);
uint64_t keys_next(const struct world *w);
/* For whom a KSN alone names no keyset. */
uint32_t keys_tag_of_ue(const struct world *w);
uint32_t keys_tag_of_eese(const struct world *w);

/* faults.c */
void faults_step(struct world *w);
void world_restart_eese(struct world *w, enum restart how);
void world_restart_ue(struct world *w);
void world_carry_out(struct world *w, const struct eese_actions *out);
bool world_start_ue(struct world *w);
bool world_start_eese(struct world *w);
struct eese_time world_now(const struct world *w);
void world_nonce(struct world *w, enum eese_direction d, uint32_t ksn, const uint8_t *octets,
		 size_t len);

#endif
