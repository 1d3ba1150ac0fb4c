/* SPDX-License-Identifier: Apache-2.0 */
/* Turning the message that a client published into another one, where it stands. */
#ifndef EESE_PLUGIN_REWRITE_H
#define EESE_PLUGIN_REWRITE_H

#include "plugin/broker.h"

#include <stddef.h>
#include <stdint.h>

/* Where what has been handled goes: acknowledged, read by nobody. */
#define EESE_SINK_TOPIC "$e"

/*
 * Acknowledged as a success, delivered to nobody, kept nowhere. Always the same: the broker
 * compares a QoS 2 retransmission with what became of the first, and drops both if they differ. Two
 * octets, so that it fits where any topic of ours was. Returns MOSQ_ERR_SUCCESS.
 */
int eese_sink(struct mosquitto_evt_message *m);

/* The payload becomes this one, of which mosquitto_malloc() made len + 1 octets; the broker frees
 * the one it had. */
void eese_replace_payload(struct mosquitto_evt_message *m, uint8_t *payload, size_t len);

/* Puts another first level, not longer than the old one, before the rest of the topic. In its own
 * buffer: whether the broker frees a topic that was replaced differs between versions. */
void eese_replace_level(struct mosquitto_evt_message *m, size_t old_len, const char *level,
			size_t len);

#endif
