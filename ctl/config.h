/* SPDX-License-Identifier: Apache-2.0 */
/* The user's file of options: $XDG_CONFIG_HOME/eese-ctl or ~/.config/eese-ctl. */
#ifndef EESE_CTL_CONFIG_H
#define EESE_CTL_CONFIG_H

#include "host/option.h"

/*
 * Reads it, if it is there: an option a line as on the command line, a blank between its name and
 * its argument; # begins a comment. It must be open to its owner only, as a password may be in it.
 * Only options for every command may be there. False: it was said what is wrong.
 */
bool config_read(const struct eese_option_table *tables, size_t count);

#endif
