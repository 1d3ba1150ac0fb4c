/* SPDX-License-Identifier: Apache-2.0 */
/* Giving a waiting message its number under the newest keyset, clauses 2, 3.1 and 6. */
#include "internal.h"

/*
 * N10: the next number stays within 63 of the oldest outstanding one. A message that nobody will
 * ever acknowledge does not hold up the others: it is let go of.
 */
static bool within_window(struct eese_ue *ue)
{
	struct held h;
	for (size_t at = 0; eese_dev_load(ue, at, &h); at = eese_dev_step(at, &h)) {
		if (h.ksn != ue->known[0].ksn || h.number + EESE_WINDOW_WIDTH > ue->next_number) {
			continue;
		}
		if (h.acknowledged) {
			return false;
		}
		eese_dev_settle(ue, at, &h, EESE_UE_EVENT_UNCONFIRMED);
	}
	return true;
}

/* Reserves numbers and units in the record before the first of them is used. */
static bool reserve(struct eese_ue *ue, uint32_t units, uint32_t limit, uint64_t now)
{
	if (ue->next_number < ue->numbers_reserved && ue->units + units <= ue->units_reserved) {
		return true;
	}
	struct record r;
	eese_dev_record_of(ue, &r);
	r.numbers_reserved = ue->next_number + reserve_block(ue);
	uint64_t wanted = (uint64_t)ue->units + units + reserve_block(ue) - 1;
	r.units_reserved = wanted < limit ? (uint32_t)wanted : limit;
	if (eese_dev_record_write(ue, &r) != EESE_OK) {
		ue->blocked_until = now + BLOCKED_MS;
		return false;
	}
	ue->numbers_reserved = r.numbers_reserved;
	ue->units_reserved = r.units_reserved;
	return true;
}

/* false: this message and those behind it wait. */
static bool protect(struct eese_ue *ue, size_t at, struct held *h, uint64_t now)
{
	const struct eese_alg_info *info = eese_alg_info(ue->known[0].alg);
	uint32_t units = eese_alg_units(info, h->plain_len);
	if (!within_window(ue)) {
		return false;
	}
	if (ue->units + units > info->message_limit || ue->next_number >= EESE_NUMBER_MAX) {
		ue->want |= WANT_REFRESH; /* N11 */
		return false;
	}
	if (!reserve(ue, units, info->message_limit, now)) {
		return false;
	}
	h->ksn = ue->known[0].ksn;
	h->number = ue->next_number++;
	h->due = now;
	ue->units += units;
	ue->known[0].used = true;
	eese_dev_store(ue, at, h);
	if (ue->units >= info->message_limit) {
		ue->want |= WANT_REFRESH;
	}
	return true;
}

/* Clause 6: where no acknowledgement exists the last resend_keep messages are kept. */
static void keep_the_last(struct eese_ue *ue)
{
	struct held h;
	size_t count = 0;
	for (size_t at = 0; eese_dev_load(ue, at, &h); at = eese_dev_step(at, &h)) {
		count += h.outcome == 0 && !h.acknowledged && h.sent_at != NEVER;
	}
	for (size_t at = 0; count > EESE_UE_RESEND_KEEP && eese_dev_load(ue, at, &h);
	     at = eese_dev_step(at, &h)) {
		if (h.outcome == 0 && !h.acknowledged && h.sent_at != NEVER) {
			eese_dev_settle(ue, at, &h, EESE_UE_EVENT_UNCONFIRMED);
			count--;
		}
	}
}

/* In the order of publishing, none overtaking another. */
void eese_dev_protect_waiting(struct eese_ue *ue, uint64_t now)
{
	struct held h;
	if (!has_keyset(ue) || eese_dev_gate_closed(ue, now)) {
		return;
	}
	for (size_t at = 0; now >= ue->blocked_until && eese_dev_load(ue, at, &h);
	     at = eese_dev_step(at, &h)) {
		if (h.outcome != 0 || h.ksn != 0) {
			continue;
		}
		if (!protect(ue, at, &h, now) || !eese_dev_transmit(ue, at, &h, now)) {
			return;
		}
		if (!h.acknowledged) {
			keep_the_last(ue);
		}
	}
}
