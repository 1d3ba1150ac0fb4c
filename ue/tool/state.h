/* SPDX-License-Identifier: Apache-2.0 */
/* The device's non-volatile memory: one record in a file, replaced as a whole. */
#ifndef EESE_TOOL_STATE_H
#define EESE_TOOL_STATE_H

#include <limits.h>

#include "eese/ue.h"

struct state {
	char path[PATH_MAX];
	int lock;    /* a descriptor, -1: none */
	bool failed; /* a read or write failed; the reason was said */
};

/*
 * Makes the directory if it isn't there, and locks the file against other processes. path NULL:
 * $XDG_STATE_HOME/eese-ue/UE-ID.state. false: the reason was said. state_close() in any case.
 */
bool state_open(struct state *s, const char *path, const char *ue_id);
void state_close(struct state *s);

/* The nvm of a struct eese_ue_port. */
enum eese_ue_nvm_result state_nvm(struct state *s, enum eese_ue_nvm op,
				  uint8_t record[EESE_UE_RECORD_SIZE]);

#endif
