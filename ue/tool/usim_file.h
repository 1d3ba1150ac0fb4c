/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A software USIM in a file: lines 'k HEX' and 'opc HEX' (or 'op HEX'), and 'sqn HEX', which is
 * written here: the sequence numbers taken. A copy or a backup of it is a cloned card.
 */
#ifndef EESE_TOOL_USIM_FILE_H
#define EESE_TOOL_USIM_FILE_H

#include "eese/usim.h"

struct usim_file {
	const char *path;
	int lock; /* a descriptor, -1: none */
	struct eese_soft_usim soft;
	struct eese_usim usim; /* the interface to it */
};

/* Reads and locks it. false: the reason was said. usim_file_close() in any case; *u must stay where
 * it is until then. */
bool usim_file_open(struct usim_file *u, const char *path);
void usim_file_close(struct usim_file *u);

#endif
