/* SPDX-License-Identifier: Apache-2.0 */
/* The UEs the gateway serves at the moment: what it holds of each, and at most so many. */
#ifndef EESE_COAP_GW_UE_H
#define EESE_COAP_GW_UE_H

#include "eese/wire.h"
#include "hash.h"
#include "limit.h"

struct queue;
struct uplink;

struct ue {
	char id[EESE_UE_ID_MAX + 1];
	bool known;                 /* the EESE took a data message of it: it is one */
	uint8_t home[NETWORK_SIZE]; /* known: where the last of these came from */
	struct bucket rate;         /* of what comes from there */
	struct bucket strangers;    /* of what comes from elsewhere, in its name */
	unsigned heard;         /* the live connection on which its ctl is subscribed; 0: none */
	struct uplink *uplinks; /* open ones, the oldest first */
	size_t holds;           /* reasons not to forget it: ue_hold() */

	/* The newest KEY_UPDATE, until an uplink was accepted under its keyset. */
	uint8_t update[EESE_KEY_UPDATE_MAX];
	uint8_t update_len; /* 0: none */
	bool update_new;    /* nobody was given it yet */
	unsigned told;      /* the live connection on which it last came; 0: none */
	uint8_t used[4];    /* KSN of the last KEY_UPDATE that was let go of so */

	struct queue *queue; /* of a UE that is polled or observed */

	UT_hash_handle hh;
	struct ue *prev, *next; /* in struct ues */
};

struct ues {
	struct ue *by_id;
	struct ue *idle; /* those that may be forgotten, the longest unused first */
	size_t count, count_max;
	/* Told of each UE before it is forgotten. */
	void (*forgotten)(void *ctx, struct ue *ue);
	void *ctx;
};

struct ue *ues_find(const struct ues *u, const char *id);

/* Finds it or makes it, in the place of the longest unused if there is no other; NULL: none can be
 * had. */
struct ue *ues_take(struct ues *u, const char *id);

/* Forgets all. */
void ues_clear(struct ues *u);

/* A UE is not forgotten between these two; they may be nested. */
void ue_hold(struct ues *u, struct ue *ue);
void ue_release(struct ues *u, struct ue *ue);

/* What came on ctl: kept if it is a KEY_UPDATE, and new if it is another one than before. */
void ue_keep_update(struct ue *ue, const uint8_t *msg, size_t len);

/* Whether two KEY_UPDATEs announce the same keyset, by their KSN. */
bool ue_same_keyset(const uint8_t *a, const uint8_t *b);
/* Whether a message beginning with this octet is under the keyset that this one announces. */
bool ue_update_is_of(const uint8_t *update, uint8_t first);
/* Whether the UE uses the keyset that this KEY_UPDATE announces. */
bool ue_uses(const struct ue *ue, const uint8_t *update);

/* An uplink beginning with this octet was accepted. If it was under the keyset announced, its
 * KEY_UPDATE is let go of: true. */
bool ue_accepted(struct ue *ue, uint8_t first);

/* Stands for the KEY_UPDATE that is kept; not 0. */
uint64_t ue_update_tag(const struct ue *ue);

/* The EESE took a data message that came from there. */
void ue_known(struct ue *ue, const uint8_t network[NETWORK_SIZE]);

/* Whether a request of this UE from there keeps to the rate. What the EESE did not see anybody can
 * send, so that it uses up nothing of what the UE itself may. */
bool ue_within_rate(struct ue *ue, const uint8_t network[NETWORK_SIZE], uint64_t now, long rate,
		    long burst);

#endif
