/* SPDX-License-Identifier: Apache-2.0 */
/* The messages libmosquitto has and the broker has not acknowledged. */
#ifndef EESE_TOOL_FLIGHTS_H
#define EESE_TOOL_FLIGHTS_H

#include "eese/ue.h"

enum {
	FLIGHTS_MAX = 4 * EESE_UE_OUTSTANDING_MAX,
	FLIGHT_TAIL = 8, /* no tag is shorter */
};

/* The end of its tag tells the octets of a message from those it had under another keyset. Its head
 * does not: after a crash of the EESE, kid and number may be the same. */
struct flight {
	int mid;
	uint32_t handle;
	uint8_t tail[FLIGHT_TAIL];
	bool crossed; /* under way when a connection ended */
};

/* In the order in which libmosquitto got them. All zero: none. */
struct flights {
	struct flight items[FLIGHTS_MAX];
	size_t count;
};

/* A message's place in the list, its mid still to be filled in. */
struct flight flight_of(const struct eese_ue_message *m);

/* Whether these octets of this handle are under way. */
bool flights_has(const struct flights *list, const struct flight *f);

/* Whether any message of this handle is. */
bool flights_has_handle(const struct flights *list, uint32_t handle);

/* The caller has made sure that there are fewer than FLIGHTS_MAX. */
void flights_add(struct flights *list, const struct flight *f);

/* A connection ended, on which libmosquitto had so many under way at once: the first ones. */
void flights_cross(struct flights *list, size_t sent);

/* Takes out the message of this mid; false: there is none, *f is unchanged. */
bool flights_take(struct flights *list, int mid, struct flight *f);

#endif
