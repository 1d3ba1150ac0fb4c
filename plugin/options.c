/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/options.h"

#include <stddef.h>
#include <string.h>

#include "eese/keys.h"
#include "plugin/emks.h"

static const char blanks[] = " \t\r\n";

enum kind {
	NUMBER, /* min..max */
	LEVEL,  /* one topic level */
	PATH,
	WORDS,
	ALG,
	ALLOW_OR_DEFER,
	HTTPS,
	RANDS,
};

struct option {
	const char *name;
	enum kind kind;
	size_t offset; /* in struct eese_options: uint32_t or const char * */
	uint32_t min, max;
};

#define AT(member) offsetof(struct eese_options, member)

/* The README's table lists these in this order; a test compares the two. */
static const struct option options[] = {
    {"key_file", PATH, AT(key_file), 0, 0},
    {"emks_url", HTTPS, AT(emks_url), 0, 0},
    {"emks_cert", PATH, AT(emks_cert), 0, 0},
    {"emks_key", PATH, AT(emks_key), 0, 0},
    {"emks_ca", PATH, AT(emks_ca), 0, 0},
    {"emks_timeout", NUMBER, AT(emks_timeout_s), 1, 60},
    {"emks_connect_timeout", NUMBER, AT(emks_connect_timeout_s), 1, 60},
    {"emks_recheck", NUMBER, AT(emks_recheck_s), 0, EESE_TE2E_MAX_S},
    {"rand_source", RANDS, AT(rand_source), 0, 0},
    {"store", PATH, AT(store), 0, 0},
    {"kek_file", PATH, AT(kek_file), 0, 0},
    {"te2e", NUMBER, AT(te2e_s), 0, EESE_TE2E_MAX_S},
    {"refresh_margin", NUMBER, AT(refresh_margin_pct), 0, 50},
    {"admins", WORDS, AT(admins), 0, 0},
    {"gateways", WORDS, AT(gateways), 0, 0},
    {"acl_default", ALLOW_OR_DEFER, AT(acl_default), 0, 0},
    {"alg", ALG, AT(alg), 0, 0},
    {"update_interval", NUMBER, AT(update_interval_s), 1, 60},
    {"pending_life", NUMBER, AT(pending_life_s), 60, EESE_TE2E_MAX_S},
    {"hold_life", NUMBER, AT(hold_life_s), 0, 86400},
    {"retain_topics", WORDS, AT(retain_topics), 0, 0},
    {"sys_interval", NUMBER, AT(sys_interval_s), 0, 86400},
    {"base", LEVEL, AT(base), 0, 0},
    {"app", LEVEL, AT(app), 0, 0},
};

enum { OPTIONS = sizeof options / sizeof *options };

const char *eese_next_word(const char **list, size_t *len)
{
	const char *word = *list + strspn(*list, blanks);

	*len = strcspn(word, blanks);
	*list = word + *len;
	return word;
}

bool eese_words_have(const char *list, const char *word)
{
	size_t len;
	const char *w;

	if (list == NULL || word == NULL || strstr(list, word) == NULL)
		return false;
	while (w = eese_next_word(&list, &len), len > 0)
		if (strlen(word) == len && memcmp(w, word, len) == 0)
			return true;
	return false;
}

bool eese_parse_number(const char *text, size_t len, uint32_t max, uint32_t *out)
{
	uint64_t n = 0;

	if (len == 0 || len > 10)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(text[i] - '0');
	}
	if (n > max)
		return false;
	*out = (uint32_t)n;
	return true;
}

static bool parse_alg(const char *text, uint32_t *out)
{
	return eese_parse_number(text, strlen(text), UINT8_MAX, out) &&
	       eese_alg_info((uint8_t)*out) != NULL;
}

static bool parse_acl_default(const char *text, uint32_t *out)
{
	*out = strcmp(text, "allow") == 0 ? MOSQ_ERR_SUCCESS : MOSQ_ERR_PLUGIN_DEFER;
	return *out == MOSQ_ERR_SUCCESS || strcmp(text, "defer") == 0;
}

static bool parse_rand_source(const char *text, uint32_t *out)
{
	*out = strcmp(text, "emks") == 0 ? EESE_RANDS_EMKS : EESE_RANDS_OWN;
	return *out == EESE_RANDS_EMKS || strcmp(text, "own") == 0;
}

/* The filters must be filters, or they would silently never match. */
static bool filters_sound(const char *list)
{
	char filter[EESE_TOPIC_MAX + 1];
	size_t len;
	const char *word;

	while (word = eese_next_word(&list, &len), len > 0) {
		if (len >= sizeof filter)
			return false;
		memcpy(filter, word, len);
		filter[len] = '\0';
		if (mosquitto_sub_topic_check(filter) != MOSQ_ERR_SUCCESS)
			return false;
	}
	return true;
}

/* What the value should have been, or NULL if it was that. */
static const char *take(const struct option *o, const char *value, struct eese_options *out)
{
	void *at = (char *)out + o->offset;

	switch (o->kind) {
	case NUMBER:
		if (eese_parse_number(value, strlen(value), o->max, at) &&
		    *(uint32_t *)at >= o->min)
			return NULL;
		return "a number";
	case LEVEL:
		*(const char **)at = value;
		return eese_ue_id_valid(value, strlen(value))
			   ? NULL
			   : "one topic level: 1 to 64 characters of A-Za-z0-9._@-";
	case ALG:
		return parse_alg(value, at) ? NULL : "10, 30, 1 or 24";
	case ALLOW_OR_DEFER:
		return parse_acl_default(value, at) ? NULL : "allow or defer";
	case RANDS:
		return parse_rand_source(value, at) ? NULL : "own or emks";
	case HTTPS:
		*(const char **)at = value;
		return eese_emks_url_wrong(value);
	case WORDS:
		*(const char **)at = value;
		return o->offset != AT(retain_topics) || filters_sound(value) ? NULL
									      : "topic filters";
	case PATH:
		*(const char **)at = value;
		return NULL;
	}
	return "nothing";
}

static bool refuse(const struct option *o, const char *wanted)
{
	if (o->kind == NUMBER)
		mosquitto_log_printf(MOSQ_LOG_ERR,
				     EESE_LOG "plugin_opt_%s must be a number from %u to %u",
				     o->name, o->min, o->max);
	else
		mosquitto_log_printf(MOSQ_LOG_ERR, EESE_LOG "plugin_opt_%s must be %s", o->name,
				     wanted);
	return false;
}

static bool read_one(const struct mosquitto_opt *opt, bool seen[OPTIONS], struct eese_options *out)
{
	const char *wanted;

	for (size_t i = 0; i < OPTIONS; i++) {
		if (strcmp(opt->key, options[i].name) != 0)
			continue;
		if (seen[i]) {
			mosquitto_log_printf(MOSQ_LOG_ERR, EESE_LOG "plugin_opt_%s is there twice",
					     opt->key);
			return false;
		}
		seen[i] = true;
		wanted = opt->value == NULL ? "given a value" : take(&options[i], opt->value, out);
		return wanted == NULL || refuse(&options[i], wanted);
	}
	mosquitto_log_printf(MOSQ_LOG_ERR, EESE_LOG "there is no option plugin_opt_%.64s",
			     opt->key);
	return false;
}

/* The one key source that there must be; of the EMKS's options all or none. */
static const char *sources_wrong(const struct eese_options *o)
{
	bool any = o->emks_cert != NULL || o->emks_key != NULL || o->emks_ca != NULL ||
		   o->rand_source == EESE_RANDS_EMKS;
	bool all = o->emks_cert != NULL && o->emks_key != NULL && o->emks_ca != NULL;

	if (o->key_file == NULL && o->emks_url == NULL)
		return "plugin_opt_key_file or plugin_opt_emks_url is missing: without keys "
		       "nothing can be opened";
	if (o->emks_url == NULL && any)
		return "plugin_opt_emks_url is missing: the other emks options and rand_source "
		       "emks need it";
	if (o->emks_url != NULL && !all)
		return "plugin_opt_emks_url needs plugin_opt_emks_cert, plugin_opt_emks_key and "
		       "plugin_opt_emks_ca";
	return NULL;
}

static const char *together_wrong(const struct eese_options *o)
{
	if (strcmp(o->base, o->app) == 0)
		return "plugin_opt_base and plugin_opt_app must differ";
	if (o->kek_file != NULL && o->store != NULL && strcmp(o->store, EESE_NO_STORE) == 0)
		return "plugin_opt_kek_file is the store's, and plugin_opt_store is none";
	return NULL;
}

bool eese_options_read(const struct mosquitto_opt *opts, int count, struct eese_options *out)
{
	bool seen[OPTIONS] = {false};
	const char *wrong;

	*out = (struct eese_options){
	    .base = "e2e",
	    .app = "app",
	    .te2e_s = 86400,
	    .refresh_margin_pct = 10,
	    .update_interval_s = 1,
	    .pending_life_s = 7 * 86400,
	    .sys_interval_s = 10,
	    .hold_life_s = 3600,
	    .acl_default = MOSQ_ERR_PLUGIN_DEFER,
	    .alg = EESE_ALG_AES_CCM_16_64_128,
	    .emks_timeout_s = 5,
	    .emks_connect_timeout_s = 3,
	    .emks_recheck_s = 3600,
	};
	for (int i = 0; i < count; i++)
		if (!read_one(&opts[i], seen, out))
			return false;
	wrong = sources_wrong(out);
	if (wrong == NULL)
		wrong = together_wrong(out);
	if (wrong != NULL)
		mosquitto_log_printf(MOSQ_LOG_ERR, EESE_LOG "%s", wrong);
	return wrong == NULL;
}
