/* SPDX-License-Identifier: Apache-2.0 */
/* The key-encryption key (KEK) under which a host seals the secrets it stores. */
#ifndef EESE_HOST_KEK_H
#define EESE_HOST_KEK_H

#include <stdint.h>

enum { EESE_KEK_SIZE = 32 };

/* What messages about a KEK name as its place. */
enum { EESE_KEK_PLACE_SIZE = 4096 };

/*
 * From the file at path, which must be its owner's only; if path is NULL, from the systemd
 * credential of this name (a file in $CREDENTIALS_DIRECTORY, whose access systemd sees to). It
 * holds 64 hexadecimal digits and perhaps a line end. place gets the file's name for messages.
 * NULL, or what is wrong, a static text; kek is all zero then.
 */
const char *eese_kek_load(const char *path, const char *credential, uint8_t kek[EESE_KEK_SIZE],
			  char place[EESE_KEK_PLACE_SIZE]);

#endif
