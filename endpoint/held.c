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

static void pack(uint8_t *out, const struct eese_alg_info *info, const struct eese_key *key)
{
	memcpy(out, key->key, info->key_size);
	memcpy(out + info->key_size, key->iv, info->nonce_size);
}

bool eese_ep_derive(const struct ue *ue, struct held *h)
{
	const struct eese_alg_info *info = eese_alg_info(h->alg);
	struct eese_keyset keys;
	if (!h->derived) {
		h->derived = eese_derive_keyset(ue->int_key, ue->named.name, h->rand, h->ksn,
						h->alg, &keys) == EESE_OK;
		if (h->derived) {
			pack(h->keys, info, &keys.up);
			pack(h->keys + direction_size(info), info, &keys.down);
		}
		eese_wipe(&keys, sizeof keys);
	}
	return h->derived;
}

void eese_ep_key(const struct held *h, enum eese_direction direction, struct eese_key *out)
{
	const struct eese_alg_info *info = eese_alg_info(h->alg);
	const uint8_t *p = h->keys + (direction == EESE_UPLINK ? 0 : direction_size(info));
	*out = (struct eese_key){.ksn = h->ksn, .alg = h->alg, .direction = (uint8_t)direction};
	memcpy(out->key, p, info->key_size);
	memcpy(out->iv, p + info->key_size, info->nonce_size);
}
