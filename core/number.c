/* SPDX-License-Identifier: Apache-2.0 */
#include "core/number.h"

#include "eese/wire.h"

size_t eese_number_size(uint64_t number)
{
	size_t n = 1;

	while ((number >>= 8) != 0)
		n++;
	return n;
}

void eese_write_number(struct eese_writer *w, uint8_t kid, uint64_t number)
{
	const size_t n = eese_number_size(number);

	eese_write_uint(w, 1, (uint64_t)kid << 3 | n);
	eese_write_uint(w, n, number);
}

bool eese_read_number(struct eese_reader *r, uint8_t *kid, uint64_t *number)
{
	const unsigned first = (unsigned)eese_read_uint(r, 1);
	const size_t n = first & 7;
	const uint8_t *start = r->p;
	uint64_t value;

	if (!r->ok || first >> 6 != 0 || n < 1 || n > EESE_PIV_MAX)
		return false;
	value = eese_read_uint(r, n);
	if (!r->ok || (n > 1 && *start == 0))
		return false;
	*kid = (uint8_t)(first >> 3);
	*number = value;
	return true;
}
