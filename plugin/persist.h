/* SPDX-License-Identifier: Apache-2.0 */
/* The store inside the broker: where it is, what the log and the counters say of it. */
#ifndef EESE_PLUGIN_PERSIST_H
#define EESE_PLUGIN_PERSIST_H

#include <stdbool.h>

#include "endpoint/endpoint.h"

struct eese_plugin;
struct eese_store;

struct eese_persist {
	struct eese_store *store; /* NULL: plugin_opt_store none */
	const char *path;
	bool failing; /* as the log last said */
	uint64_t due_ms;
};

/* Opens the store and gives the endpoint what it holds. false: the log says why. */
bool eese_persist_load(struct eese_plugin *p);

/* Last before serving. false: the log says why. */
bool eese_persist_begin(struct eese_plugin *p);

void eese_persist_tick(struct eese_plugin *p, struct eese_time now);

/* Writes everything; no callback may come any more. */
void eese_persist_stop(struct eese_plugin *p);

/* Instead of that, if the start failed: leaves the disk alone. */
void eese_persist_abandon(struct eese_plugin *p);

#endif
