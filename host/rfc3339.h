/* SPDX-License-Identifier: Apache-2.0 */
/* Times as RFC 3339 text, to the second. */
#ifndef EESE_HOST_RFC3339_H
#define EESE_HOST_RFC3339_H

#include <stdbool.h>
#include <stdint.h>

/* 2026-11-24T16:04:02Z and a NUL */
enum { EESE_RFC3339_SIZE = 21 };

/* unix in seconds since 1970; what is beyond year 9999 is written as its last second. */
void eese_rfc3339_write(uint64_t unix, char out[EESE_RFC3339_SIZE]);

/*
 * Reads such a text, also with a fraction (which is dropped), an offset instead of Z, and small
 * letters. The whole text must be a time that exists, 1970 or later. false: *unix_s is 0.
 */
bool eese_rfc3339_read(const char *text, uint64_t *unix_s);

#endif
