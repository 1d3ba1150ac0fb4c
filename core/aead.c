/* SPDX-License-Identifier: Apache-2.0 */
#include "core/aead.h"

#include "core/psa_key.h"

static psa_algorithm_t psa_alg(const struct eese_alg_info *info)
{
	switch (info->alg) {
	case EESE_ALG_AES_128_GCM:
		return PSA_ALG_GCM;
	case EESE_ALG_CHACHA20_POLY1305:
		return PSA_ALG_CHACHA20_POLY1305;
	default:
		return PSA_ALG_AEAD_WITH_SHORTENED_TAG(PSA_ALG_CCM, info->tag_size);
	}
}

static psa_key_type_t key_type(const struct eese_alg_info *info)
{
	return info->alg == EESE_ALG_CHACHA20_POLY1305 ? PSA_KEY_TYPE_CHACHA20 : PSA_KEY_TYPE_AES;
}

enum eese_result eese_aead(const struct eese_alg_info *info, const struct eese_aead *m,
			   uint8_t *out, size_t out_size)
{
	const psa_algorithm_t alg = psa_alg(info);
	uint8_t nothing[1] = {0}; /* PSA wants a pointer for no octets too */
	psa_key_id_t id;
	psa_status_t status;
	size_t len = 0;

	status = eese_psa_key(key_type(info), alg,
			      m->seal ? PSA_KEY_USAGE_ENCRYPT : PSA_KEY_USAGE_DECRYPT, m->key,
			      info->key_size, &id);
	if (status == PSA_SUCCESS)
		status = (m->seal ? psa_aead_encrypt : psa_aead_decrypt)(
		    id, alg, m->nonce, info->nonce_size, m->aad, m->aad_len,
		    m->in_len ? m->in : nothing, m->in_len, out_size ? out : nothing, out_size,
		    &len);
	(void)psa_destroy_key(id);
	if (status == PSA_SUCCESS && len == out_size)
		return EESE_OK;
	eese_wipe(out, out_size);
	return status == PSA_ERROR_INVALID_SIGNATURE ? EESE_NOT_AUTHENTIC : EESE_CRYPTO;
}
