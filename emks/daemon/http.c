/* SPDX-License-Identifier: Apache-2.0 */
#include "emks/daemon/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "emks/daemon/links.h"
#include "emks/daemon/listen.h"
#include "emks/daemon/log.h"

enum {
	CONNECTIONS = 512,
	CONNECTIONS_PER_ADDRESS = 128,
	IDLE_S = 120,           /* between requests of a connection that is kept alive */
	HEADERS_MAX = 16 << 10, /* and all else a connection needs, octets */
	DRAIN_MAX = 64 << 10,   /* of a body that is too long */
	BACKLOG = 128,
};

struct http_server {
	struct MHD_Daemon *daemon;
	struct api *api;
	struct links links;
};

/* One request while its body comes in. */
struct incoming {
	size_t len, total;
	char body[API_BODY_MAX + 1];
};

static int64_t steady_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct link *link_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info != NULL ? info->socket_context : NULL;
}

static void on_link(void *context, struct MHD_Connection *connection, void **socket_context,
		    enum MHD_ConnectionNotificationCode what)
{
	struct http_server *s = context;
	const union MHD_ConnectionInfo *fd, *session;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		links_remove(&s->links, *socket_context);
		*socket_context = NULL;
		return;
	}
	fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	session = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	*socket_context = links_add(&s->links, fd->connect_fd, session->tls_session, steady_ms());
}

static void add_headers(struct MHD_Response *response, const struct api_answer *a)
{
	char number[16];

	(void)MHD_add_response_header(response, "Cache-Control", "no-store");
	if (a->content_type != NULL)
		(void)MHD_add_response_header(response, "Content-Type", a->content_type);
	if (a->allow != NULL)
		(void)MHD_add_response_header(response, "Allow", a->allow);
	if (a->retry_after_s > 0) {
		snprintf(number, sizeof number, "%u", a->retry_after_s);
		(void)MHD_add_response_header(response, "Retry-After", number);
	}
}

/* The body, which may hold a key, with what is needed to wipe it. */
struct body {
	char *octets;
	size_t len;
};

static void free_body(void *context)
{
	struct body *body = context;

	api_free(body->octets, body->len);
	free(body);
}

/* Takes the answer's body. */
static struct MHD_Response *response_of(const struct api_answer *a)
{
	struct body *body = malloc(sizeof *body);
	struct MHD_Response *response;

	if (body == NULL) {
		api_free(a->body, a->len);
		return NULL;
	}
	body->octets = a->body;
	body->len = a->len;
	response = MHD_create_response_from_buffer_with_free_callback_cls(a->len, a->body,
									  free_body, body);
	if (response == NULL)
		free_body(body);
	return response;
}

static enum MHD_Result give(struct http_server *s, struct MHD_Connection *connection,
			    struct api_answer *a)
{
	struct MHD_Response *response = response_of(a);
	enum MHD_Result r = MHD_NO;

	if (response != NULL) {
		add_headers(response, a);
		if (links_outdated(&s->links, link_of(connection)))
			(void)MHD_add_response_header(response, "Connection", "close");
		r = MHD_queue_response(connection, (unsigned)a->status, response);
		MHD_destroy_response(response);
	}
	return r;
}

/* Whose it is by the certificates of now: they may have been exchanged since the handshake, or in
 * the middle of the request. */
static bool peer_of(struct http_server *s, const struct link *link, char eese[TLS_NAME_SIZE])
{
	struct tls *t = links_tls(&s->links);
	const bool known = link != NULL && tls_peer(t, link->session, t == link->tls, eese);

	tls_leave(t);
	return known;
}

static enum MHD_Result complete(struct http_server *s, struct MHD_Connection *connection,
				const char *url, const char *method, const struct incoming *in)
{
	char eese[TLS_NAME_SIZE];
	struct api_request r = {.method = method, .path = url, .body = in->body, .len = in->len};
	struct api_answer a;

	if (in->total > API_BODY_MAX) {
		api_too_large(&a);
		return give(s, connection, &a);
	}
	if (peer_of(s, link_of(connection), eese))
		r.eese = eese;
	r.content_type = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Type");
	api_answer(s->api, time(NULL), steady_ms(), &r, &a);
	if (r.eese == NULL)
		log_event("refused a client certificate that stands for no EESE");
	return give(s, connection, &a);
}

static bool announces_too_much(struct MHD_Connection *connection)
{
	const char *length =
	    MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");

	return length != NULL && strtoull(length, NULL, 10) > API_BODY_MAX;
}

static enum MHD_Result begin(struct http_server *s, struct MHD_Connection *connection,
			     void **request)
{
	struct api_answer a;

	links_request(&s->links, link_of(connection), steady_ms());
	if (announces_too_much(connection)) {
		api_too_large(&a);
		return give(s, connection, &a);
	}
	*request = calloc(1, sizeof(struct incoming));
	return *request != NULL ? MHD_YES : MHD_NO;
}

static void take_body(struct incoming *in, const char *data, size_t len)
{
	in->total += len;
	if (in->total > API_BODY_MAX)
		return;
	memcpy(in->body + in->len, data, len);
	in->len += len;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *len, void **request)
{
	struct http_server *s = context;
	struct incoming *in = *request;

	(void)version;
	if (in == NULL)
		return begin(s, connection, request);
	if (*len > 0) {
		take_body(in, data, *len);
		*len = 0;
		return in->total <= DRAIN_MAX ? MHD_YES : MHD_NO;
	}
	return complete(s, connection, url, method, in);
}

static void on_done(void *context, struct MHD_Connection *connection, void **request,
		    enum MHD_RequestTerminationCode why)
{
	struct http_server *s = context;

	(void)why;
	links_idle(&s->links, link_of(connection));
	free(*request);
	*request = NULL;
}

/* Most of it is about peers that went away or failed their handshake. */
static void from_microhttpd(void *context, const char *format, va_list values)
{
	char line[256];

	(void)context;
	vsnprintf(line, sizeof line, format, values);
	log_event("https: %.*s", (int)strcspn(line, "\n"), line);
}

static int listen_on(const struct sockaddr_storage *address, socklen_t len)
{
	const int on = 1;
	int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
	    bind(fd, (const struct sockaddr *)address, len) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool start(struct http_server *s, int fd, const struct tls *t)
{
	s->daemon = MHD_start_daemon(
	    MHD_USE_TLS | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO | MHD_USE_ERROR_LOG, 0,
	    NULL, NULL, on_request, s, MHD_OPTION_EXTERNAL_LOGGER, from_microhttpd, NULL,
	    MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_HTTPS_MEM_CERT, tls_cert_pem(t),
	    MHD_OPTION_HTTPS_MEM_KEY, tls_key_pem(t), MHD_OPTION_HTTPS_PRIORITIES, tls_priorities,
	    MHD_OPTION_NOTIFY_CONNECTION, on_link, s, MHD_OPTION_NOTIFY_COMPLETED, on_done, s,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
	    (unsigned)CONNECTIONS_PER_ADDRESS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADERS_MAX, MHD_OPTION_STRICT_FOR_CLIENT,
	    1, MHD_OPTION_END);
	return s->daemon != NULL;
}

static void log_address(int fd)
{
	struct sockaddr_storage bound;
	socklen_t len = sizeof bound;
	char text[LISTEN_TEXT_SIZE];

	if (getsockname(fd, (struct sockaddr *)&bound, &len) != 0)
		return;
	listen_text((struct sockaddr *)&bound, len, text);
	log_note("HTTPS on %s", text);
}

struct http_server *http_server_start(const char *address, struct api *api, struct tls *t,
				      char *wrong, size_t size)
{
	struct sockaddr_storage parsed;
	socklen_t len = 0;
	const char *why = listen_parse(address, &parsed, &len);
	struct http_server *s = calloc(1, sizeof *s);
	int fd = -1;

	if (why == NULL && s != NULL) {
		fd = listen_on(&parsed, len);
		why = fd < 0 ? strerror(errno) : NULL;
	}
	if (why == NULL && s != NULL) {
		s->api = api;
		links_start(&s->links, t);
		if (start(s, fd, t)) {
			log_address(fd);
			return s;
		}
		close(fd);
		links_stop(&s->links);
	}
	snprintf(wrong, size, "https_listen %s: %s", address,
		 why != NULL ? why : "the HTTPS server does not start");
	free(s);
	return NULL;
}

void http_server_exchange(struct http_server *s, struct tls *t)
{
	links_exchange(&s->links, t);
}

void http_server_tick(struct http_server *s)
{
	links_tick(&s->links, steady_ms());
}

void http_server_stop(struct http_server *s)
{
	if (s == NULL)
		return;
	MHD_stop_daemon(s->daemon);
	links_stop(&s->links);
	free(s);
}
