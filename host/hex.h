/* SPDX-License-Identifier: Apache-2.0 */
/* Octets as hexadecimal digits. */
#ifndef EESE_HOST_HEX_H
#define EESE_HOST_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads exactly 2 * size digits of either case; false: they are not, and out is all zero. */
bool eese_hex_read(const char *hex, size_t len, uint8_t *out, size_t size);

/* Writes 2 * size lower-case digits and a NUL. */
void eese_hex_write(const uint8_t *octets, size_t size, char *out);

#endif
