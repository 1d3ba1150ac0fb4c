/* SPDX-License-Identifier: Apache-2.0 */
#include "counters.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const names[COUNTERS] = {
    [COUNT_REQUESTS] = "requests",
    [COUNT_REPEATED] = "requests/repeated",
    [COUNT_ACCEPTED] = "uplink/accepted",
    [COUNT_REFUSED] = "uplink/refused",
    [COUNT_KEY_REQUESTS] = "key-requests",
    [COUNT_KEY_UPDATES] = "ctl/key-updates",
    [COUNT_ERRORS] = "ctl/errors",
    [COUNT_UNAVAILABLE] = "requests/unavailable",
    [COUNT_TOO_MANY] = "requests/too-many",
    [COUNT_BAD] = "requests/bad",
    [COUNT_ECHO] = "requests/address-asked",
    [COUNT_DOWNLINK] = "downlink/received",
    [COUNT_DOWNLINK_HANDED] = "downlink/handed-out",
    [COUNT_DOWNLINK_ACKNOWLEDGED] = "downlink/acknowledged",
    [COUNT_DOWNLINK_DROPPED] = "downlink/dropped",
    [COUNT_NOTIFIED] = "observe/notified",
    [COUNT_OBSERVERS_GONE] = "observe/gone",
    [COUNT_CONNECTED] = "broker/connected",
};

const char *counter_name(enum counter c)
{
	return names[c];
}

void counters_text(const struct counters *c, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < COUNTERS && len < size; i++)
		if (c->of[i] > 0)
			len += (size_t)snprintf(out + len, size - len, "%s%s %" PRIu64,
						len > 0 ? ", " : "", names[i], c->of[i]);
}
