/* SPDX-License-Identifier: Apache-2.0 */
/* The keysets the UE knows: the newest, and those before it that something held refers to. */
#include "internal.h"

const struct eese_ue_keyset *eese_dev_known(const struct eese_ue *ue, uint32_t ksn)
{
	for (size_t i = 0; ksn != 0 && i < EESE_UE_KNOWN_MAX; i++) {
		if (ue->known[i].ksn == ksn) {
			return &ue->known[i];
		}
	}
	return NULL;
}

/* The KSN that a ref's kkk stands for: the newest known one before the keyset announced. 0: the
 * UE no longer knows it, so it is older than all that are known. */
uint32_t eese_dev_named(const struct eese_ue *ue, uint32_t announced, uint8_t kid)
{
	for (size_t i = 0; i < EESE_UE_KNOWN_MAX; i++) {
		uint32_t ksn = ue->known[i].ksn;
		if (ksn != 0 && ksn < announced && (ksn & 7) == kid) {
			return ksn;
		}
	}
	return 0;
}

enum eese_result eese_dev_derive(const struct eese_ue *ue, const struct eese_ue_keyset *k,
				 enum eese_direction direction, struct eese_key *out)
{
	return eese_derive_key(ue->int_key, ue->config.ue_id, k->rand, k->ksn, k->alg, direction,
			       out);
}

/* No keyset is left for these: they are given back. */
static void give_up(struct eese_ue *ue, uint32_t ksn)
{
	for (struct held *h = NULL; (h = eese_dev_next(ue, h)) != NULL;) {
		if (h->ksn == ksn) {
			eese_dev_settle(ue, h, EESE_UE_EVENT_FAILED);
		}
	}
	if (ue->before_ksn == ksn) {
		ue->before_ksn = 0;
	}
}

/* Whether this keyset or an older one is needed: for what is held, or for downlink. */
static bool needed(const struct eese_ue *ue, uint32_t ksn)
{
	bool found = ue->before_ksn != 0 && ue->before_ksn <= ksn;
	for (struct held *h = NULL; (h = eese_dev_next(ue, h)) != NULL;) {
		found = found || (h->ksn != 0 && h->ksn <= ksn);
	}
	return found;
}

/*
 * Puts the keyset just adopted in front and forgets what no ref can mean any more. Its ref named
 * this one (0: none, or a forgotten one), so the EESE never took newer ones; those go, and so do
 * the oldest ones while nothing needs them. One in the middle stays, since a ref may name it to
 * tell apart what is older and what is newer. The one before the newest always stays (N2).
 */
void eese_dev_push_known(struct eese_ue *ue, const struct eese_ue_keyset *k, uint32_t named)
{
	struct eese_ue_keyset old[EESE_UE_KNOWN_MAX];
	size_t count = 1;
	memcpy(old, ue->known, sizeof old);
	memset(ue->known, 0, sizeof ue->known);
	ue->known[0] = *k;
	for (size_t i = 0; i < EESE_UE_KNOWN_MAX && old[i].ksn != 0; i++) {
		old[i].used = old[i].used && old[i].ksn <= named;
		bool may_be_named = old[i].used || old[i].ksn == ue->before_ksn;
		if (i > 0 && !(may_be_named && needed(ue, old[i].ksn))) {
			continue;
		}
		if (count < EESE_UE_KNOWN_MAX) {
			ue->known[count++] = old[i];
		} else {
			give_up(ue, old[i].ksn);
		}
	}
}

/* NULL: not supported. */
const struct eese_alg_info *eese_dev_alg(const struct eese_ue *ue, uint8_t alg)
{
	const struct eese_alg_info *info = eese_alg_info(alg);
	if (info == NULL || info->row == 0 || ue->config.algs == 0) {
		return info;
	}
	return (ue->config.algs >> info->row & 1) != 0 ? info : NULL;
}
