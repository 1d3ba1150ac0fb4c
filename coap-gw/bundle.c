/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle.h"

#include <string.h>

/* RFC 8949 3.1: major types, in the upper three bits. */
enum { UINT = 0x00, BSTR = 0x40, TSTR = 0x60, TRUE = 0xf5 };

static size_t head_size(uint64_t value)
{
	if (value < 24)
		return 1;
	if (value <= UINT8_MAX)
		return 2;
	if (value <= UINT16_MAX)
		return 3;
	return value <= UINT32_MAX ? 5 : 9;
}

/* The caller has made sure that it fits. */
static void put_head(struct bundle *b, uint8_t major, uint64_t value)
{
	const size_t size = head_size(value);
	uint8_t *p = b->out + b->len;

	if (size == 1) {
		p[0] = (uint8_t)(major | value);
	} else {
		/* 24, 25, 26, 27: 1, 2, 4, 8 octets follow */
		p[0] = (uint8_t)(major | (size == 2 ? 24 : size == 3 ? 25 : size == 5 ? 26 : 27));
		for (size_t i = 1; i < size; i++)
			p[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
	}
	b->len += size;
}

static void put_string(struct bundle *b, uint8_t major, const void *p, size_t len)
{
	put_head(b, major, len);
	if (len > 0)
		memcpy(b->out + b->len, p, len);
	b->len += len;
}

bool bundle_update(struct bundle *b, const uint8_t *msg, size_t len)
{
	if (b->size - b->len < head_size(len) + len + 1)
		return false;
	put_string(b, BSTR, msg, len);
	return true;
}

static size_t message_size(size_t sub_len, size_t len)
{
	return head_size(sub_len) + sub_len + head_size(len) + len;
}

size_t bundle_size(size_t sub_len, size_t len, uint64_t number)
{
	return message_size(sub_len, len) + head_size(number) + 1;
}

bool bundle_message(struct bundle *b, const char *sub, size_t sub_len, const uint8_t *octets,
		    size_t len, uint64_t number)
{
	if (b->size - b->len < bundle_size(sub_len, len, number))
		return false;
	put_string(b, TSTR, sub, sub_len);
	put_string(b, BSTR, octets, len);
	return true;
}

bool bundle_control(struct bundle *b, const uint8_t *msg, size_t len, uint64_t number)
{
	if (b->size - b->len < head_size(len) + len + head_size(number) + 1)
		return false;
	put_string(b, BSTR, msg, len);
	return true;
}

bool bundle_number(struct bundle *b, uint64_t number)
{
	if (b->size - b->len < head_size(number))
		return false;
	put_head(b, UINT, number);
	return true;
}

bool bundle_more(struct bundle *b)
{
	if (b->size == b->len)
		return false;
	b->out[b->len++] = TRUE;
	return true;
}
