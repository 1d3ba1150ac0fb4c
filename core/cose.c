/* SPDX-License-Identifier: Apache-2.0 */
#include "core/cose.h"

#include "core/cbor.h"
#include "core/hmac.h"
#include "core/ue_id.h"

#include <string.h>

enum { COSE_HEADER_ALG = 1, COSE_HMAC_256_64 = 4, EXTERNAL_VERSION = 1 };

/* `protected`: bstr of {1: alg}. */
static void write_protected(struct eese_writer *w, uint8_t alg)
{
	eese_cbor_head(w, EESE_CBOR_BSTR, (uint32_t)(2 + eese_cbor_head_size(alg)));
	eese_cbor_head(w, EESE_CBOR_MAP, 1);
	eese_cbor_head(w, EESE_CBOR_UINT, COSE_HEADER_ALG);
	eese_cbor_head(w, EESE_CBOR_UINT, alg);
}

/* The start of external_aad, common to both structures: [1, direction, UE-ID ... */
static void write_external(struct eese_writer *w, uint32_t elements, uint8_t direction,
			   const char *ue_id, size_t ue_len)
{
	eese_cbor_head(w, EESE_CBOR_ARRAY, elements);
	eese_cbor_head(w, EESE_CBOR_UINT, EXTERNAL_VERSION);
	eese_cbor_head(w, EESE_CBOR_UINT, direction);
	eese_cbor_string(w, EESE_CBOR_TSTR, ue_id, ue_len);
}

size_t eese_cose_aad(const struct eese_key *key, const char *ue_id, const char *topic,
		     size_t topic_len, uint8_t out[EESE_AAD_MAX])
{
	struct eese_writer w = eese_writer_of(out, EESE_AAD_MAX);
	const size_t ue_len = eese_ue_id_length(ue_id);
	size_t external;

	if (ue_len == 0 || topic_len > EESE_TOPIC_MAX)
		return 0;
	external = 3 + eese_cbor_string_size(ue_len) + eese_cbor_head_size(key->ksn) +
		   eese_cbor_string_size(topic_len);
	eese_cbor_head(&w, EESE_CBOR_ARRAY, 3);
	eese_cbor_string(&w, EESE_CBOR_TSTR, "Encrypt0", 8);
	write_protected(&w, key->alg);
	eese_cbor_head(&w, EESE_CBOR_BSTR, (uint32_t)external);
	write_external(&w, 5, key->direction, ue_id, ue_len);
	eese_cbor_head(&w, EESE_CBOR_UINT, key->ksn);
	eese_cbor_string(&w, EESE_CBOR_TSTR, topic, topic_len);
	return w.ok ? w.len : 0;
}

void eese_cose_nonce(const struct eese_key *key, const struct eese_alg_info *info, uint64_t number,
		     uint8_t out[EESE_NONCE_MAX])
{
	memcpy(out, key->iv, EESE_NONCE_MAX);
	for (size_t i = 0; i < EESE_PIV_MAX; i++)
		out[info->nonce_size - 1 - i] ^= (uint8_t)(number >> 8 * i);
}

/* The MAC_structure up to the payload itself. */
static size_t write_mac_head(const char *ue_id, size_t ue_len, enum eese_direction direction,
			     size_t payload_len, uint8_t out[EESE_MAC_HEAD_MAX])
{
	struct eese_writer w = eese_writer_of(out, EESE_MAC_HEAD_MAX);

	eese_cbor_head(&w, EESE_CBOR_ARRAY, 4);
	eese_cbor_string(&w, EESE_CBOR_TSTR, "MAC0", 4);
	write_protected(&w, COSE_HMAC_256_64);
	eese_cbor_head(&w, EESE_CBOR_BSTR, (uint32_t)(3 + eese_cbor_string_size(ue_len)));
	write_external(&w, 3, (uint8_t)direction, ue_id, ue_len);
	eese_cbor_head(&w, EESE_CBOR_BSTR, (uint32_t)payload_len);
	return w.ok ? w.len : 0;
}

enum eese_result eese_cose_mac(const uint8_t control_key[EESE_CONTROL_KEY_SIZE], const char *ue_id,
			       enum eese_direction direction, const uint8_t *payload, size_t len,
			       uint8_t out[EESE_MAC_SIZE])
{
	const size_t ue_len = eese_ue_id_length(ue_id);
	uint8_t head[EESE_MAC_HEAD_MAX];
	uint8_t full[EESE_HMAC_SIZE];
	struct eese_hmac h;
	size_t head_len;
	enum eese_result r;

	memset(out, 0, EESE_MAC_SIZE);
	head_len = ue_len > 0 ? write_mac_head(ue_id, ue_len, direction, len, head) : 0;
	if (head_len == 0)
		return EESE_INVALID;
	eese_hmac_start(&h, control_key, EESE_CONTROL_KEY_SIZE);
	eese_hmac_add(&h, head, head_len);
	eese_hmac_add(&h, payload, len);
	r = eese_hmac_finish(&h, full);
	memcpy(out, full, EESE_MAC_SIZE);
	eese_wipe(full, sizeof(full));
	return r;
}

enum eese_result eese_cose_mac_check(const uint8_t control_key[EESE_CONTROL_KEY_SIZE],
				     const char *ue_id, enum eese_direction direction,
				     const uint8_t *msg, size_t len)
{
	uint8_t mac[EESE_MAC_SIZE];
	enum eese_result r;

	if (len < EESE_MAC_SIZE)
		return EESE_MALFORMED;
	r = eese_cose_mac(control_key, ue_id, direction, msg, len - EESE_MAC_SIZE, mac);
	if (r == EESE_OK && !eese_equal(mac, msg + len - EESE_MAC_SIZE, EESE_MAC_SIZE))
		r = EESE_NOT_AUTHENTIC;
	eese_wipe(mac, sizeof(mac));
	return r;
}
