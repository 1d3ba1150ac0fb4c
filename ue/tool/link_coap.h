/* SPDX-License-Identifier: Apache-2.0 */
/* A device's link to a gateway (eese-coap-gw), over CoAP. */
#ifndef EESE_TOOL_LINK_COAP_H
#define EESE_TOOL_LINK_COAP_H

#include "link.h"

extern const struct link_kind link_coap;

#endif
