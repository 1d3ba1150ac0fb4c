/* SPDX-License-Identifier: Apache-2.0 */
/* Held messages: packed in the arena in the order they were published. */
#include "internal.h"

bool eese_dev_load(const struct eese_ue *ue, size_t at, struct held *h)
{
	if (at >= ue->arena_used) {
		return false;
	}
	memcpy(h, ue->config.arena + at, sizeof *h);
	return true;
}

void eese_dev_store(struct eese_ue *ue, size_t at, const struct held *h)
{
	memcpy(ue->config.arena + at, h, sizeof *h);
}

static size_t size_of(const struct held *h)
{
	return EESE_UE_HELD_OVERHEAD + (size_t)h->topic_len + h->plain_len;
}

size_t eese_dev_step(size_t at, const struct held *h)
{
	return at + size_of(h);
}

enum eese_result eese_dev_add(struct eese_ue *ue, const struct held *h, const char *topic,
			      const uint8_t *plain)
{
	size_t size = size_of(h);
	if (size > ue->config.arena_size) {
		return EESE_INVALID;
	}
	if (size > ue->config.arena_size - ue->arena_used) {
		return EESE_FULL;
	}
	uint8_t *p = ue->config.arena + ue->arena_used;
	memset(p, 0, EESE_UE_HELD_OVERHEAD);
	memcpy(p, h, sizeof *h);
	if (h->topic_len > 0) {
		memcpy(p + EESE_UE_HELD_OVERHEAD, topic, h->topic_len);
	}
	if (h->plain_len > 0) {
		memcpy(p + EESE_UE_HELD_OVERHEAD + h->topic_len, plain, h->plain_len);
	}
	ue->arena_used += size;
	return EESE_OK;
}

void eese_dev_remove(struct eese_ue *ue, size_t at)
{
	struct held h;
	if (!eese_dev_load(ue, at, &h)) {
		return;
	}
	size_t size = size_of(&h);
	uint8_t *p = ue->config.arena + at;
	memmove(p, p + size, ue->arena_used - at - size);
	ue->arena_used -= size;
	eese_wipe(ue->config.arena + ue->arena_used, size);
}

/* An unsettled message by its handle. */
bool eese_dev_find(const struct eese_ue *ue, uint32_t handle, size_t *at, struct held *h)
{
	for (*at = 0; eese_dev_load(ue, *at, h); *at = eese_dev_step(*at, h)) {
		if (h->handle == handle && h->outcome == 0) {
			return true;
		}
	}
	return false;
}

void eese_dev_settle(struct eese_ue *ue, size_t at, struct held *h, enum eese_ue_event_kind outcome)
{
	h->outcome = (uint8_t)outcome;
	h->ksn = 0;
	h->due = NEVER;
	eese_dev_store(ue, at, h);
	if (outcome == EESE_UE_EVENT_ACCEPTED) {
		eese_dev_uplink_accepted(ue);
	}
}

/* Back among those that wait for a number; its place in the arena keeps the order. */
void eese_dev_anew(struct eese_ue *ue, size_t at, struct held *h)
{
	h->ksn = 0;
	h->due = h->sent_at = NEVER;
	h->sends = h->nacks = h->errors = 0;
	h->gate = h->nack_open = h->error_open = false;
	eese_dev_store(ue, at, h);
	ue->counters.resealed++;
}

/* Whether a held message is protected under this keyset. */
bool eese_dev_refers(const struct eese_ue *ue, uint32_t ksn)
{
	struct held h;
	for (size_t at = 0; eese_dev_load(ue, at, &h); at = eese_dev_step(at, &h)) {
		if (h.ksn == ksn) {
			return true;
		}
	}
	return false;
}

size_t eese_ue_held(const struct eese_ue *ue)
{
	struct held h;
	size_t n = 0;
	for (size_t at = 0; eese_dev_load(ue, at, &h); at = eese_dev_step(at, &h)) {
		n += h.outcome == 0;
	}
	return n;
}
