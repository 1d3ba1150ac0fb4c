/* SPDX-License-Identifier: Apache-2.0 */
/* Files that must survive a power cut, and belong to one process at a time. */
#ifndef EESE_HOST_DURABLE_H
#define EESE_HOST_DURABLE_H

#include <stdbool.h>
#include <stddef.h>

/* Puts the name of a new file or directory on the disk. false: why not is in errno. */
bool eese_durable_name(const char *path);

/*
 * Replaces the file at path by len octets that only its owner can read. It has the old content or
 * the new one, whenever the power is cut, and the new one when this returns NULL. Else what is
 * wrong, a text that is valid until the next call.
 */
const char *eese_durable_write(const char *path, const void *octets, size_t len);

/*
 * Takes the lock that goes with the file at path, which is a file beside it, and keeps it until the
 * descriptor is closed. -1: *wrong says why, as above; NULL: another process has it. The lock file
 * stays: removing it would let two processes lock two files of one name.
 */
int eese_durable_lock(const char *path, const char **wrong);

#endif
