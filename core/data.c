/* SPDX-License-Identifier: Apache-2.0 */
#include "eese/data.h"

#include "core/aead.h"
#include "core/cose.h"
#include "core/number.h"

/* The shortest tag of the four algorithms. */
enum { TAG_MIN = 8 };

enum eese_result eese_data_head(const uint8_t *msg, size_t len, struct eese_data_head *out)
{
	struct eese_reader r = eese_reader_of(msg, len);
	struct eese_data_head head;

	if (!eese_read_number(&r, &head.kid, &head.number) || r.left < TAG_MIN)
		return EESE_MALFORMED;
	head.size = (uint8_t)(len - r.left);
	*out = head;
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

/* Everything the AEAD needs but the octets themselves. */
struct context {
	const struct eese_alg_info *info;
	uint8_t nonce[EESE_NONCE_MAX];
	uint8_t aad[EESE_AAD_MAX];
	size_t aad_len;
};

static bool make_context(struct context *c, const struct eese_key *key, const char *ue_id,
			 const char *topic, size_t topic_len, uint64_t number)
{
	c->info = eese_alg_info(key->alg);
	if (!c->info || key->direction > EESE_DOWNLINK)
		return false;
	eese_cose_nonce(key, c->info, number, c->nonce);
	c->aad_len = eese_cose_aad(key, ue_id, topic, topic_len, c->aad);
	return c->aad_len > 0;
}

static struct eese_aead make_aead(const struct context *c, const struct eese_key *key,
				  const uint8_t *in, size_t in_len)
{
	return (struct eese_aead){.key = key->key,
				  .nonce = c->nonce,
				  .aad = c->aad,
				  .aad_len = c->aad_len,
				  .in = in,
				  .in_len = in_len};
}

/* Clause 3.1. */
enum eese_result eese_data_seal(const struct eese_key *key, const char *ue_id, const char *topic,
				size_t topic_len, uint64_t number, const uint8_t *plain,
				size_t plain_len, uint8_t *out, size_t out_size, size_t *out_len)
{
	const size_t overhead = eese_data_overhead(key->alg, number);
	struct eese_writer w = eese_writer_of(out, out_size);
	struct context c;
	struct eese_aead aead;
	enum eese_result r;

	*out_len = 0;
	if (overhead == 0 || plain_len > EESE_PLAINTEXT_MAX || out_size < overhead + plain_len)
		return EESE_INVALID;
	if (!make_context(&c, key, ue_id, topic, topic_len, number))
		return EESE_INVALID;
	eese_write_number(&w, key->ksn & 7, number);
	aead = make_aead(&c, key, plain, plain_len);
	r = eese_aead_seal(c.info, &aead, out + w.len);
	eese_wipe(c.nonce, sizeof(c.nonce));
	if (r == EESE_OK)
		*out_len = overhead + plain_len;
	return r;
}

enum eese_result eese_data_open(const struct eese_key *key, const char *ue_id, const char *topic,
				size_t topic_len, const uint8_t *msg, size_t len, uint8_t *out,
				size_t out_size, size_t *out_len)
{
	struct eese_data_head head;
	struct context c;
	struct eese_aead aead;
	size_t plain_len;
	enum eese_result r;

	*out_len = 0;
	r = eese_data_head(msg, len, &head);
	if (r == EESE_OK)
		r = eese_data_plain_size(key->alg, &head, len, &plain_len);
	if (r != EESE_OK)
		return r;
	if (out_size < plain_len || !make_context(&c, key, ue_id, topic, topic_len, head.number))
		return EESE_INVALID;
	aead = make_aead(&c, key, msg + head.size, len - head.size);
	r = eese_aead_open(c.info, &aead, out);
	eese_wipe(c.nonce, sizeof(c.nonce));
	if (r == EESE_OK)
		*out_len = plain_len;
	return r;
}
