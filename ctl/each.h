/* SPDX-License-Identifier: Apache-2.0 */
/* The same command for many UEs, in requests of as many as the EESE takes. */
#ifndef EESE_CTL_EACH_H
#define EESE_CTL_EACH_H

#include <cjson/cJSON.h>

#include "ctl/link.h"
#include "ctl/names.h"

struct each {
	const struct options *options;
	const char *command;
	/* Puts in what the command has besides "ueId"; may be NULL. */
	void (*fill)(const struct options *o, const void *ctx, cJSON *command);
	const void *ctx;
	/* Prints what a success brought, false: it makes no sense. NULL: with --json it is
	 * {"ueId": ..}, else nothing. */
	bool (*print)(const struct options *o, const cJSON *response);
	size_t succeeded, failed;
};

/*
 * Runs it. Errors of single UEs are said, with --json they stand in the array on stdout, and the
 * others are done nevertheless. EXIT_DONE, EXIT_REFUSED if one failed, or the exit code of what
 * ended it early.
 */
int each_run(struct each *e, struct link *l, const struct names *names);

#endif
