/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/event.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "host/rfc3339.h"
#include "plugin/names.h"
#include "plugin/plugin.h"

/* Beyond so many UEs and kinds in an interval events are dropped and counted. */
enum { TOLD_MAX = 4096, TICK_MS = 1000, JSON_SIZE = 384 };

struct eese_told {
	struct {
		char ue_id[EESE_UE_ID_MAX + 1]; /* padded with NULs */
		char kind;
	} key;
	uint32_t count; /* those not told yet */
	struct eese_happened last;
	uint64_t last_unix;
	uint64_t until_ms;
	UT_hash_handle hh;
};

static const struct {
	const char *name, *why; /* the member that says why */
	bool by_anyone;         /* whoever can publish as the UE can make them */
	bool of_strangers;      /* an application named it */
} kinds[EESE_TELL_KINDS] = {
    [EESE_TELL_KEY_EXPIRED] = {"keyExpired", "cause", false, false},
    [EESE_TELL_KEY_REFRESHED] = {"keyRefreshed", NULL, false, false},
    [EESE_TELL_KEY_WITHDRAWN] = {"keyWithdrawn", "reason", false, false},
    [EESE_TELL_REJECTED] = {"rejected", "reason", true, false},
    [EESE_TELL_REPLAYED] = {"replayed", NULL, true, false},
    [EESE_TELL_DOWNLINK_DROPPED] = {"downlinkDropped", "reason", false, true},
    [EESE_TELL_DISCONNECTED] = {"disconnected", NULL, true, false},
};

/* Every text in it is a UE-ID or our own, so nothing needs an escape. */
static size_t write_json(char out[JSON_SIZE], const struct eese_told *t)
{
	const struct eese_happened *what = &t->last;
	char time[EESE_RFC3339_SIZE], why[64] = "", ksn[32] = "", count[32] = "";

	eese_rfc3339_write(t->last_unix, time);
	if (what->why != NULL)
		snprintf(why, sizeof why, ",\"%s\":\"%s\"", kinds[what->kind].why, what->why);
	if (what->ksn != 0)
		snprintf(ksn, sizeof ksn, ",\"ksn\":%" PRIu32, what->ksn);
	if (t->count > 1)
		snprintf(count, sizeof count, ",\"count\":%" PRIu32, t->count);
	return (size_t)snprintf(out, JSON_SIZE,
				"{\"event\":\"%s\",\"ueId\":\"%s\",\"time\":\"%s\"%s%s%s}",
				kinds[what->kind].name, t->key.ue_id, time, why, ksn, count);
}

/* What anyone can make leaves room for the rest: of the second's events, and of the memory. */
static bool take_token(struct eese_events *e, struct eese_time now, enum eese_event_kind kind)
{
	if (now.ms - e->second_ms >= 1000) {
		e->second_ms = now.ms;
		e->left = EESE_TELL_PER_SECOND;
	}
	if (e->left <= (kinds[kind].by_anyone ? EESE_TELL_PER_SECOND / 2 : 0))
		return false;
	e->left--;
	return true;
}

static void send(struct eese_plugin *p, struct eese_time now, struct eese_told *t)
{
	const struct eese_topic ue = {.ue = t->key.ue_id, .ue_len = strlen(t->key.ue_id)};
	char json[JSON_SIZE];

	if (take_token(&p->events, now, t->last.kind) &&
	    eese_send_copy(p->roots.app, &ue, "event", json, write_json(json, t), 1))
		p->counters[EESE_PLUGIN_EVENTS_SENT]++;
	else
		p->counters[EESE_PLUGIN_EVENTS_DROPPED] += t->count;
	t->count = 0;
	t->until_ms = now.ms + EESE_TELL_INTERVAL_MS;
}

/* Its name fits and needs no escape then. */
static bool told_of(const struct eese_plugin *p, const char *ue_id, size_t len,
		    enum eese_event_kind kind)
{
	return kinds[kind].of_strangers ? eese_ue_id_valid(ue_id, len)
					: eese_endpoint_has_ue(p->endpoint, ue_id, len);
}

/* NULL: no room. */
static struct eese_told *find_or_add(struct eese_events *e, const char *ue_id, size_t len,
				     enum eese_event_kind kind)
{
	struct eese_told key = {.key.kind = (char)kind}, *t;

	memcpy(key.key.ue_id, ue_id, len);
	HASH_FIND(hh, e->told, &key.key, sizeof key.key, t);
	if (t != NULL || HASH_COUNT(e->told) >= (kinds[kind].by_anyone ? TOLD_MAX / 2 : TOLD_MAX) ||
	    (t = malloc(sizeof *t)) == NULL)
		return t;
	*t = key;
	HASH_ADD(hh, e->told, key, sizeof t->key, t);
	return t;
}

void eese_tell(struct eese_plugin *p, struct eese_time now, const char *ue_id, size_t ue_id_len,
	       const struct eese_happened *what)
{
	struct eese_told *t;

	if (ue_id == NULL || !told_of(p, ue_id, ue_id_len, what->kind))
		return;
	t = find_or_add(&p->events, ue_id, ue_id_len, what->kind);
	if (t == NULL) {
		p->counters[EESE_PLUGIN_EVENTS_DROPPED]++;
		return;
	}
	t->last = *what;
	t->last_unix = now.unix;
	t->count++;
	if (now.ms >= t->until_ms)
		send(p, now, t);
}

/* "failed tag" of "rejected/failed tag" */
static const char *last_part(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash == NULL ? name : slash + 1;
}

void eese_tell_actions(struct eese_plugin *p, struct eese_time now, const char *ue_id,
		       size_t ue_id_len, const struct eese_actions *what)
{
	const struct {
		unsigned bit;
		struct eese_happened happened;
	} all[] = {
	    {EESE_EVENT_KEY_REFRESHED, {EESE_TELL_KEY_REFRESHED, NULL, what->ksn}},
	    {EESE_EVENT_KEY_EXPIRED,
	     {EESE_TELL_KEY_EXPIRED, eese_cause_name(what->expired_reason), what->expired_ksn}},
	    {EESE_EVENT_KEY_WITHDRAWN,
	     {EESE_TELL_KEY_WITHDRAWN, eese_refusal_name(what->withdrawn_reason), 0}},
	    {EESE_EVENT_REJECTED,
	     {EESE_TELL_REJECTED, last_part(eese_counter_name(what->count)), 0}},
	    {EESE_EVENT_REPLAYED, {EESE_TELL_REPLAYED, NULL, 0}},
	};

	for (size_t i = 0; what->events != 0 && i < sizeof all / sizeof *all; i++)
		if ((what->events & all[i].bit) != 0)
			eese_tell(p, now, ue_id, ue_id_len, &all[i].happened);
}

int eese_on_disconnect(int event, void *event_data, void *userdata)
{
	const struct mosquitto_evt_disconnect *d = event_data;
	const struct eese_happened what = {EESE_TELL_DISCONNECTED, NULL, 0};
	/* 2.0 calls for sockets that never were a client, too. */
	const char *user = d->client != NULL && mosquitto_client_id(d->client) != NULL
			       ? mosquitto_client_username(d->client)
			       : NULL;

	(void)event;
	if (user != NULL)
		eese_tell(userdata, eese_plugin_now(), user, strlen(user), &what);
	return MOSQ_ERR_SUCCESS;
}

/* The analyzer loses track of uthash's lists: after t is freed none of them has it. */
static void forget(struct eese_events *e, struct eese_told *t)
{
	HASH_DEL(e->told, t); /* NOLINT(clang-analyzer-unix.Malloc) */
	free(t);
}

void eese_events_tick(struct eese_plugin *p, struct eese_time now)
{
	struct eese_told *t, *next;

	if (now.ms < p->events.due_ms)
		return;
	p->events.due_ms = now.ms + TICK_MS;
	HASH_ITER(hh, p->events.told, t, next)
	{
		if (now.ms < t->until_ms)
			continue;
		if (t->count > 0) {
			send(p, now, t);
		} else {
			forget(&p->events, t);
		}
	}
}

void eese_events_free(struct eese_events *e)
{
	struct eese_told *t, *next;

	HASH_ITER(hh, e->told, t, next)
	{
		forget(e, t);
	}
}
