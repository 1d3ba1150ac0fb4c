/* SPDX-License-Identifier: Apache-2.0 */
/* The command line. Letters and long names mean what they mean to mosquitto_pub. */
#ifndef EESE_CTL_OPTIONS_H
#define EESE_CTL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/login.h"

/* Exit codes, documented in eese-ctl.1. */
enum {
	EXIT_DONE = 0,
	EXIT_REFUSED = 1, /* a command was refused, its answer makes no sense, or stdout is gone */
	EXIT_USAGE = 2,
	EXIT_CONNECTION = 3, /* none, lost, TLS, login */
	EXIT_NO_ANSWER = 4,  /* in time */
	GO_ON = -1,          /* not an exit code: nothing ends the program yet */
};

enum { OPTIONS_TE2E_MAX = 315360000 };

struct command;

/* Strings point into argv. It is not to be copied, for the login in it. */
struct options {
	const struct command *command;
	char **args; /* what stands behind the command's name and is no option */
	size_t arg_count;

	struct eese_login login;
	uint64_t timeout; /* milliseconds */
	bool json, quiet, debug;

	const char *group, *state, *key_file, *from, *app;
	long limit, count; /* 0: no end */
	long te2e;         /* -1: not given */
	uint64_t period;   /* milliseconds, 0: no end */
	bool verbose, yes, all, default_te2e, none;
};

/*
 * Reads the options in the user's file, then the command line. GO_ON: *o is complete. Otherwise the
 * exit code: help was printed, or an error was said.
 */
int options_parse(struct options *o, int argc, char *argv[]);

/* Says what is wrong and where help is; EXIT_USAGE. command may be NULL. */
int options_usage(const struct command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The lines of --help: of a command its own options and those of every command but for the
 * connection's; NULL: of every command, all. */
void options_print_help(const struct command *command);

#endif
