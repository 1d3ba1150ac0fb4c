/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When AKA is run, and what becomes of its key: clauses 6 and 7. One thing goes on at a time, and
 * whoever drives it goes on with its own work meanwhile.
 */
#ifndef EESE_TOOL_RENEWAL_H
#define EESE_TOOL_RENEWAL_H

#include "keys.h"
#include "options.h"
#include "run.h"
#include "usim_file.h"

enum renewal_cause {
	RENEWAL_NONE,
	RENEWAL_ASKED,  /* the user wants it, or there is no key: now */
	RENEWAL_DUE,    /* the key comes to its end: now */
	RENEWAL_TOLD,   /* ERROR 4: once an hour */
	RENEWAL_SILENT, /* nobody answers, or ERROR 1: once a day */
};

struct renewal {
	struct keys keys;
	bool taken; /* next is of a RES that nobody said yet what became of: not for use */
	struct keys_one before; /* if taken: what next was before */
	struct usim_file usim;
	char host[COAP_CLIENT_HOST_MAX + 1];
	struct run_config config;
	struct run run;
	enum renewal_cause cause; /* of the run under way or waiting; NONE: there is none */
	bool running;
	uint64_t start_at; /* if not running: when it begins, on the clock of prepare and done */
	uint64_t back_off; /* milliseconds */
	const char *why;   /* the last one ended without a key, a static text */
};

/* Reads the USIM and the keys, which stand beside the state file. false: the reason was said.
 * renewal_close() in any case; *r must stay where it is until then. */
bool renewal_open(struct renewal *r, const struct options *o, const char *state_path);

/* Asks for a run. What comes too early, or while there is one, is ignored. */
void renewal_want(struct renewal *r, enum renewal_cause cause, uint64_t now);

/* Fills *p for the next poll(); the time renewal_done() is needed at the latest. */
uint64_t renewal_prepare(struct renewal *r, struct pollfd *p, uint64_t now);

/*
 * Does what came and what is due. RUN_GOES_ON: nothing new. RUN_KEY, RUN_UNCERTAIN: keys has a new
 * one, in next if there is another one in use. RUN_REFUSED: the end of it, for an hour; next may
 * have a key all the same. RUN_FILES: a reason to stop. Others: it failed and is tried again by
 * itself. Each was told as an event.
 */
enum run_end renewal_done(struct renewal *r, uint64_t now);

/* Ends what goes on now: RUN_UNCERTAIN if RES was sent already, with its key; RUN_NO_ANSWER;
 * RUN_FILES. */
enum run_end renewal_cut_short(struct renewal *r);

/* Forgets all keys, durably: they are spent. false: the reason was said. */
bool renewal_forget(struct renewal *r);

/* The key that the last run brought was taken into use: it takes the place of current, durably.
 * What a run under way has taken stays. */
bool renewal_promote(struct renewal *r);

/* Before a record is written under one of the keys. */
bool renewal_use(struct renewal *r);

void renewal_close(struct renewal *r);

#endif
