/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share: the plugin's one state and who does what with it. */
#ifndef EESE_PLUGIN_PLUGIN_H
#define EESE_PLUGIN_PLUGIN_H

#include "endpoint/endpoint.h"
#include "plugin/broker.h"
#include "plugin/event.h"
#include "plugin/hold.h"
#include "plugin/keysource.h"
#include "plugin/options.h"
#include "plugin/persist.h"
#include "plugin/rewrite.h"
#include "plugin/topic.h"

/* What the endpoint does not see, counted beside its own counters. */
enum eese_plugin_counter {
	EESE_PLUGIN_TOPIC_REFUSED, /* a topic nobody may publish on */
	EESE_PLUGIN_WRITE_REFUSED, /* ACL: not this client's to publish on */
	EESE_PLUGIN_SUBSCRIBE_REFUSED,
	EESE_PLUGIN_DOWNLINK_REFUSED, /* no such UE, too long, no room to hold it */
	EESE_PLUGIN_DOWNLINK_DROPPED, /* was held, and no key came */
	EESE_PLUGIN_CONTROL_REFUSED,  /* $CONTROL by somebody who is no admin */
	EESE_PLUGIN_LOST,             /* opened, but the broker had no memory to carry it on */
	EESE_PLUGIN_STORE_COMMITS,
	EESE_PLUGIN_STORE_FAILURES,
	EESE_PLUGIN_STORE_WAITING, /* rows on their way to the disk, now */
	EESE_PLUGIN_STORE_FAILING, /* 1: the store can't be written now */
	EESE_PLUGIN_EVENTS_SENT,
	EESE_PLUGIN_EVENTS_DROPPED,
	EESE_PLUGIN_COUNTERS
};

/* All numbers on $SYS/broker/eese/: the counters of both, how much downlink is held, how many UEs
 * there are, in which states, and the key source's. */
enum {
	EESE_METRICS =
	    EESE_COUNT_MAX + EESE_PLUGIN_COUNTERS + 2 + EESE_STATES + EESE_KEYSOURCE_VALUES
};

struct eese_metrics {
	uint64_t due_ms;
	bool started;
	uint64_t last[EESE_METRICS];
};

struct eese_plugin {
	mosquitto_plugin_id_t *id;
	struct eese_options options;
	struct eese_endpoint *endpoint;
	struct eese_roots roots;
	struct eese_time started;
	uint64_t sweep_due_ms;
	struct eese_keysource keysource;
	uint64_t counters[EESE_PLUGIN_COUNTERS];
	struct eese_metrics metrics;
	struct eese_persist persist;
	struct eese_events events;
	struct eese_hold hold;
};

/* plugin.c */
struct eese_time eese_plugin_now(void);

/* message.c: MOSQ_EVT_MESSAGE. Returns 0 or MOSQ_ERR_ACL_DENIED; at the broker's end
 * MOSQ_ERR_CONN_LOST, which costs the publisher its connection: unanswered, it comes again. */
int eese_on_message(int event, void *event_data, void *userdata);

/* downlink.c: what was published on <app>/<ue>/down/<sub>; returns as eese_on_message(). */
int eese_downlink(struct eese_plugin *p, struct mosquitto_evt_message *m,
		  const struct eese_topic *t);
/* Seals it and sends it behind the KEY_UPDATE that it needs; false if it can't be now. */
bool eese_send_sealed(struct eese_plugin *p, struct eese_time now, const struct eese_topic *t,
		      const void *plain, size_t len, int qos);

/* acl.c: MOSQ_EVT_ACL_CHECK; the table of clause 4. */
int eese_on_acl_check(int event, void *event_data, void *userdata);

/* answer.c: carries out what the endpoint answered to a UE, and tells of it. */
void eese_answer(struct eese_plugin *p, const struct eese_topic *t, struct eese_time now,
		 const struct eese_actions *what);

/*
 * send.c: mosquitto_broker_publish() of a payload that mosquitto_malloc() made; it is gone when
 * this returns. prefix/ue/kind or prefix/ue/kind/sub; kind has its slash if a sub follows.
 */
bool eese_send(const char *prefix, const struct eese_topic *t, const char *kind, void *payload,
	       size_t len, int qos, bool retain);
/* The same of a copy. */
bool eese_send_copy(const char *prefix, const struct eese_topic *t, const char *kind,
		    const void *payload, size_t len, int qos);

/* control.c: MOSQ_EVT_CONTROL on EESE_CONTROL_TOPIC. Returns 0. */
#define EESE_CONTROL_TOPIC "$CONTROL/eese/v1"
int eese_on_control(int event, void *event_data, void *userdata);

/* metrics.c: counters on $SYS/broker/eese/, those that changed, when they are due. */
void eese_metrics_tick(struct eese_plugin *p, struct eese_time now);
/* Number i of EESE_METRICS, and its name: what follows $SYS/broker/eese/. */
const char *eese_metric_name(size_t i);
uint64_t eese_metric_value(const struct eese_plugin *p, size_t i);

#endif
