/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded reader and writer: neither runs past its end; after a failure both stay failed. */
#ifndef EESE_CORE_OCTETS_H
#define EESE_CORE_OCTETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct eese_reader {
	const uint8_t *p;
	size_t left;
	bool ok;
};

struct eese_reader eese_reader_of(const uint8_t *p, size_t len);

/* The next n octets, or NULL if fewer are left. */
const uint8_t *eese_read(struct eese_reader *r, size_t n);

/* Copies the next n octets to out; left as it is if fewer are left. */
void eese_read_to(struct eese_reader *r, void *out, size_t n);

/* The next n octets (at most 8) as a big-endian number; 0 if fewer are left. */
uint64_t eese_read_uint(struct eese_reader *r, size_t n);

/* Whether nothing failed and nothing is left over. */
bool eese_read_all(const struct eese_reader *r);

struct eese_writer {
	uint8_t *p;
	size_t len, size;
	bool ok;
};

struct eese_writer eese_writer_of(uint8_t *p, size_t size);

/* src may be NULL if n is 0. */
void eese_write(struct eese_writer *w, const void *src, size_t n);

/* The low n octets (at most 8) of v, big-endian. */
void eese_write_uint(struct eese_writer *w, size_t n, uint64_t v);

#endif
