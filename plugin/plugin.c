/* SPDX-License-Identifier: Apache-2.0 */
/* Loading and unloading, and the callbacks that are not a message. */
#include "plugin/plugin.h"

#include <psa/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "eese/keys.h"
#include "plugin/ending.h"

#define EXPORTED __attribute__((visibility("default")))

struct eese_time eese_plugin_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (struct eese_time){
	    .ms = (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000,
	    .unix = (uint64_t)time(NULL),
	};
}

/* A few hundred UEs are come by at each tick, thousands in a second, a million in a minute; each
 * tick for a fraction of a millisecond. */
enum { TICK_MS = 100, SWEEP_LEAST = 256, SWEEP_MOST = 3500, SWEEP_TICKS = 10 };

struct finding {
	struct eese_plugin *p;
	struct eese_time now;
};

static void found_expired(void *ctx, const char *ue_id, const struct eese_actions *what)
{
	const struct finding *f = ctx;

	eese_tell_actions(f->p, f->now, ue_id, strlen(ue_id), what);
}

/* 2.0 calls at every turn of its loop. */
static void sweep(struct eese_plugin *p, struct eese_time now)
{
	struct finding f = {.p = p, .now = now};
	size_t places;

	if (now.ms < p->sweep_due_ms)
		return;
	p->sweep_due_ms = now.ms + TICK_MS;
	places = SWEEP_LEAST + eese_endpoint_places(p->endpoint) / SWEEP_TICKS;
	eese_endpoint_sweep(p->endpoint, now, places < SWEEP_MOST ? places : SWEEP_MOST,
			    found_expired, &f);
	eese_hold_flush(p, now, NULL);
}

static int on_tick(int event, void *event_data, void *userdata)
{
	struct eese_plugin *p = userdata;
	struct mosquitto_evt_tick *tick = event_data;
	struct eese_time now = eese_plugin_now();

	(void)event;
	EESE_TICK_NEXT_MS(tick) = TICK_MS;
	eese_keysource_tick(p, now);
	sweep(p, now);
	eese_persist_tick(p, now);
	eese_events_tick(p, now);
	eese_metrics_tick(p, now);
	eese_ending_tick();
	return MOSQ_ERR_SUCCESS;
}

/* SIGHUP. Always 0: anything else opens the ACL of 2.0 and ends 2.1. */
static int on_reload(int event, void *event_data, void *userdata)
{
	struct eese_plugin *p = userdata;

	(void)event;
	(void)event_data;
	eese_keysource_reload(p);
	eese_hold_flush(p, eese_plugin_now(), NULL);
	return MOSQ_ERR_SUCCESS;
}

static const struct {
	int event;
	const char *data; /* what the event is about */
	MOSQ_FUNC_generic_callback run;
} callbacks[] = {
    {MOSQ_EVT_MESSAGE, NULL, eese_on_message},
    {MOSQ_EVT_ACL_CHECK, NULL, eese_on_acl_check},
    {MOSQ_EVT_CONTROL, EESE_CONTROL_TOPIC, eese_on_control},
    {MOSQ_EVT_DISCONNECT, NULL, eese_on_disconnect},
    {MOSQ_EVT_RELOAD, NULL, on_reload},
    {MOSQ_EVT_TICK, NULL, on_tick},
};

enum { CALLBACKS = sizeof callbacks / sizeof *callbacks };

static void unregister(struct eese_plugin *p, size_t count)
{
	for (size_t i = 0; i < count; i++)
		mosquitto_callback_unregister(p->id, callbacks[i].event, callbacks[i].run,
					      callbacks[i].data);
}

static bool register_all(struct eese_plugin *p)
{
	for (size_t i = 0; i < CALLBACKS; i++) {
		int r = mosquitto_callback_register(p->id, callbacks[i].event, callbacks[i].run,
						    callbacks[i].data, p);

		if (r != MOSQ_ERR_SUCCESS) {
			mosquitto_log_printf(MOSQ_LOG_ERR,
					     EESE_LOG "the broker takes no callback for event %d "
						      "(%d): is the plugin loaded twice?",
					     callbacks[i].event, r);
			unregister(p, i);
			return false;
		}
	}
	return true;
}

static bool make_endpoint(struct eese_plugin *p)
{
	struct eese_endpoint_config config = EESE_ENDPOINT_DEFAULTS;
	bool ok;

	config.alloc = mosquitto_malloc;
	config.release = mosquitto_free;
	config.te2e_s = p->options.te2e_s;
	config.refresh_margin_pct = p->options.refresh_margin_pct;
	config.update_interval_ms = p->options.update_interval_s * 1000;
	config.pending_life_s = p->options.pending_life_s;
	config.recheck_s = p->options.emks_url != NULL ? p->options.emks_recheck_s : 0;
	config.alg = (uint8_t)p->options.alg;
	ok = eese_init() == EESE_OK &&
	     psa_generate_random(config.hash_seed, sizeof config.hash_seed) == PSA_SUCCESS &&
	     eese_endpoint_new(&config, &p->endpoint) == EESE_OK;
	if (!ok)
		mosquitto_log_printf(MOSQ_LOG_ERR, EESE_LOG "no memory, or no random numbers");
	return ok;
}

static bool start(struct eese_plugin *p, const struct mosquitto_opt *opts, int count)
{
	if (!eese_options_read(opts, count, &p->options))
		return false;
	p->roots = (struct eese_roots){
	    .base = p->options.base,
	    .app = p->options.app,
	    .base_len = strlen(p->options.base),
	    .app_len = strlen(p->options.app),
	};
	if (!make_endpoint(p) || !eese_persist_load(p) || !eese_keysource_start(p) ||
	    !eese_persist_begin(p))
		return false;
	if (!register_all(p)) {
		eese_persist_stop(p);
		return false;
	}
	eese_keysource_top_up(p);
	p->started = eese_plugin_now();
	mosquitto_log_printf(MOSQ_LOG_NOTICE,
			     EESE_LOG "opens %s/<ue>/up/# onto %s/<ue>/up/#, te2e %u s",
			     p->options.base, p->options.app, p->options.te2e_s);
	return true;
}

EXPORTED int mosquitto_plugin_version(int supported_version_count, const int *supported_versions)
{
	for (int i = 0; i < supported_version_count; i++)
		if (supported_versions[i] == MOSQ_PLUGIN_VERSION)
			return MOSQ_PLUGIN_VERSION;
	return -1;
}

EXPORTED int mosquitto_plugin_init(mosquitto_plugin_id_t *identifier, void **userdata,
				   struct mosquitto_opt *options, int option_count)
{
	struct eese_plugin *p = calloc(1, sizeof *p);

	if (p == NULL)
		return MOSQ_ERR_NOMEM;
	p->id = identifier;
	if (!start(p, options, option_count)) {
		eese_keysource_stop(p);
		eese_persist_abandon(p);
		eese_endpoint_free(p->endpoint);
		free(p);
		return MOSQ_ERR_INVAL;
	}
	*userdata = p;
	return MOSQ_ERR_SUCCESS;
}

EXPORTED int mosquitto_plugin_cleanup(void *userdata, struct mosquitto_opt *options,
				      int option_count)
{
	struct eese_plugin *p = userdata;

	(void)options;
	(void)option_count;
	if (p != NULL) {
		unregister(p, CALLBACKS);
		eese_ending_stop();
		eese_keysource_stop(p);
		eese_persist_stop(p);
		eese_hold_free(&p->hold);
		eese_events_free(&p->events);
		eese_endpoint_free(p->endpoint);
		free(p);
	}
	return MOSQ_ERR_SUCCESS;
}
