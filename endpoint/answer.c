/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to a UE: KEY_UPDATE with its ref, ERROR, and the two budgets they are paid from. */
#include "endpoint/internal.h"

bool eese_ep_budget_open(const struct budget *b, struct eese_time now)
{
	return now.ms >= b->not_before;
}

void eese_ep_budget_spend(struct budget *b, struct eese_time now, uint32_t first_ms,
			  uint32_t most_ms)
{
	if (b->interval_ms == 0) {
		b->interval_ms = first_ms;
	} else {
		b->interval_ms = b->interval_ms > most_ms / 2 ? most_ms : b->interval_ms * 2;
	}
	b->not_before = now.ms + b->interval_ms;
}

static void spend(struct eese_endpoint *ep, struct budget *b, struct eese_time now)
{
	eese_ep_budget_spend(b, now, ep->config.update_interval_ms, ANSWER_INTERVAL_MAX_MS);
}

static struct eese_ref ref_invalid(uint32_t ksn, bool has_window, const struct eese_window *w)
{
	return has_window ? eese_ref_of_window(ksn, w) : (struct eese_ref){.form = EESE_REF_ABSENT};
}

/* Clause 3.2: what is held of this UE from before the keyset announced. */
static struct eese_ref ref_before(struct eese_endpoint *ep, const struct ue *ue,
				  const struct held *announced, struct eese_time now,
				  struct eese_actions *out)
{
	if (announced == ue->current) {
		return ue->previous == NULL
			   ? (struct eese_ref){.form = EESE_REF_ABSENT}
			   : ref_invalid(ue->previous->ksn, ue->previous->has_window,
					 &ue->previous->window);
	}
	if (ue->current == NULL) {
		return (struct eese_ref){.form = EESE_REF_ABSENT};
	}
	if (eese_ep_valid(ep, ue, ue->current, now, out)) {
		return (struct eese_ref){.form = EESE_REF_VALID, .kid = ue->current->ksn & 7};
	}
	return ref_invalid(ue->current->ksn, ue->current->has_window, &ue->current->window);
}

static bool encode(const struct ue *ue, const struct held *h, uint8_t reason,
		   const struct eese_ref *ref, struct eese_actions *out)
{
	uint8_t control_key[EESE_CONTROL_KEY_SIZE];
	struct eese_key_update u = {
	    .reason = reason, .ksn = h->ksn, .ikid = ue->ikid, .alg = h->alg, .ref = *ref};
	memcpy(u.rand, h->rand, EESE_RAND_SIZE);
	enum eese_result r = eese_derive_control_key(ue->int_key, ue->named.name, control_key);
	if (r == EESE_OK) {
		r = eese_key_update_encode(control_key, ue->named.name, &u, out->control,
					   &out->control_len);
	}
	eese_wipe(control_key, sizeof control_key);
	return r == EESE_OK;
}

/*
 * KEY_UPDATE for h, pending or current, within the budget of the contact that it answers. What
 * says something new (h in this form of ref for the first time) is not held back by the first.
 */
void eese_ep_announce(struct eese_endpoint *ep, struct ue *ue, struct held *h, uint8_t reason,
		      bool authentic, struct eese_time now, struct eese_actions *out)
{
	struct budget *b = authentic ? &ue->authentic : &ue->rest;
	struct eese_ref ref = ref_before(ep, ue, h, now, out);
	bool news = (h->told & (1u << ref.form)) == 0;
	if (!eese_ep_budget_open(b, now) && !(authentic && news)) {
		return;
	}
	if (encode(ue, h, reason, &ref, out)) {
		h->told |= (uint8_t)(1u << ref.form);
		h->reason = reason;
		spend(ep, b, now);
		ep->counters[EESE_COUNT_UPDATES_SENT]++;
	}
}

void eese_endpoint_listening(struct eese_endpoint *ep, struct eese_time now, const char *ue_id,
			     size_t ue_id_len, struct eese_actions *out)
{
	struct ue *ue = eese_ep_find(ep, ue_id, ue_id_len);
	memset(out, 0, sizeof *out);
	if (ue == NULL || ue->pending == NULL || !eese_ep_key_in_hand(ue, now)) {
		return;
	}
	struct eese_ref ref = ref_before(ep, ue, ue->pending, now, out);
	if (encode(ue, ue->pending, ue->pending->reason, &ref, out)) {
		ue->pending->told |= (uint8_t)(1u << ref.form);
		ep->counters[EESE_COUNT_UPDATES_SENT]++;
	}
}

void eese_ep_error(struct eese_endpoint *ep, struct budget *b, const struct eese_error *e,
		   struct eese_time now, struct eese_actions *out)
{
	if (eese_ep_budget_open(b, now) &&
	    eese_error_encode(e, out->control, &out->control_len) == EESE_OK) {
		spend(ep, b, now);
		ep->counters[EESE_COUNT_ERRORS_SENT]++;
	}
}

/* A new keyset is due and none could be made. A key past its expiry is fetched anew (N11); AKA
 * helps only where the key is at its end. */
void eese_ep_no_pending(struct eese_endpoint *ep, struct ue *ue, struct budget *b,
			struct eese_time now, struct eese_actions *out)
{
	if (!eese_ep_key_in_hand(ue, now)) {
		eese_ep_ask(ep, now, ue->named.name, ue->named.len, NULL, true, out);
		return;
	}
	struct eese_error e = {.reason = eese_ep_key_serves(ep, ue, now) ? EESE_ERROR_EXPIRED
									 : EESE_ERROR_NO_KEY};
	eese_ep_error(ep, b, &e, now, out);
}
