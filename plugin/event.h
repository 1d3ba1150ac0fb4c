/* SPDX-License-Identifier: Apache-2.0 */
/* Events for the enterprise: JSON on <app>/<ue>/event, of UEs that the EESE knows or that an
 * application named, rates bounded. */
#ifndef EESE_PLUGIN_EVENT_H
#define EESE_PLUGIN_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "endpoint/endpoint.h"

struct eese_plugin;

enum eese_event_kind {
	EESE_TELL_KEY_EXPIRED,
	EESE_TELL_KEY_REFRESHED,
	EESE_TELL_KEY_WITHDRAWN,
	EESE_TELL_REJECTED,
	EESE_TELL_REPLAYED,
	EESE_TELL_DOWNLINK_DROPPED,
	EESE_TELL_DISCONNECTED,
	EESE_TELL_KINDS
};

/* What happened. why is static text, NULL if the kind has none; ksn 0: not given. */
struct eese_happened {
	enum eese_event_kind kind;
	const char *why;
	uint32_t ksn;
};

/* Of one kind of one UE at most one is sent in the interval; those in between are counted, and told
 * of together at its end. */
enum { EESE_TELL_INTERVAL_MS = 10 * 1000, EESE_TELL_PER_SECOND = 200 };

/* What was told lately. All zero at first. */
struct eese_told;
struct eese_events {
	struct eese_told *told; /* uthash */
	uint64_t second_ms;     /* when the second began in which left counts */
	uint64_t due_ms;        /* of the next tick */
	uint32_t left;
};

/* Tells it now, or counts it. Silent about a UE that the EESE does not know, but for downlink to
 * it. */
void eese_tell(struct eese_plugin *p, struct eese_time now, const char *ue_id, size_t ue_id_len,
	       const struct eese_happened *what);

/* What the endpoint says happened with this UE. */
void eese_tell_actions(struct eese_plugin *p, struct eese_time now, const char *ue_id,
		       size_t ue_id_len, const struct eese_actions *what);

/* MOSQ_EVT_DISCONNECT. Returns 0. */
int eese_on_disconnect(int event, void *event_data, void *userdata);

/* Tells what was counted and is due, forgets what is past. Looks about once a second, however often
 * it is called. */
void eese_events_tick(struct eese_plugin *p, struct eese_time now);

void eese_events_free(struct eese_events *e);

#endif
