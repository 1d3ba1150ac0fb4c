/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted, from the start on; stats.h publishes it. */
#ifndef EESE_COAP_GW_COUNTERS_H
#define EESE_COAP_GW_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

enum counter {
	COUNT_REQUESTS,
	COUNT_REPEATED,
	COUNT_ACCEPTED,
	COUNT_REFUSED,
	COUNT_KEY_REQUESTS,
	COUNT_KEY_UPDATES,
	COUNT_ERRORS,
	COUNT_UNAVAILABLE,
	COUNT_TOO_MANY,
	COUNT_BAD,
	COUNT_ECHO,
	COUNT_DOWNLINK,
	COUNT_DOWNLINK_HANDED,
	COUNT_DOWNLINK_ACKNOWLEDGED,
	COUNT_DOWNLINK_DROPPED,
	COUNT_NOTIFIED,
	COUNT_OBSERVERS_GONE,
	COUNT_CONNECTED,
	COUNTERS
};

struct counters {
	uint64_t of[COUNTERS];
};

const char *counter_name(enum counter c);

/* Writes "name value name value .." of those that are not 0. */
void counters_text(const struct counters *c, char *out, size_t size);

#endif
