/* SPDX-License-Identifier: Apache-2.0 */
/* The software USIM: TS 33.102 clauses 6.3.3 and 6.3.5, Annex C.2, and clause 7's domains. */
#include "eese/usim.h"

#include <string.h>

enum { IND_MASK = EESE_SQN_SLOTS - 1 };

/* One challenge, taken apart. */
struct challenge {
	const uint8_t *rand, *amf, *mac_a;
	uint8_t sqn[EESE_SQN_SIZE];
	uint64_t seq;
	unsigned ind;
	struct eese_milenage_out f;
};

static uint64_t get_sqn(const uint8_t sqn[EESE_SQN_SIZE])
{
	uint64_t v = 0;

	for (unsigned i = 0; i < EESE_SQN_SIZE; i++)
		v = v << 8 | sqn[i];
	return v;
}

static void put_sqn(uint8_t sqn[EESE_SQN_SIZE], uint64_t seq, unsigned ind)
{
	const uint64_t v = seq << EESE_SQN_IND_BITS | ind;

	for (unsigned i = 0; i < EESE_SQN_SIZE; i++)
		sqn[i] = (uint8_t)(v >> (8 * (EESE_SQN_SIZE - 1 - i)));
}

static void xor6(uint8_t out[EESE_SQN_SIZE], const uint8_t *a, const uint8_t *b)
{
	for (unsigned i = 0; i < EESE_SQN_SIZE; i++)
		out[i] = a[i] ^ b[i];
}

/* Annex C.2: IND of the highest SQN taken, which is SQN_MS. */
static unsigned highest(const struct eese_soft_usim *u)
{
	unsigned best = 0;

	for (unsigned i = 1; i < EESE_SQN_SLOTS; i++)
		if (u->seq[i] >= u->seq[best])
			best = i;
	return u->seq[best] > 0 ? best : 0;
}

/* 6.3.3: SQN out of AUTN, and whether MAC-A holds. AK and RES come out of one block of MILENAGE, so
 * RES is there already; it is given out only when everything else was checked. */
static enum eese_result open_challenge(const struct eese_soft_usim *u, const uint8_t *rand,
				       const uint8_t *autn, struct challenge *c)
{
	uint8_t mac_a[EESE_AKA_MAC_SIZE];
	enum eese_result r;

	memset(c, 0, sizeof(*c));
	c->rand = rand;
	c->amf = autn + EESE_SQN_SIZE;
	c->mac_a = c->amf + EESE_AMF_SIZE;
	r = eese_milenage_f2345(u->k, u->opc, rand, &c->f);
	if (r != EESE_OK)
		return r;
	xor6(c->sqn, autn, c->f.ak);
	c->seq = get_sqn(c->sqn) >> EESE_SQN_IND_BITS;
	c->ind = (unsigned)get_sqn(c->sqn) & IND_MASK;
	r = eese_milenage_f1(u->k, u->opc, rand, c->sqn, c->amf, mac_a, NULL);
	if (r == EESE_OK && !eese_equal(mac_a, c->mac_a, sizeof(mac_a)))
		r = EESE_NOT_AUTHENTIC;
	eese_wipe(mac_a, sizeof(mac_a));
	return r;
}

/* Annex C.2.1 and C.2.2. */
static bool fresh(const struct eese_soft_usim *u, const struct challenge *c)
{
	const uint64_t seq_ms = u->seq[highest(u)];

	if (c->seq <= u->seq[c->ind])
		return false;
	if (c->seq > seq_ms)
		return c->seq - seq_ms <= u->delta;
	return u->age_limit == 0 || seq_ms - c->seq < u->age_limit;
}

/* 6.3.3 and 6.3.5: AUTS, MAC-S over AMF 0000. */
static enum eese_result make_auts(const struct eese_soft_usim *u, const struct challenge *c,
				  uint8_t auts[EESE_AUTS_SIZE])
{
	static const uint8_t amf[EESE_AMF_SIZE] = {0, 0};
	const unsigned ind = highest(u);
	uint8_t sqn_ms[EESE_SQN_SIZE];
	enum eese_result r;

	put_sqn(sqn_ms, u->seq[ind], ind);
	r = eese_milenage_f1(u->k, u->opc, c->rand, sqn_ms, amf, NULL, auts + EESE_SQN_SIZE);
	if (r != EESE_OK)
		return r;
	xor6(auts, sqn_ms, c->f.ak_star);
	return EESE_REPLAY;
}

/* Stored before RES leaves. */
static bool take_number(struct eese_soft_usim *u, const struct challenge *c)
{
	uint8_t sqns[EESE_SQN_ARRAY_SIZE];

	for (unsigned i = 0; i < EESE_SQN_SLOTS; i++)
		put_sqn(sqns + (size_t)i * EESE_SQN_SIZE, i == c->ind ? c->seq : u->seq[i], i);
	if (!u->store(u->ctx, sqns))
		return false;
	u->seq[c->ind] = c->seq;
	return true;
}

static void give_out(const struct challenge *c, struct eese_usim_answer *out)
{
	memcpy(out->res, c->f.res, EESE_RES_SIZE);
	out->res_len = EESE_RES_SIZE;
	memcpy(out->ck, c->f.ck, EESE_CK_SIZE);
	memcpy(out->ik, c->f.ik, EESE_IK_SIZE);
}

static enum eese_result authenticate(void *ctx, enum eese_domain domain,
				     const uint8_t rand[EESE_AKA_RAND_SIZE],
				     const uint8_t autn[EESE_AUTN_SIZE],
				     struct eese_usim_answer *out)
{
	struct eese_soft_usim *u = ctx;
	struct challenge c;
	enum eese_result r = open_challenge(u, rand, autn, &c);

	memset(out, 0, sizeof(*out));
	if (r == EESE_OK && !eese_amf_binds(domain, c.amf))
		r = EESE_INVALID;
	if (r == EESE_OK && !fresh(u, &c))
		r = make_auts(u, &c, out->auts);
	if (r == EESE_OK && !take_number(u, &c))
		r = EESE_STORAGE;
	if (r == EESE_OK)
		give_out(&c, out);
	eese_wipe(&c, sizeof(c));
	return r;
}

enum eese_result
eese_soft_usim_init(struct eese_soft_usim *u, const uint8_t k[EESE_K_SIZE],
		    const uint8_t opc[EESE_OP_SIZE], const uint8_t *sqns,
		    bool (*store)(void *ctx, const uint8_t sqns[EESE_SQN_ARRAY_SIZE]), void *ctx)
{
	memset(u, 0, sizeof(*u));
	for (unsigned i = 0; sqns && i < EESE_SQN_SLOTS; i++) {
		const uint64_t sqn = get_sqn(sqns + (size_t)i * EESE_SQN_SIZE);

		if ((sqn & IND_MASK) != i) {
			memset(u, 0, sizeof(*u));
			return EESE_MALFORMED;
		}
		u->seq[i] = sqn >> EESE_SQN_IND_BITS;
	}
	memcpy(u->k, k, EESE_K_SIZE);
	memcpy(u->opc, opc, EESE_OP_SIZE);
	u->delta = EESE_SQN_DELTA;
	u->store = store;
	u->ctx = ctx;
	return EESE_OK;
}

struct eese_usim eese_soft_usim_interface(struct eese_soft_usim *u)
{
	return (struct eese_usim){authenticate, u};
}

void eese_soft_usim_wipe(struct eese_soft_usim *u)
{
	if (u)
		eese_wipe(u, sizeof(*u));
}
