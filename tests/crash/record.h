/* SPDX-License-Identifier: Apache-2.0 */
/* Everything protected that passed between devices and broker, each different message once. */
#ifndef EESE_TESTS_CRASH_RECORD_H
#define EESE_TESTS_CRASH_RECORD_H

#include "crash.h"

enum channel { CHANNEL_UP, CHANNEL_REQ, CHANNEL_DOWN, CHANNEL_CTL };

struct recorded {
	unsigned ue;
	enum channel channel;
	unsigned life, era; /* in which it was first seen */
	const char *sub;    /* what follows up/ or down/ */
	const uint8_t *octets;
	size_t len;
};

void record_start(void);
void record_see(const char *topic, const uint8_t *octets, size_t len);
size_t record_count(void);
const struct recorded *record_nth(size_t n);
/* Its topic. */
void record_topic(const struct recorded *r, char out[128]);

struct record_sum {
	size_t up, down, updates, requests, errors, numbers;
};

/*
 * Opens everything with the devices' keys: each data message is under a keyset that was announced
 * for its UE, no number of a keyset and direction has two messages, and after a kill nothing is
 * encrypted under a keyset from before. That KSNs only grow is checked when they come.
 */
void record_check(struct record_sum *sum);

#endif
