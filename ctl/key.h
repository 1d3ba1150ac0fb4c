/* SPDX-License-Identifier: Apache-2.0 */
/* The e2e_int_key of a UE, from a file or standard input. */
#ifndef EESE_CTL_KEY_H
#define EESE_CTL_KEY_H

#include "eese/keys.h"

/*
 * Finds the key of ue in the file, which must be open to its owner only, "-" is standard input:
 * either 64 hexadecimal digits stand there alone, or there is one line of this UE among those of a
 * key file. GO_ON, or EXIT_USAGE: it was said what is wrong, and out is all zero. The caller wipes
 * it.
 */
int key_read(const char *path, const char *ue, uint8_t out[EESE_INT_KEY_SIZE]);

#endif
