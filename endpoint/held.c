/* SPDX-License-Identifier: Apache-2.0 */
/* The memory of a keyset: of its keys only the octets that its algorithm uses, since there may be a
 * million of them. */
#include "endpoint/internal.h"

static size_t direction_size(const struct eese_alg_info *info)
{
	return (size_t)info->key_size + info->nonce_size;
}

static size_t held_size(uint8_t alg)
{
	return offsetof(struct held, keys) + 2 * direction_size(eese_alg_info(alg));
}

struct held *eese_ep_new_held(struct eese_endpoint *ep, uint8_t alg)
{
	struct held *h = eese_ep_zalloc(ep, held_size(alg));
	if (h != NULL) {
		h->alg = alg;
	}
	return h;
}

void eese_ep_release_held(struct eese_endpoint *ep, struct held *h)
{
	if (h != NULL) {
		eese_ep_release(ep, h, held_size(h->alg));
	}
}

static uint8_t *place_of(struct held *h, const struct eese_alg_info *info,
			 enum eese_direction direction)
{
	return h->keys + (direction == EESE_UPLINK ? 0 : direction_size(info));
}

/* Most UEs are sent nothing in most of their keysets, so each direction is derived by itself. */
static bool derive(const struct ue *ue, struct held *h, const struct eese_alg_info *info,
		   enum eese_direction direction)
{
	uint8_t *at = place_of(h, info, direction);
	struct eese_key key;
	if (eese_derive_key(ue->int_key, ue->named.name, h->rand, h->ksn, h->alg, direction,
			    &key) != EESE_OK) {
		return false;
	}
	memcpy(at, key.key, info->key_size);
	memcpy(at + info->key_size, key.iv, info->nonce_size);
	eese_wipe(&key, sizeof key);
	h->derived[direction] = true;
	return true;
}

bool eese_ep_key(const struct ue *ue, struct held *h, enum eese_direction direction,
		 struct eese_key *out)
{
	const struct eese_alg_info *info = eese_alg_info(h->alg);
	const uint8_t *at = place_of(h, info, direction);
	if (!h->derived[direction] && !derive(ue, h, info, direction)) {
		return false;
	}
	*out = (struct eese_key){.ksn = h->ksn, .alg = h->alg, .direction = (uint8_t)direction};
	memcpy(out->key, at, info->key_size);
	memcpy(out->iv, at + info->key_size, info->nonce_size);
	return true;
}
