/* SPDX-License-Identifier: Apache-2.0 */
#include "core/hmac.h"

#include "core/psa_key.h"
#include "eese/keys.h"

enum eese_result eese_hmac(const uint8_t *key, size_t key_len, const uint8_t *in, size_t len,
			   uint8_t *out, size_t size)
{
	const psa_algorithm_t alg = PSA_ALG_TRUNCATED_MAC(PSA_ALG_HMAC(PSA_ALG_SHA_256), size);
	psa_key_id_t id;
	psa_status_t status;
	size_t written = 0;

	status =
	    eese_psa_key(PSA_KEY_TYPE_HMAC, alg, PSA_KEY_USAGE_SIGN_MESSAGE, key, key_len, &id);
	if (status == PSA_SUCCESS)
		status = psa_mac_compute(id, alg, in, len, out, size, &written);
	(void)psa_destroy_key(id);
	if (status == PSA_SUCCESS && written == size)
		return EESE_OK;
	eese_wipe(out, size);
	return EESE_CRYPTO;
}
