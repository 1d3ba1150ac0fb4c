/* SPDX-License-Identifier: Apache-2.0 */
#include "core/octets.h"

#include <string.h>

struct eese_reader eese_reader_of(const uint8_t *p, size_t len)
{
	return (struct eese_reader){.p = p, .left = len, .ok = p || len == 0};
}

const uint8_t *eese_read(struct eese_reader *r, size_t n)
{
	const uint8_t *at = r->p;

	if (!r->ok || n > r->left) {
		r->ok = false;
		return NULL;
	}
	r->p += n;
	r->left -= n;
	return at;
}

void eese_read_to(struct eese_reader *r, void *out, size_t n)
{
	const uint8_t *at = eese_read(r, n);

	if (at)
		memcpy(out, at, n);
}

uint64_t eese_read_uint(struct eese_reader *r, size_t n)
{
	const uint8_t *at = eese_read(r, n);
	uint64_t v = 0;

	for (size_t i = 0; at && i < n; i++)
		v = v << 8 | at[i];
	return v;
}

bool eese_read_all(const struct eese_reader *r)
{
	return r->ok && r->left == 0;
}

struct eese_writer eese_writer_of(uint8_t *p, size_t size)
{
	return (struct eese_writer){.p = p, .size = size, .ok = true};
}

void eese_write(struct eese_writer *w, const void *src, size_t n)
{
	if (!w->ok || n > w->size - w->len) {
		w->ok = false;
		return;
	}
	if (n > 0)
		memcpy(w->p + w->len, src, n);
	w->len += n;
}

void eese_write_uint(struct eese_writer *w, size_t n, uint64_t v)
{
	uint8_t be[8];

	for (size_t i = n; i-- > 0; v >>= 8)
		be[i] = (uint8_t)v;
	eese_write(w, be, n);
}
