/* SPDX-License-Identifier: Apache-2.0 */
#include "core/cbor.h"

size_t eese_cbor_head_size(uint32_t value)
{
	if (value < 24)
		return 1;
	if (value <= UINT8_MAX)
		return 2;
	return value <= UINT16_MAX ? 3 : 5;
}

size_t eese_cbor_string_size(size_t len)
{
	return eese_cbor_head_size((uint32_t)len) + len;
}

void eese_cbor_head(struct eese_writer *w, enum eese_cbor_major major, uint32_t value)
{
	const size_t size = eese_cbor_head_size(value);
	const unsigned low = size == 1 ? value : size == 2 ? 24U : size == 3 ? 25U : 26U;
	uint8_t head[5] = {(uint8_t)((unsigned)major << 5 | low)};

	for (size_t i = size - 1; i > 0; i--, value >>= 8)
		head[i] = (uint8_t)value;
	eese_write(w, head, size);
}

void eese_cbor_string(struct eese_writer *w, enum eese_cbor_major major, const void *p, size_t len)
{
	eese_cbor_head(w, major, (uint32_t)len);
	eese_write(w, p, len);
}
