/* SPDX-License-Identifier: Apache-2.0 */
/* The clock of the device's port, and waiting by it. */
#ifndef EESE_TOOL_CLOCK_H
#define EESE_TOOL_CLOCK_H

#include <stdint.h>

/* Milliseconds; the clock of the port and of device_turn()'s until. */
uint64_t device_now(void);

/* What poll() is to wait at most until then. */
int device_poll_time(uint64_t now, uint64_t until);

#endif
