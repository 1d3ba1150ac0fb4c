/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The devices: libeese-ue, its record in the flash of eese/flash.h, and eese-ue's own MQTT link, so
 * that what dies here is what users have. A device dies by losing all but its flash, also in the
 * middle of a write, and starts again.
 */
#ifndef EESE_TESTS_CRASH_DEVICE_H
#define EESE_TESTS_CRASH_DEVICE_H

#include <poll.h>

#include "crash.h"

/* All of them; they connect to this port. */
bool devices_start(uint16_t port);
void devices_stop(void);

/* One entry a device. */
void devices_prepare(struct pollfd *p);
void devices_serve(const struct pollfd *p);

/* Kills one now and then; called often. */
void devices_disturb(void);

/* Whether the broker has its subscriptions: a killed one has forgotten them. */
bool device_subscribed(unsigned ue);

/* What a device still holds, not yet given to it included. */
unsigned devices_busy(void);
/* One reading more from each. */
void devices_one_each(void);

struct device_sum {
	unsigned kills, in_writes, keysets, given_back, unconfirmed, aka, replays_refused;
};

struct device_sum devices_sum(void);
/* For the report at the end: who still waits for what. */
void devices_show_busy(void);

#endif
