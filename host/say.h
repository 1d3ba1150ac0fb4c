/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program says to its user, one line on stderr each; never key material. Whatever steers a
 * terminal is made harmless, as peers' words may be in it.
 */
#ifndef EESE_HOST_SAY_H
#define EESE_HOST_SAY_H

#include <stdbool.h>

/* Which kinds of lines are printed; at first errors only. */
void say_setup(bool quiet, bool debug, bool events);

/* Begins with the program's name. */
void say_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_event(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
