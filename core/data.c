/* SPDX-License-Identifier: Apache-2.0 */
#include "eese/data.h"

#include "core/aead.h"
#include "core/cose.h"
#include "core/number.h"

/* The shortest tag of the four algorithms. */
enum { TAG_MIN = 8 };

enum eese_result eese_data_head(const uint8_t *msg, size_t len, struct eese_data_head *out)
{
	struct eese_reader r = eese_reader_of(msg, len < TAG_MIN ? 0 : len - TAG_MIN);

	if (!eese_read_number(&r, &out->kid, &out->number))
		return EESE_MALFORMED;
	out->size = (uint8_t)(len - TAG_MIN - r.left);
	return EESE_OK;
}

size_t eese_data_overhead(uint8_t alg, uint64_t number)
{
	const struct eese_alg_info *info = eese_alg_info(alg);

	if (!info || number > EESE_NUMBER_MAX)
		return 0;
	return 1 + eese_number_size(number) + info->tag_size;
}

enum eese_result eese_data_plain_size(uint8_t alg, const struct eese_data_head *head, size_t len,
				      size_t *out)
{
	const struct eese_alg_info *info = eese_alg_info(alg);
	size_t around;

	if (!info)
		return EESE_INVALID;
	around = (size_t)head->size + info->tag_size;
	if (len < around || len - around > EESE_PLAINTEXT_MAX)
		return EESE_MALFORMED;
	*out = len - around;
	return EESE_OK;
}

/* Clause 3.1, either way. what: seal, in and in_len alone. */
static enum eese_result run(const struct eese_aead *what, const struct eese_key *key,
			    const char *ue_id, const char *topic, size_t topic_len, uint64_t number,
			    uint8_t *out, size_t out_size)
{
	const struct eese_alg_info *info = eese_alg_info(key->alg);
	uint8_t nonce[EESE_NONCE_MAX];
	uint8_t aad[EESE_AAD_MAX];
	struct eese_aead m = *what;
	enum eese_result r;

	if (!info || key->direction > EESE_DOWNLINK)
		return EESE_INVALID;
	m.key = key->key;
	m.nonce = nonce;
	m.aad = aad;
	m.aad_len = eese_cose_aad(key, ue_id, topic, topic_len, aad);
	if (m.aad_len == 0)
		return EESE_INVALID;
	eese_cose_nonce(key, info, number, nonce);
	r = eese_aead(info, &m, out, out_size);
	eese_wipe(nonce, sizeof(nonce));
	return r;
}

enum eese_result eese_data_seal(const struct eese_key *key, const char *ue_id, const char *topic,
				size_t topic_len, uint64_t number, const uint8_t *plain,
				size_t plain_len, uint8_t *out, size_t out_size, size_t *out_len)
{
	const struct eese_alg_info *info = eese_alg_info(key->alg);
	struct eese_writer w = eese_writer_of(out, out_size);
	struct eese_aead what;
	size_t sealed_len;
	enum eese_result r;

	*out_len = 0;
	if (!info)
		return EESE_INVALID;
	if (number > EESE_NUMBER_MAX || plain_len > EESE_PLAINTEXT_MAX)
		return EESE_INVALID;
	eese_write_number(&w, key->ksn & 7, number);
	sealed_len = plain_len + info->tag_size;
	if (!w.ok || out_size - w.len < sealed_len)
		return EESE_INVALID;
	what.seal = true;
	what.in = plain;
	what.in_len = plain_len;
	r = run(&what, key, ue_id, topic, topic_len, number, out + w.len, sealed_len);
	if (r == EESE_OK)
		*out_len = w.len + sealed_len;
	return r;
}

enum eese_result eese_data_open(const struct eese_key *key, const char *ue_id, const char *topic,
				size_t topic_len, const uint8_t *msg, size_t len, uint8_t *out,
				size_t out_size, size_t *out_len)
{
	struct eese_data_head head;
	struct eese_aead what;
	size_t plain_len;
	enum eese_result r;

	*out_len = 0;
	r = eese_data_head(msg, len, &head);
	if (r == EESE_OK)
		r = eese_data_plain_size(key->alg, &head, len, &plain_len);
	if (r != EESE_OK)
		return r;
	if (out_size < plain_len)
		return EESE_INVALID;
	what.seal = false;
	what.in = msg + head.size;
	what.in_len = len - head.size;
	r = run(&what, key, ue_id, topic, topic_len, head.number, out, plain_len);
	if (r == EESE_OK)
		*out_len = plain_len;
	return r;
}
