/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When to leave the EMKS alone: after three failures in a row nothing is sent for a while, 1 s
 * doubling to 60 s, with jitter; then one request tries. PURE.
 */
#ifndef EESE_PLUGIN_EMKS_PAUSE_H
#define EESE_PLUGIN_EMKS_PAUSE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	EESE_PAUSE_FAILURES = 3,
	EESE_PAUSE_FIRST_MS = 1000,
	EESE_PAUSE_MAX_MS = 60 * 1000,
};

/* All zero at first. */
struct eese_pause {
	uint64_t until_ms;
	uint32_t length_ms;
	uint32_t failures; /* in a row */
};

void eese_pause_answered(struct eese_pause *p);

/* random: any number; the pause is shortened by up to half with it. */
void eese_pause_failed(struct eese_pause *p, uint64_t now_ms, uint32_t random);

/* Whether nothing may be sent now. */
bool eese_pause_holds(const struct eese_pause *p, uint64_t now_ms);

/* Whether what is sent is a trial: one at a time. */
bool eese_pause_trial(const struct eese_pause *p);

#endif
