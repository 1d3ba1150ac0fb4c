/* SPDX-License-Identifier: Apache-2.0 */
/* The list of what is to be saved: each thing is in it once, in the order of their first changes,
 * so that a UE that went comes before another one of its name. */
#include "endpoint/internal.h"

void eese_ep_changed(struct eese_endpoint *ep, struct eese_named *n)
{
	if (!ep->track || n->changed) {
		return;
	}
	n->changed = true;
	n->next_changed = NULL;
	if (ep->last_changed != NULL) {
		ep->last_changed->next_changed = n;
	} else {
		ep->first_changed = n;
	}
	ep->last_changed = n;
}

void eese_ep_key_changed(struct eese_endpoint *ep, struct ue *ue)
{
	ue->key_changed = true;
	eese_ep_changed(ep, &ue->named);
}

static struct eese_named *take_first(struct eese_endpoint *ep)
{
	struct eese_named *n = ep->first_changed;
	if (n != NULL) {
		ep->first_changed = n->next_changed;
		n->changed = false;
		if (ep->first_changed == NULL) {
			ep->last_changed = NULL;
		}
	}
	return n;
}

/* Wiped before but for its name. */
static void release(struct eese_endpoint *ep, struct ue *ue)
{
	eese_ep_release(ep, ue, sizeof *ue + ue->named.len + 1);
}

void eese_ep_let_go(struct eese_endpoint *ep, struct ue *ue)
{
	eese_table_remove(&ep->ues, &ue->named);
	ue->named.gone = true;
	eese_ep_changed(ep, &ue->named);
	if (!ue->named.changed) {
		release(ep, ue);
	}
}

void eese_ep_free_changes(struct eese_endpoint *ep)
{
	struct eese_named *n;
	while ((n = take_first(ep)) != NULL) {
		if (n->gone) {
			release(ep, (struct ue *)n);
		}
	}
}

void eese_endpoint_track(struct eese_endpoint *ep)
{
	ep->track = true;
}

/* At run time windows move on at once, so none is given out. */
static void take_ue(struct eese_endpoint *ep, struct ue *ue, struct eese_change *out)
{
	if (ue->named.gone) {
		out->kind = EESE_CHANGE_UE_GONE;
		release(ep, ue);
		return;
	}
	out->kind = EESE_CHANGE_UE;
	out->key_changed = ue->key_changed;
	ue->key_changed = false;
	eese_ep_save(ue, &out->ue);
	if (!ep->closing) {
		out->ue.current.has_window = out->ue.previous.has_window = false;
		if (ue->current != NULL) {
			ue->current->at_rest = false;
		}
	}
}

static void take_group(const struct group *g, struct eese_change *out)
{
	out->kind = EESE_CHANGE_GROUP;
	out->has_te2e = g->has_te2e;
	out->te2e_s = g->te2e_s;
}

bool eese_endpoint_next_change(struct eese_endpoint *ep, struct eese_change *out)
{
	memset(out, 0, sizeof *out);
	if (ep->te2e_changed) {
		ep->te2e_changed = false;
		out->kind = EESE_CHANGE_DEFAULT;
		out->te2e_s = ep->config.te2e_s;
		return true;
	}
	struct eese_named *n = take_first(ep);
	if (n == NULL) {
		return false;
	}
	memcpy(out->name, n->name, n->len);
	if (n->is_group) {
		take_group((const struct group *)n, out);
	} else {
		take_ue(ep, (struct ue *)n, out);
	}
	return true;
}

void eese_endpoint_changed_again(struct eese_endpoint *ep, const char *ue_id, size_t ue_id_len)
{
	struct ue *ue = eese_ep_find_any(ep, ue_id, ue_id_len);
	if (ue != NULL) {
		eese_ep_key_changed(ep, ue);
	}
}

void eese_endpoint_closing(struct eese_endpoint *ep)
{
	ep->closing = true;
	for (size_t i = 0; i < ep->ues.size; i++) {
		struct ue *ue = (struct ue *)ep->ues.slots[i];
		if (ue != NULL && ue->current != NULL && !ue->current->at_rest) {
			eese_ep_changed(ep, &ue->named);
		}
	}
}
