/* SPDX-License-Identifier: Apache-2.0 */
#include "emks/hss/auc.h"

#include <string.h>

#include "emks/crypto.h"

static enum hss_verdict make(struct auc *a, enum eese_domain domain, const struct hss_subscriber *s,
			     const struct hss_secret *secret, struct vector *out)
{
	uint8_t rand[EESE_AKA_RAND_SIZE];
	uint64_t sqn;
	enum hss_verdict v = sqn_take(&a->sqn, a->db, s->id, &sqn);

	if (v != HSS_OK)
		return v;
	if (!crypto_random(rand, sizeof rand) ||
	    vector_make(secret, domain, s->amf, sqn, rand, out) != EESE_OK)
		return HSS_FAILED;
	return HSS_OK;
}

enum hss_verdict auc_challenge(struct auc *a, enum eese_domain domain, const char *who, size_t len,
			       struct hss_subscriber *subscriber, struct vector *out)
{
	struct hss_secret secret;
	enum hss_verdict v;

	memset(out, 0, sizeof *out);
	v = hss_find(a->db, who, len, subscriber);
	if (v == HSS_OK)
		v = hss_applies(subscriber, domain);
	if (v != HSS_OK)
		return v;
	v = hss_secret_of(a->db, subscriber, &secret);
	if (v == HSS_OK)
		v = make(a, domain, subscriber, &secret, out);
	eese_wipe(&secret, sizeof secret);
	return v;
}

static enum hss_verdict open_auts(struct auc *a, int64_t id, const struct hss_secret *secret,
				  const uint8_t *rand, const uint8_t *auts)
{
	uint64_t ms;
	enum eese_result r = vector_open_auts(secret, rand, auts, &ms);

	if (r != EESE_OK)
		return r == EESE_NOT_AUTHENTIC ? HSS_NOT_AUTHENTIC : HSS_FAILED;
	return sqn_resync(&a->sqn, a->db, id, ms);
}

enum hss_verdict auc_resync(struct auc *a, enum eese_domain domain, int64_t id,
			    const uint8_t rand[EESE_AKA_RAND_SIZE],
			    const uint8_t auts[VECTOR_AUTS_SIZE], struct hss_subscriber *subscriber,
			    struct vector *out)
{
	struct hss_secret secret;
	enum hss_verdict v;

	memset(out, 0, sizeof *out);
	v = hss_get(a->db, id, subscriber);
	if (v == HSS_OK)
		v = hss_applies(subscriber, domain);
	if (v != HSS_OK)
		return v;
	v = hss_secret_of(a->db, subscriber, &secret);
	if (v == HSS_OK)
		v = open_auts(a, id, &secret, rand, auts);
	if (v == HSS_OK)
		v = make(a, domain, subscriber, &secret, out);
	eese_wipe(&secret, sizeof secret);
	return v;
}
