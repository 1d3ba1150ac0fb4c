/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of what stands in non-volatile memory, and their checksum. */
#include "internal.h"

/* CRC-32 (IEEE 802.3), by bits: a record is written rarely and a table costs flash. */
uint32_t eese_dev_crc32(const uint8_t *p, size_t len)
{
	uint32_t crc = UINT32_MAX;
	for (size_t i = 0; i < len; i++) {
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++) {
			crc = (crc >> 1) ^ ((crc & 1) != 0 ? UINT32_C(0xedb88320) : 0);
		}
	}
	return ~crc;
}

/* v in octets octets, big-endian; gives what follows. */
uint8_t *eese_dev_put(uint8_t *p, uint64_t v, unsigned octets)
{
	for (unsigned i = 0; i < octets; i++) {
		p[i] = (uint8_t)(v >> (8 * (octets - 1 - i)));
	}
	return p + octets;
}

/* The other way; moves *p behind it. */
uint64_t eese_dev_get(const uint8_t **p, unsigned octets)
{
	uint64_t v = 0;
	for (unsigned i = 0; i < octets; i++) {
		v = v << 8 | (*p)[i];
	}
	*p += octets;
	return v;
}
