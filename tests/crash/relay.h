/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network between devices and broker, owned by the attacker: it records every protected message
 * in both directions, cuts connections, loses what is under way, and slips recordings in between.
 * Passes whole MQTT packets on. Nobody gets through while run.broker_up is false.
 */
#ifndef EESE_TESTS_CRASH_RELAY_H
#define EESE_TESTS_CRASH_RELAY_H

#include <poll.h>

#include "crash.h"

/* Where devices connect; 0: it can't listen. */
uint16_t relay_open(void);
void relay_close(void);

/* How many entries it fills in p, which has room for most of them. */
size_t relay_prepare(struct pollfd *p, size_t most);
void relay_serve(const struct pollfd *p, size_t entries);

/* The broker is gone: what it sent before is passed on and recorded, then all connections end. */
void relay_broker_gone(void);

/* Breaks connections now and then; called often. */
void relay_disturb(void);

/* Slips a recorded downlink or control message into its device's connection, if it has one. */
void relay_inject(size_t recorded);

struct relay_sum {
	unsigned connections, cuts;
	size_t injected;
};

struct relay_sum relay_sum(void);

#endif
