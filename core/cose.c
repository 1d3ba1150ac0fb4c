/* SPDX-License-Identifier: Apache-2.0 */
#include "core/cose.h"

#include "core/cbor.h"
#include "core/hmac.h"

#include <string.h>

enum { COSE_HEADER_ALG = 1, COSE_HMAC_256_64 = 4, EXTERNAL_VERSION = 1 };

/* What the structures begin with, in CBOR: the array's head (83, 84), the context string (68 or 64,
 * which are h and d, and the text). */
static const char encrypt0[] = "\203hEncrypt0";
static const char mac0[] = "\204dMAC0";

/*
 * The start, `protected`, which is a bstr of {1: alg}, and of external_aad the bstr's head and
 * [1, direction, UE-ID, which more octets follow.
 */
static void write_start(struct eese_writer *w, const char *context, size_t context_len, uint8_t alg,
			uint8_t direction, const char *ue_id, uint32_t elements, size_t more)
{
	const size_t ue_len = eese_ue_id_length(ue_id);

	eese_write(w, context, context_len);
	eese_cbor_head(w, EESE_CBOR_BSTR, (uint32_t)(2 + eese_cbor_head_size(alg)));
	eese_cbor_head(w, EESE_CBOR_MAP, 1);
	eese_cbor_head(w, EESE_CBOR_UINT, COSE_HEADER_ALG);
	eese_cbor_head(w, EESE_CBOR_UINT, alg);
	eese_cbor_head(w, EESE_CBOR_BSTR, (uint32_t)(3 + eese_cbor_string_size(ue_len) + more));
	eese_cbor_head(w, EESE_CBOR_ARRAY, elements);
	eese_cbor_head(w, EESE_CBOR_UINT, EXTERNAL_VERSION);
	eese_cbor_head(w, EESE_CBOR_UINT, direction);
	eese_cbor_string(w, EESE_CBOR_TSTR, ue_id, ue_len);
	w->ok = w->ok && ue_len > 0;
}

size_t eese_cose_aad(const struct eese_key *key, const char *ue_id, const char *topic,
		     size_t topic_len, uint8_t out[EESE_AAD_MAX])
{
	struct eese_writer w = eese_writer_of(out, EESE_AAD_MAX);

	if (topic_len > EESE_TOPIC_MAX)
		return 0;
	write_start(&w, encrypt0, sizeof(encrypt0) - 1, key->alg, key->direction, ue_id, 5,
		    eese_cbor_head_size(key->ksn) + eese_cbor_string_size(topic_len));
	eese_cbor_head(&w, EESE_CBOR_UINT, key->ksn);
	eese_cbor_string(&w, EESE_CBOR_TSTR, topic, topic_len);
	return w.ok ? w.len : 0;
}

void eese_cose_nonce(const struct eese_key *key, const struct eese_alg_info *info, uint64_t number,
		     uint8_t out[EESE_NONCE_MAX])
{
	memcpy(out, key->iv, EESE_NONCE_MAX);
	for (size_t i = info->nonce_size; number != 0; number >>= 8)
		out[--i] ^= (uint8_t)number;
}

enum eese_result eese_cose_mac(const uint8_t control_key[EESE_CONTROL_KEY_SIZE], const char *ue_id,
			       enum eese_direction direction, const uint8_t *payload, size_t len,
			       uint8_t out[EESE_MAC_SIZE])
{
	uint8_t in[EESE_MAC_INPUT_MAX];
	struct eese_writer w = eese_writer_of(in, sizeof(in));

	write_start(&w, mac0, sizeof(mac0) - 1, COSE_HMAC_256_64, (uint8_t)direction, ue_id, 3, 0);
	eese_cbor_string(&w, EESE_CBOR_BSTR, payload, len);
	if (w.ok)
		return eese_hmac(control_key, EESE_CONTROL_KEY_SIZE, in, w.len, out, EESE_MAC_SIZE);
	memset(out, 0, EESE_MAC_SIZE);
	return EESE_INVALID;
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
