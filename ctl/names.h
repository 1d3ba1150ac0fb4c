/* SPDX-License-Identifier: Apache-2.0 */
/* The UEs a command is for, from the command line and from a file. */
#ifndef EESE_CTL_NAMES_H
#define EESE_CTL_NAMES_H

#include "ctl/options.h"

struct names {
	char **list;
	size_t count, size;
};

/*
 * Gets the arguments from this index on, and the lines of --from: one name a line, blanks around
 * it and lines that are empty or begin with # don't count. GO_ON, or EXIT_USAGE: it was said what
 * is no UE-ID or can't be read. names_free() in any case.
 */
int names_read(struct names *n, const struct options *o, size_t first);

void names_free(struct names *n);

#endif
