/* SPDX-License-Identifier: Apache-2.0 */
/* Topics, clause 4: what a topic is, and what a filter reaches for. */
#ifndef EESE_PLUGIN_TOPIC_H
#define EESE_PLUGIN_TOPIC_H

#include <stddef.h>

enum eese_topic_kind {
	EESE_TOPIC_OTHER,   /* none of ours: the broker's business */
	EESE_TOPIC_UP,      /* <base>/<ue>/up/<sub> */
	EESE_TOPIC_REQUEST, /* <base>/<ue>/req */
	EESE_TOPIC_CONTROL, /* <base>/<ue>/ctl */
	EESE_TOPIC_SEALED,  /* <base>/<ue>/down/<sub> */
	EESE_TOPIC_OPENED,  /* <app>/<ue>/up/<sub> */
	EESE_TOPIC_DOWN,    /* <app>/<ue>/down/<sub> */
	EESE_TOPIC_EVENT,   /* <app>/<ue>/event */
	EESE_TOPIC_NONE,    /* below <base> but none of these */
};

/* Points into the topic that was parsed. UE-ID: of any form, the endpoint judges it. */
struct eese_topic {
	enum eese_topic_kind kind;
	const char *ue, *sub; /* ue is NULL if there is no such level */
	size_t ue_len, sub_len;
};

/* The first levels, clause 4's <base> and <app>. */
struct eese_roots {
	const char *base, *app;
	size_t base_len, app_len;
};

/* Fills *out. Of a filter it says what its literal levels say. */
void eese_topic_parse(const struct eese_roots *roots, const char *topic, struct eese_topic *out);

#endif
