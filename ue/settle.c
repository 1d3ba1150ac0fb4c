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

void eese_dev_settle_by_ref(struct eese_ue *ue, uint32_t announced, const struct eese_ref *ref)
{
	uint32_t named = ref->form == EESE_REF_ABSENT ? 0 : eese_dev_named(ue, announced, ref->kid);
	struct held h;
	for (size_t at = 0; eese_dev_load(ue, at, &h); at = eese_dev_step(at, &h)) {
		if (h.outcome != 0 || h.ksn == 0) {
			continue;
		}
		switch (fate_of(&h, announced, ref, named)) {
		case FORGET:
			eese_dev_settle(ue, at, &h, EESE_UE_EVENT_ACCEPTED);
			break;
		case ANEW:
			eese_dev_anew(ue, at, &h);
			break;
		case LEAVE:
			break;
		}
	}
}

/*
 * N2: what is held from before ksn is repeated at once, since the EESE forgets that keyset when
 * the newest is first used. ksn 0 opens the gate. A gate for the same ksn goes on as it is.
 */
void eese_dev_close_gate(struct eese_ue *ue, uint32_t ksn)
{
	struct held h;
	if (ksn == ue->gate_ksn) {
		return;
	}
	ue->gate_ksn = ksn;
	ue->gate_until = NEVER;
	ue->gate_closed = false;
	for (size_t at = 0; eese_dev_load(ue, at, &h); at = eese_dev_step(at, &h)) {
		if (h.ksn != 0 && h.ksn < ksn) {
			ue->gate_closed = true;
			h.gate = true;
			h.due = 0;
			eese_dev_store(ue, at, &h);
		}
	}
}

/* The wait is over: what has an acknowledgement is still repeated, the rest is let go of. */
static void open_gate(struct eese_ue *ue)
{
	struct held h;
	ue->gate_closed = false;
	for (size_t at = 0; eese_dev_load(ue, at, &h); at = eese_dev_step(at, &h)) {
		if (h.ksn != 0 && h.ksn < ue->gate_ksn && !h.acknowledged) {
			eese_dev_settle(ue, at, &h, EESE_UE_EVENT_UNCONFIRMED);
		}
	}
}

bool eese_dev_gate_closed(struct eese_ue *ue, uint64_t now)
{
	struct held h;
	bool any = false;
	bool repeated = true;
	if (!ue->gate_closed) {
		return false;
	}
	for (size_t at = 0; eese_dev_load(ue, at, &h); at = eese_dev_step(at, &h)) {
		if (h.ksn != 0 && h.ksn < ue->gate_ksn) {
			any = true;
			repeated = repeated && !h.gate;
		}
	}
	if (repeated && ue->gate_until == NEVER) {
		ue->gate_until = now + GATE_MS;
	}
	if (!any || now >= ue->gate_until) {
		open_gate(ue);
	}
	return ue->gate_closed;
}
