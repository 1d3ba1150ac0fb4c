/* SPDX-License-Identifier: Apache-2.0 */
/* Times as RFC 3339 text in UTC, to the second. */
#ifndef EESE_HOST_RFC3339_H
#define EESE_HOST_RFC3339_H

#include <stdint.h>

/* 2026-11-24T16:04:02Z and a NUL */
enum { EESE_RFC3339_SIZE = 21 };

/* unix in seconds since 1970; what is beyond year 9999 is written as its last second. */
void eese_rfc3339_write(uint64_t unix, char out[EESE_RFC3339_SIZE]);

#endif
