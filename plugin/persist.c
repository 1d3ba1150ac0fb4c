/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/persist.h"

#include <cjson/cJSON.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "host/rfc3339.h"
#include "plugin/plugin.h"
#include "plugin/store/store.h"

/* 2.0 calls at every turn of its loop. */
enum { TICK_MS = 20 };

#define DIRECTORY "/var/lib/mosquitto"
#define NAME "eese.db"

/* Where the broker keeps what it persists, if it says so (2.1 does). */
static const char *directory(void)
{
	const char *(*location)(void);
	const char *said;

	*(void **)&location = dlsym(RTLD_DEFAULT, "mosquitto_persistence_location");
	said = location != NULL ? location() : NULL;
	return said != NULL && said[0] != '\0' ? said : DIRECTORY;
}

static const char *path_of(const struct eese_plugin *p)
{
	static char path[4096]; /* as long as the store lives */
	const char *in = directory();
	size_t len = strlen(in);

	if (p->options.store != NULL)
		return p->options.store;
	snprintf(path, sizeof path, "%s%s" NAME, in, in[len - 1] == '/' ? "" : "/");
	return path;
}

static bool refuse(const struct eese_plugin *p, const char *wrong)
{
	mosquitto_log_printf(MOSQ_LOG_ERR, EESE_LOG "store %s %s", p->persist.path, wrong);
	if (p->options.store == NULL)
		mosquitto_log_printf(MOSQ_LOG_ERR, EESE_LOG
				     "plugin_opt_store names another file, or is " EESE_NO_STORE);
	return false;
}

static void say_found(const struct eese_plugin *p, const struct eese_store_found *found)
{
	if (found->kek_made)
		mosquitto_log_printf(
		    MOSQ_LOG_NOTICE,
		    EESE_LOG "store %s: made its KEK in %s: whoever has both reads every key, so "
			     "back them up apart",
		    p->persist.path, found->kek_place);
	mosquitto_log_printf(MOSQ_LOG_NOTICE, EESE_LOG "store %s: %zu UEs, %s", p->persist.path,
			     found->ues,
			     found->fresh   ? "new"
			     : found->clean ? "cleanly closed"
					    : "not cleanly closed, or a copy");
}

bool eese_persist_load(struct eese_plugin *p)
{
	struct eese_store_config config = {.kek_file = p->options.kek_file,
					   .te2e_s = p->options.te2e_s};
	struct eese_store_found found;
	char wrong[EESE_STORE_TEXT_SIZE];

	if (p->options.store != NULL && strcmp(p->options.store, EESE_NO_STORE) == 0)
		return true;
	p->persist.path = config.path = path_of(p);
	p->persist.store = eese_store_open(&config, &found, wrong);
	if (p->persist.store == NULL ||
	    !eese_store_load(p->persist.store, p->endpoint, &found, wrong))
		return refuse(p, wrong);
	say_found(p, &found);
	return true;
}

bool eese_persist_begin(struct eese_plugin *p)
{
	char wrong[EESE_STORE_TEXT_SIZE];

	return p->persist.store == NULL ||
	       eese_store_begin(p->persist.store, p->endpoint, eese_plugin_now().unix, wrong) ||
	       refuse(p, wrong);
}

/* On $SYS/broker/eese/event, for admins. */
static void tell(struct eese_plugin *p, const char *event, const char *reason)
{
	static const struct eese_topic all = {.ue = "eese", .ue_len = 4};
	char time[EESE_RFC3339_SIZE];
	cJSON *o = cJSON_CreateObject();
	char *json;

	eese_rfc3339_write(eese_plugin_now().unix, time);
	cJSON_AddStringToObject(o, "event", event);
	cJSON_AddStringToObject(o, "time", time);
	if (reason != NULL)
		cJSON_AddStringToObject(o, "reason", reason);
	json = cJSON_PrintUnformatted(o);
	if (json != NULL && !eese_send_copy("$SYS/broker", &all, "event", json, strlen(json), 1))
		p->counters[EESE_PLUGIN_EVENTS_DROPPED]++;
	cJSON_free(json);
	cJSON_Delete(o);
}

/* Once when it begins, once when it is over. */
static void say_failing(struct eese_plugin *p, const struct eese_writer_status *w)
{
	if (w->failing == p->persist.failing)
		return;
	p->persist.failing = w->failing;
	if (w->failing) {
		mosquitto_log_printf(MOSQ_LOG_ERR,
				     EESE_LOG "store %s %s. Serving from memory, trying again",
				     p->persist.path, w->why);
		tell(p, "storeFailing", w->why);
	} else {
		mosquitto_log_printf(MOSQ_LOG_NOTICE, EESE_LOG "store %s is written again",
				     p->persist.path);
		tell(p, "storeHealed", NULL);
	}
}

void eese_persist_tick(struct eese_plugin *p, struct eese_time now)
{
	struct eese_store_status status;

	if (p->persist.store == NULL || now.ms < p->persist.due_ms)
		return;
	p->persist.due_ms = now.ms + TICK_MS;
	eese_store_tick(p->persist.store, p->endpoint, now.ms);
	eese_store_look(p->persist.store, &status);
	p->counters[EESE_PLUGIN_STORE_COMMITS] = status.writer.commits;
	p->counters[EESE_PLUGIN_STORE_FAILURES] = status.writer.failures + status.unsealed;
	p->counters[EESE_PLUGIN_STORE_WAITING] = status.writer.waiting;
	p->counters[EESE_PLUGIN_STORE_FAILING] = status.writer.failing;
	say_failing(p, &status.writer);
}

static void say_progress(void *ctx, size_t rows)
{
	const struct eese_plugin *p = ctx;

	if (rows >= 100000 && rows % 100000 < 8192)
		mosquitto_log_printf(MOSQ_LOG_NOTICE, EESE_LOG "store %s: %zu rows written",
				     p->persist.path, rows);
}

void eese_persist_stop(struct eese_plugin *p)
{
	char wrong[EESE_STORE_TEXT_SIZE];

	if (p->persist.store == NULL)
		return;
	if (!eese_store_close(p->persist.store, p->endpoint, say_progress, p, wrong))
		mosquitto_log_printf(MOSQ_LOG_ERR,
				     EESE_LOG "store %s %s. The next start is as after a crash",
				     p->persist.path, wrong);
	p->persist.store = NULL;
}

void eese_persist_abandon(struct eese_plugin *p)
{
	eese_store_abandon(p->persist.store);
	p->persist.store = NULL;
}
