/* SPDX-License-Identifier: Apache-2.0 */
#include "host/rfc3339.h"

#include <time.h>

static const uint64_t last_second = UINT64_C(253402300799);

void eese_rfc3339_write(uint64_t unix, char out[EESE_RFC3339_SIZE])
{
	const time_t t = (time_t)(unix < last_second ? unix : last_second);
	struct tm tm;

	gmtime_r(&t, &tm); /* years 1970 to 9999: it can't fail */
	strftime(out, EESE_RFC3339_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
}
