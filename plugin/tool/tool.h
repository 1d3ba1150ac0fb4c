/* SPDX-License-Identifier: Apache-2.0 */
/* eese-store's commands. Each has the store to itself, as eese_db_open() says. */
#ifndef EESE_PLUGIN_TOOL_H
#define EESE_PLUGIN_TOOL_H

#include "plugin/store/state.h"

enum {
	EXIT_DONE = 0,
	EXIT_FAILED = 1, /* a file, the KEK, in use */
	EXIT_USAGE = 2,
	EXIT_DAMAGED = 3, /* the store, or what was named is not in it */
};

/* Points into argv. */
struct options {
	const char *kek_file, *new_kek_file; /* NULL: not given */
	const char *store;
	char **ues; /* what follows it */
	int ue_count;
};

int check_run(const struct options *o, struct eese_db *db, const struct eese_store_state *state);
int rekey_run(const struct options *o, struct eese_db *db, const struct eese_store_state *state);
int forget_run(const struct options *o, struct eese_db *db, const struct eese_store_state *state);

/* Says what is wrong with the store, as the functions of plugin/store/ tell it. The exit code. */
int store_failed(const struct options *o, const char *wrong);

/* Begins a change of the store, and ends it: a clean end before stays one. False: wrong says why,
 * and nothing was changed. */
bool change_begin(struct eese_db *db, char wrong[EESE_STORE_TEXT_SIZE]);
bool change_end(struct eese_db *db, const struct eese_store_state *state,
		char wrong[EESE_STORE_TEXT_SIZE]);

#endif
