/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that change something, of UEs by name, of a group or of all. */
#ifndef EESE_CTL_CHANGE_H
#define EESE_CTL_CHANGE_H

#include <cjson/cJSON.h>

#include "ctl/options.h"

struct change {
	const char *command;
	/* Puts in what the command has besides whom it is for; may be NULL. */
	void (*fill)(const struct options *o, const void *ctx, cJSON *command);
	const void *ctx;
	const char *whole; /* the member for all UEs, "all" or "default"; NULL: only names go */
	bool whole_given;  /* the option of that name */
	const char *done;  /* what is so now: "2 UEs: .." */
	const char *ask;   /* what to ask before; NULL: nothing */
};

/* Runs it for the arguments from first on and those of --from, or for --group, or for all,
 * whichever one of these there is. An exit code. */
int change_run(const struct options *o, const struct change *c, size_t first);

#endif
