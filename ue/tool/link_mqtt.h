/* SPDX-License-Identifier: Apache-2.0 */
/* A device's link to the broker itself, over MQTT. */
#ifndef EESE_TOOL_LINK_MQTT_H
#define EESE_TOOL_LINK_MQTT_H

#include "link.h"

extern const struct link_kind link_mqtt;

#endif
