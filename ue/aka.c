/* SPDX-License-Identifier: Apache-2.0 */
/* One run of AKA, clause 7. */
#include "eese/aka.h"

#include <string.h>

void eese_aka_start(struct eese_aka *a, const struct eese_usim *usim, enum eese_domain domain)
{
	*a = (struct eese_aka){.usim = usim, .domain = domain, .state = EESE_AKA_WAITING};
}

/* Clause 7: CK and IK live no longer than the derivation. */
static enum eese_result take_keys(struct eese_aka *a, const struct eese_usim_answer *u,
				  struct eese_aka_answer *answer)
{
	enum eese_result r = EESE_CRYPTO;

	if (u->res_len >= 4 && u->res_len <= EESE_RES_MAX)
		r = eese_derive_domain_key(a->domain, u->ck, u->ik, a->key);
	if (r != EESE_OK)
		return r;
	memcpy(answer->octets, u->res, u->res_len);
	answer->len = u->res_len;
	a->state = EESE_AKA_ANSWERED;
	return EESE_OK;
}

static enum eese_result resynchronise(struct eese_aka *a, const struct eese_usim_answer *u,
				      struct eese_aka_answer *answer)
{
	if (a->resyncs >= EESE_AKA_RESYNCS_MAX)
		return EESE_FULL;
	a->resyncs++;
	memcpy(answer->octets, u->auts, EESE_AUTS_SIZE);
	answer->len = EESE_AUTS_SIZE;
	answer->auts = true;
	return EESE_OK;
}

static enum eese_result ask_usim(struct eese_aka *a, const uint8_t *rand, const uint8_t *autn,
				 struct eese_aka_answer *answer)
{
	struct eese_usim_answer u;
	enum eese_result r = a->usim->authenticate(a->usim->ctx, a->domain, rand, autn, &u);

	/* Whatever stands behind the interface: no RES for another domain. */
	if ((r == EESE_OK || r == EESE_REPLAY) && !eese_amf_binds(a->domain, autn + EESE_SQN_SIZE))
		r = EESE_INVALID;
	if (r == EESE_OK)
		r = take_keys(a, &u, answer);
	else if (r == EESE_REPLAY)
		r = resynchronise(a, &u, answer);
	eese_wipe(&u, sizeof(u));
	return r;
}

enum eese_result eese_aka_challenge(struct eese_aka *a, const uint8_t *payload, size_t len,
				    struct eese_aka_answer *answer)
{
	enum eese_result r = EESE_MALFORMED;

	memset(answer, 0, sizeof(*answer));
	if (a->state != EESE_AKA_WAITING)
		return EESE_EXPIRED;
	if (len == EESE_AKA_CHALLENGE_SIZE)
		r = ask_usim(a, payload, payload + EESE_AKA_RAND_SIZE, answer);
	if (r != EESE_OK)
		a->state = EESE_AKA_FAILED;
	return r;
}

enum eese_result eese_aka_accepted(struct eese_aka *a, const uint8_t *payload, size_t len)
{
	uint32_t lifetime = 0;

	if (a->state != EESE_AKA_ANSWERED)
		return EESE_EXPIRED;
	for (size_t i = 0; i < EESE_AKA_LIFETIME_SIZE && len == EESE_AKA_LIFETIME_SIZE; i++)
		lifetime = lifetime << 8 | payload[i];
	if (lifetime == 0)
		return EESE_MALFORMED;
	a->lifetime = lifetime;
	a->state = EESE_AKA_DONE;
	return EESE_OK;
}

bool eese_aka_key(const struct eese_aka *a, uint8_t out[EESE_INT_KEY_SIZE], uint32_t *lifetime)
{
	const bool there = a->state == EESE_AKA_ANSWERED || a->state == EESE_AKA_DONE;

	memset(out, 0, EESE_INT_KEY_SIZE);
	*lifetime = a->lifetime;
	if (there)
		memcpy(out, a->key, EESE_INT_KEY_SIZE);
	return there;
}

void eese_aka_wipe(struct eese_aka *a)
{
	if (a)
		eese_wipe(a, sizeof(*a));
}
