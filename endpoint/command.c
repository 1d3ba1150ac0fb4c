/* SPDX-License-Identifier: Apache-2.0 */
/* The enterprise's commands: expiry, te2e, groups. */
#include "endpoint/internal.h"

struct group *eese_ep_find_or_add_group(struct eese_endpoint *ep, const char *name, size_t len)
{
	struct group *g = (struct group *)eese_table_find(&ep->groups, name, len);
	if (g == NULL) {
		g = eese_ep_new_named(ep, sizeof *g, name, len);
		if (g != NULL && !eese_table_add(&ep->groups, &g->named)) {
			ep->config.release(g);
			return NULL;
		}
		if (g != NULL) {
			g->named.is_group = true;
		}
	}
	return g;
}

/* A mark on the old group still counts for the UE, one made earlier on the new group does not. */
void eese_ep_move_to_group(struct eese_endpoint *ep, struct ue *ue, struct group *group)
{
	struct held *const both[] = {ue->current, ue->pending};
	if (group == ue->group) {
		return;
	}
	for (size_t i = 0; i < 2; i++) {
		if (both[i] != NULL) {
			struct eese_actions unused = {0};
			eese_ep_apply_marks(ep, ue, both[i], &unused);
			both[i]->made_mark = ep->epoch;
		}
	}
	ue->group = group;
}

enum eese_result eese_endpoint_expire_ue(struct eese_endpoint *ep, const char *ue_id,
					 size_t ue_id_len, struct eese_actions *out)
{
	memset(out, 0, sizeof *out);
	struct ue *ue = eese_ep_find(ep, ue_id, ue_id_len);
	if (ue == NULL) {
		return EESE_NO_KEY;
	}
	if (ue->pending != NULL) {
		eese_ep_invalidate(ep, ue->pending, EESE_UPDATE_ENTERPRISE, out);
	}
	if (ue->current != NULL) {
		eese_ep_invalidate(ep, ue->current, EESE_UPDATE_ENTERPRISE, out);
	}
	return EESE_OK;
}

enum eese_result eese_endpoint_expire_group(struct eese_endpoint *ep, const char *group,
					    size_t group_len)
{
	struct group *g = (struct group *)eese_table_find(&ep->groups, group, group_len);
	if (g == NULL) {
		return EESE_NO_KEY;
	}
	g->mark = ++ep->epoch;
	return EESE_OK;
}

void eese_endpoint_expire_all(struct eese_endpoint *ep)
{
	ep->all_mark = ++ep->epoch;
}

enum eese_result eese_endpoint_set_te2e_ue(struct eese_endpoint *ep, const char *ue_id,
					   size_t ue_id_len, const uint32_t *te2e_s)
{
	struct ue *ue = eese_ep_find(ep, ue_id, ue_id_len);
	if (ue == NULL) {
		return EESE_NO_KEY;
	}
	ue->has_te2e = te2e_s != NULL;
	ue->te2e_s = te2e_s != NULL ? *te2e_s : 0;
	eese_ep_changed(ep, &ue->named);
	return EESE_OK;
}

enum eese_result eese_endpoint_set_te2e_group(struct eese_endpoint *ep, const char *group,
					      size_t group_len, const uint32_t *te2e_s)
{
	struct group *g;
	if (!eese_ue_id_valid(group, group_len)) {
		return EESE_INVALID;
	}
	if ((g = eese_ep_find_or_add_group(ep, group, group_len)) == NULL) {
		return EESE_FULL;
	}
	g->has_te2e = te2e_s != NULL;
	g->te2e_s = te2e_s != NULL ? *te2e_s : 0;
	eese_ep_changed(ep, &g->named);
	return EESE_OK;
}

void eese_endpoint_set_te2e_default(struct eese_endpoint *ep, uint32_t te2e_s)
{
	ep->config.te2e_s = te2e_s;
	ep->te2e_changed = true;
}

uint32_t eese_endpoint_te2e_default(const struct eese_endpoint *ep)
{
	return ep->config.te2e_s;
}

enum eese_result eese_endpoint_set_group(struct eese_endpoint *ep, const char *ue_id,
					 size_t ue_id_len, const char *group, size_t group_len)
{
	struct ue *ue = eese_ep_find(ep, ue_id, ue_id_len);
	struct group *g = NULL;
	if (ue == NULL) {
		return EESE_NO_KEY;
	}
	if (group != NULL && !eese_ue_id_valid(group, group_len)) {
		return EESE_INVALID;
	}
	if (group != NULL && (g = eese_ep_find_or_add_group(ep, group, group_len)) == NULL) {
		return EESE_FULL;
	}
	eese_ep_move_to_group(ep, ue, g);
	eese_ep_changed(ep, &ue->named);
	return EESE_OK;
}
