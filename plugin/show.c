/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that tell something. */
#include <stdio.h>
#include <string.h>

#include "host/rfc3339.h"
#include "plugin/command.h"
#include "plugin/names.h"

/* Each is false when memory ran out. */
static bool put_text(cJSON *o, const char *name, const char *text)
{
	return cJSON_AddStringToObject(o, name, text) != NULL;
}

static bool put_number(cJSON *o, const char *name, uint64_t n)
{
	return cJSON_AddNumberToObject(o, name, (double)n) != NULL;
}

static bool put_current(cJSON *o, const struct eese_ue_info *ue)
{
	return put_number(o, "ksn", ue->ksn) && put_number(o, "alg", ue->alg) &&
	       (!ue->expires || put_number(o, "expiresIn", ue->expires_s)) &&
	       (ue->invalid == 0 || put_text(o, "expired", eese_cause_name(ue->invalid))) &&
	       put_number(o, "uplink", ue->uplink_units) &&
	       put_number(o, "downlink", ue->downlink_units) &&
	       put_number(o, "failedTags", ue->failed_tags);
}

static bool put_key(cJSON *o, const struct eese_ue_info *ue)
{
	char id[8], expiry[EESE_RFC3339_SIZE];

	snprintf(id, sizeof id, "%04x", (unsigned)ue->ikid);
	eese_rfc3339_write(ue->key_expiry, expiry);
	return put_text(o, "intKeyId", id) &&
	       (ue->key_expiry == 0 || put_text(o, "intKeyExpiry", expiry));
}

static bool put_ue(cJSON *o, const struct eese_ue_info *ue)
{
	return put_text(o, "ueId", ue->ue_id) && put_text(o, "state", eese_state_name(ue->state)) &&
	       (ue->group == NULL || put_text(o, "group", ue->group)) &&
	       put_number(o, "te2e", ue->te2e_s) &&
	       put_text(o, "te2eFrom", eese_te2e_from_name(ue->te2e_from)) &&
	       (ue->ksn == 0 || put_current(o, ue)) &&
	       (ue->pending_ksn == 0 || put_number(o, "pendingKsn", ue->pending_ksn)) &&
	       put_number(o, "highestKsn", ue->highest_ksn) && (!ue->has_key || put_key(o, ue));
}

const char *eese_command_get_ue(struct eese_call *c)
{
	const char *ue_id = eese_call_text(c, EESE_MEMBER_UE_ID);
	struct eese_ue_info ue;

	if (c->budget->tell == 0)
		return EESE_ERROR_TEXT_TOO_MUCH;
	if (!eese_endpoint_info(c->p->endpoint, eese_plugin_now(), ue_id, strlen(ue_id), &ue))
		return EESE_ERROR_TEXT_UE_NOT_FOUND;
	c->budget->tell--;
	c->data = cJSON_CreateObject();
	return put_ue(cJSON_AddObjectToObject(c->data, "ue"), &ue) ? NULL
								   : EESE_ERROR_TEXT_NO_MEMORY;
}

struct list {
	const char *group; /* NULL: any */
	const char *state; /* NULL: any */
	bool verbose, failed;
	size_t left; /* how many more */
	cJSON *ues;
};

static bool wanted(const struct list *l, const struct eese_ue_info *ue)
{
	return (l->group == NULL || (ue->group != NULL && strcmp(l->group, ue->group) == 0)) &&
	       (l->state == NULL || strcmp(l->state, eese_state_name(ue->state)) == 0);
}

static bool list_one(void *ctx, const struct eese_ue_info *ue)
{
	struct list *l = ctx;
	cJSON *item;

	if (!wanted(l, ue))
		return true;
	item = l->verbose ? cJSON_CreateObject() : cJSON_CreateString(ue->ue_id);
	if (item == NULL || !cJSON_AddItemToArray(l->ues, item)) {
		cJSON_Delete(item);
		l->failed = true;
	} else if (l->verbose && !put_ue(item, ue)) {
		l->failed = true;
	}
	l->left--;
	return !l->failed && l->left > 0;
}

static size_t number_of(const struct eese_call *c, enum eese_member m, size_t otherwise)
{
	return c->at[m] != NULL ? (size_t)c->at[m]->valuedouble : otherwise;
}

static bool is_state(const char *name)
{
	for (int s = 0; s < EESE_STATES; s++)
		if (strcmp(name, eese_state_name((enum eese_ue_state)s)) == 0)
			return true;
	return false;
}

static const char *read_filter(const struct eese_call *c, struct list *l)
{
	size_t count = number_of(c, EESE_MEMBER_COUNT, 100);

	l->group = eese_call_text(c, EESE_MEMBER_GROUP);
	l->state = eese_call_text(c, EESE_MEMBER_STATE);
	l->verbose = cJSON_IsTrue(c->at[EESE_MEMBER_VERBOSE]);
	l->left = count < c->budget->tell ? count : c->budget->tell;
	if (l->state != NULL && !is_state(l->state))
		return "Invalid/missing state";
	if (l->group != NULL &&
	    !eese_endpoint_has_group(c->p->endpoint, l->group, strlen(l->group)))
		return EESE_ERROR_TEXT_GROUP_NOT_FOUND;
	return c->budget->tell == 0 || c->budget->places == 0 ? EESE_ERROR_TEXT_TOO_MUCH : NULL;
}

const char *eese_command_list_ues(struct eese_call *c)
{
	struct list l = {0};
	size_t at = number_of(c, EESE_MEMBER_OFFSET, 0), looked;
	const char *failed = read_filter(c, &l);
	size_t before = l.left;

	if (failed != NULL)
		return failed;
	c->data = cJSON_CreateObject();
	l.failed = !put_number(c->data, "totalCount", eese_endpoint_count(c->p->endpoint));
	l.ues = cJSON_AddArrayToObject(c->data, "ues");
	looked = eese_endpoint_list(c->p->endpoint, eese_plugin_now(), &at, c->budget->places,
				    list_one, &l);
	c->budget->places -= looked;
	c->budget->tell -= before - l.left;
	if (at != 0 && !put_number(c->data, "nextOffset", at))
		l.failed = true;
	return l.failed ? EESE_ERROR_TEXT_NO_MEMORY : NULL;
}

static bool put_states(const struct eese_plugin *p, cJSON *o)
{
	bool ok = put_number(o, "total", eese_endpoint_count(p->endpoint));

	for (int s = 0; ok && s < EESE_STATES; s++)
		ok = put_number(o, eese_state_name((enum eese_ue_state)s),
				eese_endpoint_tally(p->endpoint, (enum eese_ue_state)s));
	return ok;
}

static bool put_counters(const struct eese_plugin *p, cJSON *o)
{
	bool ok = o != NULL;

	for (size_t i = 0; ok && i < EESE_METRICS; i++)
		ok = put_number(o, eese_metric_name(i), eese_metric_value(p, i));
	return ok;
}

const char *eese_command_get_status(struct eese_call *c)
{
	const struct eese_plugin *p = c->p;
	cJSON *o;

	if (c->budget->tell < EESE_STATUS_COST)
		return EESE_ERROR_TEXT_TOO_MUCH;
	c->budget->tell -= EESE_STATUS_COST;
	c->data = o = cJSON_CreateObject();
	return put_text(o, "version", EESE_VERSION) &&
		       put_number(o, "uptime", (eese_plugin_now().ms - p->started.ms) / 1000) &&
		       put_text(o, "base", p->options.base) && put_text(o, "app", p->options.app) &&
		       put_number(o, "te2e", eese_endpoint_te2e_default(p->endpoint)) &&
		       put_number(o, "refreshMargin", p->options.refresh_margin_pct) &&
		       put_number(o, "alg", p->options.alg) &&
		       put_states(p, cJSON_AddObjectToObject(o, "ues")) &&
		       put_counters(p, cJSON_AddObjectToObject(o, "counters"))
		   ? NULL
		   : EESE_ERROR_TEXT_NO_MEMORY;
}
