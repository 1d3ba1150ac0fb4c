/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that change something. */
#include <string.h>

#include "host/hex.h"
#include "plugin/command.h"

static const char *text_of(enum eese_result r, const char *not_there, const char *invalid)
{
	switch (r) {
	case EESE_OK:
		return NULL;
	case EESE_NO_KEY:
		return not_there;
	case EESE_INVALID:
		return invalid;
	default:
		return EESE_ERROR_TEXT_NO_MEMORY;
	}
}

const char *eese_command_expire_key(struct eese_call *c)
{
	const char *ue = eese_call_text(c, EESE_MEMBER_UE_ID);
	const char *group = eese_call_text(c, EESE_MEMBER_GROUP);
	struct eese_actions what;

	if (ue != NULL) {
		if (eese_endpoint_expire_ue(c->p->endpoint, ue, strlen(ue), &what) != EESE_OK)
			return EESE_ERROR_TEXT_UE_NOT_FOUND;
		eese_tell_actions(c->p, eese_plugin_now(), ue, strlen(ue), &what);
		return NULL;
	}
	if (group != NULL)
		return text_of(eese_endpoint_expire_group(c->p->endpoint, group, strlen(group)),
			       EESE_ERROR_TEXT_GROUP_NOT_FOUND, EESE_ERROR_TEXT_GROUP_NOT_FOUND);
	eese_endpoint_expire_all(c->p->endpoint);
	return NULL;
}

/* Its range was looked at; NULL: null, or not there. */
static const uint32_t *te2e_of(const struct eese_call *c, uint32_t *seconds)
{
	const cJSON *te2e = c->at[EESE_MEMBER_TE2E];

	if (!cJSON_IsNumber(te2e))
		return NULL;
	*seconds = (uint32_t)te2e->valuedouble;
	return seconds;
}

const char *eese_command_set_te2e(struct eese_call *c)
{
	const char *ue = eese_call_text(c, EESE_MEMBER_UE_ID);
	const char *group = eese_call_text(c, EESE_MEMBER_GROUP);
	uint32_t seconds;
	const uint32_t *te2e = te2e_of(c, &seconds);

	if (ue != NULL)
		return text_of(eese_endpoint_set_te2e_ue(c->p->endpoint, ue, strlen(ue), te2e),
			       EESE_ERROR_TEXT_UE_NOT_FOUND, EESE_ERROR_TEXT_UE_NOT_FOUND);
	if (group != NULL)
		return text_of(
		    eese_endpoint_set_te2e_group(c->p->endpoint, group, strlen(group), te2e),
		    EESE_ERROR_TEXT_GROUP_NOT_FOUND, "Invalid/missing group");
	eese_endpoint_set_te2e_default(c->p->endpoint, te2e != NULL ? *te2e : c->p->options.te2e_s);
	return NULL;
}

const char *eese_command_set_group(struct eese_call *c)
{
	const char *ue = eese_call_text(c, EESE_MEMBER_UE_ID);
	const char *group = eese_call_text(c, EESE_MEMBER_GROUP);

	return text_of(eese_endpoint_set_group(c->p->endpoint, ue, strlen(ue), group,
					       group != NULL ? strlen(group) : 0),
		       EESE_ERROR_TEXT_UE_NOT_FOUND, "Invalid/missing group");
}

/* What addUe says; NULL, or what of it is wrong. */
static const char *read_entry(const struct eese_call *c, struct eese_ue_entry *out)
{
	const char *key = eese_call_text(c, EESE_MEMBER_INT_KEY);
	const char *group = eese_call_text(c, EESE_MEMBER_GROUP);

	*out = (struct eese_ue_entry){.group = group, .has_key = key != NULL, .keep = true};
	out->has_te2e = te2e_of(c, &out->te2e_s) != NULL;
	if (group != NULL && !eese_ue_id_valid(group, strlen(group)))
		return "Invalid/missing group";
	if (key != NULL && !eese_hex_read(key, strlen(key), out->int_key, sizeof out->int_key))
		return "Invalid/missing e2eIntKey";
	return NULL;
}

const char *eese_command_add_ue(struct eese_call *c)
{
	const char *ue = eese_call_text(c, EESE_MEMBER_UE_ID);
	struct eese_ue_entry entry;
	const char *failed;

	if (!eese_ue_id_valid(ue, strlen(ue)))
		return "Invalid/missing ueId";
	if (eese_endpoint_has_ue(c->p->endpoint, ue, strlen(ue)))
		return "UE already exists";
	failed = read_entry(c, &entry);
	if (failed == NULL)
		failed = text_of(eese_endpoint_set_ue(c->p->endpoint, ue, strlen(ue), &entry),
				 EESE_ERROR_TEXT_UE_NOT_FOUND, "Invalid/missing ueId");
	eese_wipe(&entry, sizeof entry);
	return failed;
}

const char *eese_command_remove_ue(struct eese_call *c)
{
	const char *ue = eese_call_text(c, EESE_MEMBER_UE_ID);
	const struct eese_topic t = {.ue = ue, .ue_len = strlen(ue)};

	if (!eese_endpoint_remove_ue(c->p->endpoint, ue, t.ue_len))
		return EESE_ERROR_TEXT_UE_NOT_FOUND;
	eese_hold_remove(c->p, eese_plugin_now(), &t); /* its plaintext, too, is to be gone */
	return NULL;
}
