/* SPDX-License-Identifier: Apache-2.0 */
#include "emks/daemon/coap.h"

#include <coap3/coap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "emks/crypto.h"
#include "emks/daemon/listen.h"
#include "emks/daemon/log.h"
#include "emks/daemon/replies.h"

enum {
	/* libcoap keeps a record a peer; these bound what strangers can make it keep */
	IDLE_PEERS = 256,
	PEER_TIMEOUT_S = 30,
	RETRY_AFTER_S = 5,
};

struct coap_server {
	coap_context_t *context;
	struct aka *aka;
	uint64_t seed;
	struct replies replies;
};

/* A request as it came. */
struct request {
	coap_pdu_code_t code;
	const coap_string_t *path, *query; /* NULL if empty */
	const uint8_t *payload;
	size_t len;
	/* of the path */
	enum eese_domain domain;
	const char *token;
	size_t token_len;
};

static struct aka_time now(void)
{
	struct timespec steady;

	clock_gettime(CLOCK_MONOTONIC, &steady);
	return (struct aka_time){.steady = steady.tv_sec, .unix = time(NULL)};
}

static bool cut(const char **at, size_t *len, const char *head)
{
	const size_t n = strlen(head);

	if (*len < n || memcmp(*at, head, n) != 0)
		return false;
	*at += n;
	*len -= n;
	return true;
}

/* enps/aka, hps/aka, with /<token> or without. */
static bool read_path(struct request *r)
{
	const char *at = r->path != NULL ? (const char *)r->path->s : "";
	size_t len = r->path != NULL ? r->path->length : 0;

	if (cut(&at, &len, "enps/aka"))
		r->domain = EESE_DOMAIN_ENPS;
	else if (cut(&at, &len, "hps/aka"))
		r->domain = EESE_DOMAIN_HPS;
	else
		return false;
	if (len > 0 && !cut(&at, &len, "/"))
		return false;
	r->token = at;
	r->token_len = len;
	return true;
}

static bool is_auts(const coap_string_t *query)
{
	return query->length == 4 && memcmp(query->s, "auts", 4) == 0;
}

static void answer_put(struct coap_server *s, const struct aka_time *t, const struct request *r,
		       struct aka_answer *out)
{
	if (r->query == NULL)
		aka_finish(s->aka, t, r->domain, r->token, r->token_len, r->payload, r->len, out);
	else if (is_auts(r->query))
		aka_resync(s->aka, t, r->domain, r->token, r->token_len, r->payload, r->len, out);
	else
		out->code = 400;
}

static void answer(struct coap_server *s, const struct aka_time *t, struct request *r,
		   struct aka_answer *out)
{
	memset(out, 0, sizeof *out);
	if (!read_path(r))
		out->code = 404;
	else if (r->code != (r->token_len > 0 ? COAP_REQUEST_CODE_PUT : COAP_REQUEST_CODE_POST))
		out->code = 405;
	else if (r->token_len > 0)
		answer_put(s, t, r, out);
	else if (r->query != NULL || r->len == 0)
		out->code = 400;
	else
		aka_start(s->aka, t, r->domain, (const char *)r->payload, r->len, out);
}

static struct reply_key key_of(const struct coap_server *s, const coap_session_t *session,
			       const coap_pdu_t *pdu, const struct request *r)
{
	const coap_address_t *peer = coap_session_get_addr_remote(session);
	const coap_bin_const_t token = coap_pdu_get_token(pdu);
	struct reply_key key = {.mid = (uint16_t)coap_pdu_get_mid(pdu)};
	uint64_t hash = reply_hash(s->seed, &r->code, sizeof r->code);

	memcpy(key.peer, &peer->addr, peer->size < sizeof key.peer ? peer->size : sizeof key.peer);
	hash = reply_hash(hash, token.s, token.length);
	if (r->path != NULL)
		hash = reply_hash(hash, r->path->s, r->path->length + 1);
	if (r->query != NULL)
		hash = reply_hash(hash, r->query->s, r->query->length + 1);
	key.content = reply_hash(hash, r->payload, r->len);
	return key;
}

static void location(coap_pdu_t *response, enum eese_domain domain, const char *token)
{
	static const char *const first[EESE_DOMAINS] = {"enps", "hps"};
	const char *const parts[] = {first[domain], "aka", token};

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		coap_add_option(response, COAP_OPTION_LOCATION_PATH, strlen(parts[i]),
				(const uint8_t *)parts[i]);
}

static void write_response(coap_pdu_t *response, const struct request *r,
			   const struct aka_answer *a)
{
	uint8_t retry[4];

	coap_pdu_set_code(response, (coap_pdu_code_t)COAP_RESPONSE_CODE(a->code));
	if (a->code == 201)
		location(response, r->domain, a->token);
	if (a->code == 503)
		coap_add_option(response, COAP_OPTION_MAXAGE,
				coap_encode_var_safe(retry, sizeof retry, RETRY_AFTER_S), retry);
	if (a->len > 0)
		coap_add_data(response, a->len, a->payload);
}

/* Doing it twice would matter for these; the rest comes out the same by itself. */
static bool to_be_kept(int code)
{
	return code == 201 || code == 204 || code == 401;
}

static void handle(coap_resource_t *resource, coap_session_t *session, const coap_pdu_t *pdu,
		   const coap_string_t *query, coap_pdu_t *response)
{
	struct coap_server *s = coap_get_app_data(coap_session_get_context(session));
	coap_string_t *path = coap_get_uri_path(pdu);
	struct request r = {.code = coap_pdu_get_code(pdu), .path = path, .query = query};
	const struct aka_time t = now();
	const struct aka_answer *before;
	struct aka_answer fresh;
	struct reply_key key;

	(void)resource;
	(void)coap_get_data(pdu, &r.len, &r.payload);
	key = key_of(s, session, pdu, &r);
	before = replies_find(&s->replies, t.steady, &key);
	if (before == NULL) {
		answer(s, &t, &r, &fresh);
		if (to_be_kept(fresh.code))
			replies_add(&s->replies, t.steady, &key, &fresh);
		before = &fresh;
	} else {
		(void)read_path(&r);
	}
	write_response(response, &r, before);
	coap_delete_string(path);
}

static void from_libcoap(coap_log_t level, const char *message)
{
	(void)level;
	log_event("libcoap: %.*s", (int)strcspn(message, "\n"), message);
}

/* One handler for whatever comes: paths with a token are no resources that could be listed. */
static bool add_resource(coap_context_t *context)
{
	static const coap_request_t others[] = {
	    COAP_REQUEST_GET,   COAP_REQUEST_POST,  COAP_REQUEST_DELETE,
	    COAP_REQUEST_FETCH, COAP_REQUEST_PATCH, COAP_REQUEST_IPATCH,
	};
	coap_resource_t *resource = coap_resource_unknown_init(handle);

	if (resource == NULL)
		return false;
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		coap_register_request_handler(resource, others[i], handle);
	coap_add_resource(context, resource);
	return true;
}

static const char *set_up(struct coap_server *s, const struct sockaddr_storage *address,
			  socklen_t len)
{
	coap_address_t local;
	coap_endpoint_t *endpoint;

	s->context = coap_new_context(NULL);
	if (s->context == NULL || !add_resource(s->context))
		return "out of memory";
	coap_set_app_data(s->context, s);
	coap_context_set_max_idle_sessions(s->context, IDLE_PEERS);
	coap_context_set_session_timeout(s->context, PEER_TIMEOUT_S);
	coap_address_init(&local);
	if (len > sizeof local.addr)
		return "is no address of IPv4 or IPv6";
	local.size = len;
	memcpy(&local.addr, address, len);
	endpoint = coap_new_endpoint(s->context, &local, COAP_PROTO_UDP);
	if (endpoint == NULL)
		return "can't listen there (in use, or not this machine's?)";
	log_note("AKA over CoAP on %s", coap_endpoint_str(endpoint));
	return NULL;
}

struct coap_server *coap_server_start(const char *address, struct aka *a, char *wrong, size_t size)
{
	struct coap_server *s = calloc(1, sizeof *s);
	struct sockaddr_storage parsed;
	socklen_t len = 0;
	const char *why = listen_parse(address, &parsed, &len);

	coap_startup();
	coap_set_log_level(LOG_ERR);
	coap_set_log_handler(from_libcoap);
	if (why == NULL && (s == NULL || !crypto_random(&s->seed, sizeof s->seed)))
		why = "out of memory or of random octets";
	if (why == NULL) {
		s->aka = a;
		why = set_up(s, &parsed, len);
	}
	if (why == NULL)
		return s;
	snprintf(wrong, size, "coap_listen %s: %s", address, why);
	coap_server_stop(s);
	return NULL;
}

int coap_server_fd(const struct coap_server *s)
{
	return coap_context_get_coap_fd(s->context);
}

void coap_server_run(struct coap_server *s)
{
	(void)coap_io_process(s->context, COAP_IO_NO_WAIT);
}

void coap_server_stop(struct coap_server *s)
{
	if (s != NULL && s->context != NULL)
		coap_free_context(s->context);
	coap_cleanup();
	free(s);
}
