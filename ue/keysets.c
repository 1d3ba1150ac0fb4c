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
				 struct eese_keyset *out)
{
	return eese_derive_keyset(ue->int_key, ue->config.ue_id, k->rand, k->ksn, k->alg, out);
}

/* No keyset is left for these: they are given back. */
static void give_up(struct eese_ue *ue, uint32_t ksn)
{
	struct held h;
	for (size_t at = 0; eese_dev_load(ue, at, &h); at = eese_dev_step(at, &h)) {
		if (h.ksn == ksn) {
			eese_dev_settle(ue, at, &h, EESE_UE_EVENT_FAILED);
		}
	}
	if (ue->before_ksn == ksn) {
		ue->before_ksn = 0;
	}
}

static void drop_known(struct eese_ue *ue, size_t i)
{
	struct eese_ue_keyset *k = &ue->known[i];
	memmove(k, k + 1, (EESE_UE_KNOWN_MAX - 1 - i) * sizeof *k);
	memset(&ue->known[EESE_UE_KNOWN_MAX - 1], 0, sizeof *k);
}

/*
 * Forgets what no ref can mean any more: keysets under which the EESE holds nothing, and the
 * oldest ones while nothing held refers to them. One in the middle stays, since a ref may name it
 * to tell apart what is older and what is newer. The one before the newest always stays (N2).
 */
static void prune(struct eese_ue *ue)
{
	bool oldest = true;
	for (size_t i = EESE_UE_KNOWN_MAX - 1; i >= 1; i--) {
		const struct eese_ue_keyset *k = &ue->known[i];
		if (k->ksn == 0) {
			continue;
		}
		oldest = oldest && k->ksn != ue->before_ksn && !eese_dev_refers(ue, k->ksn);
		if (oldest || (!k->used && k->ksn != ue->before_ksn)) {
			drop_known(ue, i);
		}
	}
}

/*
 * Puts the keyset just adopted in front. Its ref named this one (0: none, or a forgotten one), so
 * the EESE never took the ones between, and what was held under them is protected anew (N1).
 */
void eese_dev_push_known(struct eese_ue *ue, const struct eese_ue_keyset *k, uint32_t named)
{
	for (size_t i = 0; i < EESE_UE_KNOWN_MAX; i++) {
		ue->known[i].used = ue->known[i].used && ue->known[i].ksn <= named;
	}
	prune(ue);
	if (ue->known[EESE_UE_KNOWN_MAX - 1].ksn != 0) {
		give_up(ue, ue->known[EESE_UE_KNOWN_MAX - 1].ksn);
	}
	memmove(ue->known + 1, ue->known, (EESE_UE_KNOWN_MAX - 1) * sizeof *k);
	ue->known[0] = *k;
}

/* The window in which everything below next counts as seen. */
struct eese_window eese_dev_window_below(uint64_t next)
{
	struct eese_window w = {.next = next, .seen = UINT64_MAX};
	if (next < EESE_WINDOW_WIDTH) {
		w.seen = (UINT64_C(1) << next) - 1;
	}
	return w;
}

bool eese_dev_alg_supported(const struct eese_ue *ue, uint8_t alg)
{
	static const uint8_t rows[] = {EESE_ALG_AES_CCM_16_64_128, EESE_ALG_AES_CCM_16_128_128,
				       EESE_ALG_AES_128_GCM, EESE_ALG_CHACHA20_POLY1305};
	for (unsigned i = 0; i < sizeof rows; i++) {
		if (rows[i] == alg) {
			return i == 0 || ue->config.algs == 0 || (ue->config.algs >> i & 1) != 0;
		}
	}
	return false;
}
