/* SPDX-License-Identifier: Apache-2.0 */
/* The EMKS client's thread: takes orders, drives the transfers, hands back what became of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin/emks_internal.h"

enum { POLL_MS = 1000, SLOW_FIRST_MS = 1000, SLOW_MAX_S = 10 };

static uint32_t jitter(struct eese_emks *e)
{
	return (uint32_t)rand_r(&e->seed);
}

static void hand_back(struct eese_emks *e, struct emks_order *o)
{
	pthread_mutex_lock(&e->lock);
	emks_push(&e->done, o);
	atomic_store(&e->any_done, true);
	pthread_mutex_unlock(&e->lock);
}

static void fail(struct eese_emks *e, struct emks_order *o, enum emks_end end, const char *why)
{
	o->end = end;
	/* Why it was paused is the better cause. */
	if (o->why[0] == '\0')
		snprintf(o->why, sizeof o->why, "%s", why);
	hand_back(e, o);
}

/* The server's trouble, as opposed to this order's. */
static bool is_trouble(enum emks_end end)
{
	return end == EMKS_END_CONNECT || end == EMKS_END_TLS || end == EMKS_END_TIME ||
	       end == EMKS_END_BUSY || end == EMKS_END_ERROR;
}

static bool may_try_again(const struct eese_emks *e, const struct emks_order *o, uint64_t now)
{
	return (o->end == EMKS_END_CONNECT || o->end == EMKS_END_BUSY) && o->tries < EMKS_TRIES &&
	       !eese_pause_trial(&e->pause) && now < o->give_up_ms;
}

/* It serves, but asks for a pause: everything waits, within its time. */
static void slow_down(struct eese_emks *e, struct emks_order *o, uint64_t now)
{
	uint32_t s = o->retry_after_s < SLOW_MAX_S ? o->retry_after_s : SLOW_MAX_S;

	eese_pause_answered(&e->pause);
	atomic_store(&e->paused, false);
	e->slow_until_ms = now + (s > 0 ? s * UINT64_C(1000) : SLOW_FIRST_MS);
	o->not_before_ms = e->slow_until_ms;
	o->tries--;
	if (o->not_before_ms < o->give_up_ms)
		emks_push(&e->again, o);
	else
		hand_back(e, o);
}

static void ended(struct eese_emks *e, struct emks_order *o)
{
	uint64_t now = emks_now_ms();
	uint32_t wait = EMKS_RETRY_MS << (o->tries - 1);

	if (o->end == EMKS_END_SLOWER) {
		slow_down(e, o, now);
		return;
	}
	if (is_trouble(o->end))
		eese_pause_failed(&e->pause, now, jitter(e));
	else
		eese_pause_answered(&e->pause);
	atomic_store(&e->paused, eese_pause_trial(&e->pause));
	if (may_try_again(e, o, now)) {
		o->not_before_ms = now + wait / 2 + jitter(e) % (wait / 2);
		emks_push(&e->again, o);
	} else {
		hand_back(e, o);
	}
}

/* Whether some ended, so that others may start. */
static bool collect(struct eese_emks *e)
{
	bool any = false;
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(e->multi, &left)) != NULL) {
		struct emks_transfer *t;
		CURL *easy = m->easy_handle;
		CURLcode code = m->data.result;

		if (m->msg != CURLMSG_DONE ||
		    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&t) != CURLE_OK)
			continue;
		curl_multi_remove_handle(e->multi, easy);
		ended(e, emks_transfer_end(t, code));
		any = true;
	}
	return any;
}

/* The next order that is due: one that was tried before goes first. */
static struct emks_order *next_order(struct eese_emks *e, uint64_t now)
{
	struct emks_order *o = NULL;

	if (e->again.first != NULL && e->again.first->not_before_ms <= now)
		return emks_pop(&e->again);
	pthread_mutex_lock(&e->lock);
	o = emks_pop(&e->waiting);
	pthread_mutex_unlock(&e->lock);
	return o;
}

static struct emks_transfer *idle(struct eese_emks *e)
{
	size_t busy = 0;
	struct emks_transfer *found = NULL;

	for (size_t i = 0; i < EMKS_TRANSFERS; i++) {
		if (e->transfers[i].order != NULL)
			busy++;
		else if (found == NULL && e->transfers[i].easy != NULL)
			found = &e->transfers[i];
	}
	return busy > 0 && eese_pause_trial(&e->pause) ? NULL : found;
}

/* While it is paused everybody is told at once, and comes back. */
static void refuse_all(struct eese_emks *e)
{
	struct emks_order *o;

	while ((o = next_order(e, UINT64_MAX)) != NULL)
		fail(e, o, EMKS_END_PAUSED, "it did not answer lately");
}

static void start_some(struct eese_emks *e)
{
	struct emks_transfer *t;
	struct emks_order *o;
	uint64_t now = emks_now_ms();

	if (eese_pause_holds(&e->pause, now)) {
		refuse_all(e);
		return;
	}
	while (now >= e->slow_until_ms && (t = idle(e)) != NULL &&
	       (o = next_order(e, now)) != NULL) {
		if (now >= o->give_up_ms)
			fail(e, o, EMKS_END_TIME, "it is too slow, requests wait too long");
		else if (!emks_transfer_start(t, e, o))
			fail(e, o, EMKS_END_CONNECT, "out of memory");
	}
}

/* Those that wait too long while every transfer is busy. They stand in the order of their age. */
static void give_up_some(struct eese_emks *e)
{
	uint64_t now = emks_now_ms();
	struct emks_order *o = NULL;

	do {
		pthread_mutex_lock(&e->lock);
		o = e->waiting.first != NULL && now >= e->waiting.first->give_up_ms
			? emks_pop(&e->waiting)
			: NULL;
		pthread_mutex_unlock(&e->lock);
		if (o != NULL)
			fail(e, o, EMKS_END_TIME, "it is too slow, requests wait too long");
	} while (o != NULL);
}

/* While every transfer is busy, the end of one is what comes next. */
static int poll_ms(struct eese_emks *e)
{
	uint64_t now = emks_now_ms();
	bool may_start = e->again.first != NULL && idle(e) != NULL;
	uint64_t due = may_start ? e->again.first->not_before_ms : UINT64_MAX;

	if (e->slow_until_ms > now && due < e->slow_until_ms)
		due = e->slow_until_ms;
	if (due <= now)
		return 0;
	return due - now < POLL_MS ? (int)(due - now) : POLL_MS;
}

/* What is under way begins anew; nothing of it was answered. */
static void drop_transfers(struct eese_emks *e)
{
	for (size_t i = 0; i < EMKS_TRANSFERS; i++) {
		struct emks_transfer *t = &e->transfers[i];

		if (t->order != NULL) {
			curl_multi_remove_handle(e->multi, t->easy);
			emks_push(&e->again, t->order);
			t->order = NULL;
		}
		emks_transfer_free(t);
	}
}

static void set_multi(struct eese_emks *e, CURLM *multi)
{
	CURLM *old;

	pthread_mutex_lock(&e->lock);
	old = e->multi;
	e->multi = multi;
	pthread_mutex_unlock(&e->lock);
	curl_multi_cleanup(old);
}

/* New files: all connections are closed, so that none goes on with the old ones. */
static void begin_anew(struct eese_emks *e, struct emks_trust *trust)
{
	CURLM *multi = curl_multi_init();

	if (multi == NULL) {
		emks_trust_free(trust);
		return;
	}
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)EMKS_TRANSFERS);
	drop_transfers(e);
	set_multi(e, multi);
	emks_trust_free(e->trust);
	e->trust = trust;
	e->pause = (struct eese_pause){0};
	atomic_store(&e->paused, false);
	for (size_t i = 0; i < EMKS_TRANSFERS; i++)
		if (!emks_transfer_init(&e->transfers[i], e))
			emks_transfer_free(&e->transfers[i]);
}

/* false: it is time to end. */
static bool take_commands(struct eese_emks *e)
{
	struct emks_trust *trust;
	bool stop;

	pthread_mutex_lock(&e->lock);
	stop = e->stop;
	trust = e->next_trust;
	e->next_trust = NULL;
	pthread_mutex_unlock(&e->lock);
	if (trust != NULL)
		begin_anew(e, trust);
	return !stop;
}

void *emks_work(void *arg)
{
	struct eese_emks *e = arg;
	int running;

	while (take_commands(e)) {
		give_up_some(e);
		start_some(e);
		curl_multi_perform(e->multi, &running);
		if (!collect(e))
			curl_multi_poll(e->multi, NULL, 0, poll_ms(e), NULL);
	}
	drop_transfers(e);
	return NULL;
}
