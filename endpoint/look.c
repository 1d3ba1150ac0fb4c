/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at UEs without changing them, and the sweep. */
#include "endpoint/internal.h"

size_t eese_endpoint_count(const struct eese_endpoint *ep)
{
	return ep->ues.count - ep->removed;
}

bool eese_endpoint_has_ue(const struct eese_endpoint *ep, const char *ue_id, size_t ue_id_len)
{
	return eese_ep_find(ep, ue_id, ue_id_len) != NULL;
}

bool eese_endpoint_is_kept(const struct eese_endpoint *ep, const char *ue_id, size_t ue_id_len)
{
	const struct ue *ue = eese_ep_find(ep, ue_id, ue_id_len);
	return ue != NULL && ue->keep;
}

bool eese_endpoint_has_key(const struct eese_endpoint *ep, struct eese_time now, const char *ue_id,
			   size_t ue_id_len)
{
	const struct ue *ue = eese_ep_find(ep, ue_id, ue_id_len);
	return ue != NULL && eese_ep_key_serves(ep, ue, now);
}

bool eese_endpoint_has_group(const struct eese_endpoint *ep, const char *group, size_t group_len)
{
	return eese_table_find(&ep->groups, group, group_len) != NULL;
}

static enum eese_ue_state state_of(const struct eese_endpoint *ep, const struct ue *ue,
				   struct eese_time now)
{
	if (ue->current == NULL) {
		return ue->pending != NULL            ? EESE_STATE_PENDING
		       : eese_ep_key_in_hand(ue, now) ? EESE_STATE_NEW
						      : EESE_STATE_NO_KEY;
	}
	if (eese_ep_why_invalid(ep, ue, ue->current, now) != 0) {
		return eese_ep_key_in_hand(ue, now) ? EESE_STATE_EXPIRED : EESE_STATE_NO_KEY;
	}
	return ue->pending != NULL ? EESE_STATE_REFRESHING : EESE_STATE_VALID;
}

static void current_info(const struct eese_endpoint *ep, const struct ue *ue, struct eese_time now,
			 struct eese_ue_info *out)
{
	const struct held *h = ue->current;
	uint64_t life_ms = (uint64_t)out->te2e_s * 1000;
	out->ksn = h->ksn;
	out->alg = h->alg;
	out->invalid = eese_ep_why_invalid(ep, ue, h, now);
	out->expires = out->invalid == 0 && h->used && life_ms > 0;
	if (out->expires) {
		out->expires_s = (uint32_t)((life_ms - (now.ms - h->first_use_ms) + 999) / 1000);
	}
	out->uplink_units = h->up_units;
	out->downlink_units = h->down_units;
	out->failed_tags = h->failed_tags;
}

static void info_of(const struct eese_endpoint *ep, const struct ue *ue, struct eese_time now,
		    struct eese_ue_info *out)
{
	*out = (struct eese_ue_info){
	    .ue_id = ue->named.name,
	    .group = ue->group != NULL ? ue->group->named.name : NULL,
	    .state = state_of(ep, ue, now),
	    .has_key = ue->has_key,
	    .ikid = ue->ikid,
	    .key_expiry = ue->key_expiry,
	    .pending_ksn = ue->pending != NULL ? ue->pending->ksn : 0,
	    .highest_ksn = ue->highest_ksn,
	};
	out->te2e_s = eese_ep_te2e(ep, ue, &out->te2e_from);
	if (ue->current != NULL) {
		current_info(ep, ue, now, out);
	}
}

bool eese_endpoint_info(const struct eese_endpoint *ep, struct eese_time now, const char *ue_id,
			size_t ue_id_len, struct eese_ue_info *out)
{
	const struct ue *ue = eese_ep_find(ep, ue_id, ue_id_len);
	memset(out, 0, sizeof *out);
	if (ue != NULL) {
		info_of(ep, ue, now, out);
	}
	return ue != NULL;
}

size_t eese_endpoint_list(const struct eese_endpoint *ep, struct eese_time now, size_t *at,
			  size_t most, bool (*each)(void *ctx, const struct eese_ue_info *ue),
			  void *ctx)
{
	struct eese_ue_info info;
	bool more = true;
	size_t i = *at, n = 0;
	for (; more && n < most && i < ep->ues.size; n++, i++) {
		const struct ue *ue = (const struct ue *)ep->ues.slots[i];
		if (ue != NULL && !ue->removed) {
			info_of(ep, ue, now, &info);
			more = each(ctx, &info);
		}
	}
	*at = i < ep->ues.size ? i : 0;
	return n;
}

/* The table's start came round again: what was counted since the last time is the tally. */
static void end_round(struct eese_endpoint *ep)
{
	memcpy(ep->tally, ep->counting, sizeof ep->tally);
	memset(ep->counting, 0, sizeof ep->counting);
	ep->sweep_at = 0;
}

static void
raise_expiry(struct eese_endpoint *ep, const struct ue *ue, struct held *h, struct eese_time now,
	     void (*report)(void *ctx, const char *ue_id, const struct eese_actions *what),
	     void *ctx)
{
	struct eese_actions what = {0};
	if (h != NULL && h->invalid == 0 && !eese_ep_valid(ep, ue, h, now, &what)) {
		report(ctx, ue->named.name, &what);
	}
}

void eese_endpoint_sweep(struct eese_endpoint *ep, struct eese_time now, size_t most,
			 void (*report)(void *ctx, const char *ue_id,
					const struct eese_actions *what),
			 void *ctx)
{
	for (size_t n = 0; n < most && n < ep->ues.size; n++) {
		struct ue *ue = (struct ue *)ep->ues.slots[ep->sweep_at];
		if (ue != NULL && !ue->removed) {
			ep->counting[state_of(ep, ue, now)]++;
		}
		if (ue != NULL) {
			raise_expiry(ep, ue, ue->current, now, report, ctx);
			raise_expiry(ep, ue, ue->pending, now, report, ctx);
		}
		if (++ep->sweep_at >= ep->ues.size) {
			end_round(ep);
		}
	}
}

size_t eese_endpoint_places(const struct eese_endpoint *ep)
{
	return ep->ues.size;
}

size_t eese_endpoint_tally(const struct eese_endpoint *ep, enum eese_ue_state state)
{
	return state < EESE_STATES ? ep->tally[state] : 0;
}

const char *eese_state_name(enum eese_ue_state state)
{
	static const char *const names[EESE_STATES] = {
	    [EESE_STATE_NO_KEY] = "noKey",          [EESE_STATE_NEW] = "new",
	    [EESE_STATE_PENDING] = "pending",       [EESE_STATE_VALID] = "valid",
	    [EESE_STATE_REFRESHING] = "refreshing", [EESE_STATE_EXPIRED] = "expired",
	};
	return state < EESE_STATES ? names[state] : "unknown";
}
