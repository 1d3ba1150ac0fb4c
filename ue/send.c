/* SPDX-License-Identifier: Apache-2.0 */
/* Sealing a held message under its number, handing it over, and repeating it. */
#include "internal.h"

bool eese_dev_hand_over(struct eese_ue *ue, uint64_t now, const struct eese_ue_message *m)
{
	if (ue->config.port.send(ue->config.port.ctx, m)) {
		return true;
	}
	ue->blocked_until = now + BLOCKED_MS;
	return false;
}

static enum eese_result seal_under(const struct eese_ue *ue, const struct eese_key *key, size_t at,
				   const struct held *h, size_t *len)
{
	const uint8_t *topic = ue->config.arena + at + EESE_UE_HELD_OVERHEAD;
	return eese_data_seal(key, ue->config.ue_id, (const char *)topic, h->topic_len, h->number,
			      topic + h->topic_len, h->plain_len, ue->config.scratch,
			      ue->config.scratch_size, len);
}

/* The same key, number and plaintext give the same octets, so no ciphertext is stored. */
static enum eese_result seal(const struct eese_ue *ue, size_t at, const struct held *h, size_t *len)
{
	if (h->ksn == ue->known[0].ksn) {
		return seal_under(ue, &ue->up, at, h, len);
	}
	const struct eese_ue_keyset *k = eese_dev_known(ue, h->ksn);
	struct eese_keyset keys;
	if (k == NULL) {
		return EESE_NO_KEY;
	}
	enum eese_result r = eese_dev_derive(ue, k, &keys);
	if (r == EESE_OK) {
		r = seal_under(ue, &keys.up, at, h, len);
	}
	eese_wipe(&keys, sizeof keys);
	return r;
}

/* What a closed gate waits for has ten seconds: it does not back off. */
static uint64_t repeat_at(const struct eese_ue *ue, const struct held *h, uint64_t now,
			  uint64_t base_ms, unsigned doublings)
{
	if (ue->gate_closed && h->ksn < ue->gate_ksn) {
		return eese_dev_after(ue, now, GATE_REPEAT_MS, 0);
	}
	return eese_dev_after(ue, now, base_ms, doublings);
}

/* Hands the message over. false: not now; it stays due. */
bool eese_dev_transmit(struct eese_ue *ue, size_t at, struct held *h, uint64_t now)
{
	struct eese_ue_message m = {.channel = EESE_UE_UP, .handle = h->handle};
	if (seal(ue, at, h, &m.len) != EESE_OK) {
		ue->blocked_until = now + BLOCKED_MS;
		return false;
	}
	m.topic = (const char *)ue->config.arena + at + EESE_UE_HELD_OVERHEAD;
	m.topic_len = h->topic_len;
	m.octets = ue->config.scratch;
	m.acknowledged = h->acknowledged;
	if (!eese_dev_hand_over(ue, now, &m)) {
		return false;
	}
	h->due = h->acknowledged ? repeat_at(ue, h, now, repeat_ms(ue), h->sends) : NEVER;
	h->sends = one_more(h->sends);
	if (h->sent_at == NEVER) {
		h->sent_at = now;
		ue->counters.sealed++;
	} else {
		ue->counters.repeated++;
	}
	h->gate = false;
	h->nack_open = h->error_open = true;
	eese_dev_store(ue, at, h);
	return true;
}

static bool sooner(const struct held *a, const struct held *b)
{
	return a->ksn != b->ksn ? a->ksn < b->ksn : a->number < b->number;
}

/* What is due, oldest keyset and lowest number first: that is the order it was sent in. */
static bool find_due(const struct eese_ue *ue, uint64_t now, size_t *found, struct held *out)
{
	struct held h;
	bool any = false;
	for (size_t at = 0; eese_dev_load(ue, at, &h); at = eese_dev_step(at, &h)) {
		if (h.ksn != 0 && h.due <= now && (!any || sooner(&h, out))) {
			any = true;
			*found = at;
			*out = h;
		}
	}
	return any;
}

void eese_dev_repeats(struct eese_ue *ue, uint64_t now)
{
	struct held h;
	size_t at;
	while (now >= ue->blocked_until && find_due(ue, now, &at, &h)) {
		if (!eese_dev_transmit(ue, at, &h, now)) {
			return;
		}
	}
}

/* Clause 6: an acknowledgement is not authenticated. A positive one lets the message go, a
 * negative one only makes the same octets go out again, sooner than silence would. */
void eese_ue_acknowledged(struct eese_ue *ue, uint32_t handle, bool positive)
{
	struct held h;
	size_t at;
	uint64_t now = now_of(ue);
	if (!eese_dev_find(ue, handle, &at, &h)) {
		return;
	}
	if (positive) {
		eese_dev_settle(ue, at, &h, EESE_UE_EVENT_ACCEPTED);
	} else if (h.ksn != 0 && h.acknowledged && h.nack_open && h.due > now && h.errors < 2) {
		h.nack_open = false;
		h.due = repeat_at(ue, &h, now, repeat_ms(ue) / 10, h.nacks);
		h.nacks = one_more(h.nacks);
		h.sends = 0;
		eese_dev_store(ue, at, &h);
	}
	eese_dev_run(ue, now);
}
