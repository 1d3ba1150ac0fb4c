/* SPDX-License-Identifier: Apache-2.0 */
/* Giving a waiting message its number under the newest keyset, clauses 2, 3.1 and 6. */
#include "internal.h"

/*
 * N10: the next number stays within 63 of the oldest outstanding one. A message that nobody will
 * ever acknowledge does not hold up the others: it is let go of.
 */
static bool within_window(struct eese_ue *ue)
{
	for (struct held *h = NULL; (h = eese_dev_next(ue, h)) != NULL;) {
		if (h->ksn != ue->known[0].ksn || h->number + EESE_WINDOW_WIDTH > ue->next_number) {
			continue;
		}
		if (h->acknowledged) {
			return false;
		}
		eese_dev_settle(ue, h, EESE_UE_EVENT_UNCONFIRMED);
	}
	return true;
}

/* Reserves numbers and units in the record before the first of them is used. */
static bool reserve(struct eese_ue *ue, uint32_t units, uint32_t limit)
{
	struct record r;
	if (ue->next_number < ue->numbers_reserved && ue->units + units <= ue->units_reserved) {
		return true;
	}
	eese_dev_record_of(ue, &r);
	r.numbers_reserved = ue->next_number + ue->config.reserve_block;
	r.units_reserved = smaller(ue->units + units + ue->config.reserve_block - 1, limit);
	if (eese_dev_record_write(ue, &r) != EESE_OK) {
		ue->left[BLOCKED] = BLOCKED_MS;
		return false;
	}
	ue->numbers_reserved = r.numbers_reserved;
	ue->units_reserved = r.units_reserved;
	return true;
}

/* false: this message and those behind it wait. Each number counts at least one unit, so that q
 * ends a keyset long before its numbers do. */
static bool protect(struct eese_ue *ue, struct held *h)
{
	const struct eese_alg_info *info = eese_alg_info(ue->known[0].alg);
	if (info == NULL || !within_window(ue)) {
		return false;
	}
	uint32_t units = eese_alg_units(info, h->plain_len);
	if (ue->units + units > info->message_limit) {
		ue->want |= WANT_REFRESH; /* N11 */
		return false;
	}
	if (!reserve(ue, units, info->message_limit)) {
		return false;
	}
	h->ksn = ue->known[0].ksn;
	h->number = ue->next_number++;
	h->left[DUE] = 0;
	ue->units += units;
	ue->known[0].used = true;
	if (ue->units >= info->message_limit) {
		ue->want |= WANT_REFRESH;
	}
	return true;
}

/* Clause 6: where no acknowledgement exists the last resend_keep messages are kept. One more was
 * sent just now. */
static void keep_the_last(struct eese_ue *ue)
{
	struct held *oldest = NULL;
	size_t count = 0;
	for (struct held *h = NULL; (h = eese_dev_next(ue, h)) != NULL;) {
		if (!h->acknowledged && h->left[LET_GO] != NEVER && count++ == 0) {
			oldest = h;
		}
	}
	if (count > EESE_UE_RESEND_KEEP) {
		eese_dev_settle(ue, oldest, EESE_UE_EVENT_UNCONFIRMED);
	}
}

/* In the order of publishing, none overtaking another. */
void eese_dev_protect_waiting(struct eese_ue *ue)
{
	if (!has_keyset(ue) || eese_dev_gate_closed(ue) || ue->left[BLOCKED] != 0) {
		return;
	}
	for (struct held *h = NULL; (h = eese_dev_next(ue, h)) != NULL;) {
		if (h->ksn != 0) {
			continue;
		}
		if (!protect(ue, h) || !eese_dev_transmit(ue, h)) {
			return;
		}
		if (!h->acknowledged) {
			keep_the_last(ue);
		}
	}
}
