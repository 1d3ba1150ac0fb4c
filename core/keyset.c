/* SPDX-License-Identifier: Apache-2.0 */
/* The members of the e2eKEYSET, clause 2. */
#include "core/fc.h"
#include "eese/keys.h"

#include <string.h>

enum which { UPLINK_KEY = 1, DOWNLINK_KEY = 2, UPLINK_IV = 3, DOWNLINK_IV = 4 };

struct maker {
	uint8_t root[EESE_ROOT_SIZE];
	struct eese_octets ue_id;
	uint32_t ksn;
	uint8_t alg;
};

/* KDF(e2eKEYSET, FFE2, which, alg, KSN, UE-ID), its n least significant octets. */
static enum eese_result derive_member(const struct maker *m, enum which which, size_t n,
				      uint8_t *out)
{
	const uint8_t what = (uint8_t)which;
	const uint8_t ksn[4] = {(uint8_t)(m->ksn >> 24), (uint8_t)(m->ksn >> 16),
				(uint8_t)(m->ksn >> 8), (uint8_t)m->ksn};
	const struct eese_octets params[] = {
	    {&what, sizeof(what)}, {&m->alg, sizeof(m->alg)}, {ksn, sizeof(ksn)}, m->ue_id};
	uint8_t full[32];
	enum eese_result r;

	r = eese_kdf(m->root, sizeof(m->root), EESE_FC_MEMBER, params,
		     sizeof(params) / sizeof(params[0]), full);
	if (r == EESE_OK)
		memcpy(out, full + sizeof(full) - n, n);
	eese_wipe(full, sizeof(full));
	return r;
}

static enum eese_result derive_direction(const struct maker *m, enum eese_direction direction,
					 struct eese_key *out)
{
	const struct eese_alg_info *info = eese_alg_info(m->alg);
	const bool up = direction == EESE_UPLINK;
	enum eese_result r;

	if (!info)
		return EESE_INVALID;
	out->ksn = m->ksn;
	out->alg = m->alg;
	out->direction = (uint8_t)direction;
	r = derive_member(m, up ? UPLINK_KEY : DOWNLINK_KEY, info->key_size, out->key);
	if (r != EESE_OK)
		return r;
	return derive_member(m, up ? UPLINK_IV : DOWNLINK_IV, info->nonce_size, out->iv);
}

/* All that the members are made of. */
static enum eese_result make(struct maker *m, const uint8_t int_key[EESE_INT_KEY_SIZE],
			     const char *ue_id, const uint8_t rand[EESE_RAND_SIZE], uint32_t ksn,
			     uint8_t alg)
{
	m->ue_id = (struct eese_octets){ue_id, eese_ue_id_length(ue_id)};
	m->ksn = ksn;
	m->alg = alg;
	if (m->ue_id.len == 0)
		return EESE_INVALID;
	return eese_derive_root(int_key, rand, m->root);
}

enum eese_result eese_derive_key(const uint8_t int_key[EESE_INT_KEY_SIZE], const char *ue_id,
				 const uint8_t rand[EESE_RAND_SIZE], uint32_t ksn, uint8_t alg,
				 enum eese_direction direction, struct eese_key *out)
{
	struct maker m;
	enum eese_result r;

	memset(out, 0, sizeof(*out));
	r = make(&m, int_key, ue_id, rand, ksn, alg);
	if (r == EESE_OK)
		r = derive_direction(&m, direction, out);
	if (r != EESE_OK)
		eese_wipe(out, sizeof(*out));
	eese_wipe(&m, sizeof(m));
	return r;
}

enum eese_result eese_derive_keyset(const uint8_t int_key[EESE_INT_KEY_SIZE], const char *ue_id,
				    const uint8_t rand[EESE_RAND_SIZE], uint32_t ksn, uint8_t alg,
				    struct eese_keyset *out)
{
	struct maker m;
	enum eese_result r = make(&m, int_key, ue_id, rand, ksn, alg);

	memset(out, 0, sizeof(*out));
	if (r == EESE_OK)
		r = derive_direction(&m, EESE_UPLINK, &out->up);
	if (r == EESE_OK)
		r = derive_direction(&m, EESE_DOWNLINK, &out->down);
	if (r != EESE_OK)
		eese_wipe(out, sizeof(*out));
	eese_wipe(&m, sizeof(m));
	return r;
}
