/* SPDX-License-Identifier: Apache-2.0 */
/* What outlives a start. */
#include "endpoint/internal.h"

static void save_current(const struct held *h, struct eese_keyset_saved *out)
{
	out->ksn = h->ksn;
	out->alg = h->alg;
	memcpy(out->rand, h->rand, EESE_RAND_SIZE);
	out->has_window = h->has_window;
	out->window = h->window;
}

static void save_previous(const struct previous *p, struct eese_keyset_saved *out)
{
	out->ksn = p->ksn;
	out->alg = p->alg;
	memcpy(out->rand, p->rand, EESE_RAND_SIZE);
	out->has_window = p->has_window;
	out->window = p->window;
}

static void save_said(const struct ue *ue, struct eese_ue_saved *out)
{
	out->has_key = ue->has_key;
	out->has_te2e = ue->has_te2e;
	out->keep = ue->keep;
	out->removed = ue->removed;
	out->te2e_s = ue->te2e_s;
	out->line = ue->line;
	if (ue->group != NULL) {
		memcpy(out->group, ue->group->named.name, ue->group->named.len);
	}
	if (ue->has_key) {
		memcpy(out->key.int_key, ue->int_key, EESE_INT_KEY_SIZE);
		out->key.created = ue->key_created;
		out->key.expiry = ue->key_expiry;
		out->ikid = ue->ikid;
	}
}

void eese_ep_save(const struct ue *ue, struct eese_ue_saved *out)
{
	memset(out, 0, sizeof *out);
	save_said(ue, out);
	out->wanted_alg = ue->alg;
	out->durable = true;
	out->highest_ksn = ue->highest_ksn;
	if (ue->current != NULL) {
		out->has_current = true;
		save_current(ue->current, &out->current);
	}
	if (ue->previous != NULL) {
		out->has_previous = true;
		save_previous(ue->previous, &out->previous);
	}
}

bool eese_endpoint_save(const struct eese_endpoint *ep, const char *ue_id, size_t ue_id_len,
			struct eese_ue_saved *out)
{
	const struct ue *ue = eese_ep_find(ep, ue_id, ue_id_len);
	memset(out, 0, sizeof *out);
	if (ue != NULL) {
		eese_ep_save(ue, out);
	}
	return ue != NULL;
}

/* Clause 5, 'Every start': current but invalid, reason 3. Its keys are derived at its first use. */
static struct held *revive_current(struct eese_endpoint *ep, const struct eese_ue_saved *saved)
{
	const struct eese_keyset_saved *k = &saved->current;
	struct held *h = eese_ep_new_held(ep, k->alg);
	if (h != NULL) {
		h->ksn = k->ksn;
		memcpy(h->rand, k->rand, EESE_RAND_SIZE);
		h->invalid = EESE_UPDATE_UNKNOWN;
		h->at_rest = true;
		h->has_window = saved->durable && k->has_window;
		h->window = h->has_window ? k->window : (struct eese_window){0};
	}
	return h;
}

static struct previous *revive_previous(struct eese_endpoint *ep, const struct eese_ue_saved *saved)
{
	const struct eese_keyset_saved *k = &saved->previous;
	struct previous *p = eese_ep_zalloc(ep, sizeof *p);
	if (p != NULL) {
		p->ksn = k->ksn;
		p->alg = k->alg;
		memcpy(p->rand, k->rand, EESE_RAND_SIZE);
		p->has_window = saved->durable && k->has_window;
		p->window = p->has_window ? k->window : (struct eese_window){0};
	}
	return p;
}

static bool sound(const struct eese_ue_saved *s)
{
	return (!s->has_current || eese_alg_info(s->current.alg) != NULL) &&
	       (!s->has_previous || (s->has_current && eese_alg_info(s->previous.alg) != NULL)) &&
	       (s->wanted_alg == 0 || eese_alg_info(s->wanted_alg) != NULL) &&
	       (s->group[0] == '\0' || eese_ue_id_valid(s->group, eese_ep_name_length(s->group)));
}

static void take_said(struct ue *ue, struct group *group, const struct eese_ue_saved *s)
{
	ue->keep = s->keep;
	ue->has_te2e = s->has_te2e;
	ue->te2e_s = s->te2e_s;
	ue->line = s->line;
	ue->group = group;
	ue->alg = s->wanted_alg;
	if (s->has_key) {
		memcpy(ue->int_key, s->key.int_key, EESE_INT_KEY_SIZE);
		ue->ikid = s->ikid;
		ue->key_created = eese_ep_seconds(s->key.created);
		ue->key_expiry = eese_ep_seconds(s->key.expiry);
		ue->has_key = true;
	}
}

/* All that takes memory, so that what follows can't fail. */
struct parts {
	struct group *group;
	struct held *current;
	struct previous *previous;
	struct ue *ue;
};

static bool make_parts(struct eese_endpoint *ep, const char *ue_id, size_t len,
		       const struct eese_ue_saved *s, struct parts *p)
{
	size_t group_len = eese_ep_name_length(s->group);
	bool ok = true;
	if (group_len > 0) {
		ok = (p->group = eese_ep_find_or_add_group(ep, s->group, group_len)) != NULL;
	}
	if (ok && s->has_current) {
		ok = (p->current = revive_current(ep, s)) != NULL;
	}
	if (ok && s->has_previous) {
		ok = (p->previous = revive_previous(ep, s)) != NULL;
	}
	if (ok && p->ue == NULL) {
		ok = (p->ue = eese_ep_add_new(ep, ue_id, len)) != NULL;
	}
	if (!ok) {
		eese_ep_release_held(ep, p->current);
		eese_ep_release(ep, p->previous, sizeof *p->previous);
	}
	return ok;
}

void eese_endpoint_ksn_floor(struct eese_endpoint *ep, uint32_t floor)
{
	ep->ksn_floor = floor;
}

bool eese_endpoint_expect(struct eese_endpoint *ep, size_t ues)
{
	return eese_table_reserve(&ep->ues, ues);
}

enum eese_result eese_endpoint_restore(struct eese_endpoint *ep, const char *ue_id,
				       size_t ue_id_len, const struct eese_ue_saved *saved)
{
	struct parts p = {.ue = eese_ep_find_any(ep, ue_id, ue_id_len)};
	if (!eese_ue_id_valid(ue_id, ue_id_len) || !sound(saved)) {
		return EESE_INVALID;
	}
	if (saved->has_current && !saved->has_key && (p.ue == NULL || !p.ue->has_key)) {
		return EESE_NO_KEY;
	}
	if (!make_parts(ep, ue_id, ue_id_len, saved, &p)) {
		return EESE_FULL;
	}
	eese_ep_wipe_keysets(ep, p.ue);
	take_said(p.ue, p.group, saved);
	ep->removed += (size_t)saved->removed - (size_t)p.ue->removed;
	p.ue->removed = saved->removed;
	p.ue->current = p.current;
	p.ue->previous = p.previous;
	p.ue->highest_ksn = saved->highest_ksn;
	p.ue->durable = saved->durable;
	return EESE_OK;
}
