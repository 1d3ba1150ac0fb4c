/* SPDX-License-Identifier: Apache-2.0 */
/* Downlink, clause 6: opened under the keysets held, each with its window. */
#include "internal.h"

static enum eese_result open_under(const struct eese_ue *ue, const struct eese_ue_keyset *k,
				   const struct incoming *in)
{
	struct eese_key key;
	enum eese_result r = eese_dev_derive(ue, k, EESE_DOWNLINK, &key);
	if (r == EESE_OK) {
		r = eese_data_open(&key, ue->config.ue_id, in->topic, in->topic_len, in->msg,
				   in->len, in->out, in->out_size, in->out_len);
	}
	eese_wipe(&key, sizeof key);
	return r;
}

/*
 * Clause 6: the edge is stored before the plaintext is handed out, so that after a restart
 * nothing is opened twice. The first one under the newest keyset ends the one before.
 */
static enum eese_result mark(struct eese_ue *ue, bool newest, uint64_t number)
{
	struct eese_window *window = newest ? &ue->down : &ue->before_down;
	struct eese_window w = *window;
	if (eese_window_mark(&w, number) != EESE_WINDOW_NEW) {
		return EESE_REPLAY;
	}
	if (ue->config.downlink_durable &&
	    (w.next != window->next || (newest && ue->before_ksn != 0))) {
		struct record r;
		eese_dev_record_of(ue, &r);
		if (newest) {
			r.down_next = w.next;
			memset(&r.before, 0, sizeof r.before);
			r.before_next = 0;
		} else {
			r.before_next = w.next;
		}
		enum eese_result written = eese_dev_record_write(ue, &r);
		if (written != EESE_OK) {
			return written;
		}
	}
	*window = w;
	if (newest) {
		ue->before_ksn = 0;
	}
	return EESE_OK;
}

/* The tag first, then the number. EESE_NOT_AUTHENTIC: not under this keyset. */
static enum eese_result try_keyset(struct eese_ue *ue, uint32_t ksn,
				   const struct eese_data_head *head, const struct incoming *in)
{
	const struct eese_ue_keyset *k = eese_dev_known(ue, ksn);
	if (k == NULL || (ksn & 7) != head->kid) {
		return EESE_NOT_AUTHENTIC;
	}
	enum eese_result r = open_under(ue, k, in);
	if (r == EESE_MALFORMED) {
		return EESE_NOT_AUTHENTIC; /* another keyset's algorithm may have a shorter tag */
	}
	if (r == EESE_OK) {
		r = mark(ue, k == &ue->known[0], head->number);
		if (r != EESE_OK) {
			eese_wipe(in->out, *in->out_len);
			*in->out_len = 0;
		}
	}
	return r;
}

/* EESE_NO_KEY: it opens under none of the keysets held. */
enum eese_result eese_dev_open(struct eese_ue *ue, const struct incoming *in)
{
	struct eese_data_head head;
	enum eese_result r = eese_data_head(in->msg, in->len, &head);
	*in->out_len = 0;
	if (r != EESE_OK) {
		return r;
	}
	r = EESE_NOT_AUTHENTIC;
	if (opens_newest(ue)) {
		r = try_keyset(ue, ue->known[0].ksn, &head, in);
	}
	if (r == EESE_NOT_AUTHENTIC) {
		r = try_keyset(ue, ue->before_ksn, &head, in);
	}
	if (r == EESE_OK) {
		count(&ue->counters.opened);
	}
	return r == EESE_NOT_AUTHENTIC ? EESE_NO_KEY : r;
}

/* What opens under no keyset held may be from before its KEY_UPDATE, or the KEY_UPDATE is lost. */
static void ask_for_keyset(struct eese_ue *ue)
{
	if (opens_newest(ue)) {
		eese_dev_limited(ue, EESE_REQUEST_DOWNLINK);
	} else {
		ue->want |= WANT_REFRESH;
	}
	eese_dev_go_on(ue);
}

enum eese_result eese_ue_downlink(struct eese_ue *ue, const char *topic, size_t topic_len,
				  const uint8_t *msg, size_t len, uint8_t *out, size_t out_size,
				  size_t *out_len)
{
	struct incoming in = {topic, topic_len, msg, len, out, out_size, out_len};
	*out_len = 0;
	if (topic_len > EESE_TOPIC_MAX || out_size < len) {
		return EESE_INVALID;
	}
	enum eese_result r = eese_dev_open(ue, &in);
	bool kept = false;
	if (r == EESE_NO_KEY || r == EESE_STORAGE || r == EESE_CRYPTO) {
		kept = eese_dev_keep(ue, &in);
	}
	if (r != EESE_OK && !kept) {
		count(&ue->counters.dropped_downlink);
	}
	if (r == EESE_NO_KEY) {
		ask_for_keyset(ue);
		return kept ? EESE_NO_KEY : EESE_FULL;
	}
	return r;
}
