/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's command line. */
#ifndef EMKS_OPTIONS_H
#define EMKS_OPTIONS_H

#include "emks/config.h"

enum { OPTIONS_GO_ON = -1, OPTIONS_USAGE = 2 };

/* Points into argv. */
struct options {
	const char *file; /* NULL: the usual one, if it is there */
	size_t count;
	struct {
		const char *name, *value;
	} given[64];
};

/* OPTIONS_GO_ON, or the exit code after --help, --version or a mistake, which was printed. */
int options_read(struct options *o, int argc, char *argv[]);

/* The settings by these options and the file, read now. False: wrong says what is wrong. */
bool options_config(const struct options *o, struct config *c, char wrong[CONFIG_WRONG_SIZE]);

#endif
