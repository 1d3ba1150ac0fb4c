/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of eese-hss. */
#ifndef EMKS_TOOL_OPTIONS_H
#define EMKS_TOOL_OPTIONS_H

#include "emks/config.h"
#include "emks/hss/subscriber.h"

enum {
	EXIT_DONE = 0,
	EXIT_FAILED = 1, /* database, files */
	EXIT_USAGE = 2,
	EXIT_REFUSED = 3, /* no such subscriber, or one that is there already, bad lines */
	GO_ON = -1,
	EESES_MAX = 32,
};

enum choice { CHOICE_NONE, CHOICE_NO, CHOICE_YES };

struct names {
	const char *at[EESES_MAX];
	size_t count;
};

struct command;

/* Points into argv; what was not given is NULL or 0. */
struct options {
	const struct command *command;
	const char *config_file, *database, *kek_file;
	const char *ue_id, *amf, *secret, *op;
	struct names allow, disallow;
	enum choice applies[EESE_DOMAINS];
	bool dry_run;
	char **words; /* what follows the command */
	int count;
};

/* A command; its exit code. */
struct command {
	const char *name, *words, *help;
	unsigned bit; /* of the options it has */
	int min, max; /* words */
	int (*run)(const struct options *o, struct db *db);
};

extern const struct command commands[]; /* up to one without a name */

/* GO_ON, or the exit code: of a mistake that it said, or after --help or --version. */
int options_read(struct options *o, int argc, char *argv[]);

/* The database and KEK by these options and the configuration. False: said what is wrong. */
bool options_config(const struct options *o, struct config *c);

/* What the options say of a subscriber, into s. False: said what is wrong. */
bool options_apply(const struct options *o, struct hss_subscriber *s);

#endif
