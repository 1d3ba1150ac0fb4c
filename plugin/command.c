/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/command.h"

#include <string.h>

const char *eese_command_expire_key(struct eese_plugin *p, const cJSON *command)
{
	const cJSON *ue = cJSON_GetObjectItemCaseSensitive(command, "ueId");
	const cJSON *group = cJSON_GetObjectItemCaseSensitive(command, "group");
	const cJSON *all = cJSON_GetObjectItemCaseSensitive(command, "all");
	const char *name = cJSON_GetStringValue(ue != NULL ? ue : group);
	struct eese_actions what;

	if ((ue != NULL) + (group != NULL) + (all != NULL) != 1)
		return "Exactly one of ueId, group and all is needed";
	if (all != NULL) {
		if (!cJSON_IsTrue(all))
			return "Invalid all: it must be true";
		eese_endpoint_expire_all(p->endpoint);
		return NULL;
	}
	if (name == NULL)
		return ue != NULL ? "Invalid ueId" : "Invalid group";
	if (ue != NULL)
		return eese_endpoint_expire_ue(p->endpoint, name, strlen(name), &what) == EESE_OK
			   ? NULL
			   : "UE not found";
	return eese_endpoint_expire_group(p->endpoint, name, strlen(name)) == EESE_OK
		   ? NULL
		   : "Group not found";
}
