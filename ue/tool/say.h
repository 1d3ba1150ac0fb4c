/* SPDX-License-Identifier: Apache-2.0 */
/* What the tool says to its user, one line on stderr each; never key material. */
#ifndef EESE_TOOL_SAY_H
#define EESE_TOOL_SAY_H

#include <stdbool.h>

/* Which kinds of lines are printed; errors are unless quiet. */
void say_setup(bool quiet, bool debug, bool events);

void say_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_event(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
