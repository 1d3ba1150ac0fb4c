/* SPDX-License-Identifier: Apache-2.0 */
/* The commands. Each runs to its end and gives the exit code. */
#ifndef EESE_TOOL_COMMANDS_H
#define EESE_TOOL_COMMANDS_H

#include "options.h"

int pub_run(const struct options *o);
int sub_run(const struct options *o);
int aka_run(const struct options *o);

#endif
