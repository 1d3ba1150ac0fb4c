/* SPDX-License-Identifier: Apache-2.0 */
/* Another program, run as a user would, its input from a pipe and its output into files. */
#ifndef EESE_TESTS_PROGRAM_H
#define EESE_TESTS_PROGRAM_H

#include <stdbool.h>
#include <sys/types.h>

struct program {
	pid_t pid;
	int in; /* its standard input; -1: closed */
	char out[192], err[192];
};

/* Starts argv, which is ended by NULL, with files for its output in this directory. */
void program_start(struct program *p, const char *dir, const char *const *argv);

/* Writes to its input. */
void program_say(struct program *p, const char *text);
void program_end_input(struct program *p);

/* Ends its input and waits. Its exit code, 1000 and more: by a signal; -1: it had to be killed. */
int program_ends(struct program *p, int timeout_ms);

/* The file's text so far, to be freed; empty if there is none. */
char *program_text(const char *path);

/* Waits until this stands in the file. */
bool program_says(const char *path, const char *what, int timeout_ms);

#endif
