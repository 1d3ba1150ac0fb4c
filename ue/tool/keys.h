/* SPDX-License-Identifier: Apache-2.0 */
/* The keys that AKA gave a device, in a file: the one in use and the one that is to replace it. */
#ifndef EESE_TOOL_KEYS_H
#define EESE_TOOL_KEYS_H

#include <limits.h>

#include "eese/domain.h"

/* Times are Unix time in seconds, 0: not known. */
struct keys_one {
	bool there;
	uint8_t key[EESE_INT_KEY_SIZE];
	uint64_t renew, expiry; /* when AKA is to be run again, and when it must have been */
};

struct keys {
	char path[PATH_MAX];
	struct keys_one current, next;
	/* The state file has, or had, a record under one of them. Without it they are spent: a
	 * number might be used twice (clause 6). */
	bool used;
	/* When the EESE's words, and nobody's answer, last started a run of AKA, and when the home
	 * network last refused one. */
	uint64_t ran_told, ran_silent, refused;
};

/* Reads those beside the state file; none are there if the file isn't. false: the reason was said,
 * and *k holds no key. The caller wipes *k. */
bool keys_read(struct keys *k, const char *state_path, enum eese_domain domain);

/* Writes them, durably. false: the reason was said. */
bool keys_write(const struct keys *k);

/* next takes the place of current. Not written yet. */
void keys_promote(struct keys *k);

/* The one the key server has, as far as is known here. */
const struct keys_one *keys_newest(const struct keys *k);

#endif
