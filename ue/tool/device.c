/* SPDX-License-Identifier: Apache-2.0 */
#include "device.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "host/say.h"
#include "stop.h"

enum {
	ARENA_SIZE = 1 << 20,
	KEEP_SIZE = EESE_UE_KEEP_MAX * (EESE_UE_KEEP_OVERHEAD + EESE_TOPIC_MAX + EESE_MESSAGE_MAX),
};

static const char *advice_text(unsigned reason)
{
	switch (reason) {
	case 0:
		return "nobody answered";
	case EESE_ERROR_UE_UNKNOWN:
		return "UE unknown";
	case EESE_ERROR_UNREACHABLE:
		return "key server not reachable";
	case EESE_ERROR_NOT_APPLICABLE:
		return "EnPS not applicable to this subscriber";
	case EESE_ERROR_NO_KEY:
		return "no key: run AKA";
	case EESE_ERROR_EXPIRED:
		return "key has expired";
	default:
		return "reason not known";
	}
}

static const char *update_text(unsigned reason)
{
	static const char *const texts[] = {"the EESE starts contact",   "te2e ran out",
					    "expired by the enterprise", "key unknown",
					    "usage limit reached",       "integrity failures",
					    "ahead of expiry",           "asked for"};

	return reason < sizeof(texts) / sizeof(texts[0]) ? texts[reason] : "reason not known";
}

const char *device_advice(const struct device *d)
{
	return advice_text(d->advice);
}

static bool port_send(void *ctx, const struct eese_ue_message *m)
{
	/* Those the EESE must answer (clause 5); 1 and 3 it may have reason to ignore. */
	static const unsigned must_answer = 1U << EESE_REQUEST_NO_KEYSET |
					    1U << EESE_REQUEST_REFRESH |
					    1U << EESE_REQUEST_ERROR_6 | 1U << EESE_REQUEST_ALG;
	struct device *d = ctx;

	if (!link_send(&d->link, m))
		return false;
	d->active = device_now();
	if (m->channel == EESE_UE_REQ) {
		const unsigned reason = m->len > 0 ? m->octets[0] & 0x3fU : 0;

		say_debug("KEY_REQUEST, reason %u", reason);
		if (reason < 32 && (must_answer >> reason & 1U))
			d->request_open = true;
	} else if (d->owner.sent) {
		d->owner.sent(d->owner.ctx, m->handle);
	}
	return true;
}

static uint64_t port_now(void *ctx)
{
	(void)ctx;
	return device_now();
}

static bool port_random(void *ctx, uint8_t *out, size_t len)
{
	(void)ctx;
	while (len > 0) {
		const ssize_t n = getrandom(out, len, 0);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0) {
			out += n;
			len -= (size_t)n;
		}
	}
	return true;
}

static enum eese_ue_nvm_result port_nvm(void *ctx, enum eese_ue_nvm op,
					uint8_t record[EESE_UE_RECORD_SIZE])
{
	return source_nvm(ctx, op, record);
}

static void link_ready(void *ctx)
{
	struct device *d = ctx;

	say_debug("connected and subscribed");
	eese_ue_connected(&d->ue);
}

static void link_verdict(void *ctx, uint32_t handle, bool positive)
{
	struct device *d = ctx;

	eese_ue_acknowledged(&d->ue, handle, positive);
}

static void hand_out(struct device *d, const char *topic, size_t topic_len, size_t len)
{
	if (d->owner.plain)
		d->owner.plain(d->owner.ctx, topic, topic_len, d->plain, len);
	eese_wipe(d->plain, len);
}

static void hand_out_kept(struct device *d)
{
	char topic[EESE_TOPIC_MAX];
	size_t topic_len, len;

	for (int i = 0; i < EESE_UE_KEEP_MAX && !d->link.closing; i++) {
		if (eese_ue_next_kept(&d->ue, topic, &topic_len, d->plain, EESE_MESSAGE_MAX,
				      &len) != EESE_OK)
			return;
		hand_out(d, topic, topic_len, len);
	}
}

static void link_control(void *ctx, const uint8_t *msg, size_t len)
{
	struct device *d = ctx;
	enum eese_kind kind;
	const enum eese_result result = eese_ue_control(&d->ue, msg, len);

	d->active = device_now();
	if (result != EESE_OK) {
		say_debug("control message dropped: %s", eese_result_text(result));
		return;
	}
	if (eese_message_kind(msg, len, &kind) == EESE_OK && kind == EESE_KIND_KEY_UPDATE)
		d->request_open = false;
	hand_out_kept(d);
}

static void link_downlink(void *ctx, const char *topic, const uint8_t *msg, size_t len)
{
	struct device *d = ctx;
	const size_t topic_len = strlen(topic);
	size_t plain_len;
	enum eese_result result;

	/* In a session that -i made pub share with a sub: not ours to open. */
	if (!d->owner.plain)
		return;
	result = eese_ue_downlink(&d->ue, topic, topic_len, msg, len, d->plain, EESE_MESSAGE_MAX,
				  &plain_len);
	if (result == EESE_OK)
		hand_out(d, topic, topic_len, plain_len);
	else
		say_debug("downlink message %s: %s", result == EESE_NO_KEY ? "kept" : "dropped",
			  eese_result_text(result));
}

static void note(struct device *d, const struct eese_ue_event *e)
{
	switch (e->kind) {
	case EESE_UE_EVENT_NEW_KEYSET:
		d->advice = 0;
		say_event("new keyset %u, reason %u (%s)", (unsigned)e->ksn, (unsigned)e->reason,
			  update_text(e->reason));
		break;
	case EESE_UE_EVENT_WAIT:
		d->advice = e->reason;
		say_event("wait, reason %u (%s)", (unsigned)e->reason, advice_text(e->reason));
		break;
	case EESE_UE_EVENT_RUN_AKA:
		d->advice = e->reason;
		say_event("run AKA, reason %u (%s)", (unsigned)e->reason, advice_text(e->reason));
		break;
	default:
		break;
	}
}

/* Takes all events; whether there was one. */
static bool drain(struct device *d)
{
	struct eese_ue_event e;
	bool any = false;

	while (eese_ue_next_event(&d->ue, &e)) {
		any = true;
		note(d, &e);
		source_event(d, &e);
		if (d->owner.event)
			d->owner.event(d->owner.ctx, &e);
	}
	return any;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static int wait_for(struct device *d, struct pollfd *input, uint64_t now, uint64_t until)
{
	struct pollfd p[4] = {{.fd = stop_descriptor(), .events = POLLIN},
			      {.fd = input ? input->fd : -1, .events = POLLIN}};
	int code;

	until = earlier(until, link_prepare(&d->link, &p[2], now));
	until = earlier(until, source_prepare(d, &p[3], now));
	if (poll(p, 4, device_poll_time(now, until)) < 0)
		p[1].revents = p[2].revents = 0;
	if (input)
		input->revents = p[1].revents;
	if (stop_asked())
		return GO_ON;
	code = link_done(&d->link, &p[2], device_now());
	return code == GO_ON ? source_done(d, device_now()) : code;
}

int device_turn(struct device *d, struct pollfd *input, uint64_t until)
{
	const uint64_t due = eese_ue_poll(&d->ue), now = device_now();
	int code;

	if (due < until)
		until = due;
	/* An event may be all that the caller is waiting for. */
	if (drain(d))
		until = now;
	code = wait_for(d, input, now, until);
	drain(d);
	if (d->state.failed)
		return EXIT_FILES;
	return code;
}

static bool make_memory(struct device *d, struct eese_ue_config *c)
{
	const bool keep = d->owner.plain != NULL;

	d->memory_size = ARENA_SIZE + 2 * EESE_MESSAGE_MAX + (keep ? KEEP_SIZE : 0);
	d->memory = malloc(d->memory_size);
	if (!d->memory) {
		say_error("out of memory");
		return false;
	}
	c->arena = d->memory;
	c->arena_size = ARENA_SIZE;
	c->scratch = c->arena + ARENA_SIZE;
	c->scratch_size = EESE_MESSAGE_MAX;
	d->plain = c->scratch + EESE_MESSAGE_MAX;
	c->keep = keep ? d->plain + EESE_MESSAGE_MAX : NULL;
	c->keep_size = keep ? KEEP_SIZE : 0;
	return true;
}

int device_open(struct device *d, const struct options *o, const struct device_owner *owner)
{
	const struct link_owner link_owner = {d, link_ready, link_control, link_downlink,
					      link_verdict};
	struct eese_ue_config config = {
	    .ue_id = d->ue_id,
	    .port = {port_send, port_now, port_random, port_nvm, d},
	    .downlink_durable = true,
	};
	int code;

	memset(d, 0, sizeof(*d));
	d->options = o;
	d->owner = *owner;
	d->state.lock = -1;
	d->active = device_now();
	if (eese_init() != EESE_OK || !stop_catch()) {
		say_error("starting: %s", strerror(errno));
		return EXIT_MESSAGE;
	}
	if (!make_memory(d, &config))
		return EXIT_MESSAGE;
	code = source_open(d, &config);
	return code == GO_ON ? link_open(&d->link, o, d->ue_id, &link_owner) : code;
}

void device_close(struct device *d)
{
	link_close(&d->link);
	eese_ue_wipe(&d->ue);
	source_close(d);
	if (d->memory)
		eese_wipe(d->memory, d->memory_size);
	free(d->memory);
	d->memory = NULL;
	state_close(&d->state);
}
