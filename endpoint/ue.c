/* SPDX-License-Identifier: Apache-2.0 */
/* UEs: what an administrator says of them. */
#include "endpoint/internal.h"

struct ue *eese_ep_find_any(const struct eese_endpoint *ep, const char *ue_id, size_t len)
{
	return (struct ue *)eese_table_find(&ep->ues, ue_id, len);
}

struct ue *eese_ep_find(const struct eese_endpoint *ep, const char *ue_id, size_t len)
{
	struct ue *ue = eese_ep_find_any(ep, ue_id, len);
	return ue == NULL || ue->removed ? NULL : ue;
}

uint32_t eese_ep_seconds(uint64_t unix_s)
{
	return unix_s > UINT32_MAX ? UINT32_MAX : (uint32_t)unix_s;
}

/* A zeroed thing of size octets with its name behind it. */
void *eese_ep_new_named(struct eese_endpoint *ep, size_t size, const char *name, size_t len)
{
	char *p = eese_ep_zalloc(ep, size + len + 1);
	if (p != NULL) {
		memcpy(p + size, name, len);
		struct eese_named *n = (struct eese_named *)(void *)p;
		n->name = p + size;
		n->len = (uint8_t)len;
	}
	return p;
}

struct ue *eese_ep_add_new(struct eese_endpoint *ep, const char *ue_id, size_t len)
{
	struct ue *ue = eese_ep_new_named(ep, sizeof *ue, ue_id, len);
	if (ue != NULL && !eese_table_add(&ep->ues, &ue->named)) {
		ep->config.release(ue);
		return NULL;
	}
	if (ue != NULL) {
		eese_ep_changed(ep, &ue->named);
	}
	return ue;
}

struct ue *eese_ep_add(struct eese_endpoint *ep, const char *ue_id, size_t len)
{
	struct ue *ue = eese_ep_find_any(ep, ue_id, len);
	if (ue == NULL) {
		return eese_ep_add_new(ep, ue_id, len);
	}
	ue->removed = false;
	ep->removed--;
	eese_ep_changed(ep, &ue->named);
	return ue;
}

void eese_ep_drop_candidate(struct eese_endpoint *ep, struct ue *ue)
{
	eese_ep_release(ep, ue->candidate, sizeof *ue->candidate);
	ue->candidate = NULL;
}

/* Nothing secret of it stays. */
static void wipe_secrets(struct eese_endpoint *ep, struct ue *ue)
{
	eese_ep_wipe_keysets(ep, ue);
	eese_ep_drop_candidate(ep, ue);
	eese_wipe(ue->int_key, sizeof ue->int_key);
	ue->has_key = false;
}

void eese_ep_forget(struct eese_endpoint *ep, struct ue *ue)
{
	wipe_secrets(ep, ue);
	ep->removed -= ue->removed;
	eese_ep_let_go(ep, ue);
}

/* Clause 8: a key past its expiry counts as not in hand (N11). */
bool eese_ep_key_in_hand(const struct ue *ue, struct eese_time now)
{
	return ue->has_key && (ue->key_expiry == 0 || now.unix < ue->key_expiry);
}

/* Clause 2: KSN starts anew with a new e2e_int_key, and no keyset of the old one survives. */
enum eese_result eese_ep_install_key(struct eese_endpoint *ep, struct ue *ue,
				     const uint8_t int_key[EESE_INT_KEY_SIZE])
{
	uint16_t ikid;
	enum eese_result r = eese_derive_ikid(int_key, &ikid);
	if (r != EESE_OK) {
		return r;
	}
	eese_ep_wipe_keysets(ep, ue);
	memcpy(ue->int_key, int_key, EESE_INT_KEY_SIZE);
	ue->ikid = ikid;
	ue->has_key = true;
	ue->highest_ksn = 0;
	ue->durable = false;
	ue->alg = 0;
	eese_ep_drop_candidate(ep, ue);
	eese_ep_key_changed(ep, ue);
	return EESE_OK;
}

static enum eese_result set_key(struct eese_endpoint *ep, struct ue *ue,
				const struct eese_ue_entry *entry)
{
	if (!entry->has_key) {
		return EESE_OK;
	}
	if (!ue->has_key || !eese_equal(ue->int_key, entry->int_key, EESE_INT_KEY_SIZE)) {
		enum eese_result r = eese_ep_install_key(ep, ue, entry->int_key);
		if (r != EESE_OK) {
			return r;
		}
	}
	ue->key_created = 0;
	ue->key_expiry = eese_ep_seconds(entry->expiry);
	eese_ep_key_changed(ep, ue);
	return EESE_OK;
}

/* Octets before the NUL; EESE_UE_ID_MAX + 1 if there are more than a name may have. */
size_t eese_ep_name_length(const char *s)
{
	if (s == NULL) {
		return 0;
	}
	const char *end = memchr(s, '\0', EESE_UE_ID_MAX + 1);
	return end == NULL ? EESE_UE_ID_MAX + 1 : (size_t)(end - s);
}

/* The line that set it before says nothing new, whatever was commanded since. */
static bool same_line(const struct ue *ue, const struct eese_ue_entry *entry)
{
	return ue != NULL && entry->line != 0 && ue->line == entry->line;
}

enum eese_result eese_endpoint_set_ue(struct eese_endpoint *ep, const char *ue_id, size_t ue_id_len,
				      const struct eese_ue_entry *entry)
{
	size_t group_len = eese_ep_name_length(entry->group);
	struct group *group = NULL;
	if (!eese_ue_id_valid(ue_id, ue_id_len) ||
	    (group_len > 0 && !eese_ue_id_valid(entry->group, group_len))) {
		return EESE_INVALID;
	}
	if (group_len > 0 &&
	    (group = eese_ep_find_or_add_group(ep, entry->group, group_len)) == NULL) {
		return EESE_FULL;
	}
	struct ue *ue = eese_ep_find_any(ep, ue_id, ue_id_len);
	bool is_new = ue == NULL || ue->removed;
	if (same_line(ue, entry)) {
		ue->round = ep->round;
		return EESE_OK;
	}
	if (is_new && (ue = eese_ep_add(ep, ue_id, ue_id_len)) == NULL) {
		return EESE_FULL;
	}
	enum eese_result r = set_key(ep, ue, entry);
	if (r != EESE_OK) {
		if (is_new) {
			eese_ep_forget(ep, ue);
		}
		return r;
	}
	eese_ep_move_to_group(ep, ue, group);
	ue->has_te2e = entry->has_te2e;
	ue->te2e_s = entry->te2e_s;
	ue->keep = entry->keep;
	ue->line = entry->line;
	ue->round = ep->round;
	eese_ep_changed(ep, &ue->named);
	return EESE_OK;
}

bool eese_endpoint_remove_ue(struct eese_endpoint *ep, const char *ue_id, size_t ue_id_len)
{
	struct ue *ue = eese_ep_find(ep, ue_id, ue_id_len);
	if (ue == NULL) {
		return false;
	}
	if (ue->line == 0) {
		eese_ep_forget(ep, ue);
		return true;
	}
	wipe_secrets(ep, ue);
	eese_ep_key_changed(ep, ue);
	ue->removed = true;
	ep->removed++;
	return true;
}

void eese_endpoint_mark(struct eese_endpoint *ep)
{
	ep->round++;
}

size_t eese_endpoint_remove_unmarked(struct eese_endpoint *ep)
{
	size_t removed = 0;
	size_t i = 0;
	while (i < ep->ues.size) {
		struct ue *ue = (struct ue *)ep->ues.slots[i];
		if (ue != NULL && ue->round != ep->round && !ue->keep) {
			removed += !ue->removed;
			eese_ep_forget(ep, ue); /* another one may have moved into this slot */
		} else {
			i++;
		}
	}
	return removed;
}
