/* SPDX-License-Identifier: Apache-2.0 */
#include "hash.h"

#include <psa/crypto.h>
#include <string.h>

static uint64_t seed[2];

bool hash_seed(void)
{
	return psa_generate_random((uint8_t *)seed, sizeof(seed)) == PSA_SUCCESS;
}

/* The finaliser of MurmurHash3. */
static uint64_t mix(uint64_t x)
{
	x ^= x >> 33;
	x *= UINT64_C(0xff51afd7ed558ccd);
	x ^= x >> 33;
	x *= UINT64_C(0xc4ceb9fe1a85ec53);
	return x ^ x >> 33;
}

uint64_t hash_octets(const void *p, size_t len)
{
	const uint8_t *octets = p;
	uint64_t hash = seed[0] ^ len;

	while (len > 0) {
		const size_t n = len < sizeof(uint64_t) ? len : sizeof(uint64_t);
		uint64_t word = 0;

		memcpy(&word, octets, n);
		hash = mix(hash ^ word) + seed[1];
		octets += n;
		len -= n;
	}
	return mix(hash);
}
