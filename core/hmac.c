/* SPDX-License-Identifier: Apache-2.0 */
#include "core/hmac.h"

#include "eese/keys.h"

#define ALG PSA_ALG_HMAC(PSA_ALG_SHA_256)

void eese_hmac_start(struct eese_hmac *h, const uint8_t *key, size_t key_len)
{
	psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;

	h->op = psa_mac_operation_init();
	h->key = PSA_KEY_ID_NULL;
	psa_set_key_type(&attributes, PSA_KEY_TYPE_HMAC);
	psa_set_key_algorithm(&attributes, ALG);
	psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_SIGN_MESSAGE);
	h->status = psa_import_key(&attributes, key, key_len, &h->key);
	if (h->status == PSA_SUCCESS)
		h->status = psa_mac_sign_setup(&h->op, h->key, ALG);
}

void eese_hmac_add(struct eese_hmac *h, const void *p, size_t len)
{
	if (h->status == PSA_SUCCESS && len > 0)
		h->status = psa_mac_update(&h->op, p, len);
}

enum eese_result eese_hmac_finish(struct eese_hmac *h, uint8_t out[EESE_HMAC_SIZE])
{
	size_t len = 0;

	if (h->status == PSA_SUCCESS)
		h->status = psa_mac_sign_finish(&h->op, out, EESE_HMAC_SIZE, &len);
	(void)psa_mac_abort(&h->op);
	(void)psa_destroy_key(h->key);
	if (h->status == PSA_SUCCESS && len == EESE_HMAC_SIZE)
		return EESE_OK;
	eese_wipe(out, EESE_HMAC_SIZE);
	return EESE_CRYPTO;
}
