/* SPDX-License-Identifier: Apache-2.0 */
/* The administrator's commands, each from its JSON object. */
#ifndef EESE_PLUGIN_COMMAND_H
#define EESE_PLUGIN_COMMAND_H

#include <cjson/cJSON.h>

#include "plugin/plugin.h"

/* NULL: done. Else the error's text, static, and nothing was done. */
typedef const char *eese_command(struct eese_plugin *p, const cJSON *command);

/* One of "ueId": text, "group": text, "all": true. */
eese_command eese_command_expire_key;

#endif
