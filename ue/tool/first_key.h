/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EESE_TOOL_FIRST_KEY_H
#define EESE_TOOL_FIRST_KEY_H

#include "renewal.h"

/*
 * Runs AKA until there is a new key, for `patience` milliseconds (0: for ever), and waits for it:
 * without a key there is nothing else to do. GO_ON, or an exit code (the reason was said). The key
 * may be an uncertain one (its expiry is 0).
 */
int first_key(struct renewal *r, uint64_t patience);

#endif
