/* SPDX-License-Identifier: Apache-2.0 */
/* Topics, clause 4: what a publish by a client is. */
#ifndef EESE_PLUGIN_TOPIC_H
#define EESE_PLUGIN_TOPIC_H

#include <stddef.h>

enum eese_topic_kind {
	EESE_TOPIC_OTHER,   /* none of ours: the broker's business */
	EESE_TOPIC_UP,      /* <base>/<ue>/up/<sub> */
	EESE_TOPIC_REQUEST, /* <base>/<ue>/req */
	EESE_TOPIC_DOWN,    /* <app>/<ue>/down/<sub> */
	EESE_TOPIC_REFUSED, /* ours, but no client may publish on it */
};

/* Points into the topic that was parsed. UE-ID: of any form, the endpoint judges it. */
struct eese_topic {
	enum eese_topic_kind kind;
	const char *ue, *sub;
	size_t ue_len, sub_len;
};

/* Fills *out. base and app are single levels. */
void eese_topic_parse(const char *topic, const char *base, size_t base_len, const char *app,
		      size_t app_len, struct eese_topic *out);

#endif
