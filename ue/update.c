/* SPDX-License-Identifier: Apache-2.0 */
/* KEY_UPDATE, clause 6: whose it is, whether it is adopted, and what it settles. */
#include "internal.h"

static enum eese_result check_mac(const struct eese_ue *ue, const uint8_t *int_key,
				  const uint8_t *msg, size_t len, struct eese_key_update *u)
{
	uint8_t control_key[EESE_CONTROL_KEY_SIZE];
	enum eese_result r = eese_derive_control_key(int_key, ue->config.ue_id, control_key);
	if (r == EESE_OK) {
		r = eese_key_update_decode(control_key, ue->config.ue_id, msg, len, u);
	}
	eese_wipe(control_key, sizeof control_key);
	return r;
}

/* IKID is a hint only, and two keys may share it: the MAC says. */
static enum eese_result authenticate(const struct eese_ue *ue, const uint8_t *msg, size_t len,
				     struct eese_key_update *u, bool *under_new)
{
	enum eese_result r = EESE_NO_KEY;
	for (int i = 0; i < 2 && r != EESE_OK; i++) {
		*under_new = i == 1;
		if (*under_new ? ue->has_new_key : !ue->key_spent) {
			r = check_mac(ue, *under_new ? ue->new_key : ue->int_key, msg, len, u);
		}
	}
	return r;
}

/* N4: the keyset before stays for downlink only if the ref names it valid. NULL: it does not. */
static const struct eese_window *kept_for_downlink(const struct eese_ue *ue,
						   const struct eese_ref *ref, uint32_t named)
{
	if (ref->form != EESE_REF_VALID || named == 0) {
		return NULL;
	}
	if (named == ue->known[0].ksn && opens_newest(ue)) {
		return &ue->down;
	}
	return named == ue->before_ksn ? &ue->before_down : NULL;
}

/* Clause 2: KSN starts anew, and with the old key all its keysets are gone. */
static void change_key(struct eese_ue *ue)
{
	memcpy(ue->int_key, ue->new_key, EESE_INT_KEY_SIZE);
	ue->ikid = ue->new_ikid;
	eese_wipe(ue->new_key, sizeof ue->new_key);
	memset(ue->known, 0, sizeof ue->known);
	ue->has_new_key = ue->key_spent = false;
}

/* The back-off of KEY_REQUEST 2 outlives a refresh, else forged ERRORs could bring one about every
 * few seconds; an accepted uplink ends it. */
static void request_answered(struct eese_ue *ue)
{
	ue->want = 0;
	ue->limited_reason = 0;
	ue->left[REQUEST] = 0;
	if (!has_keyset(ue)) {
		ue->request_step = 0;
	}
}

/* Numbers from 0, and what the keyset before may still open. */
static enum eese_result store(const struct eese_ue *ue, const struct eese_key_update *u,
			      bool under_new, uint32_t limit, const struct eese_ue_keyset *before,
			      const struct eese_window *before_down, struct record *r)
{
	memset(r, 0, sizeof *r);
	r->ikid = under_new ? ue->new_ikid : ue->ikid;
	r->current.ksn = u->ksn;
	r->current.alg = u->alg;
	memcpy(r->current.rand, u->rand, EESE_RAND_SIZE);
	r->numbers_reserved = ue->config.reserve_block;
	r->units_reserved = smaller(ue->config.reserve_block, limit);
	if (before_down != NULL) {
		r->before = *before;
		r->before_next = before_down->next;
	}
	return eese_dev_record_write(ue, r);
}

/* All that is new with the keyset that r was written for. */
static void commit(struct eese_ue *ue, const struct record *r, uint32_t named,
		   const struct eese_window *before_down)
{
	request_answered(ue);
	ue->before_ksn = r->before.ksn;
	if (before_down != NULL) {
		ue->before_down = *before_down;
	}
	eese_dev_push_known(ue, &r->current, named);
	ue->next_number = ue->units = 0;
	ue->numbers_reserved = r->numbers_reserved;
	ue->units_reserved = r->units_reserved;
	ue->down = (struct eese_window){0, 0};
	ue->from_record = false;
	ue->error_6 = false;
	count(&ue->counters.adopted);
}

/* Clause 6: store, then adopt; then go through what is held by the ref, which named this KSN. */
static enum eese_result adopt(struct eese_ue *ue, const struct eese_key_update *u, uint32_t named,
			      bool under_new)
{
	struct record r;
	const struct eese_window *kept = kept_for_downlink(ue, &u->ref, named);
	const struct eese_alg_info *info = eese_dev_alg(ue, u->alg);
	if (info == NULL) {
		ue->want |= WANT_ALG;
		ue->alg_new = under_new;
		return EESE_INVALID;
	}
	enum eese_result stored =
	    store(ue, u, under_new, info->message_limit, eese_dev_known(ue, named), kept, &r);
	if (stored != EESE_OK) {
		return stored;
	}
	eese_dev_settle_by_ref(ue, under_new ? UINT32_MAX : u->ksn, &u->ref, named);
	if (under_new) {
		change_key(ue);
	}
	commit(ue, &r, named, kept);
	eese_dev_event(ue, EESE_UE_EVENT_NEW_KEYSET, u->reason);
	eese_dev_close_gate(ue, named);
	return EESE_OK;
}

/* The newest keyset again, or one before it (N2): what its ref says holds, nothing else. */
static enum eese_result repeated(struct eese_ue *ue, const struct eese_key_update *u,
				 uint32_t named)
{
	const struct eese_ue_keyset *k = eese_dev_known(ue, u->ksn);
	if (k == NULL || !eese_equal(k->rand, u->rand, EESE_RAND_SIZE)) {
		eese_dev_limited(ue, EESE_REQUEST_STALE_KSN);
		return EESE_REPLAY;
	}
	if (k == &ue->known[0]) {
		ue->want &= (uint8_t)~WANT_WAIT;
		ue->error_6 = false;
	}
	eese_dev_settle_by_ref(ue, u->ksn, &u->ref, named);
	return EESE_OK;
}

enum eese_result eese_dev_update(struct eese_ue *ue, const uint8_t *msg, size_t len)
{
	struct eese_key_update u;
	bool under_new;
	uint32_t named = 0;
	enum eese_result r = authenticate(ue, msg, len, &u, &under_new);
	if (r != EESE_OK) {
		return r;
	}
	ue->unanswered = 0;
	if (under_new) {
		u.ref.form = EESE_REF_ABSENT; /* its KSNs are not those of the old key */
	} else if (u.ref.form != EESE_REF_ABSENT) {
		named = eese_dev_named(ue, u.ksn, u.ref.kid);
	}
	if (u.ksn != 0 && (under_new || u.ksn > ue->known[0].ksn)) {
		return adopt(ue, &u, named, under_new);
	}
	return repeated(ue, &u, named);
}

enum eese_result eese_ue_control(struct eese_ue *ue, const uint8_t *msg, size_t len)
{
	enum eese_kind kind = EESE_KIND_DATA;
	enum eese_result r = eese_message_kind(msg, len, &kind);
	eese_dev_pass_time(ue);
	if (r == EESE_OK) {
		r = kind == EESE_KIND_KEY_UPDATE ? eese_dev_update(ue, msg, len)
		    : kind == EESE_KIND_ERROR    ? eese_dev_error(ue, msg, len)
						 : EESE_MALFORMED;
	}
	if (r == EESE_MALFORMED || r == EESE_NOT_AUTHENTIC || r == EESE_NO_KEY) {
		count(&ue->counters.dropped_control);
	}
	eese_dev_run(ue);
	return r;
}
