/* SPDX-License-Identifier: Apache-2.0 */
/* Downlink for UEs whose e2e_int_key is not in hand: held within bounds, sent in order when the key
 * is there, or dropped with an event. */
#ifndef EESE_PLUGIN_HOLD_H
#define EESE_PLUGIN_HOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "endpoint/endpoint.h"
#include "plugin/topic.h"

struct eese_plugin;

/* Of all UEs together; clause 5, 'Downlink'. */
enum {
	EESE_HOLD_MESSAGES = 1000,
	EESE_HOLD_OCTETS = 4 * 1024 * 1024, /* with UE-ID and <sub> */
};

/* All zero: empty. */
struct eese_held_message;
struct eese_hold {
	struct eese_held_message *first, *last;
	size_t count, octets;
};

/* Takes a copy. NULL, or why it was not taken: static text for an event. */
const char *eese_hold_add(struct eese_plugin *p, struct eese_time now, const struct eese_topic *t,
			  const void *plain, size_t len, int qos);

/* Whether something for this UE is waiting. */
bool eese_hold_has(const struct eese_hold *h, const struct eese_topic *t);

/* Sends what can be sent now, drops what is too old or whose UE is gone; of this UE only, or of
 * all if ue is NULL. Call about every second, and when a key arrived or UEs were removed. */
void eese_hold_flush(struct eese_plugin *p, struct eese_time now, const struct eese_topic *ue);

/* Drops what waits for this UE: it was removed. */
void eese_hold_remove(struct eese_plugin *p, struct eese_time now, const struct eese_topic *ue);

/* Wipes and forgets all. */
void eese_hold_free(struct eese_hold *h);

#endif
