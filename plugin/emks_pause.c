/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/emks_pause.h"

void eese_pause_answered(struct eese_pause *p)
{
	*p = (struct eese_pause){0};
}

void eese_pause_failed(struct eese_pause *p, uint64_t now_ms, uint32_t random)
{
	if (p->failures < EESE_PAUSE_FAILURES)
		p->failures++;
	/* Others that were sent before the pause began don't make it longer. */
	if (!eese_pause_trial(p) || eese_pause_holds(p, now_ms))
		return;
	if (p->length_ms == 0)
		p->length_ms = EESE_PAUSE_FIRST_MS;
	else
		p->length_ms =
		    p->length_ms > EESE_PAUSE_MAX_MS / 2 ? EESE_PAUSE_MAX_MS : 2 * p->length_ms;
	p->until_ms = now_ms + p->length_ms - random % (p->length_ms / 2 + 1);
}

bool eese_pause_holds(const struct eese_pause *p, uint64_t now_ms)
{
	return now_ms < p->until_ms;
}

bool eese_pause_trial(const struct eese_pause *p)
{
	return p->failures >= EESE_PAUSE_FAILURES;
}
