/* SPDX-License-Identifier: Apache-2.0 */
/* ERROR, clauses 3.5 and 6: advice from anyone. It changes no key and drops no message. */
#include "internal.h"

/* The held message that an ERROR 6 names; the newest keyset counts first. */
static struct held *find_named(const struct eese_ue *ue, const struct eese_error *e)
{
	struct held *found = NULL;
	for (struct held *h = NULL; (h = eese_dev_next(ue, h)) != NULL;) {
		if ((h->ksn & 7) == e->kid && h->number == e->number &&
		    (found == NULL || h->ksn > found->ksn)) {
			found = h;
		}
	}
	return found;
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
static void repeat_after(struct eese_ue *ue, struct held *h)
{
	if (h->errors == 1) {
		h->left[DUE] = eese_dev_back_off(ue, ue->config.repeat_ms / 5, 0);
	} else if (h->acknowledged) {
		h->left[DUE] = eese_dev_back_off(ue, LIMITED_MS + LIMITED_MS / 3, 0);
	}
}

static void key_unknown(struct eese_ue *ue, const struct eese_error *e)
{
	struct held *h = find_named(ue, e);
	if (h == NULL || !h->error_open) {
		return;
	}
	h->error_open = false;
	h->errors++;
	if (is_current(ue, h)) {
		if (ue->error_6) {
			eese_dev_limited(ue, EESE_REQUEST_ERROR_6); /* N9 */
		}
		ue->error_6 = true;
	}
	if (h->errors >= ERROR_6_MAX) {
		eese_dev_settle(ue, h, EESE_UE_EVENT_FAILED); /* N8 */
	} else if (!h->gate) {
		repeat_after(ue, h);
	}
}

enum eese_result eese_dev_error(struct eese_ue *ue, const uint8_t *msg, size_t len)
{
	struct eese_error e;
	enum eese_result r = eese_error_decode(msg, len, &e);
	if (r != EESE_OK) {
		return r;
	}
	count(&ue->counters.errors);
	switch (e.reason) {
	case EESE_ERROR_NO_KEY:
		eese_dev_run_aka(ue, e.reason, AKA_ERROR_MS);
		eese_dev_told_to_wait(ue);
		break;
	case EESE_ERROR_UE_UNKNOWN:
	case EESE_ERROR_UNREACHABLE:
	case EESE_ERROR_NOT_APPLICABLE:
	case EESE_ERROR_EXPIRED:
		eese_dev_told_to_wait(ue);
		eese_dev_event(ue, EESE_UE_EVENT_WAIT, e.reason);
		break;
	case EESE_ERROR_KEY_UNKNOWN:
		key_unknown(ue, &e);
		break;
	default:
		break;
	}
	return EESE_OK;
}
