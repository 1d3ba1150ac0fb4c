/* SPDX-License-Identifier: Apache-2.0 */
/* Downlink that came before its KEY_UPDATE: the last few, packed in order of arrival. */
#include "internal.h"

#ifdef EESE_SMALL

/* Clause 6: optional on small devices. */

bool eese_dev_keep_sound(const struct eese_ue_config *c)
{
	(void)c;
	return true;
}

void eese_dev_forget_kept(struct eese_ue *ue)
{
	(void)ue;
}

bool eese_dev_keep(struct eese_ue *ue, const struct incoming *in)
{
	(void)ue;
	(void)in;
	return false;
}

enum eese_result eese_ue_next_kept(struct eese_ue *ue, char *topic, size_t *topic_len, uint8_t *out,
				   size_t out_size, size_t *out_len)
{
	(void)ue;
	(void)topic;
	(void)out;
	(void)out_size;
	*topic_len = *out_len = 0;
	return EESE_NO_KEY;
}

#else

struct kept {
	uint32_t len;
	uint16_t topic_len;
};

static_assert(sizeof(struct kept) <= EESE_UE_KEEP_OVERHEAD, "EESE_UE_KEEP_OVERHEAD");

bool eese_dev_keep_sound(const struct eese_ue_config *c)
{
	return c->keep != NULL || c->keep_size == 0;
}

void eese_dev_forget_kept(struct eese_ue *ue)
{
	eese_wipe(ue->config.keep, ue->keep_used);
}

/* Where the i-th kept message is. */
static bool locate(const struct eese_ue *ue, size_t i, size_t *at, struct kept *k)
{
	for (*at = 0; *at < ue->keep_used;
	     *at += EESE_UE_KEEP_OVERHEAD + (size_t)k->topic_len + k->len) {
		memcpy(k, ue->config.keep + *at, sizeof *k);
		if (i-- == 0) {
			return true;
		}
	}
	return false;
}

static void unkeep(struct eese_ue *ue, size_t i)
{
	struct kept k;
	size_t at;
	if (!locate(ue, i, &at, &k)) {
		return;
	}
	size_t size = EESE_UE_KEEP_OVERHEAD + (size_t)k.topic_len + k.len;
	uint8_t *p = ue->config.keep + at;
	memmove(p, p + size, ue->keep_used - at - size);
	ue->keep_used -= size;
}

/* The oldest makes room. false: it never fits. */
bool eese_dev_keep(struct eese_ue *ue, const struct incoming *in)
{
	struct kept k = {.len = (uint32_t)in->len, .topic_len = (uint16_t)in->topic_len};
	struct kept unused;
	size_t at;
	size_t size = EESE_UE_KEEP_OVERHEAD + in->topic_len + in->len;
	if (in->len > EESE_MESSAGE_MAX || size > ue->config.keep_size) {
		return false;
	}
	while (size > ue->config.keep_size - ue->keep_used ||
	       locate(ue, EESE_UE_KEEP_MAX - 1, &at, &unused)) {
		unkeep(ue, 0);
		count(&ue->counters.dropped_downlink);
	}
	uint8_t *p = ue->config.keep + ue->keep_used;
	memset(p, 0, EESE_UE_KEEP_OVERHEAD);
	memcpy(p, &k, sizeof k);
	if (in->topic_len > 0) {
		memcpy(p + EESE_UE_KEEP_OVERHEAD, in->topic, in->topic_len);
	}
	memcpy(p + EESE_UE_KEEP_OVERHEAD + in->topic_len, in->msg, in->len);
	ue->keep_used += size;
	return true;
}

enum eese_result eese_ue_next_kept(struct eese_ue *ue, char *topic, size_t *topic_len, uint8_t *out,
				   size_t out_size, size_t *out_len)
{
	struct kept k;
	size_t i = 0;
	size_t at;
	*topic_len = *out_len = 0;
	while (locate(ue, i, &at, &k)) {
		const uint8_t *p = ue->config.keep + at + EESE_UE_KEEP_OVERHEAD;
		struct incoming in = {(const char *)p, k.topic_len, p + k.topic_len, k.len, out,
				      out_size,        out_len};
		if (out_size < in.len) {
			return EESE_INVALID;
		}
		enum eese_result r = eese_dev_open(ue, &in);
		if (r == EESE_NO_KEY || r == EESE_STORAGE || r == EESE_CRYPTO) {
			i++;
			continue;
		}
		if (r == EESE_OK) {
			memcpy(topic, in.topic, in.topic_len);
			*topic_len = in.topic_len;
			unkeep(ue, i);
			return EESE_OK;
		}
		count(&ue->counters.dropped_downlink);
		unkeep(ue, i);
	}
	return EESE_NO_KEY;
}

#endif
