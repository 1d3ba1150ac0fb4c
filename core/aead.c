/* SPDX-License-Identifier: Apache-2.0 */
#include "core/aead.h"

#include <psa/crypto.h>

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

static psa_status_t import(const struct eese_alg_info *info, const uint8_t *key,
			   psa_key_usage_t usage, psa_key_id_t *id)
{
	psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;

	psa_set_key_type(&attributes, info->alg == EESE_ALG_CHACHA20_POLY1305
					  ? PSA_KEY_TYPE_CHACHA20
					  : PSA_KEY_TYPE_AES);
	psa_set_key_algorithm(&attributes, psa_alg(info));
	psa_set_key_usage_flags(&attributes, usage);
	return psa_import_key(&attributes, key, info->key_size, id);
}

enum eese_result eese_aead_seal(const struct eese_alg_info *info, const struct eese_aead *m,
				uint8_t *out)
{
	static const uint8_t nothing[1];
	const size_t out_size = m->in_len + info->tag_size;
	psa_key_id_t id = PSA_KEY_ID_NULL;
	psa_status_t status;
	size_t len = 0;

	status = import(info, m->key, PSA_KEY_USAGE_ENCRYPT, &id);
	if (status == PSA_SUCCESS)
		status = psa_aead_encrypt(id, psa_alg(info), m->nonce, info->nonce_size, m->aad,
					  m->aad_len, m->in_len ? m->in : nothing, m->in_len, out,
					  out_size, &len);
	(void)psa_destroy_key(id);
	if (status == PSA_SUCCESS && len == out_size)
		return EESE_OK;
	eese_wipe(out, out_size);
	return EESE_CRYPTO;
}

enum eese_result eese_aead_open(const struct eese_alg_info *info, const struct eese_aead *m,
				uint8_t *out)
{
	const size_t out_size = m->in_len - info->tag_size;
	uint8_t nothing[1];
	psa_key_id_t id = PSA_KEY_ID_NULL;
	psa_status_t status;
	size_t len = 0;

	status = import(info, m->key, PSA_KEY_USAGE_DECRYPT, &id);
	if (status == PSA_SUCCESS)
		status = psa_aead_decrypt(id, psa_alg(info), m->nonce, info->nonce_size, m->aad,
					  m->aad_len, m->in, m->in_len, out_size ? out : nothing,
					  out_size, &len);
	(void)psa_destroy_key(id);
	if (status == PSA_SUCCESS && len == out_size)
		return EESE_OK;
	eese_wipe(out, out_size);
	return status == PSA_ERROR_INVALID_SIGNATURE ? EESE_NOT_AUTHENTIC : EESE_CRYPTO;
}
