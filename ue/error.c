/* SPDX-License-Identifier: Apache-2.0 */
/* ERROR, clauses 3.5 and 6: advice from anyone. It changes no key and drops no message. */
#include "internal.h"

/* The held message that an ERROR 6 names; the newest keyset counts first. */
static bool find_named(const struct eese_ue *ue, const struct eese_error *e, size_t *found,
		       struct held *out)
{
	struct held h;
	bool any = false;
	for (size_t at = 0; eese_dev_load(ue, at, &h); at = eese_dev_step(at, &h)) {
		if (h.ksn != 0 && (h.ksn & 7) == e->kid && h.number == e->number &&
		    (!any || h.ksn > out->ksn)) {
			any = true;
			*found = at;
			*out = h;
		}
	}
	return any;
}

/* Whether the message is under the newest keyset that was used: what is older the EESE may
 * rightly not know any more, and a new keyset would not help. */
static bool is_current(const struct eese_ue *ue, const struct held *h)
{
	for (size_t i = 0; i < EESE_UE_KNOWN_MAX; i++) {
		if (ue->known[i].used) {
			return h->ksn >= ue->known[i].ksn;
		}
	}
	return false;
}

/*
 * The first time the same octets go out once more, behind the EESE's shortest answer interval.
 * After that the message waits for what KEY_REQUEST 4 brings and goes out again only when
 * another one may be sent.
 */
static void repeat_after(struct eese_ue *ue, struct held *h, uint64_t now)
{
	if (h->errors == 1) {
		h->due = eese_dev_after(ue, now, repeat_ms(ue) / 5, 0);
	} else if (h->acknowledged) {
		h->due = eese_dev_after(ue, now, LIMITED_MS + LIMITED_MS / 3, 0);
	}
}

static void key_unknown(struct eese_ue *ue, const struct eese_error *e, uint64_t now)
{
	struct held h;
	size_t at;
	if (!find_named(ue, e, &at, &h) || !h.error_open) {
		return;
	}
	h.error_open = false;
	h.errors++;
	if (is_current(ue, &h)) {
		ue->error_6 = one_more(ue->error_6);
		if (ue->error_6 >= 2) {
			eese_dev_limited(ue, EESE_REQUEST_ERROR_6); /* N9 */
		}
	}
	if (h.errors >= ERROR_6_MAX) {
		eese_dev_settle(ue, at, &h, EESE_UE_EVENT_FAILED); /* N8 */
		return;
	}
	if (!h.gate) {
		repeat_after(ue, &h, now);
	}
	eese_dev_store(ue, at, &h);
}

enum eese_result eese_dev_error(struct eese_ue *ue, const uint8_t *msg, size_t len)
{
	struct eese_error e;
	uint64_t now = now_of(ue);
	enum eese_result r = eese_error_decode(msg, len, &e);
	if (r != EESE_OK) {
		return r;
	}
	ue->counters.errors++;
	switch (e.reason) {
	case EESE_ERROR_NO_KEY:
		eese_dev_run_aka(ue, e.reason, AKA_ERROR_MS);
		eese_dev_told_to_wait(ue, now);
		break;
	case EESE_ERROR_UE_UNKNOWN:
	case EESE_ERROR_UNREACHABLE:
	case EESE_ERROR_NOT_APPLICABLE:
	case EESE_ERROR_EXPIRED:
		eese_dev_told_to_wait(ue, now);
		ue->wait_reason = e.reason;
		eese_dev_event(ue, EESE_UE_EVENT_WAIT);
		break;
	case EESE_ERROR_KEY_UNKNOWN:
		key_unknown(ue, &e, now);
		break;
	default:
		break;
	}
	return EESE_OK;
}
