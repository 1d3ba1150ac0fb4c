/* SPDX-License-Identifier: Apache-2.0 */
/* The key file: lines 'UE-ID e2e_int_key [te2e=SECONDS] [group=NAME]', as the EESE reads them. */
#ifndef EESE_TOOL_KEYFILE_H
#define EESE_TOOL_KEYFILE_H

#include <stdbool.h>

#include "eese/keys.h"

struct device_key {
	char ue_id[EESE_UE_ID_MAX + 1];
	uint8_t int_key[EESE_INT_KEY_SIZE];
};

/*
 * Finds the line of ue, or the only line if ue is NULL. The file must belong to this user or to
 * root and be open to no one else. On failure the reason was said and *out is all zero. The
 * caller wipes *out.
 */
bool keyfile_read(const char *path, const char *ue, struct device_key *out);

#endif
