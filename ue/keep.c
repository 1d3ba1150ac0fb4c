/* SPDX-License-Identifier: Apache-2.0 */
/* Downlink that came before its KEY_UPDATE: the last few, packed in order of arrival. */
#include "internal.h"

struct kept {
	uint32_t len;
	uint16_t topic_len;
};

static_assert(sizeof(struct kept) <= EESE_UE_KEEP_OVERHEAD, "EESE_UE_KEEP_OVERHEAD");

static bool load(const struct eese_ue *ue, size_t at, struct kept *k)
{
	if (at >= ue->keep_used) {
		return false;
	}
	memcpy(k, ue->config.keep + at, sizeof *k);
	return true;
}

static size_t size_of(const struct kept *k)
{
	return EESE_UE_KEEP_OVERHEAD + (size_t)k->topic_len + k->len;
}

/* Where the i-th kept message is. */
static bool locate(const struct eese_ue *ue, size_t i, size_t *at, struct kept *k)
{
	*at = 0;
	for (; load(ue, *at, k); i--) {
		if (i == 0) {
			return true;
		}
		*at += size_of(k);
	}
	return false;
}

bool eese_dev_kept(const struct eese_ue *ue, size_t i, const char **topic, size_t *topic_len,
		   const uint8_t **msg, size_t *len)
{
	struct kept k;
	size_t at;
	if (!locate(ue, i, &at, &k)) {
		return false;
	}
	const uint8_t *p = ue->config.keep + at + EESE_UE_KEEP_OVERHEAD;
	*topic = (const char *)p;
	*topic_len = k.topic_len;
	*msg = p + k.topic_len;
	*len = k.len;
	return true;
}

void eese_dev_unkeep(struct eese_ue *ue, size_t i)
{
	struct kept k;
	size_t at;
	if (!locate(ue, i, &at, &k)) {
		return;
	}
	size_t size = size_of(&k);
	uint8_t *p = ue->config.keep + at;
	memmove(p, p + size, ue->keep_used - at - size);
	ue->keep_used -= size;
}

/* The oldest makes room. false: it never fits. */
bool eese_dev_keep(struct eese_ue *ue, const char *topic, size_t topic_len, const uint8_t *msg,
		   size_t len)
{
	struct kept k = {.len = (uint32_t)len, .topic_len = (uint16_t)topic_len};
	struct kept unused;
	size_t at;
	size_t size = size_of(&k);
	if (len > EESE_MESSAGE_MAX || size > ue->config.keep_size) {
		return false;
	}
	while (size > ue->config.keep_size - ue->keep_used ||
	       locate(ue, EESE_UE_KEEP_MAX - 1, &at, &unused)) {
		eese_dev_unkeep(ue, 0);
		ue->counters.dropped_downlink++;
	}
	uint8_t *p = ue->config.keep + ue->keep_used;
	memset(p, 0, EESE_UE_KEEP_OVERHEAD);
	memcpy(p, &k, sizeof k);
	if (topic_len > 0) {
		memcpy(p + EESE_UE_KEEP_OVERHEAD, topic, topic_len);
	}
	memcpy(p + EESE_UE_KEEP_OVERHEAD + topic_len, msg, len);
	ue->keep_used += size;
	return true;
}
