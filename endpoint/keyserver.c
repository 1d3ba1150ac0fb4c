/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UEs whose key is not in hand, or not the one they use: one bounded memory of requests to the
 * key server, under way and answered. Strangers cost nothing beyond it.
 */
#include "endpoint/internal.h"

static struct ask *find_ask(const struct eese_endpoint *ep, const char *ue_id, size_t len)
{
	size_t set = eese_table_hash(&ep->ues, ue_id, len) % (ASKS / ASK_WAYS) * ASK_WAYS;
	for (size_t i = set; i < set + ASK_WAYS; i++) {
		if (ep->asks[i].name_len == len && memcmp(ep->asks[i].name, ue_id, len) == 0) {
			return &ep->asks[i];
		}
	}
	return NULL;
}

/* A place for this UE: its own, a free one, or the one whose budget opens first of those not in
 * flight. NULL: all are in flight. */
static struct ask *place_ask(struct eese_endpoint *ep, const char *ue_id, size_t len)
{
	size_t set = eese_table_hash(&ep->ues, ue_id, len) % (ASKS / ASK_WAYS) * ASK_WAYS;
	struct ask *place = find_ask(ep, ue_id, len);
	if (place != NULL) {
		return place;
	}
	for (size_t i = set; i < set + ASK_WAYS; i++) {
		struct ask *a = &ep->asks[i];
		if (!a->in_flight &&
		    (place == NULL || a->asking.not_before < place->asking.not_before)) {
			place = a;
		}
	}
	if (place != NULL) {
		memset(place, 0, sizeof *place);
		memcpy(place->name, ue_id, len);
		place->name_len = (uint8_t)len;
	}
	return place;
}

static void say(struct eese_endpoint *ep, struct ask *a, struct eese_time now, uint8_t reason,
		struct eese_actions *out)
{
	struct ue *ue = eese_ep_find(ep, a->name, a->name_len);
	struct eese_error e = {.reason = reason};
	eese_ep_error(ep, ue != NULL ? &ue->rest : &a->answers, &e, now, out);
}

void eese_ep_ask(struct eese_endpoint *ep, struct eese_time now, const char *ue_id, size_t len,
		 const uint8_t *request, bool say_refusal, struct eese_actions *out)
{
	struct ask *a = place_ask(ep, ue_id, len);
	if (a == NULL) {
		return;
	}
	if (request != NULL) {
		memcpy(a->request, request, EESE_KEY_REQUEST_SIZE);
		a->has_request = true;
	}
	if (!a->in_flight && eese_ep_budget_open(&a->asking, now)) {
		eese_ep_budget_spend(&a->asking, now, ASK_INTERVAL_MS, ASK_INTERVAL_MAX_MS);
		a->in_flight = true;
		out->ask = true;
		ep->counters[EESE_COUNT_ASKED]++;
	} else if (!a->in_flight && a->refusal != 0 && say_refusal) {
		say(ep, a, now, a->refusal, out);
	}
}

void eese_endpoint_want_key(struct eese_endpoint *ep, struct eese_time now, const char *ue_id,
			    size_t ue_id_len, struct eese_actions *out)
{
	struct ue *ue = eese_ep_find(ep, ue_id, ue_id_len);
	memset(out, 0, sizeof *out);
	if (eese_ue_id_valid(ue_id, ue_id_len) && (ue == NULL || !eese_ep_key_in_hand(ue, now))) {
		eese_ep_ask(ep, now, ue_id, ue_id_len, NULL, false, out);
	}
}

uint8_t eese_endpoint_refusal(const struct eese_endpoint *ep, const char *ue_id, size_t ue_id_len)
{
	const struct ask *a = find_ask(ep, ue_id, ue_id_len);
	return a != NULL ? a->refusal : 0;
}

/* Never 0, and good for 136 years. */
static uint32_t clock_of(struct eese_time now)
{
	return (uint32_t)(now.ms / 1000) + 1;
}

void eese_ep_recheck(struct eese_endpoint *ep, struct ue *ue, struct eese_time now,
		     struct eese_actions *out)
{
	bool due = ue->confirmed == 0 || clock_of(now) - ue->confirmed >= ep->config.recheck_s;
	if (ep->config.recheck_s != 0 && due && ue->key_created != 0 &&
	    eese_ep_key_in_hand(ue, now)) {
		eese_ep_ask(ep, now, ue->named.name, ue->named.len, NULL, false, out);
	}
}

/* Whether a request waits for this answer that is from another key than the one in hand. */
static bool from_other_key(const struct ask *a, const struct ue *ue)
{
	uint16_t ikid;
	return a->has_request &&
	       eese_key_request_ikid(a->request, sizeof a->request, &ikid) == EESE_OK &&
	       ikid != ue->ikid;
}

/* The server's trouble, not this UE's: no doubling, and a UE that has no key may come soon. */
static void not_reached(struct ask *a, bool in_hand, struct eese_time now)
{
	a->asking.interval_ms = 0;
	if (!in_hand) {
		a->asking.not_before = now.ms + ASK_AGAIN_MS;
	}
}

static void refused(struct eese_endpoint *ep, struct ask *a, struct ue *ue, struct eese_time now,
		    uint8_t reason, struct eese_actions *out)
{
	bool in_hand = ue != NULL && eese_ep_key_in_hand(ue, now);
	a->in_flight = false;
	a->refusal = reason;
	if (reason == EESE_ERROR_UNREACHABLE) {
		not_reached(a, in_hand, now);
	}
	if (!in_hand || from_other_key(a, ue)) {
		say(ep, a, now, reason, out);
	}
	a->has_request = false;
}

void eese_endpoint_key_refused(struct eese_endpoint *ep, struct eese_time now, const char *ue_id,
			       size_t ue_id_len, uint8_t reason, struct eese_actions *out)
{
	struct ask *a = find_ask(ep, ue_id, ue_id_len);
	memset(out, 0, sizeof *out);
	if (a != NULL) {
		refused(ep, a, eese_ep_find(ep, ue_id, ue_id_len), now, reason, out);
	}
}

static void make_invalid(struct held *h)
{
	if (h != NULL && h->invalid == 0) {
		h->invalid = EESE_UPDATE_UNKNOWN;
	}
}

/* Keys that came from elsewhere are not the operator's to take. */
static void withdraw(struct eese_endpoint *ep, struct ue *ue, uint8_t reason, struct eese_time now,
		     struct eese_actions *out)
{
	if (ue->key_created == 0 || !eese_ep_key_in_hand(ue, now)) {
		return;
	}
	ue->key_expiry = eese_ep_seconds(now.unix);
	eese_ep_key_changed(ep, ue);
	eese_ep_drop_candidate(ep, ue);
	make_invalid(ue->current);
	make_invalid(ue->pending);
	ep->counters[EESE_COUNT_WITHDRAWN]++;
	out->events |= EESE_EVENT_KEY_WITHDRAWN;
	out->withdrawn_reason = reason;
}

void eese_endpoint_key_denied(struct eese_endpoint *ep, struct eese_time now, const char *ue_id,
			      size_t ue_id_len, uint8_t reason, struct eese_actions *out)
{
	struct ask *a = find_ask(ep, ue_id, ue_id_len);
	struct ue *ue = eese_ep_find(ep, ue_id, ue_id_len);
	memset(out, 0, sizeof *out);
	if (a == NULL) {
		return;
	}
	if (ue != NULL) {
		withdraw(ep, ue, reason, now, out);
	}
	refused(ep, a, ue, now, reason, out);
}

bool eese_ep_install_grant(struct eese_endpoint *ep, struct ue *ue,
			   const struct eese_key_grant *grant)
{
	bool same = ue->has_key && eese_equal(ue->int_key, grant->int_key, EESE_INT_KEY_SIZE);
	struct ask *a = find_ask(ep, ue->named.name, ue->named.len);
	if (!same && eese_ep_install_key(ep, ue, grant->int_key) != EESE_OK) {
		return false;
	}
	ue->key_created = eese_ep_seconds(grant->created);
	ue->key_expiry = eese_ep_seconds(grant->expiry);
	eese_ep_key_changed(ep, ue);
	if (a != NULL) {
		a->asking.interval_ms = 0; /* the next key's turn begins at a minute again */
	}
	return true;
}

static void keep_candidate(struct eese_endpoint *ep, struct ue *ue,
			   const struct eese_key_grant *grant)
{
	if (ue->candidate == NULL) {
		ue->candidate = eese_ep_zalloc(ep, sizeof *ue->candidate);
	}
	if (ue->candidate != NULL) {
		*ue->candidate = *grant;
	}
}

/* Something only said hello: a keyset is announced if there is no valid one. */
static void greet(struct eese_endpoint *ep, struct ue *ue, struct eese_time now,
		  struct eese_actions *out)
{
	uint8_t reason = EESE_UPDATE_UNKNOWN;
	if (ue->current != NULL) {
		if (eese_ep_valid(ep, ue, ue->current, now, out)) {
			return;
		}
		reason = ue->current->invalid;
	}
	if (eese_ep_ensure_pending(ep, ue, now)) {
		eese_ep_announce(ep, ue, ue->pending, reason, false, now, out);
	} else {
		eese_ep_no_pending(ep, ue, &ue->rest, now, out);
	}
}

/* The contact that was waiting: an authentic KEY_REQUEST, or something else. */
static void answer_contact(struct eese_endpoint *ep, struct ue *ue, struct ask *a,
			   struct eese_time now, struct eese_actions *out)
{
	struct eese_key_request r;
	bool authentic = a != NULL && a->has_request &&
			 eese_ep_check_request(ue->int_key, ue->named.name, a->request,
					       sizeof a->request, &r) == EESE_OK;
	if (a != NULL) {
		a->has_request = false;
	}
	if (authentic) {
		eese_ep_authentic_request(ep, ue, now, &r, out);
	} else {
		greet(ep, ue, now, out);
	}
}

/* The key in hand, or one that is no newer. */
static void no_newer_key(struct eese_endpoint *ep, struct ue *ue, struct ask *a, bool same,
			 struct eese_time now, struct eese_actions *out)
{
	if (a == NULL) {
		return;
	}
	if (a->has_request) {
		refused(ep, a, ue, now, EESE_ERROR_NO_KEY, out);
	} else if (same) {
		a->asking = (struct budget){0}; /* what a KEY_REQUEST may ask is another matter */
	}
}

/* A key while another is in hand: only a newer one, and only after a MAC held under it. */
static void newer_key(struct eese_endpoint *ep, struct ue *ue, struct ask *a, struct eese_time now,
		      const struct eese_key_grant *grant, struct eese_actions *out)
{
	struct eese_key_request r;
	bool same = eese_equal(ue->int_key, grant->int_key, EESE_INT_KEY_SIZE);
	if (same || grant->created > ue->key_created) {
		ue->confirmed = clock_of(now);
	}
	if (same || grant->created <= ue->key_created) {
		no_newer_key(ep, ue, a, same, now, out);
		return;
	}
	if (a != NULL && a->has_request &&
	    eese_ep_check_request(grant->int_key, ue->named.name, a->request, sizeof a->request,
				  &r) == EESE_OK) {
		if (eese_ep_install_grant(ep, ue, grant)) {
			answer_contact(ep, ue, a, now, out);
		}
		return;
	}
	keep_candidate(ep, ue, grant);
	if (a != NULL) {
		a->has_request = false;
	}
}

void eese_endpoint_key_arrived(struct eese_endpoint *ep, struct eese_time now, const char *ue_id,
			       size_t ue_id_len, const struct eese_key_grant *grant,
			       struct eese_actions *out)
{
	memset(out, 0, sizeof *out);
	struct ask *a = find_ask(ep, ue_id, ue_id_len);
	struct ue *ue = eese_ep_find(ep, ue_id, ue_id_len);
	if (!eese_ue_id_valid(ue_id, ue_id_len)) {
		return;
	}
	if (grant->expiry != 0 && now.unix >= grant->expiry) {
		eese_endpoint_key_refused(ep, now, ue_id, ue_id_len, EESE_ERROR_NO_KEY, out);
		return;
	}
	if (a != NULL) {
		a->in_flight = false;
		a->refusal = 0;
	}
	if (ue != NULL && eese_ep_key_in_hand(ue, now)) {
		newer_key(ep, ue, a, now, grant, out);
		return;
	}
	if (ue == NULL) {
		ue = eese_ep_add(ep, ue_id, ue_id_len);
		if (ue != NULL) {
			ue->keep = true; /* no file named it, so none takes it away */
		}
	}
	if (ue != NULL && eese_ep_install_grant(ep, ue, grant)) {
		ue->confirmed = clock_of(now);
		if (a != NULL) {
			a->asking =
			    (struct budget){0}; /* what a KEY_REQUEST may ask is another matter */
		}
		answer_contact(ep, ue, a, now, out);
	}
}
