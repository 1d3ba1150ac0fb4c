/* SPDX-License-Identifier: Apache-2.0 */
/* The key file: lines as the EESE reads them. */
#ifndef EESE_TOOL_KEYFILE_H
#define EESE_TOOL_KEYFILE_H

#include <stdbool.h>

#include "host/key_line.h"

/*
 * Finds the line of ue, or the only line if ue is NULL. The file must belong to this user or to
 * root and be open to no one else. On failure the reason was said and *out is all zero. The
 * caller wipes *out.
 */
bool keyfile_read(const char *path, const char *ue, struct eese_device_key *out);

#endif
