/* SPDX-License-Identifier: Apache-2.0 */
/* The broker's API, from the headers of 2.0 or of 2.1, and what of it differs between them. */
#ifndef EESE_PLUGIN_BROKER_H
#define EESE_PLUGIN_BROKER_H

#include <mosquitto.h>
#if LIBMOSQUITTO_VERSION_NUMBER < 2001000
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#include <mqtt_protocol.h>
/* 2.0 ignores it; at run-time 2.1 reads the same place as milliseconds. */
#define EESE_TICK_NEXT_MS(tick) ((tick)->next_ns)
#else
#define EESE_TICK_NEXT_MS(tick) ((tick)->next_ms)
#endif

/* Lines in the broker's log begin so; never a key, never octets from the wire. */
#define EESE_LOG "eese: "

#endif
