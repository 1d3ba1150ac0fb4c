/* SPDX-License-Identifier: Apache-2.0 */
/* The four COSE algorithms, clause 2's table. */
#include "eese/wire.h"

static const struct eese_alg_info table[] = {
    {.row = 0,
     .alg = EESE_ALG_AES_CCM_16_64_128,
     .key_size = 16,
     .nonce_size = 13,
     .tag_size = 8,
     .message_limit = 1U << 20,
     .failed_limit = 1U << 14,
     .unit = 4096},
#ifndef EESE_SMALL
    {.row = 1,
     .alg = EESE_ALG_AES_CCM_16_128_128,
     .key_size = 16,
     .nonce_size = 13,
     .tag_size = 16,
     .message_limit = 1U << 20,
     .failed_limit = 1U << 20,
     .unit = 16384},
    {.row = 2,
     .alg = EESE_ALG_AES_128_GCM,
     .key_size = 16,
     .nonce_size = 12,
     .tag_size = 16,
     .message_limit = 1U << 20,
     .failed_limit = 1U << 20,
     .unit = 16384},
    {.row = 3,
     .alg = EESE_ALG_CHACHA20_POLY1305,
     .key_size = 32,
     .nonce_size = 12,
     .tag_size = 16,
     .message_limit = 1U << 20,
     .failed_limit = 1U << 20,
     .unit = 65536},
#endif
};

const struct eese_alg_info *eese_alg_info(uint8_t alg)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].alg == alg)
			return &table[i];
	return NULL;
}

uint32_t eese_alg_units(const struct eese_alg_info *info, size_t len)
{
	return len == 0 ? 1 : (uint32_t)((len - 1) / info->unit + 1);
}
