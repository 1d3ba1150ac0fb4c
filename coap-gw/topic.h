/* SPDX-License-Identifier: Apache-2.0 */
/* Topics of the EESE's that the gateway reads (clause 4). */
#ifndef EESE_COAP_GW_TOPIC_H
#define EESE_COAP_GW_TOPIC_H

#include "gateway.h"

enum { TOPIC_ROOM = OPTIONS_BASE_MAX + EESE_UE_ID_MAX + 16 };

/* The UE-ID in <base>/<ue>/<rest>, *rest what follows. False: another topic. */
bool topic_id(const struct gateway *g, const char *topic, char id[EESE_UE_ID_MAX + 1],
	      const char **rest);

/* The UE of <base>/<ue>/<rest>, *rest as above; NULL: another topic, or no UE that is known. */
struct ue *topic_ue(const struct gateway *g, const char *topic, const char **rest);

/* A SUBACK's reason code: says, once, what a refusal means. Whether it was granted. */
bool topic_granted(struct gateway *g, int reason);

#endif
