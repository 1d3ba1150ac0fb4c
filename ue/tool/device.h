/* SPDX-License-Identifier: Apache-2.0 */
/* One device: the library, its state file and its MQTT link, and the loop that drives them. */
#ifndef EESE_TOOL_DEVICE_H
#define EESE_TOOL_DEVICE_H

#include "clock.h"
#include "eese/ue.h"
#include "link.h"
#include "options.h"
#include "source.h"
#include "state.h"

/* What the device tells pub or sub. Any member may be NULL. */
struct device_owner {
	void *ctx;
	void (*event)(void *ctx, const struct eese_ue_event *event);
	void (*sent)(void *ctx, uint32_t handle); /* handed to the transport, again perhaps */
	void (*plain)(void *ctx, const char *topic, size_t topic_len, const uint8_t *plain,
		      size_t len);
};

struct device {
	const struct options *options;
	struct device_owner owner;
	char ue_id[EESE_UE_ID_MAX + 1];
	struct state state;
	struct source source;
	struct link link;
	struct eese_ue ue;
	uint8_t *memory; /* arena, scratch, keep and plain, in one piece */
	uint8_t *plain;  /* EESE_MESSAGE_MAX octets */
	size_t memory_size;
	bool request_open; /* a KEY_REQUEST that must be answered is not */
	uint8_t advice;    /* the last reason to wait or run AKA; 0: none */
	uint64_t active;   /* when something was last sent or a control message came */
};

/* Reads the key, takes the state, connects. GO_ON, or an exit code. device_close() in any case. */
int device_open(struct device *d, const struct options *o, const struct device_owner *owner);
void device_close(struct device *d);

/*
 * One turn: waits for the link, for *input (may be NULL, its revents are set), for until, for a
 * signal, and does what is due. GO_ON, or an exit code (the reason was said).
 */
int device_turn(struct device *d, struct pollfd *input, uint64_t until);

/* What the EESE said last, for a user who wonders why nothing goes on. */
const char *device_advice(const struct device *d);

#endif
