/* SPDX-License-Identifier: Apache-2.0 */
#include "emks/daemon/aka.h"

#include <string.h>

#include "emks/daemon/log.h"
#include "emks/ks/keys.h"

static const char *const domain_names[EESE_DOMAINS] = {"EnPS", "HPS"};

/* All that a stranger may learn of why not is one code. */
static int refusal(enum hss_verdict v)
{
	switch (v) {
	case HSS_UNKNOWN:
	case HSS_BARRED:
	case HSS_NOT_APPLICABLE:
	case HSS_NOT_ALLOWED:
		return 403;
	case HSS_NOT_AUTHENTIC:
		return 401;
	case HSS_OK:
	case HSS_EXHAUSTED:
	case HSS_FAILED:
		break;
	}
	return 503;
}

static void log_refusal(const struct aka *a, enum hss_verdict v, const char *who)
{
	if (v == HSS_FAILED)
		log_event("AKA of %s: can't make a vector: %s", who, db_wrong(a->auc.db));
	else if (v == HSS_EXHAUSTED)
		log_event("AKA of %s: SQN is at its end; replace the SIM", who);
	else if (v == HSS_BARRED || v == HSS_NOT_APPLICABLE)
		log_event("AKA of %s refused: %s", who,
			  v == HSS_BARRED ? "barred" : "domain not applicable");
}

static void challenge(struct aka *a, const struct aka_time *now, enum eese_domain domain,
		      const struct hss_subscriber *s, const struct vector *vector,
		      struct aka_answer *out)
{
	if (challenge_add(a->challenges, now->steady, domain, s, vector, out->token) == NULL) {
		out->code = 503;
		return;
	}
	out->code = 201;
	memcpy(out->payload, vector->rand, sizeof vector->rand);
	memcpy(out->payload + sizeof vector->rand, vector->autn, sizeof vector->autn);
	out->len = AKA_PAYLOAD_MAX;
}

void aka_start(struct aka *a, const struct aka_time *now, enum eese_domain domain, const char *who,
	       size_t len, struct aka_answer *out)
{
	struct hss_subscriber s;
	struct vector vector;
	enum hss_verdict v;

	memset(out, 0, sizeof *out);
	v = auc_challenge(&a->auc, domain, who, len, &s, &vector);
	if (v == HSS_OK) {
		challenge(a, now, domain, &s, &vector, out);
	} else {
		out->code = refusal(v);
		log_refusal(a, v, s.ue_id);
	}
	eese_wipe(&vector, sizeof vector);
}

static void done(const struct challenge *c, const struct aka_time *now, struct aka_answer *out)
{
	const int64_t left = c->key_expiry > now->unix ? c->key_expiry - now->unix : 0;

	out->code = 204;
	for (int i = 0; i < 4; i++)
		out->payload[i] = (uint8_t)(left >> (24 - 8 * i));
	out->len = 4;
}

/* Whether the profile still says so; nor does the old SIM get a key when it was exchanged in
 * between. */
static enum hss_verdict still_applies(struct aka *a, const struct challenge *c,
				      struct hss_subscriber *s)
{
	enum hss_verdict v = hss_get(a->auc.db, c->subscriber, s);

	if (v == HSS_OK)
		v = hss_applies(s, c->domain);
	return v == HSS_OK && s->sim != c->sim ? HSS_UNKNOWN : v;
}

static int keep(struct aka *a, const struct aka_time *now, const struct challenge *c,
		struct hss_subscriber *s)
{
	enum hss_verdict v = still_applies(a, c, s);

	if (v == HSS_OK &&
	    ks_put(a->auc.db, s->id, c->domain, c->vector.key, now->unix, a->key_life_s) &&
	    db_run(a->auc.db, "COMMIT", ""))
		return 204;
	if (v == HSS_OK)
		log_event("AKA of %s: can't keep the key: %s", s->ue_id, db_wrong(a->auc.db));
	else
		log_refusal(a, v, s->ue_id);
	return v == HSS_OK ? 503 : refusal(v);
}

/* RES was right: the key goes to the EMKS. One transaction, so that nothing the operator does comes
 * between the look at the profile and the key. */
static int forward(struct aka *a, const struct aka_time *now, const struct challenge *c)
{
	struct hss_subscriber s;
	int code;

	if (!db_run(a->auc.db, "BEGIN IMMEDIATE", "")) {
		log_event("AKA: can't keep a key: %s", db_wrong(a->auc.db));
		return 503;
	}
	code = keep(a, now, c, &s);
	if (code == 204)
		log_event("AKA of %s (IMSI %s) done, %s", s.ue_id, s.imsi, domain_names[c->domain]);
	else
		db_rollback(a->auc.db);
	return code;
}

static void finish(struct aka *a, const struct aka_time *now, struct challenge *c,
		   struct aka_answer *out)
{
	if (c->state == CHALLENGE_OPEN) {
		out->code = forward(a, now, c);
		if (out->code == 403)
			challenge_end(c);
		if (out->code != 204)
			return;
		c->state = CHALLENGE_DONE;
		c->key_expiry = now->unix + a->key_life_s;
		eese_wipe(c->vector.key, sizeof c->vector.key);
	}
	done(c, now, out);
}

void aka_finish(struct aka *a, const struct aka_time *now, enum eese_domain domain,
		const char *token, size_t token_len, const uint8_t *res, size_t len,
		struct aka_answer *out)
{
	struct challenge *c = challenge_find(a->challenges, now->steady, domain, token, token_len);

	memset(out, 0, sizeof *out);
	if (c == NULL) {
		out->code = 404;
		return;
	}
	if (len != sizeof c->vector.xres || !eese_equal(res, c->vector.xres, len)) {
		log_event("AKA: wrong RES");
		if (c->state == CHALLENGE_OPEN)
			challenge_end(c);
		out->code = 401;
		return;
	}
	finish(a, now, c, out);
}

void aka_resync(struct aka *a, const struct aka_time *now, enum eese_domain domain,
		const char *token, size_t token_len, const uint8_t *auts, size_t len,
		struct aka_answer *out)
{
	struct challenge *c = challenge_find(a->challenges, now->steady, domain, token, token_len);
	struct hss_subscriber s;
	struct vector vector;
	enum hss_verdict v = HSS_NOT_AUTHENTIC;

	memset(out, 0, sizeof *out);
	if (c == NULL || c->state != CHALLENGE_OPEN) {
		out->code = 404;
		return;
	}
	memset(&vector, 0, sizeof vector);
	if (len == VECTOR_AUTS_SIZE)
		v = auc_resync(&a->auc, domain, c->subscriber, c->vector.rand, auts, &s, &vector);
	if (v != HSS_FAILED)
		challenge_end(c);
	if (v == HSS_OK) {
		log_event("AKA: resynchronised SQN");
		challenge(a, now, domain, &s, &vector, out);
	} else {
		out->code = refusal(v);
	}
	eese_wipe(&vector, sizeof vector);
}
