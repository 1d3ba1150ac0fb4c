/* SPDX-License-Identifier: Apache-2.0 */
/* The messages libmosquitto has and the broker has not acknowledged. */
#ifndef EESE_TOOL_FLIGHTS_H
#define EESE_TOOL_FLIGHTS_H

#include "eese/ue.h"

enum { FLIGHTS_MAX = 4 * EESE_UE_OUTSTANDING_MAX };

/* Head and number of a data message name its octets: no two messages of a UE share them. */
struct flight {
	int mid;
	uint32_t handle;
	uint8_t head[EESE_DATA_HEAD_MAX];
	uint8_t head_size;
};

/* All zero: none. */
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

/* Takes out the message of this mid; false: there is none, *handle is unchanged. */
bool flights_take(struct flights *list, int mid, uint32_t *handle);

#endif
