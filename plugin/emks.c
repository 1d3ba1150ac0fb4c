/* SPDX-License-Identifier: Apache-2.0 */
/* The EMKS client's side of the broker's thread: orders in, answers out, the stock of RANDs. */
#include "plugin/emks.h"

#include <psa/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "eese/keys.h"
#include "plugin/emks_internal.h"

uint64_t emks_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

void emks_push(struct emks_list *l, struct emks_order *o)
{
	o->next = NULL;
	if (l->first == NULL)
		l->first = o;
	else
		l->last->next = o;
	l->last = o;
}

void emks_push_first(struct emks_list *l, struct emks_order *o)
{
	o->next = l->first;
	if (l->first == NULL)
		l->last = o;
	l->first = o;
}

struct emks_order *emks_pop(struct emks_list *l)
{
	struct emks_order *o = l->first;

	if (o != NULL)
		l->first = o->next;
	return o;
}

void emks_order_free(struct emks_order *o)
{
	if (o == NULL)
		return;
	if (o->body != NULL)
		eese_wipe(o->body, o->body_len);
	free(o->body);
	free(o);
}

static void free_list(struct emks_list *l)
{
	struct emks_order *o;

	while ((o = emks_pop(l)) != NULL)
		emks_order_free(o);
}

/* The part of the URL, freed with curl_free(); NULL: it has none. */
static char *part_of(CURLU *url, CURLUPart part)
{
	char *text = NULL;

	return curl_url_get(url, part, &text, 0) == CURLUE_OK ? text : NULL;
}

static const char *judge_url(CURLU *parsed)
{
	static const CURLUPart forbidden[] = {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS,
					      CURLUPART_QUERY, CURLUPART_FRAGMENT};
	char *scheme = part_of(parsed, CURLUPART_SCHEME);
	bool https = scheme != NULL && strcmp(scheme, "https") == 0;

	curl_free(scheme);
	if (!https)
		return "a URL that begins with https://, as nothing else is safe for keys";
	for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
		char *text = part_of(parsed, forbidden[i]);
		bool there = text != NULL;

		curl_free(text);
		if (there)
			return "a URL with host, port and path only";
	}
	return NULL;
}

const char *eese_emks_url_wrong(const char *url)
{
	CURLU *parsed = curl_url();
	const char *wrong = "a URL such as https://emks.example:8443";

	if (parsed != NULL && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK)
		wrong = judge_url(parsed);
	curl_url_cleanup(parsed);
	return wrong;
}

static char *url_of(const char *base, const char *path)
{
	size_t len = strlen(base);
	char *url;

	while (len > 0 && base[len - 1] == '/')
		len--;
	return asprintf(&url, "%.*s%s", (int)len, base, path) < 0 ? NULL : url;
}

static bool prepare(struct eese_emks *e)
{
	static const char *const lines[] = {"Content-Type: application/json",
					    "Accept: application/json, application/problem+json",
					    "Expect:"};

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct curl_slist *longer = curl_slist_append(e->headers, lines[i]);

		if (longer == NULL)
			return false;
		e->headers = longer;
	}
	e->retrieve_url = url_of(e->config.url, "/emks/v1/retrieve");
	e->rands_url = url_of(e->config.url, "/emks/v1/rands");
	e->multi = curl_multi_init();
	return e->retrieve_url != NULL && e->rands_url != NULL && e->multi != NULL &&
	       psa_generate_random((uint8_t *)&e->seed, sizeof e->seed) == PSA_SUCCESS;
}

/* With all signals blocked: they are the broker's. */
static bool start_thread(struct eese_emks *e)
{
	sigset_t all, before;
	bool ok;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ok = pthread_create(&e->thread, NULL, emks_work, e) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (ok)
		pthread_setname_np(e->thread, "eese-emks");
	return ok;
}

static void free_all(struct eese_emks *e)
{
	free_list(&e->waiting);
	free_list(&e->again);
	free_list(&e->done);
	curl_multi_cleanup(e->multi);
	curl_slist_free_all(e->headers);
	emks_trust_free(e->trust);
	emks_trust_free(e->next_trust);
	free(e->retrieve_url);
	free(e->rands_url);
	pthread_mutex_destroy(&e->lock);
	eese_wipe(e->rands, sizeof e->rands);
	free(e);
	curl_global_cleanup();
}

struct eese_emks *eese_emks_start(const struct eese_emks_config *config,
				  char wrong[EESE_EMKS_TEXT_SIZE])
{
	struct eese_emks *e;

	if (getenv("SSLKEYLOGFILE") != NULL) {
		snprintf(wrong, EESE_EMKS_TEXT_SIZE,
			 "SSLKEYLOGFILE is set: keys from the EMKS would be open to who reads it");
		return NULL;
	}
	snprintf(wrong, EESE_EMKS_TEXT_SIZE, "out of memory, or no thread");
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return NULL;
	e = calloc(1, sizeof *e);
	if (e == NULL || pthread_mutex_init(&e->lock, NULL) != 0) {
		free(e);
		curl_global_cleanup();
		return NULL;
	}
	e->config = *config;
	/* Taken over by the thread as after a reload. */
	if (!prepare(e) || (e->next_trust = emks_trust_read(config, wrong)) == NULL ||
	    !start_thread(e)) {
		free_all(e);
		return NULL;
	}
	eese_emks_restock(e);
	return e;
}

static void wake(struct eese_emks *e)
{
	curl_multi_wakeup(e->multi);
}

void eese_emks_stop(struct eese_emks *e)
{
	if (e == NULL)
		return;
	pthread_mutex_lock(&e->lock);
	e->stop = true;
	wake(e);
	pthread_mutex_unlock(&e->lock);
	pthread_join(e->thread, NULL);
	free_all(e);
}

bool eese_emks_reload(struct eese_emks *e, char wrong[EESE_EMKS_TEXT_SIZE])
{
	struct emks_trust *trust = emks_trust_read(&e->config, wrong);

	if (trust == NULL)
		return false;
	pthread_mutex_lock(&e->lock);
	emks_trust_free(e->next_trust);
	e->next_trust = trust;
	wake(e);
	pthread_mutex_unlock(&e->lock);
	return true;
}

static void order(struct eese_emks *e, struct emks_order *o, bool first)
{
	o->give_up_ms = emks_now_ms() + 2 * UINT64_C(1000) * e->config.timeout_s;
	pthread_mutex_lock(&e->lock);
	(first ? emks_push_first : emks_push)(&e->waiting, o);
	wake(e);
	pthread_mutex_unlock(&e->lock);
}

bool eese_emks_ask(struct eese_emks *e, const char *ue_id, size_t ue_id_len, bool can_wait)
{
	const size_t most = can_wait ? EESE_EMKS_CAN_WAIT : EESE_EMKS_OUTSTANDING;
	struct emks_order *o = NULL;

	if (eese_ue_id_valid(ue_id, ue_id_len) && e->asks < most)
		o = calloc(1, sizeof *o);
	if (o == NULL) {
		e->counters[EESE_EMKS_COUNT_FULL]++;
		return false;
	}
	memcpy(o->ue_id, ue_id, ue_id_len);
	e->asks++;
	e->counters[EESE_EMKS_COUNT_ASKED]++;
	order(e, o, false);
	return true;
}

static enum eese_emks_counter counter_of(const struct emks_order *o)
{
	switch (o->end) {
	case EMKS_END_CONNECT:
		return EESE_EMKS_COUNT_FAILED_CONNECT;
	case EMKS_END_TLS:
		return EESE_EMKS_COUNT_FAILED_TLS;
	case EMKS_END_TIME:
		return EESE_EMKS_COUNT_FAILED_TIME;
	case EMKS_END_BUSY:
	case EMKS_END_SLOWER:
	case EMKS_END_ERROR:
	case EMKS_END_STATUS:
		return EESE_EMKS_COUNT_FAILED_STATUS;
	case EMKS_END_PAUSED:
		return EESE_EMKS_COUNT_PAUSED;
	case EMKS_END_200:
		return o->ue_id[0] != '\0' ? EESE_EMKS_COUNT_KEYS : EESE_EMKS_COUNT_RANDS;
	case EMKS_END_204:
		return EESE_EMKS_COUNT_NO_KEY;
	case EMKS_END_403:
		return EESE_EMKS_COUNT_FORBIDDEN;
	case EMKS_END_404:
		return EESE_EMKS_COUNT_UNKNOWN;
	case EMKS_END_ANSWER:
		break;
	}
	return EESE_EMKS_COUNT_FAILED_ANSWER;
}

/* An answer that came whole, and is none all the same. */
static void no_answer(struct emks_order *o, const char *wrong)
{
	o->end = EMKS_END_ANSWER;
	snprintf(o->why, sizeof o->why, "%s", wrong);
}

static bool in_stock(const struct eese_emks *e, const uint8_t rand[EESE_RAND_SIZE])
{
	for (size_t i = 0; i < e->stock; i++)
		if (memcmp(e->rands[i], rand, EESE_RAND_SIZE) == 0)
			return true;
	return false;
}

static void take_rands(struct eese_emks *e, struct emks_order *o)
{
	uint8_t rands[EESE_EMKS_BATCH][EESE_RAND_SIZE];
	const char *wrong = NULL;
	size_t count = 0;

	if (o->end == EMKS_END_200)
		wrong = eese_emks_read_rands(o->body, o->body_len, rands, &count);
	else if (o->end == EMKS_END_204 || o->end == EMKS_END_403 || o->end == EMKS_END_404)
		wrong = "it gives no RANDs";
	for (size_t i = 0; i < count && wrong == NULL; i++)
		if (in_stock(e, rands[i]))
			wrong = "a RAND came before";
	if (wrong != NULL)
		no_answer(o, wrong);
	else
		for (size_t i = 0; i < count && e->stock < EMKS_STOCK; i++)
			memcpy(e->rands[e->stock++], rands[i], EESE_RAND_SIZE);
	if (o->end != EMKS_END_200)
		e->restock_ms = emks_now_ms() + EMKS_RESTOCK_MS;
	eese_wipe(rands, sizeof rands);
	e->batches--;
}

static void take_key(struct emks_order *o, struct eese_emks_answer *out)
{
	const char *wrong = NULL;

	if (o->end == EMKS_END_200)
		wrong = eese_emks_read_key(o->body, o->body_len, o->ue_id, &out->grant);
	else if (o->end == EMKS_END_403 || o->end == EMKS_END_404)
		wrong = eese_emks_read_problem(o->body, o->body_len);
	if (wrong != NULL)
		no_answer(o, wrong);
	memcpy(out->ue_id, o->ue_id, sizeof out->ue_id);
	out->ue_id_len = strlen(o->ue_id);
	out->outcome = o->end == EMKS_END_200   ? EESE_EMKS_KEY
		       : o->end == EMKS_END_204 ? EESE_EMKS_NO_KEY
		       : o->end == EMKS_END_403 ? EESE_EMKS_FORBIDDEN
		       : o->end == EMKS_END_404 ? EESE_EMKS_UNKNOWN
						: EESE_EMKS_FAILED;
}

static struct emks_order *next_done(struct eese_emks *e)
{
	struct emks_order *o;

	if (!atomic_load(&e->any_done))
		return NULL;
	pthread_mutex_lock(&e->lock);
	o = emks_pop(&e->done);
	if (e->done.first == NULL)
		atomic_store(&e->any_done, false);
	pthread_mutex_unlock(&e->lock);
	return o;
}

static void count(struct eese_emks *e, const struct emks_order *o)
{
	enum eese_emks_counter c = counter_of(o);

	e->counters[c]++;
	if (o->tries > 1)
		e->counters[EESE_EMKS_COUNT_RETRIED] += o->tries - 1;
	if (c >= EESE_EMKS_COUNT_FAILED_CONNECT && c <= EESE_EMKS_COUNT_FAILED_ANSWER)
		memcpy(e->why, o->why, sizeof e->why);
}

bool eese_emks_next(struct eese_emks *e, struct eese_emks_answer *out)
{
	bool found = false;
	struct emks_order *o;

	while (!found && (o = next_done(e)) != NULL) {
		*out = (struct eese_emks_answer){0};
		found = o->ue_id[0] != '\0';
		if (found) {
			take_key(o, out);
			e->asks--;
		} else {
			take_rands(e, o);
		}
		count(e, o);
		emks_order_free(o);
	}
	return found;
}

bool eese_emks_rand(struct eese_emks *e, uint8_t out[EESE_RAND_SIZE])
{
	if (e->stock == 0)
		return false;
	e->stock--;
	memcpy(out, e->rands[e->stock], EESE_RAND_SIZE);
	eese_wipe(e->rands[e->stock], EESE_RAND_SIZE);
	return true;
}

/* As soon as there is room for a batch. */
void eese_emks_restock(struct eese_emks *e)
{
	while (e->config.rands && e->batches < EMKS_BATCHES &&
	       e->stock + (e->batches + 1) * EESE_EMKS_BATCH <= EMKS_STOCK &&
	       (e->restock_ms == 0 || emks_now_ms() >= e->restock_ms)) {
		struct emks_order *o = calloc(1, sizeof *o);

		if (o == NULL)
			return;
		e->batches++;
		order(e, o, true);
	}
}

void eese_emks_look(struct eese_emks *e, struct eese_emks_status *out)
{
	*out = (struct eese_emks_status){
	    .in_flight = e->asks, .stock = e->stock, .answers = !atomic_load(&e->paused)};
	memcpy(out->counters, e->counters, sizeof out->counters);
	memcpy(out->why, e->why, sizeof e->why);
}
