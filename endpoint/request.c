/* SPDX-License-Identifier: Apache-2.0 */
/* Clause 5, 'KEY_REQUEST with a good MAC', and what a bad one leads to. */
#include "endpoint/internal.h"

enum eese_result eese_ep_check_request(const uint8_t int_key[EESE_INT_KEY_SIZE], const char *ue_id,
				       const uint8_t *msg, size_t len, struct eese_key_request *out)
{
	uint8_t control_key[EESE_CONTROL_KEY_SIZE];
	enum eese_result r = eese_derive_control_key(int_key, ue_id, control_key);
	if (r == EESE_OK) {
		r = eese_key_request_decode(control_key, ue_id, msg, len, out);
	}
	eese_wipe(control_key, sizeof control_key);
	return r;
}

/* N3: the UE can't use the algorithm that it was given. */
static bool wants_other_alg(struct eese_endpoint *ep, struct ue *ue,
			    const struct eese_key_request *r)
{
	const struct held *newest = ue->pending != NULL ? ue->pending : ue->current;
	if (r->reason != EESE_REQUEST_ALG) {
		return false;
	}
	ue->alg = EESE_ALG_AES_CCM_16_64_128;
	eese_ep_changed(ep, &ue->named);
	return newest != NULL && newest->alg != EESE_ALG_AES_CCM_16_64_128;
}

enum course { IGNORE, REPEAT, MAKE };

/* What a KEY_REQUEST with KSN = r leads to; compared within one IKID only. */
static enum course course_of(struct eese_endpoint *ep, struct ue *ue, struct eese_time now,
			     const struct eese_key_request *r, struct eese_actions *out)
{
	if (wants_other_alg(ep, ue, r)) {
		return MAKE;
	}
	if (ue->current != NULL && r->ksn < ue->current->ksn) {
		return IGNORE;
	}
	if (ue->pending != NULL &&
	    (r->ksn < ue->pending->ksn ||
	     (r->ksn == ue->pending->ksn && r->reason != EESE_REQUEST_STALE_KSN))) {
		return REPEAT;
	}
	if (ue->current != NULL && ue->pending == NULL && r->ksn == ue->current->ksn &&
	    (r->reason == EESE_REQUEST_STALE_KSN || r->reason == EESE_REQUEST_DOWNLINK) &&
	    eese_ep_valid(ep, ue, ue->current, now, out)) {
		return IGNORE;
	}
	return MAKE;
}

/*
 * A KSN above all this EESE used: the UE was served by another one, or this one's state is older
 * than the UE's. Then kid may mean another keyset to the UE, so what is held says nothing to it.
 */
static void learn_ksn(struct eese_endpoint *ep, struct ue *ue, uint32_t ksn)
{
	if (ksn > ue->highest_ksn) {
		ue->highest_ksn = ksn;
		eese_ep_changed(ep, &ue->named);
		if (ue->current != NULL) {
			ue->current->has_window = false;
			if (ue->current->invalid == 0) {
				ue->current->invalid = EESE_UPDATE_UNKNOWN;
			}
		}
	}
}

void eese_ep_authentic_request(struct eese_endpoint *ep, struct ue *ue, struct eese_time now,
			       const struct eese_key_request *r, struct eese_actions *out)
{
	enum course course;
	eese_ep_recheck(ep, ue, now, out);
	eese_ep_drop_stale_pending(ep, ue, now);
	course = course_of(ep, ue, now, r, out);
	if (course == IGNORE) {
		eese_ep_verdict(ep, out, EESE_HANDLED, EESE_COUNT_REQUEST_IGNORED);
		return;
	}
	eese_ep_verdict(ep, out, EESE_HANDLED, EESE_COUNT_REQUESTS);
	learn_ksn(ep, ue, r->ksn);
	if (course == MAKE && !eese_ep_new_pending(ep, ue, now)) {
		eese_ep_no_pending(ep, ue, &ue->authentic, now, out);
		return;
	}
	bool invalid = ue->current != NULL && ue->current->invalid != 0;
	eese_ep_announce(ep, ue, ue->pending, invalid ? ue->current->invalid : EESE_UPDATE_ASKED,
			 true, now, out);
}

/* N6: a newer key that waits for a MAC under it. */
static bool candidate_holds(struct eese_endpoint *ep, struct ue *ue, const uint8_t *msg, size_t len,
			    struct eese_key_request *r)
{
	struct eese_key_grant grant;
	bool held;
	if (ue->candidate == NULL ||
	    eese_ep_check_request(ue->candidate->int_key, ue->named.name, msg, len, r) != EESE_OK) {
		return false;
	}
	grant = *ue->candidate; /* installing frees it */
	held = eese_ep_install_grant(ep, ue, &grant);
	eese_wipe(&grant, sizeof grant);
	return held;
}

void eese_endpoint_request(struct eese_endpoint *ep, struct eese_time now, const char *ue_id,
			   size_t ue_id_len, const uint8_t *msg, size_t len,
			   struct eese_actions *out)
{
	struct eese_key_request r;
	uint16_t ikid;
	memset(out, 0, sizeof *out);
	if (!eese_ue_id_valid(ue_id, ue_id_len) ||
	    eese_key_request_ikid(msg, len, &ikid) != EESE_OK) {
		eese_ep_verdict(ep, out, EESE_DROP, EESE_COUNT_MALFORMED);
		return;
	}
	struct ue *ue = eese_ep_find(ep, ue_id, ue_id_len);
	if (ue == NULL || !eese_ep_key_in_hand(ue, now)) {
		eese_ep_verdict(ep, out, EESE_DROP, EESE_COUNT_REFUSED_NO_KEY);
		eese_ep_ask(ep, now, ue_id, ue_id_len, msg, true, out);
		return;
	}
	if ((ikid == ue->ikid &&
	     eese_ep_check_request(ue->int_key, ue->named.name, msg, len, &r) == EESE_OK) ||
	    candidate_holds(ep, ue, msg, len, &r)) {
		eese_ep_authentic_request(ep, ue, now, &r, out);
		return;
	}
	eese_ep_verdict(ep, out, EESE_DROP, EESE_COUNT_FAILED_MAC);
	eese_ep_ask(ep, now, ue_id, ue_id_len, msg, ikid != ue->ikid, out);
}
