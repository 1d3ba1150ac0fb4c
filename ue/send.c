/* SPDX-License-Identifier: Apache-2.0 */
/* Sealing a held message under its number, handing it over, and repeating it. */
#include "internal.h"

bool eese_dev_hand_over(struct eese_ue *ue, const struct eese_ue_message *m)
{
	if (ue->config.port.send(ue->config.port.ctx, m)) {
		return true;
	}
	ue->left[BLOCKED] = BLOCKED_MS;
	return false;
}

/* The same key, number and plaintext give the same octets, so no ciphertext is stored, and no key
 * but the e2e_int_key. */
static enum eese_result seal(const struct eese_ue *ue, const struct held *h, size_t *len)
{
	const struct eese_ue_keyset *k = eese_dev_known(ue, h->ksn);
	const char *topic = (const char *)(h + 1);
	struct eese_key key;
	if (k == NULL) {
		return EESE_NO_KEY;
	}
	enum eese_result r = eese_dev_derive(ue, k, EESE_UPLINK, &key);
	if (r == EESE_OK) {
		r = eese_data_seal(&key, ue->config.ue_id, topic, h->topic_len, h->number,
				   (const uint8_t *)topic + h->topic_len, h->plain_len,
				   ue->config.scratch, ue->config.scratch_size, len);
	}
	eese_wipe(&key, sizeof key);
	return r;
}

/* What a closed gate waits for has ten seconds: it does not back off. */
static uint32_t until_repeat(const struct eese_ue *ue, const struct held *h, uint32_t share,
			     unsigned doublings)
{
	if (ue->gate_closed && h->ksn < ue->gate_ksn) {
		return eese_dev_back_off(ue, GATE_REPEAT_MS, 0);
	}
	return eese_dev_back_off(ue, ue->config.repeat_ms / share, doublings);
}

/* Hands the message over. false: not now; it stays due. */
bool eese_dev_transmit(struct eese_ue *ue, struct held *h)
{
	struct eese_ue_message m;
	m.channel = EESE_UE_UP;
	m.topic = (const char *)(h + 1);
	m.topic_len = h->topic_len;
	m.octets = ue->config.scratch;
	m.handle = h->handle;
	m.acknowledged = h->acknowledged;
	if (seal(ue, h, &m.len) != EESE_OK) {
		ue->left[BLOCKED] = BLOCKED_MS;
		return false;
	}
	if (!eese_dev_hand_over(ue, &m)) {
		return false;
	}
	h->left[DUE] = h->acknowledged ? until_repeat(ue, h, 1, h->sends) : NEVER;
	h->sends = one_more(h->sends);
	count(h->left[LET_GO] == NEVER ? &ue->counters.sealed : &ue->counters.repeated);
	h->left[LET_GO] = smaller(h->left[LET_GO], KEEP_SENT_MS);
	h->gate = false;
	h->nack_open = h->error_open = true;
	return true;
}

static bool sooner(const struct held *a, const struct held *b)
{
	return a->ksn != b->ksn ? a->ksn < b->ksn : a->number < b->number;
}

/* What is due, oldest keyset and lowest number first: that is the order it was sent in. */
static struct held *find_due(const struct eese_ue *ue)
{
	struct held *found = NULL;
	for (struct held *h = NULL; (h = eese_dev_next(ue, h)) != NULL;) {
		if (h->left[DUE] == 0 && (found == NULL || sooner(h, found))) {
			found = h;
		}
	}
	return found;
}

void eese_dev_repeats(struct eese_ue *ue)
{
	struct held *h;
	while (ue->left[BLOCKED] == 0 && (h = find_due(ue)) != NULL) {
		if (!eese_dev_transmit(ue, h)) {
			return;
		}
	}
}

/* Clause 6: an acknowledgement is not authenticated. A positive one lets the message go, a
 * negative one only makes the same octets go out again, sooner than silence would. */
void eese_ue_acknowledged(struct eese_ue *ue, uint32_t handle, bool positive)
{
	struct held *h = eese_dev_find(ue, handle);
	if (h == NULL) {
		return;
	}
	eese_dev_pass_time(ue);
	if (positive) {
		eese_dev_settle(ue, h, EESE_UE_EVENT_ACCEPTED);
	} else if (h->acknowledged && h->nack_open && h->left[DUE] > 0 && h->errors < 2) {
		h->nack_open = false;
		h->left[DUE] = until_repeat(ue, h, 10, h->nacks);
		h->nacks = one_more(h->nacks);
		h->sends = 0;
	}
	eese_dev_run(ue);
}
