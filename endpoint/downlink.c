/* SPDX-License-Identifier: Apache-2.0 */
/* Clause 5, 'Downlink'. */
#include "endpoint/internal.h"

static enum eese_result seal(struct eese_endpoint *ep, struct ue *ue, struct held *h,
			     const struct eese_key *key, struct eese_time now, const char *topic,
			     size_t topic_len, const uint8_t *plain, size_t len, uint8_t *sealed,
			     size_t sealed_size, struct eese_actions *out)
{
	enum eese_result r = eese_data_seal(key, ue->named.name, topic, topic_len, h->next_number,
					    plain, len, sealed, sealed_size, &out->sealed_len);
	if (r == EESE_OK) {
		out->ksn = h->ksn;
		h->next_number++;
		eese_ep_use(h, now);
		eese_ep_count_units(ep, h, &h->down_units, len, out);
		ep->counters[EESE_COUNT_SEALED]++;
	}
	return r;
}

/* The EESE starts the contact: a valid pending, announced ahead of the message. A pending that is
 * invalid is replaced (N7). */
static struct held *contact(struct eese_endpoint *ep, struct ue *ue, struct eese_time now,
			    struct eese_key *key, struct eese_actions *out)
{
	if (ue->pending != NULL && !eese_ep_valid(ep, ue, ue->pending, now, out) &&
	    !eese_ep_new_pending(ep, ue, now)) {
		return NULL;
	}
	if (!eese_ep_ensure_pending(ep, ue, now) ||
	    !eese_ep_key(ue, ue->pending, EESE_DOWNLINK, key)) {
		return NULL;
	}
	eese_ep_announce(ep, ue, ue->pending, EESE_UPDATE_CONTACT, true, now, out);
	return ue->pending;
}

enum eese_result eese_endpoint_downlink(struct eese_endpoint *ep, struct eese_time now,
					const char *ue_id, size_t ue_id_len, const char *topic,
					size_t topic_len, const uint8_t *plain, size_t len,
					uint8_t *sealed, size_t sealed_size, bool *ordered,
					struct eese_actions *out)
{
	memset(out, 0, sizeof *out);
	*ordered = false;
	if (!eese_ue_id_valid(ue_id, ue_id_len) || topic_len > EESE_TOPIC_MAX ||
	    len > EESE_PLAINTEXT_MAX || sealed_size < len + EESE_DATA_OVERHEAD_MAX) {
		return EESE_INVALID;
	}
	struct ue *ue = eese_ep_find(ep, ue_id, ue_id_len);
	if (ue != NULL) {
		eese_ep_recheck(ep, ue, now, out);
		eese_ep_drop_stale_pending(ep, ue, now);
	}
	struct eese_key key;
	struct held *h;
	if (ue != NULL && ue->current != NULL && ue->pending == NULL &&
	    eese_ep_valid(ep, ue, ue->current, now, out)) {
		h = eese_ep_key(ue, ue->current, EESE_DOWNLINK, &key) ? ue->current : NULL;
	} else if (ue == NULL || !eese_ep_key_in_hand(ue, now)) {
		ep->counters[EESE_COUNT_DOWNLINK_WAITING]++;
		eese_ep_ask(ep, now, ue_id, ue_id_len, NULL, false, out);
		return EESE_NO_KEY;
	} else {
		*ordered = true;
		h = contact(ep, ue, now, &key, out);
	}
	if (h == NULL) {
		return EESE_FULL;
	}
	enum eese_result r =
	    seal(ep, ue, h, &key, now, topic, topic_len, plain, len, sealed, sealed_size, out);
	eese_wipe(&key, sizeof key);
	return r;
}
