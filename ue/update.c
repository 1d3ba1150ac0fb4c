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

/* IKID is a hint only, and two keys may share it. */
static enum eese_result authenticate(const struct eese_ue *ue, const uint8_t *msg, size_t len,
				     struct eese_key_update *u, bool *under_new)
{
	uint16_t ikid;
	enum eese_result r = eese_key_update_ikid(msg, len, &ikid);
	*under_new = false;
	if (r != EESE_OK) {
		return r;
	}
	r = EESE_NO_KEY;
	if (ikid == ue->ikid && !ue->key_spent) {
		r = check_mac(ue, ue->int_key, msg, len, u);
	}
	if (r != EESE_OK && ue->has_new_key && ikid == ue->new_ikid) {
		r = check_mac(ue, ue->new_key, msg, len, u);
		*under_new = r == EESE_OK;
	}
	return r;
}

/* N4: the keyset before stays for downlink only if the ref names it valid. Gives its KSN. */
static uint32_t kept_for_downlink(const struct eese_ue *ue, const struct eese_key_update *u,
				  struct eese_window *w)
{
	memset(w, 0, sizeof *w);
	if (u->ref.form != EESE_REF_VALID) {
		return 0;
	}
	uint32_t named = eese_dev_named(ue, u->ksn, u->ref.kid);
	if (named == 0) {
		return 0;
	}
	if (named == ue->known[0].ksn && (!ue->from_record || ue->config.downlink_durable)) {
		*w = ue->down;
		return named;
	}
	if (named == ue->before_ksn) {
		*w = ue->before_down;
		return named;
	}
	return 0;
}

/* All that adopting changes, made ready before the record is written. */
struct adoption {
	struct record record;
	struct eese_key up;
	struct eese_window before_down;
	bool under_new;
};

static enum eese_result prepare(const struct eese_ue *ue, const struct eese_key_update *u,
				bool under_new, struct adoption *a)
{
	struct eese_ue_keyset k = {.ksn = u->ksn, .alg = u->alg};
	const struct eese_alg_info *info = eese_alg_info(u->alg);
	struct eese_keyset keys;
	memcpy(k.rand, u->rand, sizeof k.rand);
	memset(a, 0, sizeof *a);
	a->under_new = under_new;
	a->record.ikid = u->ikid;
	a->record.current = k;
	a->record.numbers_reserved = reserve_block(ue);
	a->record.units_reserved =
	    reserve_block(ue) < info->message_limit ? reserve_block(ue) : info->message_limit;
	if (!under_new) {
		const struct eese_ue_keyset *before =
		    eese_dev_known(ue, kept_for_downlink(ue, u, &a->before_down));
		if (before != NULL) {
			a->record.before = *before;
			a->record.before_next = a->before_down.next;
		}
	}
	enum eese_result r = eese_derive_keyset(under_new ? ue->new_key : ue->int_key,
						ue->config.ue_id, u->rand, u->ksn, u->alg, &keys);
	a->up = keys.up;
	eese_wipe(&keys, sizeof keys);
	return r;
}

/* Clause 2: KSN starts anew, and with the old key all its keysets are gone. */
static void change_key(struct eese_ue *ue)
{
	struct held h;
	for (size_t at = 0; eese_dev_load(ue, at, &h); at = eese_dev_step(at, &h)) {
		if (h.ksn != 0) {
			eese_dev_anew(ue, at, &h);
		}
	}
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
	ue->request_due = 0;
	if (!has_keyset(ue)) {
		ue->request_step = 0;
	}
}

static void commit(struct eese_ue *ue, const struct adoption *a, uint32_t named)
{
	request_answered(ue);
	ue->before_ksn = a->record.before.ksn;
	ue->before_down = a->before_down;
	eese_dev_push_known(ue, &a->record.current, named);
	ue->up = a->up;
	ue->next_number = 0;
	ue->numbers_reserved = a->record.numbers_reserved;
	ue->units = 0;
	ue->units_reserved = a->record.units_reserved;
	memset(&ue->down, 0, sizeof ue->down);
	ue->from_record = false;
	ue->counters.adopted++;
	eese_dev_event(ue, EESE_UE_EVENT_NEW_KEYSET);
}

/* Clause 6: store, then adopt; then go through what is held by the ref. */
static enum eese_result adopt(struct eese_ue *ue, const struct eese_key_update *u, bool under_new)
{
	struct adoption a;
	if (!eese_dev_alg_supported(ue, u->alg)) {
		ue->want |= WANT_ALG;
		ue->alg_new = under_new;
		return EESE_INVALID;
	}
	enum eese_result r = prepare(ue, u, under_new, &a);
	if (r == EESE_OK) {
		r = eese_dev_record_write(ue, &a.record);
	}
	if (r == EESE_OK) {
		uint32_t named = 0;
		if (under_new) {
			change_key(ue);
		} else {
			eese_dev_settle_by_ref(ue, u->ksn, &u->ref);
			named = u->ref.form == EESE_REF_ABSENT
				    ? 0
				    : eese_dev_named(ue, u->ksn, u->ref.kid);
		}
		commit(ue, &a, named);
		ue->adopted_reason = u->reason;
		eese_dev_close_gate(ue, named);
	}
	eese_wipe(&a, sizeof a);
	return r;
}

/* The newest keyset again, or one before it (N2): what its ref says holds, nothing else. */
static enum eese_result repeated(struct eese_ue *ue, const struct eese_key_update *u)
{
	const struct eese_ue_keyset *k = eese_dev_known(ue, u->ksn);
	if (k == NULL || !eese_equal(k->rand, u->rand, EESE_RAND_SIZE)) {
		eese_dev_limited(ue, EESE_REQUEST_STALE_KSN);
		return EESE_REPLAY;
	}
	if (u->ksn == ue->known[0].ksn) {
		ue->want &= (uint8_t)~WANT_WAIT;
		ue->error_6 = 0;
	}
	eese_dev_settle_by_ref(ue, u->ksn, &u->ref);
	return EESE_OK;
}

enum eese_result eese_dev_update(struct eese_ue *ue, const uint8_t *msg, size_t len)
{
	struct eese_key_update u;
	bool under_new;
	enum eese_result r = authenticate(ue, msg, len, &u, &under_new);
	if (r != EESE_OK) {
		return r;
	}
	ue->unanswered = 0;
	if (u.ksn != 0 && (under_new || u.ksn > ue->known[0].ksn)) {
		r = adopt(ue, &u, under_new);
		if (r == EESE_OK) {
			ue->error_6 = 0;
		}
		return r;
	}
	return repeated(ue, &u);
}

enum eese_result eese_ue_control(struct eese_ue *ue, const uint8_t *msg, size_t len)
{
	enum eese_kind kind = EESE_KIND_DATA;
	enum eese_result r = eese_message_kind(msg, len, &kind);
	if (r == EESE_OK) {
		r = kind == EESE_KIND_KEY_UPDATE ? eese_dev_update(ue, msg, len)
		    : kind == EESE_KIND_ERROR    ? eese_dev_error(ue, msg, len)
						 : EESE_MALFORMED;
	}
	if (r == EESE_MALFORMED || r == EESE_NOT_AUTHENTIC || r == EESE_NO_KEY) {
		ue->counters.dropped_control++;
	}
	eese_dev_run(ue, now_of(ue));
	return r;
}
