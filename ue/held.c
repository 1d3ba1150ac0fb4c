/* SPDX-License-Identifier: Apache-2.0 */
/* Held messages: packed in the arena in the order they were published. */
#include "internal.h"

/* Octets of the arena; what follows is aligned again. */
static size_t size_of(size_t topic_len, size_t plain_len)
{
	size_t octets = sizeof(struct held) + topic_len + plain_len;
	return (octets + alignof(struct held) - 1) / alignof(struct held) * alignof(struct held);
}

/* The first one, or the one behind h, settled or not. */
static struct held *behind(const struct eese_ue *ue, const struct held *h)
{
	uint8_t *p = ue->config.arena;
	if (h != NULL) {
		p += (size_t)((const uint8_t *)h - p) + size_of(h->topic_len, h->plain_len);
	}
	return p < ue->config.arena + ue->arena_used ? (void *)p : NULL;
}

struct held *eese_dev_next(const struct eese_ue *ue, const struct held *h)
{
	struct held *next = behind(ue, h);
	while (next != NULL && next->outcome != 0) {
		next = behind(ue, next);
	}
	return next;
}

struct held *eese_dev_next_settled(const struct eese_ue *ue)
{
	struct held *h = behind(ue, NULL);
	while (h != NULL && h->outcome == 0) {
		h = behind(ue, h);
	}
	return h;
}

enum eese_result eese_dev_add(struct eese_ue *ue, const char *topic, size_t topic_len,
			      const uint8_t *plain, size_t plain_len, struct held **added)
{
	size_t size = size_of(topic_len, plain_len);
	if (size > ue->config.arena_size) {
		return EESE_INVALID;
	}
	if (size > ue->config.arena_size - ue->arena_used) {
		return EESE_FULL;
	}
	struct held *h = (void *)(ue->config.arena + ue->arena_used);
	uint8_t *p = (uint8_t *)(h + 1);
	memset(h, 0, sizeof *h);
	h->topic_len = (uint16_t)topic_len;
	h->plain_len = (uint16_t)plain_len;
	h->left[DUE] = h->left[LET_GO] = NEVER;
	if (topic_len > 0) {
		memcpy(p, topic, topic_len);
	}
	if (plain_len > 0) {
		memcpy(p + topic_len, plain, plain_len);
	}
	ue->arena_used += size;
	*added = h;
	return EESE_OK;
}

void eese_dev_remove(struct eese_ue *ue, struct held *h)
{
	size_t size = size_of(h->topic_len, h->plain_len);
	const uint8_t *end = ue->config.arena + ue->arena_used;
	const uint8_t *rest = (const uint8_t *)h + size;
	memmove(h, rest, (size_t)(end - rest));
	ue->arena_used -= size;
	eese_wipe(ue->config.arena + ue->arena_used, size);
}

/* An unsettled message by its handle. */
struct held *eese_dev_find(const struct eese_ue *ue, uint32_t handle)
{
	struct held *h = NULL;
	do {
		h = eese_dev_next(ue, h);
	} while (h != NULL && h->handle != handle);
	return h;
}

void eese_dev_settle(struct eese_ue *ue, struct held *h, enum eese_ue_event_kind outcome)
{
	h->outcome = (uint8_t)outcome;
	h->ksn = 0;
	if (outcome == EESE_UE_EVENT_ACCEPTED) {
		eese_dev_uplink_accepted(ue);
	}
}

/* Back among those that wait for a number; its place in the arena keeps the order. */
void eese_dev_anew(struct eese_ue *ue, struct held *h)
{
	h->ksn = 0;
	h->left[DUE] = h->left[LET_GO] = NEVER;
	h->sends = h->nacks = h->errors = 0;
	h->gate = h->nack_open = h->error_open = false;
	count(&ue->counters.resealed);
}

size_t eese_ue_held(const struct eese_ue *ue)
{
	size_t n = 0;
	for (struct held *h = NULL; (h = eese_dev_next(ue, h)) != NULL;) {
		n++;
	}
	return n;
}
