/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a keyset: pending, current, previous; and when it is no longer valid. */
#include "endpoint/internal.h"

uint32_t eese_ep_te2e(const struct eese_endpoint *ep, const struct ue *ue,
		      enum eese_te2e_from *from)
{
	*from = ue->has_te2e                               ? EESE_TE2E_UE
		: ue->group != NULL && ue->group->has_te2e ? EESE_TE2E_GROUP
							   : EESE_TE2E_DEFAULT;
	return *from == EESE_TE2E_UE      ? ue->te2e_s
	       : *from == EESE_TE2E_GROUP ? ue->group->te2e_s
					  : ep->config.te2e_s;
}

static uint64_t te2e_ms(const struct eese_endpoint *ep, const struct ue *ue)
{
	enum eese_te2e_from unused;
	return (uint64_t)eese_ep_te2e(ep, ue, &unused) * 1000;
}

static enum eese_counter expiry_counter(uint8_t reason)
{
	switch (reason) {
	case EESE_UPDATE_EXPIRED:
		return EESE_COUNT_EXPIRED_TIME;
	case EESE_UPDATE_ENTERPRISE:
		return EESE_COUNT_EXPIRED_ENTERPRISE;
	case EESE_UPDATE_USAGE:
		return EESE_COUNT_EXPIRED_USAGE;
	default:
		return EESE_COUNT_EXPIRED_INTEGRITY;
	}
}

/* For good: the first reason stays. */
void eese_ep_invalidate(struct eese_endpoint *ep, struct held *h, uint8_t reason,
			struct eese_actions *out)
{
	if (h->invalid == 0) {
		h->invalid = reason;
		ep->counters[expiry_counter(reason)]++;
		out->events |= EESE_EVENT_KEY_EXPIRED;
		out->expired_reason = reason;
		out->expired_ksn = h->ksn;
	}
}

/* Whether the enterprise expired it together with its group or with all. */
static bool marked(const struct eese_endpoint *ep, const struct ue *ue, const struct held *h)
{
	uint64_t mark = ep->all_mark;
	if (ue->group != NULL && ue->group->mark > mark) {
		mark = ue->group->mark;
	}
	return h->made_mark < mark;
}

void eese_ep_apply_marks(struct eese_endpoint *ep, const struct ue *ue, struct held *h,
			 struct eese_actions *out)
{
	if (marked(ep, ue, h)) {
		eese_ep_invalidate(ep, h, EESE_UPDATE_ENTERPRISE, out);
	}
}

uint8_t eese_ep_why_invalid(const struct eese_endpoint *ep, const struct ue *ue,
			    const struct held *h, struct eese_time now)
{
	uint64_t life = te2e_ms(ep, ue);
	if (h->invalid != 0) {
		return h->invalid;
	}
	if (marked(ep, ue, h)) {
		return EESE_UPDATE_ENTERPRISE;
	}
	return h->used && life > 0 && now.ms - h->first_use_ms >= life ? EESE_UPDATE_EXPIRED : 0;
}

/* Clause 5, 'Validity': looked at with every use, whatever a timer did. */
bool eese_ep_valid(struct eese_endpoint *ep, const struct ue *ue, struct held *h,
		   struct eese_time now, struct eese_actions *out)
{
	uint8_t why = eese_ep_why_invalid(ep, ue, h, now);
	if (why != 0) {
		eese_ep_invalidate(ep, h, why, out);
	}
	return why == 0;
}

/* te2e starts when the EESE first uses a keyset. */
void eese_ep_use(struct held *h, struct eese_time now)
{
	if (!h->used) {
		h->used = true;
		h->first_use_ms = now.ms;
	}
}

/* Clause 2: at q the keyset is used up. */
void eese_ep_count_units(struct eese_endpoint *ep, struct held *h, uint32_t *units, size_t len,
			 struct eese_actions *out)
{
	const struct eese_alg_info *info = eese_alg_info(h->alg);
	*units += eese_alg_units(info, len);
	if (*units >= info->message_limit) {
		eese_ep_invalidate(ep, h, EESE_UPDATE_USAGE, out);
	}
}

/* Clause 5, 'Ahead of expiry': by time, and in the same share by the count of messages. */
bool eese_ep_margin_reached(const struct eese_endpoint *ep, const struct ue *ue,
			    const struct held *h, struct eese_time now)
{
	uint32_t left_pct = 100 - ep->config.refresh_margin_pct;
	uint64_t life = te2e_ms(ep, ue);
	uint64_t limit = eese_alg_info(h->alg)->message_limit;
	if (left_pct == 100) {
		return false;
	}
	return (life > 0 && now.ms - h->first_use_ms >= life / 100 * left_pct) ||
	       h->up_units >= limit * left_pct / 100 || h->down_units >= limit * left_pct / 100;
}

static bool kid_taken(const struct ue *ue, uint64_t ksn)
{
	return (ue->current != NULL && ((ue->current->ksn ^ ksn) & 7) == 0) ||
	       (ue->pending != NULL && ((ue->pending->ksn ^ ksn) & 7) == 0) ||
	       (ue->previous != NULL && ((ue->previous->ksn ^ ksn) & 7) == 0);
}

/* Clause 2, 'KSN': 0 if none is left. */
static uint32_t pick_ksn(const struct eese_endpoint *ep, const struct ue *ue, struct eese_time now)
{
	uint64_t ksn = now.unix + (ue->durable ? 0 : KSN_MARGIN_S);
	if (!ue->durable && ksn <= ep->ksn_floor) {
		ksn = (uint64_t)ep->ksn_floor + 1;
	}
	if (ksn <= ue->highest_ksn) {
		ksn = (uint64_t)ue->highest_ksn + 1;
	}
	while (kid_taken(ue, ksn)) {
		ksn++;
	}
	return ksn <= UINT32_MAX ? (uint32_t)ksn : 0;
}

/* Whether the key in hand is good for another keyset. */
bool eese_ep_key_serves(const struct eese_endpoint *ep, const struct ue *ue, struct eese_time now)
{
	return eese_ep_key_in_hand(ue, now) && pick_ksn(ep, ue, now) != 0;
}

void eese_ep_drop_pending(struct eese_endpoint *ep, struct ue *ue)
{
	eese_ep_release_held(ep, ue->pending);
	ue->pending = NULL;
}

/* A pending that nobody confirmed in pending_life is replaced at the next need. */
void eese_ep_drop_stale_pending(struct eese_endpoint *ep, struct ue *ue, struct eese_time now)
{
	if (ue->pending != NULL &&
	    now.ms - ue->pending->made_ms >= (uint64_t)ep->config.pending_life_s * 1000) {
		eese_ep_drop_pending(ep, ue);
	}
}

/* Replaces any pending. false: no key in hand, no KSN, no RAND or no memory left; nothing changed.
 */
bool eese_ep_new_pending(struct eese_endpoint *ep, struct ue *ue, struct eese_time now)
{
	uint32_t ksn = pick_ksn(ep, ue, now);
	struct held *h;
	if (!eese_ep_key_in_hand(ue, now) || ksn == 0 || ep->rand_count == 0 ||
	    (h = eese_ep_new_held(ep, ue->alg != 0 ? ue->alg : ep->config.alg)) == NULL) {
		return false;
	}
	h->ksn = ksn;
	h->made_ms = now.ms;
	h->made_mark = ep->epoch;
	h->has_window = true;
	ep->rand_count--;
	memcpy(h->rand, ep->rands[ep->rand_count], EESE_RAND_SIZE);
	eese_wipe(ep->rands[ep->rand_count], EESE_RAND_SIZE);
	eese_ep_drop_pending(ep, ue);
	ue->pending = h;
	ue->highest_ksn = ksn;
	eese_ep_changed(ep, &ue->named);
	return true;
}

bool eese_ep_ensure_pending(struct eese_endpoint *ep, struct ue *ue, struct eese_time now)
{
	return ue->pending != NULL || eese_ep_new_pending(ep, ue, now);
}

static void drop_previous(struct eese_endpoint *ep, struct ue *ue)
{
	eese_ep_release(ep, ue->previous, sizeof *ue->previous);
	ue->previous = NULL;
}

/*
 * Clause 5, step 2: the UE uses the pending keyset, so it is current now, and what was current
 * only swallows and refuses. false: out of memory, nothing changed.
 */
bool eese_ep_confirm(struct eese_endpoint *ep, struct ue *ue, struct eese_actions *out)
{
	struct previous *previous = NULL;
	if (ue->current != NULL) {
		if ((previous = eese_ep_zalloc(ep, sizeof *previous)) == NULL) {
			return false;
		}
		previous->ksn = ue->current->ksn;
		previous->alg = ue->current->alg;
		memcpy(previous->rand, ue->current->rand, EESE_RAND_SIZE);
		previous->window = ue->current->window;
		previous->has_window = ue->current->has_window;
		eese_ep_release_held(ep, ue->current);
	}
	drop_previous(ep, ue);
	ue->previous = previous;
	ue->current = ue->pending;
	ue->pending = NULL;
	ue->authentic = ue->rest = (struct budget){0};
	ue->current->told = 0;
	ep->counters[EESE_COUNT_REFRESHED]++;
	out->events |= EESE_EVENT_KEY_REFRESHED;
	out->ksn = ue->current->ksn;
	eese_ep_changed(ep, &ue->named);
	return true;
}

void eese_ep_wipe_keysets(struct eese_endpoint *ep, struct ue *ue)
{
	eese_ep_drop_pending(ep, ue);
	drop_previous(ep, ue);
	eese_ep_release_held(ep, ue->current);
	ue->current = NULL;
}
