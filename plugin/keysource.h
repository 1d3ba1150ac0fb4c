/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where e2e_int_keys and RANDs come from. The key file's UEs are the key file's only; all others
 * are the EMKS's, if there is one. RANDs are the EESE's own or the EMKS's (rand_source).
 */
#ifndef EESE_PLUGIN_KEYSOURCE_H
#define EESE_PLUGIN_KEYSOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "endpoint/endpoint.h"
#include "plugin/emks.h"

struct eese_plugin;
struct eese_topic;

struct eese_keysource {
	struct eese_emks *emks; /* NULL: none */
	/* what the log was told of it */
	uint64_t look_ms, warn_ms;
	uint64_t failures;
	bool silent;
};

/* Loads the key file, tries the EMKS's files and starts its client; false: the log has the reason.
 */
bool eese_keysource_start(struct eese_plugin *p);

/* Does not wait for the EMKS. */
void eese_keysource_stop(struct eese_plugin *p);

/* SIGHUP: the files again; what is wrong stays as it was. */
void eese_keysource_reload(struct eese_plugin *p);

/* The endpoint's wish (eese_actions.ask) for this UE: answered at once, or in a later tick. */
void eese_keysource_ask(struct eese_plugin *p, const struct eese_topic *t, struct eese_time now);

/* Hands the endpoint the RANDs it is short of. If there are none, it announces no new keyset. */
void eese_keysource_top_up(struct eese_plugin *p);

/* Takes up what the EMKS answered since. */
void eese_keysource_tick(struct eese_plugin *p, struct eese_time now);

/* The counter of this number: its name below $SYS/broker/eese/, and its value,
 * 0 if there is no EMKS. */
enum { EESE_KEYSOURCE_VALUES = EESE_EMKS_COUNTERS + 3 };
const char *eese_keysource_value_name(size_t i);
uint64_t eese_keysource_value(const struct eese_plugin *p, size_t i);

#endif
