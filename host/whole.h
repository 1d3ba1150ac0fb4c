/* SPDX-License-Identifier: Apache-2.0 */
/* A file's whole content, with a bound. */
#ifndef EESE_HOST_WHOLE_H
#define EESE_HOST_WHOLE_H

#include <stddef.h>
#include <stdint.h>

/* Reads to the end of the open file; NULL, or what is wrong, a static text. More than size octets
 * are wrong. On failure out is all zero and *len is 0. */
const char *eese_read_whole(int fd, uint8_t *out, size_t size, size_t *len);

#endif
