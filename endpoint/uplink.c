/* SPDX-License-Identifier: Apache-2.0 */
/* Clause 5, 'On data from the UE': the tag first, under the keyset that kid names; then the
 * number. */
#include "endpoint/internal.h"

/* One data message on its way through the steps. */
struct uplink {
	struct eese_endpoint *ep;
	struct ue *ue;
	struct eese_time now;
	const char *topic;
	size_t topic_len;
	const uint8_t *msg;
	size_t len;
	uint8_t *plain;
	size_t plain_len;
	struct eese_data_head head;
	struct eese_actions *out;
};

static void drop(struct uplink *u, enum eese_counter count)
{
	eese_ep_verdict(u->ep, u->out, EESE_DROP, count);
}

static void swallow(struct uplink *u)
{
	eese_ep_verdict(u->ep, u->out, EESE_SWALLOW, EESE_COUNT_SWALLOWED);
}

static enum eese_result open_under(struct uplink *u, const struct eese_key *key)
{
	return eese_data_open(key, u->ue->named.name, u->topic, u->topic_len, u->msg, u->len,
			      u->plain, u->len, &u->plain_len);
}

static enum eese_result open_under_held(struct uplink *u, struct held *h)
{
	struct eese_key key;
	if (!eese_ep_key(u->ue, h, EESE_UPLINK, &key)) {
		return EESE_CRYPTO;
	}
	enum eese_result r = open_under(u, &key);
	eese_wipe(&key, sizeof key);
	return r;
}

static enum eese_result open_under_previous(struct uplink *u)
{
	const struct previous *p = u->ue->previous;
	struct eese_key key;
	enum eese_result r = eese_derive_key(u->ue->int_key, u->ue->named.name, p->rand, p->ksn,
					     p->alg, EESE_UPLINK, &key);
	if (r == EESE_OK) {
		r = open_under(u, &key);
	}
	eese_wipe(&key, sizeof key);
	return r;
}

/* Step 5: no keyset at all for this UE, its key in hand. */
static void no_keyset(struct uplink *u)
{
	drop(u, EESE_COUNT_REFUSED_NO_KEYSET);
	if (eese_ep_ensure_pending(u->ep, u->ue, u->now)) {
		eese_ep_announce(u->ep, u->ue, u->ue->pending, EESE_UPDATE_UNKNOWN, false, u->now,
				 u->out);
	} else {
		eese_ep_no_pending(u->ep, u->ue, &u->ue->rest, u->now, u->out);
	}
}

/* Step 6: such messages never start a refresh; they only make the UE ask. */
static void unknown_key(struct uplink *u)
{
	struct eese_error e = {
	    .reason = EESE_ERROR_KEY_UNKNOWN, .kid = u->head.kid, .number = u->head.number};
	drop(u, EESE_COUNT_FAILED_TAG);
	eese_ep_error(u->ep, &u->ue->rest, &e, u->now, u->out);
}

/* Clause 2's v: at half of it refresh, at the whole of it the keyset is invalid. */
static void wrong_tag(struct uplink *u, struct held *h)
{
	uint32_t limit = eese_alg_info(h->alg)->failed_limit;
	if (u->ue->current == NULL) {
		/* A pending alone is a RAND without a known keyset: as step 5. */
		no_keyset(u);
	} else {
		unknown_key(u);
	}
	if (h->invalid != 0) {
		return;
	}
	h->failed_tags++;
	if (h->failed_tags >= limit) {
		eese_ep_invalidate(u->ep, h, EESE_UPDATE_INTEGRITY, u->out);
	} else if (h->failed_tags == limit / 2 && h == u->ue->current &&
		   eese_ep_ensure_pending(u->ep, u->ue, u->now)) {
		u->out->control_len = 0; /* the RAND says more than the ERROR */
		eese_ep_announce(u->ep, u->ue, u->ue->pending, EESE_UPDATE_AHEAD, true, u->now,
				 u->out);
	}
}

static void refresh_ahead(struct uplink *u)
{
	struct ue *ue = u->ue;
	if (ue->pending != NULL) {
		eese_ep_announce(u->ep, ue, ue->pending, ue->pending->reason, true, u->now, u->out);
	} else if (eese_ep_margin_reached(u->ep, ue, ue->current, u->now) &&
		   eese_ep_new_pending(u->ep, ue, u->now)) {
		eese_ep_announce(u->ep, ue, ue->pending, EESE_UPDATE_AHEAD, true, u->now, u->out);
	}
}

/* Step 1: current and valid. */
static void under_valid(struct uplink *u)
{
	struct held *h = u->ue->current;
	eese_ep_use(h, u->now);
	switch (eese_window_check(&h->window, u->head.number)) {
	case EESE_WINDOW_SEEN:
		swallow(u);
		return;
	case EESE_WINDOW_BELOW:
		drop(u, EESE_COUNT_BELOW_WINDOW);
		return;
	case EESE_WINDOW_NEW:
		break;
	}
	eese_window_mark(&h->window, u->head.number);
	eese_ep_count_units(u->ep, h, &h->up_units, u->plain_len, u->out);
	eese_ep_verdict(u->ep, u->out, EESE_DELIVER, EESE_COUNT_OPENED);
	u->out->plain_len = u->plain_len;
	u->out->number = u->head.number;
	refresh_ahead(u);
}

/* Step 3: current but invalid. The plaintext is never given out. */
static void under_invalid(struct uplink *u)
{
	struct held *h = u->ue->current;
	if (h->has_window && eese_window_check(&h->window, u->head.number) == EESE_WINDOW_SEEN) {
		swallow(u);
		return;
	}
	drop(u, EESE_COUNT_REFUSED_INVALID);
	if (eese_ep_ensure_pending(u->ep, u->ue, u->now)) {
		eese_ep_announce(u->ep, u->ue, u->ue->pending, h->invalid, true, u->now, u->out);
	} else {
		eese_ep_no_pending(u->ep, u->ue, &u->ue->authentic, u->now, u->out);
	}
}

static void under_current(struct uplink *u)
{
	eese_ep_recheck(u->ep, u->ue, u->now, u->out);
	if (eese_ep_valid(u->ep, u->ue, u->ue->current, u->now, u->out)) {
		under_valid(u);
	} else {
		under_invalid(u);
	}
}

/* Step 4: previous. */
static void under_previous(struct uplink *u)
{
	const struct previous *p = u->ue->previous;
	struct held *current = u->ue->current;
	eese_ep_recheck(u->ep, u->ue, u->now, u->out);
	if (p->has_window && eese_window_check(&p->window, u->head.number) == EESE_WINDOW_SEEN) {
		swallow(u);
		return;
	}
	drop(u, EESE_COUNT_REFUSED_PREVIOUS);
	eese_ep_announce(u->ep, u->ue, current, current->reason, true, u->now, u->out);
}

static bool names(const struct uplink *u, uint32_t ksn)
{
	return (ksn & 7) == u->head.kid;
}

/* The steps themselves. An authentic message under pending confirms it (step 2); one that was
 * invalid by then is current but invalid (N7). */
static void take(struct uplink *u)
{
	struct ue *ue = u->ue;
	enum eese_result r;
	if (ue->current != NULL && names(u, ue->current->ksn)) {
		r = open_under_held(u, ue->current);
		if (r == EESE_OK) {
			under_current(u);
		} else if (r == EESE_NOT_AUTHENTIC) {
			wrong_tag(u, ue->current);
		}
	} else if (ue->pending != NULL && names(u, ue->pending->ksn)) {
		r = open_under_held(u, ue->pending);
		if (r == EESE_OK && eese_ep_confirm(u->ep, ue, u->out)) {
			under_current(u);
		} else if (r == EESE_NOT_AUTHENTIC) {
			wrong_tag(u, ue->pending);
		}
	} else if (ue->previous != NULL && names(u, ue->previous->ksn)) {
		if ((r = open_under_previous(u)) == EESE_OK) {
			under_previous(u);
		} else if (r == EESE_NOT_AUTHENTIC) {
			unknown_key(u);
		}
	} else if (ue->current == NULL) {
		no_keyset(u);
	} else {
		unknown_key(u);
	}
}

void eese_endpoint_data(struct eese_endpoint *ep, struct eese_time now, const char *ue_id,
			size_t ue_id_len, const char *topic, size_t topic_len, const uint8_t *msg,
			size_t len, uint8_t *plain, struct eese_actions *out)
{
	struct uplink u = {.ep = ep,
			   .now = now,
			   .topic = topic,
			   .topic_len = topic_len,
			   .msg = msg,
			   .len = len,
			   .plain = plain,
			   .out = out};
	memset(out, 0, sizeof *out);
	out->count = EESE_COUNT_MAX;
	if (!eese_ue_id_valid(ue_id, ue_id_len) || topic_len > EESE_TOPIC_MAX ||
	    len > EESE_MESSAGE_MAX || eese_data_head(msg, len, &u.head) != EESE_OK) {
		drop(&u, EESE_COUNT_MALFORMED);
		return;
	}
	u.ue = eese_ep_find(ep, ue_id, ue_id_len);
	if (u.ue != NULL) {
		eese_ep_drop_stale_pending(ep, u.ue, now);
	}
	if (u.ue == NULL || (u.ue->current == NULL && !eese_ep_key_in_hand(u.ue, now))) {
		drop(&u, EESE_COUNT_REFUSED_NO_KEY);
		eese_ep_ask(ep, now, ue_id, ue_id_len, NULL, true, out);
		return;
	}
	take(&u);
	if (out->count == EESE_COUNT_MAX) { /* no step took it: wrong length, or PSA refused */
		drop(&u, EESE_COUNT_MALFORMED);
	}
	if (out->verdict != EESE_DELIVER) {
		eese_wipe(plain, u.plain_len);
	}
}
