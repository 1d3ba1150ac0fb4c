/* SPDX-License-Identifier: Apache-2.0 */
#include "server.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "address.h"
#include "answer.h"
#include "con.h"
#include "host/say.h"
#include "poll.h"
#include "uplink.h"

enum {
	DATAGRAMS_A_TURN = 64, /* before the broker's side has its turn */
	SESSION_TIMEOUT = 300, /* seconds */
};

/* ---- one request ---- */

/* What became of a request. */
enum outcome { NOW, LATER };

static enum outcome error(struct gateway *g, uint8_t code, struct reply *r)
{
	g->counters.of[COUNT_BAD]++;
	*r = reply_of(code);
	return NOW;
}

/* Of a POST. 0: none of the conditions stands against it. */
static uint8_t objection(const struct message *m)
{
	if (m->bad_query)
		return CODE_BAD_REQUEST;
	/* What is posted to is always there, and has no ETag. */
	if (m->if_none_match || m->if_match_other)
		return CODE_PRECONDITION;
	if (m->format != FORMAT_NONE && m->format != FORMAT_OCTETS)
		return CODE_FORMAT;
	return 0;
}

static enum outcome unavailable(struct gateway *g, struct reply *r)
{
	g->counters.of[COUNT_UNAVAILABLE]++;
	*r = reply_later(CODE_UNAVAILABLE, 1);
	return NOW;
}

static enum outcome too_large(struct gateway *g, struct reply *r)
{
	error(g, CODE_TOO_LARGE, r);
	r->has_size1 = true;
	r->size1 = (uint32_t)g->options->max_payload;
	return NOW;
}

static enum outcome post(struct gateway *g, const struct client *client, const struct message *m,
			 uint64_t now, struct reply *r)
{
	const uint8_t *payload;
	size_t len;
	const uint8_t code = objection(m);

	if (code != 0)
		return error(g, code, r);
	switch (body_take(g->bodies, m, now, &payload, &len)) {
	case BODY_WHOLE:
		return uplink_post(g, m, payload, len, client->verified, r) ? LATER : NOW;
	case BODY_MORE:
		*r = reply_of(CODE_CONTINUE);
		r->block1 = m->block1;
		return NOW;
	case BODY_INCOMPLETE:
		return error(g, CODE_INCOMPLETE, r);
	case BODY_TOO_LARGE:
		return too_large(g, r);
	case BODY_BAD:
		return error(g, CODE_BAD_REQUEST, r);
	case BODY_FULL:
		break;
	}
	return unavailable(g, r);
}

static bool may_speak_for(const struct gateway *g, const struct client *client,
			  const struct message *m)
{
	if (m->peer.secure == 0)
		return true;
	return dtls_is_current(m->session) &&
	       (!g->options->dtls_own_ue || strcmp(client->name, m->path.ue) == 0);
}

static enum outcome handle(struct gateway *g, const struct client *client, const struct message *m,
			   uint64_t now, struct reply *r)
{
	switch (m->path.kind) {
	case PATH_UP:
	case PATH_REQ:
		if (m->code == COAP_REQUEST_CODE_POST)
			return post(g, client, m, now, r);
		return error(g, CODE_NOT_ALLOWED, r);
	case PATH_CTL:
	case PATH_DOWN:
		if (m->code == COAP_REQUEST_CODE_GET)
			return poll_get(g, m, r) ? LATER : NOW;
		return error(g, CODE_NOT_ALLOWED, r);
	case PATH_NONE:
		return error(g, CODE_NOT_FOUND, r);
	case PATH_BAD:
		break;
	}
	return error(g, CODE_BAD_REQUEST, r);
}

/* As handle(), from a sender that libcoap has a session for. */
static enum outcome handle_known(struct gateway *g, const struct message *m, uint64_t now,
				 struct reply *r)
{
	struct client *client = client_of(&g->clients, m->session);

	if (client == NULL)
		return unavailable(g, r);
	client_verify(client, m, now);
	if (m->path.ue[0] != '\0' && !may_speak_for(g, client, m))
		return error(g, CODE_FORBIDDEN, r);
	return handle(g, client, m, now, r);
}

/* libcoap drops a response that is empty and NON. */
static void say_nothing(coap_pdu_t *response)
{
	coap_pdu_set_type(response, COAP_MESSAGE_NON);
	coap_pdu_set_code(response, COAP_EMPTY_CODE);
}

static void fill(coap_pdu_t *response, const struct reply *r)
{
	if (!reply_write(r, response))
		say_nothing(response);
}

/* A retransmission. Of a NON there is none (RFC 7252 4.3), so the network made two of one. */
static void answer_again(struct gateway *g, const struct message *m, const struct exchange *e,
			 coap_pdu_t *response)
{
	g->counters.of[COUNT_REPEATED]++;
	if (m->type != COAP_MESSAGE_CON || exchange_state(e) == EXCHANGE_OPEN)
		say_nothing(response);
	else if (exchange_state(e) == EXCHANGE_ANSWERED)
		fill(response, exchange_reply(e));
	/* else: as it is, an empty ACK */
}

static bool within_rate(struct gateway *g, const struct message *m, uint64_t now)
{
	uint8_t network[NETWORK_SIZE];

	peer_network(&m->peer, network);
	if (limits_take(g->limits, network, now))
		return true;
	g->counters.of[COUNT_TOO_MANY]++;
	return false;
}

static void on_request(coap_resource_t *resource, coap_session_t *session,
		       const coap_pdu_t *request, const coap_string_t *query, coap_pdu_t *response)
{
	struct gateway *g = coap_get_app_data(coap_session_get_context(session));
	const uint64_t now = gateway_now();
	const struct exchange *e;
	struct exchange_key key;
	struct message m;
	struct reply r;

	(void)resource;
	(void)query;
	message_read(&m, g->options->base, session, request);
	g->counters.of[COUNT_REQUESTS]++;
	e = exchange_find(g->exchanges, &m, now);
	if (e != NULL) {
		answer_again(g, &m, e, response);
		return;
	}
	if (!within_rate(g, &m, now)) {
		r = reply_later(CODE_TOO_MANY, 1);
		fill(response, &r);
		return;
	}
	if (!exchange_begin(g->exchanges, &m, now) || handle_known(g, &m, now, &r) == LATER) {
		say_nothing(response);
		return;
	}
	fill(response, &r);
	key = exchange_key(&m);
	exchange_answered(g->exchanges, &key, &r);
}

/* ---- the library ---- */

/* In the place of libcoap's own, which has a text for each error. The answers that libcoap gives by
 * itself, to methods and options that it does not know, would with it be more than three times what
 * came. NULL is what it gives for codes without one. */
__attribute__((visibility("default"))) const char *coap_response_phrase(unsigned char code)
{
	(void)code;
	return NULL;
}

static void on_log(coap_log_t level, const char *text)
{
	const size_t len = strlen(text);

	/* What a peer does wrong is no error of ours, and would fill the log. */
	say_debug("libcoap %d: %.*s", (int)level,
		  (int)(len > 0 && text[len - 1] == '\n' ? len - 1 : len), text);
}

/* What .well-known/core shows (RFC 6690): where UEs' paths begin. Short, so that the answer is no
 * longer than three times the question. */
static coap_resource_t *entry_point(const struct gateway *g)
{
	static const struct {
		const char *name, *value;
	} attributes[] = {{"rt", "\"eese\""}, {"ct", "\"42 63\""}};
	coap_resource_t *r = coap_resource_init(coap_make_str_const(g->options->base), 0);

	for (size_t i = 0; r != NULL && i < sizeof(attributes) / sizeof(*attributes); i++)
		coap_add_attr(r, coap_make_str_const(attributes[i].name),
			      coap_make_str_const(attributes[i].value), 0);
	return r;
}

static void on_nack(coap_session_t *session, const coap_pdu_t *sent, coap_nack_reason_t reason,
		    coap_mid_t mid)
{
	struct gateway *g = coap_get_app_data(coap_session_get_context(session));

	(void)sent;
	/* After an ICMP error libcoap goes on trying. */
	if (reason != COAP_NACK_ICMP_ISSUE)
		con_nack(g, session, mid, reason == COAP_NACK_RST);
}

static int on_event(coap_session_t *session, coap_event_t event)
{
	struct gateway *g = coap_get_app_data(coap_session_get_context(session));

	switch (event) {
	case COAP_EVENT_SERVER_SESSION_DEL:
		client_gone(&g->clients, session);
		break;
	case COAP_EVENT_DTLS_CLOSED:
	case COAP_EVENT_DTLS_ERROR:
		client_closed(&g->clients, session);
		break;
	case COAP_EVENT_DTLS_CONNECTED:
		client_opened(session);
		break;
	default:
		break;
	}
	return 0;
}

/* Each UE's paths would be a resource; libcoap has one for all that it does not know. */
static bool add_resources(struct gateway *g)
{
	static const coap_request_t methods[] = {COAP_REQUEST_GET,    COAP_REQUEST_POST,
						 COAP_REQUEST_DELETE, COAP_REQUEST_FETCH,
						 COAP_REQUEST_PATCH,  COAP_REQUEST_IPATCH};
	coap_resource_t *entry = entry_point(g), *all = coap_resource_unknown_init(on_request);

	if (entry != NULL)
		coap_add_resource(g->coap, entry);
	if (all == NULL)
		return false;
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		coap_register_request_handler(all, methods[i], on_request);
	coap_add_resource(g->coap, all);
	return entry != NULL;
}

static int listen_at(struct gateway *g, const struct listen_at *l)
{
	coap_address_t address;
	const char *wrong =
	    address_read(l->at, l->secure ? COAPS_DEFAULT_PORT : COAP_DEFAULT_PORT, &address);
	const coap_endpoint_t *endpoint;

	if (wrong != NULL) {
		say_error("--listen %s: %s", l->at, wrong);
		return EXIT_USAGE;
	}
	endpoint =
	    coap_new_endpoint(g->coap, &address, l->secure ? COAP_PROTO_DTLS : COAP_PROTO_UDP);
	if (endpoint == NULL) {
		say_error("--listen %s: that address can't be had: is another program there, or "
			  "is it not this host's?",
			  l->at);
		return EXIT_LISTEN;
	}
	say_event("listening at %s", l->at);
	return GO_ON;
}

/* libcoap counts for each endpoint by itself. */
static unsigned sessions_each(const struct options *o)
{
	const long each = o->max_sessions / (long)o->listen_count;

	return each > 0 ? (unsigned)each : 1;
}

int server_open(struct gateway *g)
{
	int code = GO_ON;

	coap_startup();
	coap_set_log_handler(on_log);
	coap_set_log_level(g->options->debug ? LOG_INFO : LOG_CRIT);
	g->coap = coap_new_context(NULL);
	if (g->coap == NULL || coap_context_get_coap_fd(g->coap) < 0 || !add_resources(g)) {
		say_error("libcoap can't be used: out of memory, or built without epoll");
		return EXIT_RUN;
	}
	coap_set_app_data(g->coap, g);
	g->clients.ack_timeout =
	    (coap_fixed_point_t){.integer_part = (uint16_t)(g->options->ack_timeout / 1000),
				 .fractional_part = (uint16_t)(g->options->ack_timeout % 1000)};
	g->clients.max_retransmit = (uint16_t)g->options->max_retransmit;
	coap_register_nack_handler(g->coap, on_nack);
	coap_register_event_handler(g->coap, on_event);
	coap_context_set_max_idle_sessions(g->coap, sessions_each(g->options));
	coap_context_set_session_timeout(g->coap, SESSION_TIMEOUT);
	coap_context_set_max_handshake_sessions(g->coap, (unsigned)g->options->max_handshakes);
	if (g->options->dtls_psk != NULL || g->options->dtls_cert != NULL) {
		g->dtls = dtls_open(g->coap, g->options, &g->clients);
		if (g->dtls == NULL)
			return EXIT_FILES;
	}
	for (size_t i = 0; i < g->options->listen_count && code == GO_ON; i++)
		code = listen_at(g, &g->options->listen[i]);
	return code;
}

void server_close(struct gateway *g)
{
	clients_clear(&g->clients);
	if (g->coap != NULL)
		coap_free_context(g->coap);
	g->coap = NULL;
	dtls_close(g->dtls);
	g->dtls = NULL;
	coap_cleanup();
}

int server_descriptor(const struct gateway *g)
{
	return coap_context_get_coap_fd(g->coap);
}

/* Takes one datagram in. False: there is none. */
static bool hear(const struct gateway *g)
{
	struct epoll_event event;

	if (epoll_wait(server_descriptor(g), &event, 1, 0) != 1)
		return false;
	coap_io_do_epoll(g->coap, &event, 1);
	return true;
}

void server_done(struct gateway *g)
{
	for (int i = 0; i < DATAGRAMS_A_TURN && hear(g); i++)
		continue;
	/* What is due by time: it looks at every client, so not at each datagram. */
	coap_io_process(g->coap, COAP_IO_NO_WAIT);
}
