/* SPDX-License-Identifier: Apache-2.0 */
#include <mqtt_protocol.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/commands.h"
#include "ctl/event.h"
#include "ctl/link.h"
#include "ctl/names.h"
#include "ctl/out.h"
#include "eese/keys.h"
#include "host/say.h"

enum {
	TURN = 1000, /* milliseconds in the library at most */
	BACK_OFF_FIRST = 1000,
	BACK_OFF_MAX = 30000,
	APP_MAX = 1024,
	TOPIC_ROOM = APP_MAX + EESE_UE_ID_MAX + 16,
	REASON_FAILURE = 0x80, /* MQTT 5 and SUBACK of MQTT 3: codes from here on are failures */
};

struct watch {
	const struct options *options;
	const struct names *names;
	struct mosquitto *mosq;
	int code;       /* GO_ON, or how the program ends */
	size_t subacks; /* still to come */
	bool was_ready, ready;
	uint64_t started, end; /* when; end 0: never */
	uint64_t back_off;     /* milliseconds */
	long seen;
};

static void end_watch(struct watch *w, int code, const char *what, const char *why)
{
	if (w->code != GO_ON)
		return;
	say_error("%s: %s", what, why);
	w->code = code;
}

static void subscribe(struct watch *w, const char *ue)
{
	char topic[TOPIC_ROOM];
	int rc;

	snprintf(topic, sizeof topic, "%s/%s/event", w->options->app, ue);
	rc = mosquitto_subscribe(w->mosq, NULL, topic, 1);
	if (rc != MOSQ_ERR_SUCCESS)
		end_watch(w, EXIT_CONNECTION, "subscribing", eese_login_error(rc));
	w->subacks++;
}

/* Whether a refusal says "not now" rather than "not you". */
static bool passing(const struct watch *w, int reason)
{
	return w->was_ready &&
	       (w->options->login.protocol == MQTT_PROTOCOL_V5
		    ? reason == MQTT_RC_SERVER_UNAVAILABLE || reason == MQTT_RC_SERVER_BUSY
		    : reason == 3);
}

static void on_connect(struct mosquitto *mosq, void *ctx, int reason, int flags,
		       const mosquitto_property *properties)
{
	struct watch *w = ctx;

	(void)mosq;
	(void)flags;
	(void)properties;
	w->subacks = 0;
	if (reason != 0 && !passing(w, reason))
		end_watch(w, EXIT_CONNECTION, "the broker refuses the connection",
			  eese_login_refusal(&w->options->login, reason));
	if (reason != 0)
		return;
	if (w->names->count == 0)
		subscribe(w, "+");
	for (size_t i = 0; w->code == GO_ON && i < w->names->count; i++)
		subscribe(w, w->names->list[i]);
}

/* With the same client id: coming again would throw the other one out, and so on for ever. */
static void on_disconnect(struct mosquitto *mosq, void *ctx, int reason,
			  const mosquitto_property *properties)
{
	(void)mosq;
	(void)properties;
	if (reason == MQTT_RC_SESSION_TAKEN_OVER)
		end_watch(ctx, EXIT_CONNECTION, "disconnected",
			  "another client has taken over the client id");
}

/* Says that it works, to somebody who may see nothing for a long time. */
static void tell_ready(const struct watch *w)
{
	char place[320];

	eese_login_place(&w->options->login, place);
	say_event("watching %s/%s/event at %s", w->options->app, w->names->count == 0 ? "+" : "..",
		  place);
}

static void on_subscribe(struct mosquitto *mosq, void *ctx, int mid, int count, const int *granted)
{
	struct watch *w = ctx;

	(void)mosq;
	(void)mid;
	for (int i = 0; i < count; i++)
		if (granted[i] >= REASON_FAILURE)
			end_watch(w, EXIT_REFUSED, "the broker refuses the subscription",
				  "may the user read the events?");
	if (w->subacks == 0 || --w->subacks > 0 || w->code != GO_ON)
		return;
	w->ready = w->was_ready = true;
	w->back_off = 0;
	tell_ready(w);
}

static void on_message(struct mosquitto *mosq, void *ctx, const struct mosquitto_message *m,
		       const mosquitto_property *properties)
{
	struct watch *w = ctx;

	(void)mosq;
	(void)properties;
	if (w->code != GO_ON)
		return;
	if (m->retain || m->payloadlen < 0 ||
	    !event_print(m->topic, m->payload, (size_t)m->payloadlen, w->options->json)) {
		say_debug("%s: no event of this UE", m->topic);
		return;
	}
	w->seen++;
	if (out_failed() || (w->options->count > 0 && w->seen >= w->options->count))
		w->code = EXIT_DONE;
}

/* The end of its time, without -C as it should be. */
static void look_at_clock(struct watch *w)
{
	const uint64_t now = link_now();

	if (w->code != GO_ON)
		return;
	if (w->end > 0 && now >= w->end)
		w->code = w->options->count > 0 ? EXIT_NO_ANSWER : EXIT_DONE;
	else if (!w->was_ready && now - w->started >= w->options->timeout)
		end_watch(w, EXIT_CONNECTION, "no answer in time",
			  "does an MQTT broker listen there?");
}

static void wait_a_little(struct watch *w)
{
	uint64_t ms = w->back_off == 0 ? BACK_OFF_FIRST : 2 * w->back_off;

	w->back_off = ms < BACK_OFF_MAX ? ms : BACK_OFF_MAX;
	ms = w->back_off;
	if (w->end > 0 && link_now() + ms > w->end)
		ms = w->end > link_now() ? w->end - link_now() : 0;
	nanosleep(&(struct timespec){.tv_sec = (time_t)(ms / 1000),
				     .tv_nsec = (long)(ms % 1000) * 1000000},
		  NULL);
}

static void lost(struct watch *w, int rc)
{
	if (w->code != GO_ON)
		return;
	/* Before it ever worked it is more likely a mistake than bad luck. */
	if (!w->was_ready) {
		end_watch(w, EXIT_CONNECTION, "connecting", eese_login_error(rc));
		return;
	}
	if (w->ready)
		say_error("connection lost (%s); trying again", eese_login_error(rc));
	w->ready = false;
	do {
		wait_a_little(w);
		look_at_clock(w);
	} while (w->code == GO_ON && mosquitto_reconnect(w->mosq) != MOSQ_ERR_SUCCESS);
}

static int turn_ms(const struct watch *w)
{
	const uint64_t now = link_now();

	if (w->end <= now)
		return TURN;
	return w->end - now < TURN ? (int)(w->end - now) : TURN;
}

static void run(struct watch *w)
{
	w->code = link_connect(w->options, w->mosq);
	while (w->code == GO_ON) {
		const int rc = mosquitto_loop(w->mosq, turn_ms(w), 1);

		if (rc != MOSQ_ERR_SUCCESS)
			lost(w, rc);
		look_at_clock(w);
	}
	mosquitto_disconnect(w->mosq);
}

static int start(const struct options *o, const struct names *names)
{
	struct watch w = {.options = o, .names = names, .code = EXIT_CONNECTION};

	w.started = link_now();
	w.end = o->period > 0 ? w.started + o->period : 0;
	say_setup(o->quiet, o->debug, !o->quiet && (o->debug || isatty(STDERR_FILENO) == 1));
	mosquitto_lib_init();
	w.mosq = link_new_client(o, &w);
	if (w.mosq != NULL) {
		mosquitto_connect_v5_callback_set(w.mosq, on_connect);
		mosquitto_disconnect_v5_callback_set(w.mosq, on_disconnect);
		mosquitto_subscribe_callback_set(w.mosq, on_subscribe);
		mosquitto_message_v5_callback_set(w.mosq, on_message);
		run(&w);
		mosquitto_destroy(w.mosq);
	}
	mosquitto_lib_cleanup();
	return w.code;
}

int watch_run(const struct options *o)
{
	struct names names;
	int code;

	if (strlen(o->app) > APP_MAX)
		return options_usage(o->command, "--app: too long");
	code = names_read(&names, o, 0);
	if (code == GO_ON)
		code = start(o, &names);
	names_free(&names);
	return code;
}
