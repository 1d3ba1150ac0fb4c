/* SPDX-License-Identifier: Apache-2.0 */
#include "host/hex.h"

#include "eese/keys.h"

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool eese_hex_read(const char *hex, size_t len, uint8_t *out, size_t size)
{
	bool ok = len == 2 * size;

	for (size_t i = 0; ok && i < size; i++) {
		int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);

		ok = high >= 0 && low >= 0;
		if (ok)
			out[i] = (uint8_t)(high << 4 | low);
	}
	if (!ok)
		eese_wipe(out, size);
	return ok;
}

void eese_hex_write(const uint8_t *octets, size_t size, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < size; i++) {
		out[2 * i] = digits[octets[i] >> 4];
		out[2 * i + 1] = digits[octets[i] & 15];
	}
	out[2 * size] = '\0';
}
