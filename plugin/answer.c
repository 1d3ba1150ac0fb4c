/* SPDX-License-Identifier: Apache-2.0 */
/* From the endpoint's actions to messages for the UE. */
#include "plugin/plugin.h"

static void send_control(struct eese_plugin *p, const struct eese_topic *t,
			 const struct eese_actions *what)
{
	const struct eese_topic ue = {.ue = t->ue, .ue_len = t->ue_len};

	if (what->control_len > 0)
		/* If there is no memory for it: the UE asks again, and is answered again. */
		(void)eese_send_copy(p->roots.base, &ue, "ctl", what->control, what->control_len,
				     1);
}

/* The key file is the key server here: it has nothing newer than what is in hand, and what it does
 * not list is unknown. */
static void ask_key_file(struct eese_plugin *p, const struct eese_topic *t, struct eese_time now)
{
	uint8_t reason = eese_endpoint_has_ue(p->endpoint, t->ue, t->ue_len)
			     ? EESE_ERROR_NO_KEY
			     : EESE_ERROR_UE_UNKNOWN;
	struct eese_actions refused;

	eese_endpoint_key_refused(p->endpoint, now, t->ue, t->ue_len, reason, &refused);
	send_control(p, t, &refused);
}

void eese_answer(struct eese_plugin *p, const struct eese_topic *t, struct eese_time now,
		 const struct eese_actions *what)
{
	send_control(p, t, what);
	eese_tell_actions(p, now, t->ue, t->ue_len, what);
	if (what->ask)
		ask_key_file(p, t, now);
	eese_plugin_top_up(p);
}
