/* SPDX-License-Identifier: Apache-2.0 */
/* The Uri-Path of a request, segment by segment, as one of the gateway's resources. */
#ifndef EESE_COAP_GW_PATH_H
#define EESE_COAP_GW_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "eese/wire.h"

enum path_kind {
	PATH_UP,   /* /<base>/<ue>/up/<sub> */
	PATH_REQ,  /* /<base>/<ue>/req */
	PATH_CTL,  /* /<base>/<ue>/ctl */
	PATH_DOWN, /* /<base>/<ue>/down, or /<base>/<ue>/down/<sub> */
	PATH_NONE, /* no resource of the gateway: 4.04 */
	PATH_BAD,  /* a segment that can't be part of a topic: 4.00 */
};

struct path {
	enum path_kind kind;
	char ue[EESE_UE_ID_MAX + 1];
	char sub[EESE_TOPIC_MAX + 1]; /* segments joined by '/' */
	size_t sub_len;
	bool has_sub; /* up and down: something follows, be it an empty segment */
	unsigned segments;
};

/* The segments are given in order, then path_end() says what they make. */
void path_begin(struct path *p);
void path_add(struct path *p, const char *base, const uint8_t *segment, size_t len);
void path_end(struct path *p);

#endif
