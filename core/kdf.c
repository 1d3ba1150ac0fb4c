/* SPDX-License-Identifier: Apache-2.0 */
#include "core/fc.h"
#include "core/hmac.h"
#include "core/ue_id.h"
#include "eese/keys.h"

#include <string.h>

static void add_uint16(struct eese_hmac *h, size_t v)
{
	const uint8_t be[2] = {(uint8_t)(v >> 8), (uint8_t)v};

	eese_hmac_add(h, be, sizeof(be));
}

/* TS 33.220 B.2: S = FC || P0 || L0 || ... || Pn || Ln. */
enum eese_result eese_kdf(const uint8_t *key, size_t key_len, uint16_t fc,
			  const struct eese_octets *params, size_t count, uint8_t out[32])
{
	struct eese_hmac h;

	memset(out, 0, EESE_HMAC_SIZE);
	for (size_t i = 0; i < count; i++)
		if (params[i].len > UINT16_MAX)
			return EESE_INVALID;
	eese_hmac_start(&h, key, key_len);
	add_uint16(&h, fc);
	for (size_t i = 0; i < count; i++) {
		eese_hmac_add(&h, params[i].p, params[i].len);
		add_uint16(&h, params[i].len);
	}
	return eese_hmac_finish(&h, out);
}

/* Clause 2: KDF(e2e_int_key, FFE3, UE-ID). */
enum eese_result eese_derive_control_key(const uint8_t int_key[EESE_INT_KEY_SIZE],
					 const char *ue_id, uint8_t out[EESE_CONTROL_KEY_SIZE])
{
	const struct eese_octets p0 = {ue_id, eese_ue_id_length(ue_id)};

	memset(out, 0, EESE_CONTROL_KEY_SIZE);
	if (p0.len == 0)
		return EESE_INVALID;
	return eese_kdf(int_key, EESE_INT_KEY_SIZE, EESE_FC_CONTROL_KEY, &p0, 1, out);
}

/* Clause 2: the last two octets of KDF(e2e_int_key, FFE4). */
enum eese_result eese_derive_ikid(const uint8_t int_key[EESE_INT_KEY_SIZE], uint16_t *out)
{
	uint8_t full[EESE_HMAC_SIZE];
	enum eese_result r;

	r = eese_kdf(int_key, EESE_INT_KEY_SIZE, EESE_FC_IKID, NULL, 0, full);
	*out = (uint16_t)(full[EESE_HMAC_SIZE - 2] << 8 | full[EESE_HMAC_SIZE - 1]);
	eese_wipe(full, sizeof(full));
	return r;
}

/* Clause 2: KDF(e2e_int_key, FFE1, RAND). */
enum eese_result eese_derive_root(const uint8_t int_key[EESE_INT_KEY_SIZE],
				  const uint8_t rand[EESE_RAND_SIZE], uint8_t out[EESE_ROOT_SIZE])
{
	const struct eese_octets p0 = {rand, EESE_RAND_SIZE};

	return eese_kdf(int_key, EESE_INT_KEY_SIZE, EESE_FC_ROOT, &p0, 1, out);
}
