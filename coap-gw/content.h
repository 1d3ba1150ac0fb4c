/* SPDX-License-Identifier: Apache-2.0 */
/* What a UE is given of what waits for it, as one representation. */
#ifndef EESE_COAP_GW_CONTENT_H
#define EESE_COAP_GW_CONTENT_H

#include "gateway.h"

/* What is asked for. */
struct wish {
	const char *sub; /* messages of this topic only, bare; NULL: any, in a bundle */
	bool many;       /* as many as fit, not one */
	bool alone;  /* a message without anything beside it: a later block of it is asked for */
	size_t room; /* what one datagram may hold */
};

struct content {
	const uint8_t *octets; /* valid until the next content is made */
	size_t len;            /* 0: nothing waits; longer than room: one message, for blocks */
	uint32_t format;
	uint64_t first, last; /* numbers of the messages in it; 0: none */
	bool update;          /* a KEY_UPDATE is in it */
};

void content_make(struct gateway *g, const struct ue *ue, const struct wish *w,
		  struct content *out);

/* A bundle of this KEY_UPDATE, what waits, and no more than room. */
void content_ride(struct gateway *g, const struct ue *ue, const uint8_t *update, size_t update_len,
		  size_t room, struct content *out);

#endif
