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

void eese_answer(struct eese_plugin *p, const struct eese_topic *t, struct eese_time now,
		 const struct eese_actions *what)
{
	send_control(p, t, what);
	if (what->events != 0)
		eese_tell_actions(p, now, t->ue, t->ue_len, what);
	if (what->ask)
		eese_keysource_ask(p, t, now);
	eese_keysource_top_up(p);
}
