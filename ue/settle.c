/* SPDX-License-Identifier: Apache-2.0 */
/* What a ref says of held messages (clause 6, N1), and the gate before a new keyset (N2). */
#include "internal.h"

enum fate { LEAVE, FORGET, ANEW };

/* N1. named: the KSN that the ref's kkk stands for, 0 if it is older than all that are known. */
static enum fate fate_of(const struct held *h, uint32_t announced, const struct eese_ref *ref,
			 uint32_t named)
{
	if (h->ksn >= announced) {
		return LEAVE;
	}
	if (ref->form == EESE_REF_ABSENT) {
		return ANEW;
	}
	if (h->ksn == named && ref->form == EESE_REF_INVALID) {
		return eese_ref_accepted(ref, h->number) ? FORGET : ANEW;
	}
	return h->ksn > named ? ANEW : LEAVE;
}

void eese_dev_settle_by_ref(struct eese_ue *ue, uint32_t announced, const struct eese_ref *ref,
			    uint32_t named)
{
	for (struct held *h = NULL; (h = eese_dev_next(ue, h)) != NULL;) {
		enum fate fate = h->ksn == 0 ? LEAVE : fate_of(h, announced, ref, named);
		if (fate == FORGET) {
			eese_dev_settle(ue, h, EESE_UE_EVENT_ACCEPTED);
		} else if (fate == ANEW) {
			eese_dev_anew(ue, h);
		}
	}
}

static bool before_gate(const struct eese_ue *ue, const struct held *h)
{
	return h->ksn != 0 && h->ksn < ue->gate_ksn;
}

/*
 * N2: what is held from before ksn is repeated at once, since the EESE forgets that keyset when
 * the newest is first used. ksn 0 opens the gate. A gate for the same ksn goes on as it is.
 */
void eese_dev_close_gate(struct eese_ue *ue, uint32_t ksn)
{
	if (ksn == ue->gate_ksn) {
		return;
	}
	ue->gate_ksn = ksn;
	ue->left[GATE] = NEVER;
	ue->gate_closed = false;
	for (struct held *h = NULL; (h = eese_dev_next(ue, h)) != NULL;) {
		if (before_gate(ue, h)) {
			ue->gate_closed = true;
			h->gate = true;
			h->left[DUE] = 0;
		}
	}
}

/* The wait is over: what has an acknowledgement is still repeated, the rest is let go of. */
static void open_gate(struct eese_ue *ue)
{
	ue->gate_closed = false;
	for (struct held *h = NULL; (h = eese_dev_next(ue, h)) != NULL;) {
		if (before_gate(ue, h) && !h->acknowledged) {
			eese_dev_settle(ue, h, EESE_UE_EVENT_UNCONFIRMED);
		}
	}
}

bool eese_dev_gate_closed(struct eese_ue *ue)
{
	bool any = false;
	bool repeated = true;
	if (!ue->gate_closed) {
		return false;
	}
	for (struct held *h = NULL; (h = eese_dev_next(ue, h)) != NULL;) {
		if (before_gate(ue, h)) {
			any = true;
			repeated = repeated && !h->gate;
		}
	}
	if (repeated && ue->left[GATE] == NEVER) {
		ue->left[GATE] = GATE_MS;
	}
	if (!any || ue->left[GATE] == 0) {
		open_gate(ue);
	}
	return ue->gate_closed;
}
