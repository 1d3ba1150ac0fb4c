/* SPDX-License-Identifier: Apache-2.0 */
/* Where a device's keys come from: a key file, or AKA, which goes on bringing new ones. */
#ifndef EESE_TOOL_SOURCE_H
#define EESE_TOOL_SOURCE_H

#include <poll.h>

#include "eese/ue.h"
#include "renewal.h"

struct device;

struct source {
	bool aka; /* else a key file, and nothing below counts */
	struct renewal renewal;
	bool given; /* the library has the key that is to replace the one in use, or uses it by now
		     */
	uint64_t ask_at; /* when the EESE is asked for a keyset under the new key; device_now() */
	uint64_t ask_pause; /* milliseconds */
};

/* Finds out who the device is, takes its state, gets its key, waiting for it if there is none, and
 * starts the library. GO_ON, or an exit code (the reason was said). source_close() in any case. */
int source_open(struct device *d, const struct eese_ue_config *config);
void source_close(struct device *d);

/* The nvm of the device's port. */
enum eese_ue_nvm_result source_nvm(struct device *d, enum eese_ue_nvm op,
				   uint8_t record[EESE_UE_RECORD_SIZE]);

/* An event of the library that may mean AKA, or that a new key is in use. */
void source_event(struct device *d, const struct eese_ue_event *e);

/* Fills *p for the next poll(); the time source_done() is needed at the latest. */
uint64_t source_prepare(struct device *d, struct pollfd *p, uint64_t now);

/* Does what came and what is due. GO_ON, or an exit code (the reason was said). */
int source_done(struct device *d, uint64_t now);

#endif
