/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EESE_CTL_CONFIRM_H
#define EESE_CTL_CONFIRM_H

#include "ctl/options.h"

/* Asks on the terminal, unless --yes says so. GO_ON, or EXIT_USAGE: the answer is not yes, or there
 * is no terminal to ask on, which was said. */
int confirm(const struct options *o, const char *question);

#endif
