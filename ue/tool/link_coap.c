/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who repeats what: libcoap repeats a confirmable request until it is acknowledged or 45 s are
 * over; the library of the device repeats what was not accepted, protected anew if need be. Octets
 * that libcoap still has are not given to it again.
 *
 * A KEY_UPDATE that answers a KEY_REQUEST overtakes what was sent to the device before it and still
 * waits at the gateway, and may end the keyset that this opens under. So who polls takes it only
 * when nothing waits; as a rule it came in its place by then.
 *
 * Downlink is polled for. The number of what was handed out goes with the next poll, and only then
 * the gateway lets go of it: what is lost on the way, or with this process, comes again, and what
 * comes twice the library knows by its sequence number.
 */
#include "link_coap.h"

#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bundle.h"
#include "clock.h"
#include "host/say.h"

enum {
	GET = 1,
	POST = 2,
	PATIENCE = 95000, /* a little over MAX_TRANSMIT_WAIT, RFC 7252 4.8.2: milliseconds */
	CLOSE_MS = 2000,
	POLL_AGAIN_MS = 2000, /* after one that failed */
	FORMAT_CBOR_SEQ = 63,
	CODE_CHANGED = 204,
	CODE_CONTENT = 205,
	CODE_UNAUTHORIZED = 401,
	CODE_TOO_MANY = 429,
};

static void end_link(struct link *l, const char *why)
{
	say_error("%s: %s", l->options->coap, why);
	if (l->code == GO_ON)
		l->code = EXIT_CONNECTION;
}

static bool polls(const struct link *l)
{
	return l->options->command == COMMAND_SUB;
}

/* ---- requests ---- */

/* BASE/UE-ID/MIDDLE and the levels of topic, if that is not NULL. */
static bool make_path(const struct link *l, const char *middle, const char *topic, size_t len,
		      struct coap_client_path *out)
{
	const char *end = topic ? topic + len : NULL, *slash;

	out->len = 0;
	if (!coap_client_path_add(out, l->options->base, strlen(l->options->base)) ||
	    !coap_client_path_add(out, l->ue_id, strlen(l->ue_id)) ||
	    !coap_client_path_add(out, middle, strlen(middle)))
		return false;
	for (; topic; topic = slash ? slash + 1 : NULL) {
		slash = memchr(topic, '/', (size_t)(end - topic));
		if (!coap_client_path_add(out, topic, (size_t)((slash ? slash : end) - topic)))
			return false;
	}
	return true;
}

/* Looked at when libcoap is done: its session may be in our way before. */
static void on_post_answered(void *ctx, const struct coap_client_answer *a)
{
	struct link_post *p = ctx;

	p->came = true;
	p->code = a->code;
	p->why = a->why;
	p->len = a->len <= sizeof(p->said) ? a->len : 0;
	if (p->len > 0)
		memcpy(p->said, a->payload, p->len);
}

static struct link_post *free_post(struct link *l)
{
	for (size_t i = 0; i < LINK_POSTS; i++)
		if (!l->coap.posts[i].used)
			return &l->coap.posts[i];
	return NULL;
}

static bool post(struct link *l, struct link_post *p, const struct eese_ue_message *m)
{
	const bool up = m->channel == EESE_UE_UP;
	struct coap_client_path path;
	const struct coap_client_request r = {
	    .method = POST,
	    .non = l->options->qos == 0 && up,
	    .path = &path,
	    .payload = m->octets,
	    .len = m->len,
	    .patience = PATIENCE,
	};

	memset(p, 0, sizeof(*p));
	if (!up && m->len <= sizeof(p->asked)) {
		p->asked_len = m->len;
		memcpy(p->asked, m->octets, m->len);
	}
	p->exchange.answered = on_post_answered;
	p->exchange.ctx = p;
	p->used = make_path(l, up ? "up" : "req", up ? m->topic : NULL, m->topic_len, &path) &&
		  coap_client_send(&l->coap.client, &p->exchange, &r, device_now());
	return p->used;
}

static bool is_under_way(const struct link *l, const struct eese_ue_message *m)
{
	const struct flight f = flight_of(m);

	if (m->channel == EESE_UE_UP)
		return flights_has(&l->flights, &f);
	for (size_t i = 0; i < LINK_POSTS; i++) {
		const struct link_post *p = &l->coap.posts[i];

		if (p->used && p->asked_len == m->len && memcmp(p->asked, m->octets, m->len) == 0)
			return true;
	}
	return false;
}

static bool coap_send_message(struct link *l, const struct eese_ue_message *m)
{
	struct flight f = flight_of(m);
	struct link_post *p = free_post(l);

	if (is_under_way(l, m))
		return true;
	if (!p || l->flights.count == FLIGHTS_MAX || !post(l, p, m))
		return false;
	if (m->channel == EESE_UE_UP && m->acknowledged) {
		p->flight = f.mid = ++l->coap.flight;
		flights_add(&l->flights, &f);
	}
	return true;
}

/* ---- what became of them ---- */

static const char *complaint(const struct link_post *p)
{
	switch (p->code) {
	case 0:
		return p->why;
	case 400:
	case 404:
	case 405:
		return "the gateway takes no such message: is --base right, and is it a gateway?";
	case 403:
		return "the gateway does not let this client speak for the device";
	case 413:
		return "the message is too long for the gateway";
	case 503:
		return "the gateway has no connection to its broker";
	case CODE_TOO_MANY:
		return "the gateway says that this is too often";
	default:
		return "the gateway gives an answer that makes no sense";
	}
}

/* Each once, until something else comes. */
static void complain(struct link *l, const struct link_post *p)
{
	if (l->coap.complaint != p->code + 1)
		say_error("%s: %s", l->options->coap, complaint(p));
	l->coap.complaint = p->code + 1;
}

static void control(struct link *l, const uint8_t *msg, size_t len)
{
	enum eese_kind kind;

	if (!polls(l) || eese_message_kind(msg, len, &kind) != EESE_OK ||
	    kind != EESE_KIND_KEY_UPDATE) {
		l->owner.control(l->owner.ctx, msg, len);
		return;
	}
	memcpy(l->coap.update, msg, len);
	l->coap.update_len = len;
	l->coap.poll_at = 0;
}

/* Nothing that was sent before waits any more. */
static void take_update(struct link *l)
{
	if (l->coap.update_len > 0)
		l->owner.control(l->owner.ctx, l->coap.update, l->coap.update_len);
	l->coap.update_len = 0;
}

/* First the verdict, then the reason: a KEY_UPDATE protects the message anew, and the verdict is
 * not on that one. */
static void post_done(struct link *l, struct link_post *p)
{
	const bool positive = p->code == CODE_CHANGED;
	struct flight f;
	const bool flight = p->flight != 0 && flights_take(&l->flights, p->flight, &f);

	p->used = p->came = false;
	if (!positive && p->code != CODE_UNAUTHORIZED) {
		complain(l, p);
		return;
	}
	l->coap.complaint = 0;
	l->coap.client.answered = true;
	say_debug("%s: %u.%02u, %zu octets", p->asked_len > 0 ? "KEY_REQUEST" : "message",
		  p->code / 100, p->code % 100, p->len);
	if (flight)
		l->owner.verdict(l->owner.ctx, f.handle, positive);
	if (p->len > 0)
		control(l, p->said, p->len);
}

/* ---- the poll ---- */

static void on_poll_answered(void *ctx, const struct coap_client_answer *a)
{
	struct link *l = ctx;

	l->coap.polled = true;
	l->coap.poll_code = a->code;
	l->coap.len = l->coap.echo_len = 0;
	if (a->code == CODE_UNAUTHORIZED && a->echo && a->echo_len <= sizeof(l->coap.echo)) {
		l->coap.echo_len = a->echo_len;
		memcpy(l->coap.echo, a->echo, a->echo_len);
	}
	if (a->code == CODE_CONTENT && a->format == FORMAT_CBOR_SEQ && a->len > 0 &&
	    a->len <= LINK_POLLED) {
		l->coap.len = a->len;
		memcpy(l->coap.octets, a->payload, a->len);
	}
}

static void start_poll(struct link *l, uint64_t now)
{
	struct coap_client_path path;
	char query[32] = "d";
	const struct coap_client_request r = {
	    .method = GET,
	    .path = &path,
	    .query = query,
	    .echo = l->coap.echo_len > 0 ? l->coap.echo : NULL,
	    .echo_len = l->coap.echo_len,
	    .patience = PATIENCE,
	};

	if (l->coap.numbered)
		snprintf(query, sizeof(query), "d=%llu", (unsigned long long)l->coap.number);
	l->coap.exchange.answered = on_poll_answered;
	l->coap.exchange.ctx = l;
	l->coap.polling = make_path(l, "down", NULL, 0, &path) &&
			  coap_client_send(&l->coap.client, &l->coap.exchange, &r, now);
	l->coap.poll_at = now + POLL_AGAIN_MS;
	l->coap.echo_len = 0;
}

static bool wanted(const struct link *l, const char *topic)
{
	const struct options *o = l->options;
	bool matches = false;

	for (size_t i = 0; i < o->topic_count && !matches; i++)
		if (mosquitto_topic_matches_sub(o->topics[i], topic, &matches) != MOSQ_ERR_SUCCESS)
			matches = false;
	return matches;
}

static void hand_out(struct link *l, const struct bundle_item *item)
{
	char topic[EESE_TOPIC_MAX + 1];

	if (item->topic_len > EESE_TOPIC_MAX || item->len > EESE_MESSAGE_MAX ||
	    (item->topic_len > 0 && memchr(item->topic, '\0', item->topic_len)))
		return;
	if (item->topic_len > 0)
		memcpy(topic, item->topic, item->topic_len);
	topic[item->topic_len] = '\0';
	if (wanted(l, topic))
		l->owner.downlink(l->owner.ctx, topic, item->octets, item->len);
}

/* True: all of it was handed out. What is left when reading stops is not acknowledged, and with it
 * nothing of this answer. */
static bool take_items(struct link *l)
{
	const uint8_t *p = l->coap.octets;
	size_t left = l->coap.len;
	struct bundle_item item;

	while (bundle_next(&p, &left, &item) != BUNDLE_END) {
		if (item.kind == BUNDLE_BAD)
			return false;
		if (item.kind == BUNDLE_NUMBER) {
			l->coap.number = item.number;
			l->coap.numbered = l->coap.to_tell = true;
		} else if (item.kind == BUNDLE_UPDATE) {
			l->owner.control(l->owner.ctx, item.octets, item.len);
		} else if (item.kind == BUNDLE_MESSAGE) {
			if (l->closing)
				return false;
			hand_out(l, &item);
		}
	}
	return true;
}

static void poll_done(struct link *l, uint64_t now)
{
	l->coap.polling = l->coap.polled = false;
	if (l->coap.echo_len > 0) {
		l->coap.poll_at = now;
		return;
	}
	if (l->coap.poll_code != CODE_CONTENT) {
		const struct link_post as_post = {.code = l->coap.poll_code, .why = "no answer"};

		complain(l, &as_post);
		return;
	}
	l->coap.complaint = 0;
	l->coap.client.answered = true;
	l->coap.to_tell = false;
	if (l->coap.len == 0)
		take_update(l);
	else if (!l->closing)
		take_items(l);
	/* At once if there is something to acknowledge, or perhaps more. */
	l->coap.poll_at = l->coap.to_tell ? now : now + l->options->poll;
}

/* ---- the kind ---- */

static int coap_open(struct link *l)
{
	char host[COAP_CLIENT_HOST_MAX + 1];
	uint16_t port;
	bool secure;
	const char *wrong = coap_client_uri(l->options->coap, host, &port, &secure);

	if (!wrong && secure && !coap_dtls_read(&l->coap.dtls, l->options, l->coap.client.host))
		return EXIT_FILES;
	if (!wrong && polls(l)) {
		l->coap.octets = malloc(LINK_POLLED);
		if (!l->coap.octets)
			wrong = "out of memory";
	}
	if (wrong)
		end_link(l, wrong);
	else
		coap_client_open(&l->coap.client, host, port, secure ? &l->coap.dtls : NULL);
	return l->code;
}

static void became_open(struct link *l)
{
	l->ready = l->was_ready = true;
	l->owner.ready(l->owner.ctx);
}

/* The name stands for several addresses, and at the first nobody listens. */
static bool next_address(struct link *l)
{
	struct coap_client *c = &l->coap.client;

	if (c->answered || !c->refused || !coap_client_next_address(c))
		return false;
	for (size_t i = 0; i < LINK_POSTS; i++)
		l->coap.posts[i] = (struct link_post){0};
	l->flights.count = 0;
	l->coap.polling = l->coap.polled = false;
	l->owner.ready(l->owner.ctx);
	return true;
}

static int coap_done(struct link *l, const struct pollfd *p, uint64_t now)
{
	struct coap_client *c = &l->coap.client;

	(void)p;
	coap_client_done(c, now);
	if (c->state == COAP_CLIENT_FAILED) {
		end_link(l, c->why);
		return l->code;
	}
	if (c->state != COAP_CLIENT_OPEN || next_address(l))
		return l->code;
	if (!l->was_ready)
		became_open(l);
	for (size_t i = 0; i < LINK_POSTS; i++)
		if (l->coap.posts[i].came)
			post_done(l, &l->coap.posts[i]);
	if (l->coap.polled)
		poll_done(l, now);
	if (polls(l) && !l->closing && !l->coap.polling && now >= l->coap.poll_at)
		start_poll(l, now);
	return l->code;
}

static uint64_t coap_prepare(struct link *l, struct pollfd *p, uint64_t now)
{
	const struct coap_client *c = &l->coap.client;
	uint64_t until = coap_client_prepare(c, p, now);

	if (c->state == COAP_CLIENT_FAILED || (c->state == COAP_CLIENT_OPEN && !l->was_ready))
		return now;
	if (polls(l) && l->ready && !l->coap.polling && l->coap.poll_at < until)
		until = l->coap.poll_at;
	return until;
}

static bool coap_busy(const struct link *l)
{
	return l->flights.count >= LINK_POSTS;
}

static void coap_stop_reading(struct link *l)
{
	(void)l;
}

/* Tells the gateway what was handed out, if that is still to be told: it need not come again. */
static void tell(struct link *l)
{
	const uint64_t end = device_now() + CLOSE_MS;

	if (l->coap.client.state != COAP_CLIENT_OPEN || !l->coap.to_tell)
		return;
	if (!l->coap.polling)
		start_poll(l, device_now());
	while (l->coap.polling && !l->coap.polled && device_now() < end) {
		struct pollfd p;
		uint64_t until = coap_client_prepare(&l->coap.client, &p, device_now());

		if (until > end)
			until = end;
		if (poll(&p, 1, device_poll_time(device_now(), until)) < 0)
			return;
		coap_client_done(&l->coap.client, device_now());
	}
}

static void coap_close(struct link *l)
{
	tell(l);
	coap_client_close(&l->coap.client);
	coap_dtls_wipe(&l->coap.dtls);
	free(l->coap.octets);
	l->coap.octets = NULL;
}

const struct link_kind link_coap = {
    .open = coap_open,
    .stop_reading = coap_stop_reading,
    .close = coap_close,
    .send = coap_send_message,
    .busy = coap_busy,
    .prepare = coap_prepare,
    .done = coap_done,
};
