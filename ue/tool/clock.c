/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"

#include <time.h>

enum { POLL_MAX = 3600000 }; /* milliseconds */

/* Goes on while the machine sleeps: the other end's time does too. */
uint64_t device_now(void)
{
	struct timespec t = {0};

	if (clock_gettime(CLOCK_BOOTTIME, &t) != 0)
		clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int device_poll_time(uint64_t now, uint64_t until)
{
	if (until <= now)
		return 0;
	return until - now > POLL_MAX ? POLL_MAX : (int)(until - now);
}
