/* SPDX-License-Identifier: Apache-2.0 */
#include "core/fc.h"
#include "core/hmac.h"
#include "core/octets.h"
#include "eese/keys.h"

#include <string.h>

/* TS 33.220 B.2: S = FC || P0 || L0 || ... || Pn || Ln. */
enum eese_result eese_kdf(const uint8_t *key, size_t key_len, uint16_t fc,
			  const struct eese_octets *params, size_t count, uint8_t out[32])
{
	uint8_t s[EESE_KDF_INPUT_MAX];
	struct eese_writer w = eese_writer_of(s, sizeof(s));

	eese_write_uint(&w, 2, fc);
	for (size_t i = 0; i < count; i++) {
		eese_write(&w, params[i].p, params[i].len);
		eese_write_uint(&w, 2, params[i].len);
	}
	if (w.ok)
		return eese_hmac(key, key_len, s, w.len, out, EESE_HMAC_SIZE);
	memset(out, 0, EESE_HMAC_SIZE);
	return EESE_INVALID;
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
