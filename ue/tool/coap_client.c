/* SPDX-License-Identifier: Apache-2.0 */
#include "coap_client.h"

#include <arpa/inet.h>
#include <coap3/coap.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "coap_dtls.h"
#include "host/say.h"

enum { ONE_DATAGRAM = 512 }; /* octets of payload */

static void on_log(coap_log_t level, const char *text)
{
	(void)level;
	say_debug("libcoap: %.*s", (int)strcspn(text, "\n"), text);
}

bool coap_client_path_add(struct coap_client_path *p, const void *segment, size_t len)
{
	if (len > UINT8_MAX || p->len + 1 + len > sizeof(p->octets))
		return false;
	p->octets[p->len++] = (uint8_t)len;
	memcpy(p->octets + p->len, segment, len);
	p->len += len;
	return true;
}

const char *coap_client_uri(const char *uri, char host[COAP_CLIENT_HOST_MAX + 1], uint16_t *port,
			    bool *secure)
{
	coap_uri_t parts;

	if (coap_split_uri((const uint8_t *)uri, strlen(uri), &parts) != 0 ||
	    (parts.scheme != COAP_URI_SCHEME_COAP &&
	     !(secure && parts.scheme == COAP_URI_SCHEME_COAPS)))
		return "coap://HOST[:PORT] is needed";
	if (parts.path.length > 0 || parts.query.length > 0)
		return "nothing may follow HOST[:PORT]";
	if (parts.host.length == 0 || parts.host.length > COAP_CLIENT_HOST_MAX)
		return "that is no name of a host";
	memcpy(host, parts.host.s, parts.host.length);
	host[parts.host.length] = '\0';
	*port = parts.port;
	if (secure)
		*secure = parts.scheme == COAP_URI_SCHEME_COAPS;
	return NULL;
}

static void failed(struct coap_client *c, const char *why)
{
	c->state = COAP_CLIENT_FAILED;
	c->why = why;
}

/* ---- answers ---- */

/* Takes the exchange of a token out of the list; NULL: it is none of ours. */
static struct coap_client_exchange *take_exchange(struct coap_client *c, coap_bin_const_t token)
{
	struct coap_client_exchange **at = &c->open, *x;

	while ((x = *at) && (token.length != sizeof(x->token) ||
			     memcmp(token.s, x->token, sizeof(x->token)) != 0))
		at = &x->next;
	if (x)
		*at = x->next;
	return x;
}

static void end_exchange(struct coap_client_exchange *x, const struct coap_client_answer *a)
{
	x->next = NULL;
	x->answered(x->ctx, a);
}

static void end_without_answer(struct coap_client_exchange *x, const char *why)
{
	const struct coap_client_answer a = {.why = why};

	end_exchange(x, &a);
}

/* A path with too much in it is as good as none. */
static void take_location(const coap_pdu_t *pdu, struct coap_client_path *out)
{
	coap_opt_filter_t filter;
	coap_opt_iterator_t at;
	coap_opt_t *option;

	coap_option_filter_clear(&filter);
	coap_option_filter_set(&filter, COAP_OPTION_LOCATION_PATH);
	coap_option_iterator_init(pdu, &at, &filter);
	while ((option = coap_option_next(&at)))
		if (!coap_client_path_add(out, coap_opt_value(option), coap_opt_length(option))) {
			out->len = 0;
			return;
		}
}

static unsigned format_of(const coap_pdu_t *pdu)
{
	coap_opt_iterator_t at;
	coap_opt_t *option = coap_check_option(pdu, COAP_OPTION_CONTENT_FORMAT, &at);

	return option ? coap_decode_var_bytes(coap_opt_value(option), coap_opt_length(option))
		      : COAP_CLIENT_NO_FORMAT;
}

static void take_echo(const coap_pdu_t *pdu, struct coap_client_answer *out)
{
	coap_opt_iterator_t at;
	coap_opt_t *option = coap_check_option(pdu, COAP_OPTION_ECHO, &at);

	if (!option)
		return;
	out->echo = coap_opt_value(option);
	out->echo_len = coap_opt_length(option);
}

static coap_response_t on_response(coap_session_t *session, const coap_pdu_t *sent,
				   const coap_pdu_t *received, const coap_mid_t mid)
{
	struct coap_client *c = coap_session_get_app_data(session);
	struct coap_client_exchange *x = take_exchange(c, coap_pdu_get_token(received));
	const coap_pdu_code_t code = coap_pdu_get_code(received);
	struct coap_client_answer a = {.code = (code >> 5) * 100U + (code & 31U)};

	(void)sent;
	(void)mid;
	if (!x)
		return COAP_RESPONSE_FAIL;
	if (!coap_get_data(received, &a.len, &a.payload))
		a.len = 0;
	a.format = format_of(received);
	take_echo(received, &a);
	take_location(received, &a.location);
	end_exchange(x, &a);
	return COAP_RESPONSE_OK;
}

static const char *nack_text(coap_nack_reason_t reason)
{
	switch (reason) {
	case COAP_NACK_TOO_MANY_RETRIES:
		return "no answer";
	case COAP_NACK_RST:
		return "the server understands no such message";
	case COAP_NACK_ICMP_ISSUE:
		return "nobody listens there";
	case COAP_NACK_TLS_FAILED:
		return "no DTLS: is the key or the certificate right, at both ends?";
	default:
		return "not delivered";
	}
}

static void on_nack(coap_session_t *session, const coap_pdu_t *sent,
		    const coap_nack_reason_t reason, const coap_mid_t mid)
{
	struct coap_client *c = coap_session_get_app_data(session);
	const bool goes_on = reason == COAP_NACK_ICMP_ISSUE && c->answered;
	struct coap_client_exchange *x =
	    sent && !goes_on ? take_exchange(c, coap_pdu_get_token(sent)) : NULL;

	(void)mid;
	c->refused = reason == COAP_NACK_ICMP_ISSUE;
	c->stale |= c->dtls && reason == COAP_NACK_TOO_MANY_RETRIES;
	if (x)
		end_without_answer(x, nack_text(reason));
}

/* ---- the session ---- */

static void end_session(struct coap_client *c)
{
	c->open = NULL;
	if (c->session)
		coap_session_release(c->session);
	if (c->context)
		coap_free_context(c->context);
	c->session = NULL;
	c->context = NULL;
}

static void start_session(struct coap_client *c)
{
	const struct resolve_address *found = &c->resolve.found[c->address];
	coap_address_t to;

	end_session(c);
	coap_address_init(&to);
	to.size = found->size;
	memcpy(&to.addr, &found->address, found->size);
	c->context = coap_new_context(NULL);
	if (c->context)
		coap_context_set_block_mode(c->context,
					    COAP_BLOCK_USE_LIBCOAP | COAP_BLOCK_SINGLE_BODY);
	if (c->context && coap_context_get_coap_fd(c->context) >= 0)
		c->session = c->dtls
				 ? coap_dtls_session(c->dtls, c->context, &to)
				 : coap_new_client_session(c->context, NULL, &to, COAP_PROTO_UDP);
	if (!c->session) {
		failed(c, "no socket for it");
		return;
	}
	coap_session_set_app_data(c->session, c);
	coap_register_response_handler(c->context, on_response);
	coap_register_nack_handler(c->context, on_nack);
	c->refused = false;
	c->state = COAP_CLIENT_OPEN;
}

void coap_client_open(struct coap_client *c, const char *host, uint16_t port,
		      struct coap_dtls *dtls)
{
	memset(c, 0, sizeof(*c));
	c->dtls = dtls;
	coap_startup();
	coap_set_log_handler(on_log);
	memcpy(c->host, host, strlen(host) + 1);
	c->port = port;
	c->state = COAP_CLIENT_RESOLVING;
	if (!resolve_start(&c->resolve, c->host, c->port))
		failed(c, "out of memory");
}

bool coap_client_next_address(struct coap_client *c)
{
	if (c->state != COAP_CLIENT_OPEN || c->address + 1 >= c->resolve.count)
		return false;
	c->address++;
	start_session(c);
	return c->state == COAP_CLIENT_OPEN;
}

static void resolved(struct coap_client *c)
{
	const char *why;

	switch (resolve_poll(&c->resolve, &why)) {
	case RESOLVE_DONE:
		start_session(c);
		break;
	case RESOLVE_FAILED:
		failed(c, why);
		break;
	case RESOLVE_BUSY:
		break;
	}
}

/* ---- requests ---- */

static bool add_path(coap_pdu_t *pdu, const struct coap_client_path *path)
{
	bool ok = true;

	for (size_t at = 0; ok && at < path->len; at += 1 + (size_t)path->octets[at])
		ok = coap_add_option(pdu, COAP_OPTION_URI_PATH, path->octets[at],
				     path->octets + at + 1) > 0;
	return ok;
}

/* RFC 7252, 6.4: the name it was asked for, unless that is the address itself. */
static bool add_host(coap_pdu_t *pdu, const struct coap_client *c)
{
	uint8_t ignored[sizeof(struct in6_addr)];

	if (strchr(c->host, ':') || inet_pton(AF_INET, c->host, ignored) == 1)
		return true;
	return coap_add_option(pdu, COAP_OPTION_URI_HOST, strlen(c->host),
			       (const uint8_t *)c->host) > 0;
}

static void free_body(coap_session_t *session, void *body)
{
	(void)session;
	free(body);
}

/* In blocks if need be; they are cut from a copy. */
static bool add_payload(coap_pdu_t *pdu, const struct coap_client *c,
			const struct coap_client_request *r)
{
	uint8_t *body;

	if (r->len <= ONE_DATAGRAM)
		return coap_add_data(pdu, r->len, r->payload) != 0;
	body = malloc(r->len);
	if (!body)
		return false;
	memcpy(body, r->payload, r->len);
	/* Frees it in any case. */
	return coap_add_data_large_request(c->session, pdu, r->len, body, free_body, body) != 0;
}

/* Options in the order of their numbers. */
static bool fill(coap_pdu_t *pdu, const struct coap_client *c, const struct coap_client_request *r,
		 const uint8_t token[COAP_CLIENT_TOKEN])
{
	bool ok = coap_add_token(pdu, COAP_CLIENT_TOKEN, token) != 0 && add_host(pdu, c) &&
		  add_path(pdu, r->path);

	if (ok && r->query)
		ok = coap_add_option(pdu, COAP_OPTION_URI_QUERY, strlen(r->query),
				     (const uint8_t *)r->query) > 0;
	if (ok && r->echo)
		ok = coap_add_option(pdu, COAP_OPTION_ECHO, r->echo_len, r->echo) > 0;
	return ok && (r->len == 0 || add_payload(pdu, c, r));
}

bool coap_client_send(struct coap_client *c, struct coap_client_exchange *x,
		      const struct coap_client_request *r, uint64_t now)
{
	coap_pdu_t *pdu = NULL;

	if (c->state == COAP_CLIENT_OPEN)
		pdu = coap_new_pdu(r->non ? COAP_MESSAGE_NON : COAP_MESSAGE_CON,
				   (coap_pdu_code_t)r->method, c->session);
	if (!pdu)
		return false;
	/* Random, so that who can't read the requests can't answer them. */
	if (getrandom(x->token, sizeof(x->token), 0) != (ssize_t)sizeof(x->token) ||
	    !fill(pdu, c, r, x->token)) {
		coap_delete_pdu(pdu);
		return false;
	}
	x->deadline = now + r->patience;
	x->next = c->open;
	c->open = x;
	if (coap_send(c->session, pdu) != COAP_INVALID_MID)
		return true;
	take_exchange(c, (coap_bin_const_t){sizeof(x->token), x->token});
	x->next = NULL;
	return false;
}

/* ---- the loop ---- */

uint64_t coap_client_prepare(const struct coap_client *c, struct pollfd *p, uint64_t now)
{
	uint64_t until = UINT64_MAX;

	*p = (struct pollfd){.fd = -1, .events = POLLIN};
	if (c->state == COAP_CLIENT_RESOLVING)
		return now + RESOLVE_PAUSE;
	/* libcoap's own descriptor has its timers in it. */
	if (c->state == COAP_CLIENT_OPEN)
		p->fd = coap_context_get_coap_fd(c->context);
	for (const struct coap_client_exchange *x = c->open; x; x = x->next)
		if (x->deadline < until)
			until = x->deadline;
	return until;
}

/* Takes one out of the list; NULL: none is overdue. */
static struct coap_client_exchange *take_overdue(struct coap_client *c, uint64_t now)
{
	struct coap_client_exchange **at = &c->open, *x;

	while ((x = *at) && x->deadline > now)
		at = &x->next;
	if (x)
		*at = x->next;
	return x;
}

/* The next request begins a new DTLS session if the one before is no good any more. */
static void process(struct coap_client *c)
{
	coap_io_process(c->context, COAP_IO_NO_WAIT);
	if (c->stale)
		coap_session_disconnected(c->session, COAP_NACK_NOT_DELIVERABLE);
	c->stale = false;
}

void coap_client_done(struct coap_client *c, uint64_t now)
{
	struct coap_client_exchange *x;

	if (c->state == COAP_CLIENT_RESOLVING)
		resolved(c);
	else if (c->state == COAP_CLIENT_OPEN)
		process(c);
	while ((x = take_overdue(c, now)))
		end_without_answer(x, "no answer");
}

void coap_client_close(struct coap_client *c)
{
	if (c->state == COAP_CLIENT_CLOSED)
		return;
	resolve_close(&c->resolve);
	end_session(c);
	c->state = COAP_CLIENT_CLOSED;
}
