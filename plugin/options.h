/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin_opt_* of mosquitto.conf, checked and with their defaults. */
#ifndef EESE_PLUGIN_OPTIONS_H
#define EESE_PLUGIN_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "plugin/broker.h"

/* The longest te2e that can be asked for: ten years. */
enum { EESE_TE2E_MAX_S = 10 * 365 * 86400 };

/* plugin_opt_store for none at all. */
#define EESE_NO_STORE "none"

enum eese_rand_source { EESE_RANDS_OWN, EESE_RANDS_EMKS };

struct eese_options {
	/* Of each string the broker owns the text, for as long as the plugin lives. */
	const char *base, *app; /* first levels of the protected and of the plaintext topics */
	const char *key_file;   /* NULL: none */
	const char *emks_url;   /* NULL: none, and then nothing else of emks_ is set */
	const char *emks_cert, *emks_key, *emks_ca;
	const char *store;         /* NULL: the usual place; or EESE_NO_STORE */
	const char *kek_file;      /* NULL: as eese_kek_find() says */
	const char *admins;        /* user names, separated by blanks; NULL: nobody */
	const char *gateways;      /* the same */
	const char *retain_topics; /* filters over <sub>, separated by blanks; NULL: none */
	uint32_t te2e_s;
	uint32_t refresh_margin_pct;
	uint32_t update_interval_s;
	uint32_t pending_life_s;
	uint32_t sys_interval_s; /* 0: no counters */
	uint32_t hold_life_s;    /* 0: nothing is held */
	uint32_t alg;            /* enum eese_alg */
	uint32_t emks_timeout_s, emks_connect_timeout_s;
	uint32_t emks_recheck_s; /* 0: never */
	uint32_t rand_source; /* enum eese_rand_source */
	uint32_t acl_default; /* what is none of ours: MOSQ_ERR_SUCCESS or MOSQ_ERR_PLUGIN_DEFER */
};

/* False: the reason, with the option's name, is in the broker's log. */
bool eese_options_read(const struct mosquitto_opt *opts, int count, struct eese_options *out);

/* Whether one of the blank-separated words in list, which may be NULL, is this one. */
bool eese_words_have(const char *list, const char *word);

/* The next word of *list and its length, moving *list behind it; length 0 at the end. */
const char *eese_next_word(const char **list, size_t *len);

/* A decimal number up to max, all digits, at most 10 of them. */
bool eese_parse_number(const char *text, size_t len, uint32_t max, uint32_t *out);

#endif
