/* SPDX-License-Identifier: Apache-2.0 */
/* A line of a device's key file: 'UE-ID e2e_int_key [te2e=SECONDS] [group=NAME]'. */
#ifndef EESE_HOST_KEY_LINE_H
#define EESE_HOST_KEY_LINE_H

#include <stdbool.h>

#include "eese/keys.h"

struct eese_device_key {
	char ue_id[EESE_UE_ID_MAX + 1];
	uint8_t int_key[EESE_INT_KEY_SIZE];
};

/* Reads a line into *out, which the caller wipes; *empty: it is blank or a comment. The settings
 * behind the key are the EESE's and only looked at. NULL, or what is wrong, a static text. */
const char *eese_key_line_read(const char *line, struct eese_device_key *out, bool *empty);

#endif
