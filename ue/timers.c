/* SPDX-License-Identifier: Apache-2.0 */
/* Time: back-off with jitter, what is due, and when to call again. */
#include "internal.h"

/* now + base doubled so often, +-25 %, an hour at most. */
uint64_t eese_dev_after(const struct eese_ue *ue, uint64_t now, uint64_t base_ms,
			unsigned doublings)
{
	uint64_t delay = base_ms;
	for (unsigned i = 0; i < doublings && delay < BACK_OFF_MAX_MS; i++) {
		delay *= 2;
	}
	if (delay > BACK_OFF_MAX_MS) {
		delay = BACK_OFF_MAX_MS;
	}
	uint8_t r[2];
	if (ue->config.port.random(ue->config.port.ctx, r, sizeof r)) {
		uint64_t share = (uint64_t)r[0] << 8 | r[1];
		delay = delay - delay / 4 + delay / 2 * share / UINT16_MAX;
	}
	if (delay > BACK_OFF_MAX_MS) {
		delay = BACK_OFF_MAX_MS;
	}
	return now + (delay > 0 ? delay : 1);
}

void eese_dev_event(struct eese_ue *ue, enum eese_ue_event_kind kind)
{
	ue->events |= (uint8_t)(1u << kind);
}

/* N5: sent on a transport without verdicts, and kept long enough. */
static void let_go_of_old(struct eese_ue *ue, uint64_t now)
{
	struct held h;
	for (size_t at = 0; eese_dev_load(ue, at, &h); at = eese_dev_step(at, &h)) {
		if (h.outcome == 0 && !h.acknowledged && h.sent_at != NEVER &&
		    now - h.sent_at >= KEEP_SENT_MS) {
			eese_dev_settle(ue, at, &h, EESE_UE_EVENT_UNCONFIRMED);
		}
	}
}

/* Everything that is due. KEY_REQUESTs go first: they are few, and data may wait for them. */
void eese_dev_run(struct eese_ue *ue, uint64_t now)
{
	let_go_of_old(ue, now);
	eese_dev_requests(ue, now);
	eese_dev_repeats(ue, now);
	eese_dev_protect_waiting(ue, now);
	eese_dev_requests(ue, now);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t deadline(const struct eese_ue *ue, uint64_t now)
{
	uint64_t sending = eese_dev_request_deadline(ue);
	uint64_t expiry = NEVER;
	struct held h;
	for (size_t at = 0; eese_dev_load(ue, at, &h); at = eese_dev_step(at, &h)) {
		if (h.outcome != 0) {
			continue;
		}
		if (h.ksn != 0) {
			sending = earlier(sending, h.due);
		} else if (has_keyset(ue) && ue->blocked_until > now) {
			sending = earlier(sending, ue->blocked_until);
		}
		if (!h.acknowledged && h.sent_at != NEVER) {
			expiry = earlier(expiry, h.sent_at + KEEP_SENT_MS);
		}
	}
	if (sending < ue->blocked_until) {
		sending = ue->blocked_until;
	}
	return earlier(earlier(sending, expiry), ue->gate_closed ? ue->gate_until : NEVER);
}

uint64_t eese_ue_poll(struct eese_ue *ue)
{
	uint64_t now = now_of(ue);
	eese_dev_run(ue, now);
	return deadline(ue, now);
}
