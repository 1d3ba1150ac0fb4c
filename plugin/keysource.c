/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/keysource.h"

#include <inttypes.h>
#include <psa/crypto.h>

#include "eese/keys.h"
#include "plugin/keyfile.h"
#include "plugin/plugin.h"

enum {
	ANSWERS_A_TICK = 64, /* some 50 us each: others wait no longer than for a few messages */
	LOOK_MS = 1000,
	WARN_MS = 60 * 1000,
};

/* No key file is one that names nobody. */
static bool load_key_file(struct eese_plugin *p)
{
	if (p->options.key_file != NULL)
		return eese_keyfile_load(p->options.key_file, p->endpoint);
	eese_endpoint_mark(p->endpoint);
	eese_endpoint_remove_unmarked(p->endpoint);
	return true;
}

static bool start_emks(struct eese_plugin *p)
{
	const struct eese_options *o = &p->options;
	const struct eese_emks_config config = {
	    .url = o->emks_url,
	    .cert = o->emks_cert,
	    .key = o->emks_key,
	    .ca = o->emks_ca,
	    .connect_timeout_s = o->emks_connect_timeout_s,
	    .timeout_s = o->emks_timeout_s,
	    .rands = o->rand_source == EESE_RANDS_EMKS,
	};
	char wrong[EESE_EMKS_TEXT_SIZE];

	if (o->emks_url == NULL)
		return true;
	p->keysource.emks = eese_emks_start(&config, wrong);
	if (p->keysource.emks == NULL)
		mosquitto_log_printf(MOSQ_LOG_ERR, EESE_LOG "%s", wrong);
	return p->keysource.emks != NULL;
}

bool eese_keysource_start(struct eese_plugin *p)
{
	return load_key_file(p) && start_emks(p);
}

void eese_keysource_stop(struct eese_plugin *p)
{
	eese_emks_stop(p->keysource.emks);
	p->keysource.emks = NULL;
}

void eese_keysource_reload(struct eese_plugin *p)
{
	char wrong[EESE_EMKS_TEXT_SIZE];

	if (!load_key_file(p))
		mosquitto_log_printf(MOSQ_LOG_WARNING, EESE_LOG
				     "the key file was not taken over, all UEs are as before");
	if (p->keysource.emks == NULL)
		return;
	if (eese_emks_reload(p->keysource.emks, wrong))
		mosquitto_log_printf(MOSQ_LOG_NOTICE,
				     EESE_LOG "the certificates for the EMKS were read again");
	else
		mosquitto_log_printf(MOSQ_LOG_WARNING,
				     EESE_LOG "%s; the certificates for the EMKS are as before",
				     wrong);
}

static void refuse(struct eese_plugin *p, const struct eese_topic *t, struct eese_time now,
		   uint8_t reason)
{
	struct eese_actions refused;

	eese_endpoint_key_refused(p->endpoint, now, t->ue, t->ue_len, reason, &refused);
	eese_answer(p, t, now, &refused);
}

static bool is_filed(const struct eese_plugin *p, const struct eese_topic *t)
{
	return eese_endpoint_has_ue(p->endpoint, t->ue, t->ue_len) &&
	       !eese_endpoint_is_kept(p->endpoint, t->ue, t->ue_len);
}

/* The key file has nothing newer than what is in hand. */
static bool ask_key_file(struct eese_plugin *p, const struct eese_topic *t, struct eese_time now)
{
	if (!is_filed(p, t))
		return false;
	refuse(p, t, now, EESE_ERROR_NO_KEY);
	return true;
}

static bool ask_emks(struct eese_plugin *p, const struct eese_topic *t, struct eese_time now)
{
	if (p->keysource.emks == NULL)
		return false;
	if (!eese_emks_ask(p->keysource.emks, t->ue, t->ue_len,
			   eese_endpoint_has_key(p->endpoint, now, t->ue, t->ue_len)))
		refuse(p, t, now, EESE_ERROR_UNREACHABLE);
	return true;
}

/* There is nobody else to ask. */
static bool ask_nobody(struct eese_plugin *p, const struct eese_topic *t, struct eese_time now)
{
	refuse(p, t, now,
	       eese_endpoint_has_ue(p->endpoint, t->ue, t->ue_len) ? EESE_ERROR_NO_KEY
								   : EESE_ERROR_UE_UNKNOWN);
	return true;
}

void eese_keysource_ask(struct eese_plugin *p, const struct eese_topic *t, struct eese_time now)
{
	static bool (*const sources[])(struct eese_plugin *, const struct eese_topic *,
				       struct eese_time) = {ask_key_file, ask_emks, ask_nobody};
	size_t i = 0;

	while (!sources[i](p, t, now))
		i++;
}

static bool make_rand(struct eese_plugin *p, uint8_t out[EESE_RAND_SIZE])
{
	if (p->options.rand_source == EESE_RANDS_EMKS)
		return eese_emks_rand(p->keysource.emks, out);
	return psa_generate_random(out, EESE_RAND_SIZE) == PSA_SUCCESS;
}

void eese_keysource_top_up(struct eese_plugin *p)
{
	uint8_t rand[EESE_RAND_SIZE];

	for (size_t n = eese_endpoint_rands_wanted(p->endpoint); n > 0 && make_rand(p, rand); n--)
		eese_endpoint_add_rand(p->endpoint, rand);
	eese_wipe(rand, sizeof rand);
}

static void take_answer(struct eese_plugin *p, struct eese_time now,
			const struct eese_emks_answer *a)
{
	static const uint8_t reasons[] = {
	    [EESE_EMKS_NO_KEY] = EESE_ERROR_NO_KEY,
	    [EESE_EMKS_FORBIDDEN] = EESE_ERROR_NOT_APPLICABLE,
	    [EESE_EMKS_UNKNOWN] = EESE_ERROR_UE_UNKNOWN,
	};
	const struct eese_topic t = {.ue = a->ue_id, .ue_len = a->ue_id_len};
	struct eese_actions what;

	if (is_filed(p, &t)) { /* since it was asked for */
		refuse(p, &t, now, EESE_ERROR_NO_KEY);
		return;
	}
	if (a->outcome == EESE_EMKS_FAILED) {
		refuse(p, &t, now, EESE_ERROR_UNREACHABLE);
		return;
	}
	if (a->outcome != EESE_EMKS_KEY)
		eese_endpoint_key_denied(p->endpoint, now, a->ue_id, a->ue_id_len,
					 reasons[a->outcome], &what);
	else
		eese_endpoint_key_arrived(p->endpoint, now, a->ue_id, a->ue_id_len, &a->grant,
					  &what);
	eese_answer(p, &t, now, &what);
	eese_hold_flush(p, now, &t);
}

static uint64_t failures(const struct eese_emks_status *s)
{
	uint64_t n = 0;

	for (size_t i = EESE_EMKS_COUNT_FAILED_CONNECT; i <= EESE_EMKS_COUNT_FAILED_ANSWER; i++)
		n += s->counters[i];
	return n;
}

/* The log hears when the EMKS falls silent and when it is back; of single failures once a minute.
 */
static void tell_log(struct eese_plugin *p, struct eese_time now)
{
	struct eese_keysource *k = &p->keysource;
	struct eese_emks_status s;
	bool more;

	eese_emks_look(k->emks, &s);
	more = failures(&s) > k->failures && now.ms >= k->warn_ms;
	if (!s.answers && !k->silent)
		mosquitto_log_printf(MOSQ_LOG_WARNING,
				     EESE_LOG "the EMKS does not answer: %s. UEs whose key is not "
					      "in hand wait",
				     s.why);
	else if (s.answers && k->silent)
		mosquitto_log_printf(MOSQ_LOG_NOTICE, EESE_LOG "the EMKS answers again");
	else if (more)
		mosquitto_log_printf(MOSQ_LOG_WARNING,
				     EESE_LOG "%" PRIu64
					      " requests to the EMKS failed lately, the last: %s",
				     failures(&s) - k->failures, s.why);
	else
		return;
	k->silent = !s.answers;
	k->warn_ms = now.ms + WARN_MS;
	k->failures = failures(&s);
}

void eese_keysource_tick(struct eese_plugin *p, struct eese_time now)
{
	struct eese_keysource *k = &p->keysource;
	struct eese_emks_answer answer;

	if (k->emks == NULL)
		return;
	for (int i = 0; i < ANSWERS_A_TICK && eese_emks_next(k->emks, &answer); i++) {
		take_answer(p, now, &answer);
		eese_wipe(&answer, sizeof answer);
	}
	eese_emks_restock(k->emks);
	eese_keysource_top_up(p);
	if (now.ms >= k->look_ms) {
		k->look_ms = now.ms + LOOK_MS;
		tell_log(p, now);
	}
}

const char *eese_keysource_value_name(size_t i)
{
	static const char *const names[EESE_KEYSOURCE_VALUES] = {
	    [EESE_EMKS_COUNT_ASKED] = "keyserver/requests",
	    [EESE_EMKS_COUNT_KEYS] = "keyserver/answers/key",
	    [EESE_EMKS_COUNT_NO_KEY] = "keyserver/answers/no key",
	    [EESE_EMKS_COUNT_FORBIDDEN] = "keyserver/answers/not applicable",
	    [EESE_EMKS_COUNT_UNKNOWN] = "keyserver/answers/unknown",
	    [EESE_EMKS_COUNT_RANDS] = "keyserver/answers/rands",
	    [EESE_EMKS_COUNT_FAILED_CONNECT] = "keyserver/failed/connection",
	    [EESE_EMKS_COUNT_FAILED_TLS] = "keyserver/failed/tls",
	    [EESE_EMKS_COUNT_FAILED_TIME] = "keyserver/failed/timeout",
	    [EESE_EMKS_COUNT_FAILED_STATUS] = "keyserver/failed/status",
	    [EESE_EMKS_COUNT_FAILED_ANSWER] = "keyserver/failed/answer",
	    [EESE_EMKS_COUNT_PAUSED] = "keyserver/failed/not sent",
	    [EESE_EMKS_COUNT_RETRIED] = "keyserver/retries",
	    [EESE_EMKS_COUNT_FULL] = "keyserver/queue full",
	    [EESE_EMKS_COUNTERS] = "keyserver/in flight",
	    [EESE_EMKS_COUNTERS + 1] = "keyserver/rands",
	    [EESE_EMKS_COUNTERS + 2] = "keyserver/answers now",
	};

	return i < EESE_KEYSOURCE_VALUES ? names[i] : "unknown";
}

uint64_t eese_keysource_value(const struct eese_plugin *p, size_t i)
{
	struct eese_emks_status s = {0};

	if (p->keysource.emks != NULL)
		eese_emks_look(p->keysource.emks, &s);
	switch (i) {
	case EESE_EMKS_COUNTERS:
		return s.in_flight;
	case EESE_EMKS_COUNTERS + 1:
		return s.stock;
	case EESE_EMKS_COUNTERS + 2:
		return s.answers;
	default:
		return s.counters[i];
	}
}
