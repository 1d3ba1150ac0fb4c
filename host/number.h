/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that people write. */
#ifndef EESE_HOST_NUMBER_H
#define EESE_HOST_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* Reads a whole number from min to max: decimal digits, perhaps a '-', and nothing else. False: it
 * is none, and *out is as before. */
bool eese_number_read(const char *text, long min, long max, long *out);

/* Reads seconds from 0 to max with perhaps a fraction, as milliseconds. */
bool eese_seconds_read(const char *text, long max, uint64_t *out);

#endif
