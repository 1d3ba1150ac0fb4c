/* SPDX-License-Identifier: Apache-2.0 */
#include "core/psa_key.h"

psa_status_t eese_psa_key(psa_key_type_t type, psa_algorithm_t alg, psa_key_usage_t usage,
			  const uint8_t *key, size_t size, psa_key_id_t *id)
{
	psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;

	*id = PSA_KEY_ID_NULL;
	psa_set_key_type(&attributes, type);
	psa_set_key_algorithm(&attributes, alg);
	psa_set_key_usage_flags(&attributes, usage);
	return psa_import_key(&attributes, key, size, id);
}
