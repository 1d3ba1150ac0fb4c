/* SPDX-License-Identifier: Apache-2.0 */
/* eese-ctl as a user runs it: at a broker, as its administrator. */
#ifndef EESE_TESTS_CTL_H
#define EESE_TESTS_CTL_H

#include <cjson/cJSON.h>
#include <stdint.h>

#include "program.h"

/* What the last run printed, until the next one. */
extern char *ctl_out, *ctl_err;

/* Before all others, and at the end: a directory for output and files, which is that of the user's
 * options too. */
void ctl_setup(void);
void ctl_end(void);

/* The path of a file there: up to four at a time. */
const char *ctl_path(const char *name);

/* Writes one; its path. */
const char *ctl_file(const char *name, const char *text, mode_t mode);

/* Starts it with these arguments, ended by NULL; host, port and user name stand before them, the
 * password is in the environment. */
void ctl_start(struct program *p, uint16_t port, const char *const *arguments);

/* Runs it to its end with this input, NULL: none. Its exit code, as program_ends(). */
int ctl_run(uint16_t port, const char *input, const char *const *arguments);

/* Runs it, and expects the exit code. */
void ctl_expect(const char *file, int line, int code, uint16_t port, const char *input,
		const char *const *arguments);

#define CTL_WITH(code, port, input, ...)                                                           \
	ctl_expect(__FILE__, __LINE__, code, port, input, (const char *const[]){__VA_ARGS__, NULL})

/* Whether stdout, stderr of the last run has this. */
bool ctl_printed(const char *text);
bool ctl_said(const char *text);

/* What the last run printed as JSON, to be deleted; NULL: it is none. */
cJSON *ctl_json(void);

#endif
