/* SPDX-License-Identifier: Apache-2.0 */
/* Commands for $CONTROL/eese/v1 and what they bring, in the shapes of docs/control.md. */
#ifndef EESE_CTL_REQUEST_H
#define EESE_CTL_REQUEST_H

#include <cjson/cJSON.h>

#include "ctl/link.h"

enum { REQUEST_COMMANDS_MAX = 1000 };

/* A command to put members into. */
cJSON *request_command(const char *name);

/*
 * Sends an array of 1 to REQUEST_COMMANDS_MAX commands, which is freed. GO_ON: *responses is the
 * array of as many responses, in the order of the commands and each an object, the caller's to
 * free; their errors are request_error()'s. Otherwise an exit code: it was said why none of the
 * commands is known to have been done; *responses is NULL.
 */
int request_run(struct link *l, cJSON *commands, cJSON **responses);

/* The same for one command, whose error is said: GO_ON and its data, or an exit code. */
int request_one(struct link *l, cJSON *command, cJSON **data);

/* The error of a response; NULL: it is a success. */
const char *request_error(const cJSON *response);

/* "data" of a response; NULL: there is none, or no object. */
cJSON *request_data(const cJSON *response);

/* Says that an answer has not the shape it should have; EXIT_REFUSED. */
int request_nonsense(const char *what);

/* Members of what the broker sent. Text: NULL if it is not there or none. Number: otherwise. */
const char *member_text(const cJSON *object, const char *name);
double member_number(const cJSON *object, const char *name, double otherwise);

#endif
