/* SPDX-License-Identifier: Apache-2.0 */
/* Files that hold secrets: opened only if nobody but their owner can read them. */
#ifndef EESE_HOST_PRIVATE_FILE_H
#define EESE_HOST_PRIVATE_FILE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Opens a regular file for reading that belongs to this process's user or to root and is closed to
 * group and others. The descriptor, which the caller closes; -1: *wrong says why, a static text to
 * be put behind the file's name. Never blocks, whatever stands at path.
 */
int eese_private_open(const char *path, const char **wrong);

/*
 * Reads a whole file of at most size octets, opened as above, into out. Its length in *len. NULL,
 * or what is wrong as above; out is all zero then.
 */
const char *eese_private_read(const char *path, uint8_t *out, size_t size, size_t *len);

#endif
