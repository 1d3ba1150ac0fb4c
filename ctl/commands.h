/* SPDX-License-Identifier: Apache-2.0 */
/* The commands: how each is called, what helps its user, which function it is. */
#ifndef EESE_CTL_COMMANDS_H
#define EESE_CTL_COMMANDS_H

#include "ctl/options.h"

enum command_bit {
	COMMAND_STATUS = 1 << 0,
	COMMAND_LIST = 1 << 1,
	COMMAND_SHOW = 1 << 2,
	COMMAND_EXPIRE = 1 << 3,
	COMMAND_TE2E = 1 << 4,
	COMMAND_GROUP = 1 << 5,
	COMMAND_ADD = 1 << 6,
	COMMAND_REMOVE = 1 << 7,
	COMMAND_WATCH = 1 << 8,
};

struct command {
	const char *name;
	enum command_bit bit;
	int (*run)(const struct options *o); /* an exit code */
	const char *synopsis;                /* behind the name */
	const char *summary, *text;
};

/* The table, to its end with a name of NULL. */
extern const struct command commands[];

/* NULL: there is none of that name. */
const struct command *command_named(const char *name);

int status_run(const struct options *o);
int list_run(const struct options *o);
int show_run(const struct options *o);
int expire_run(const struct options *o);
int te2e_run(const struct options *o);
int group_run(const struct options *o);
int add_run(const struct options *o);
int remove_run(const struct options *o);
int watch_run(const struct options *o);

/* help.c: what --help prints, of the tool or of one command. */
void help_overview(void);
void help_command(const struct command *command);

#endif
