/* SPDX-License-Identifier: Apache-2.0 */
#include "host/seal.h"

#include <psa/crypto.h>
#include <string.h>

enum { NONCE = 12, TAG = EESE_SEAL_OVERHEAD - NONCE };

static psa_status_t import(const uint8_t kek[EESE_KEK_SIZE], psa_key_usage_t usage,
			   psa_key_id_t *id)
{
	psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;

	psa_set_key_type(&attributes, PSA_KEY_TYPE_AES);
	psa_set_key_algorithm(&attributes, PSA_ALG_GCM);
	psa_set_key_usage_flags(&attributes, usage);
	return psa_import_key(&attributes, kek, EESE_KEK_SIZE, id);
}

enum eese_result eese_seal(const uint8_t kek[EESE_KEK_SIZE], const void *context,
			   size_t context_len, const uint8_t *plain, size_t plain_len, uint8_t *out)
{
	psa_key_id_t id = PSA_KEY_ID_NULL;
	psa_status_t status = psa_generate_random(out, NONCE);
	size_t len = 0;

	if (status == PSA_SUCCESS)
		status = import(kek, PSA_KEY_USAGE_ENCRYPT, &id);
	if (status == PSA_SUCCESS)
		status = psa_aead_encrypt(id, PSA_ALG_GCM, out, NONCE, context, context_len, plain,
					  plain_len, out + NONCE, plain_len + TAG, &len);
	(void)psa_destroy_key(id);
	if (status == PSA_SUCCESS && len == plain_len + TAG)
		return EESE_OK;
	eese_wipe(out, plain_len + EESE_SEAL_OVERHEAD);
	return EESE_CRYPTO;
}

enum eese_result eese_unseal(const uint8_t kek[EESE_KEK_SIZE], const void *context,
			     size_t context_len, const uint8_t *sealed, size_t len, uint8_t *out,
			     size_t out_size)
{
	psa_key_id_t id = PSA_KEY_ID_NULL;
	psa_status_t status;
	size_t n = 0;

	memset(out, 0, out_size);
	if (len != out_size + EESE_SEAL_OVERHEAD)
		return EESE_MALFORMED;
	status = import(kek, PSA_KEY_USAGE_DECRYPT, &id);
	if (status == PSA_SUCCESS)
		status = psa_aead_decrypt(id, PSA_ALG_GCM, sealed, NONCE, context, context_len,
					  sealed + NONCE, len - NONCE, out, out_size, &n);
	(void)psa_destroy_key(id);
	if (status == PSA_SUCCESS && n == out_size)
		return EESE_OK;
	eese_wipe(out, out_size);
	return status == PSA_ERROR_INVALID_SIGNATURE ? EESE_NOT_AUTHENTIC : EESE_CRYPTO;
}
