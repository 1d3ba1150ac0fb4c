/* SPDX-License-Identifier: Apache-2.0 */
/* Time: what is left of each wait, back-off with jitter, what is due, when to call again. */
#include "internal.h"

static void run_down(uint32_t *left, size_t count, uint32_t ms)
{
	for (size_t i = 0; i < count; i++) {
		if (left[i] != NEVER) {
			left[i] -= smaller(left[i], ms);
		}
	}
}

void eese_dev_pass_time(struct eese_ue *ue)
{
	uint64_t now = ue->config.port.now(ue->config.port.ctx);
	uint64_t passed = now - ue->now;
	uint32_t ms = passed < NEVER ? (uint32_t)passed : NEVER;
	ue->now = now;
	run_down(ue->left, TIMERS, ms);
	for (struct held *h = NULL; (h = eese_dev_next(ue, h)) != NULL;) {
		run_down(h->left, HELD_TIMERS, ms);
	}
}

/* base, which is not 0, doubled so often, +-25 %, an hour at most. */
uint32_t eese_dev_back_off(const struct eese_ue *ue, uint32_t base_ms, unsigned doublings)
{
	uint32_t delay = base_ms;
	while (doublings-- > 0 && delay < BACK_OFF_MAX_MS) {
		delay *= 2;
	}
	delay = smaller(delay, BACK_OFF_MAX_MS);
	uint8_t r[2];
	if (ue->config.port.random(ue->config.port.ctx, r, sizeof r)) {
		uint32_t share = (uint32_t)r[0] << 8 | r[1];
		delay = delay - delay / 4 + (uint32_t)((uint64_t)(delay / 2) * share >> 16);
	}
	return smaller(delay, BACK_OFF_MAX_MS);
}

void eese_dev_event(struct eese_ue *ue, enum eese_ue_event_kind kind, uint8_t reason)
{
	ue->events |= (uint8_t)(1u << kind);
	ue->reasons[kind - EESE_UE_EVENT_NEW_KEYSET] = reason;
}

/* N5: sent on a transport without verdicts, and kept long enough. */
static void let_go_of_old(struct eese_ue *ue)
{
	for (struct held *h = NULL; (h = eese_dev_next(ue, h)) != NULL;) {
		if (!h->acknowledged && h->left[LET_GO] == 0) {
			eese_dev_settle(ue, h, EESE_UE_EVENT_UNCONFIRMED);
		}
	}
}

/* Everything that is due. KEY_REQUESTs go first: they are few, and data may wait for them. */
void eese_dev_run(struct eese_ue *ue)
{
	let_go_of_old(ue);
	eese_dev_requests(ue);
	eese_dev_repeats(ue);
	eese_dev_protect_waiting(ue);
	eese_dev_requests(ue);
}

void eese_dev_go_on(struct eese_ue *ue)
{
	eese_dev_pass_time(ue);
	eese_dev_run(ue);
}

static uint32_t until_next(const struct eese_ue *ue)
{
	uint32_t blocked = ue->left[BLOCKED];
	uint32_t sending = eese_dev_until_request(ue);
	uint32_t other = ue->gate_closed ? ue->left[GATE] : NEVER;
	for (struct held *h = NULL; (h = eese_dev_next(ue, h)) != NULL;) {
		sending = smaller(sending, h->left[DUE]);
		if (h->ksn == 0 && has_keyset(ue) && blocked > 0) {
			sending = 0; /* as soon as that is over */
		}
		if (!h->acknowledged) {
			other = smaller(other, h->left[LET_GO]);
		}
	}
	return smaller(sending > blocked ? sending : blocked, other);
}

uint64_t eese_ue_poll(struct eese_ue *ue)
{
	eese_dev_go_on(ue);
	uint32_t left = until_next(ue);
	return left == NEVER ? UINT64_MAX : ue->now + left;
}
