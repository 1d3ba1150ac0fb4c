/* SPDX-License-Identifier: Apache-2.0 */
#include "hostile_emks.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"

enum {
	CONNECTIONS = 256,
	HUGE_OCTETS = 100 * 1000 * 1000,
	UES = 4096,
};

struct asked {
	char ue_id[EESE_UE_ID_MAX + 1];
	size_t times, open;
};

/* Shared with the process that serves. PSA is for one thread, so it has a process of its own. */
struct hostile {
	pid_t pid;
	int listener;
	uint16_t port;
	gnutls_certificate_credentials_t credentials; /* its own */
	atomic_int way;
	atomic_uint generation, delay_ms;
	atomic_int created, expiry;
	atomic_bool same_rands;
	pthread_mutex_t lock;
	struct hostile_seen seen;
	size_t open;
	struct asked ues[UES];
	size_t ue_count;
};

struct connection {
	struct hostile *h;
	int fd;
	gnutls_session_t tls; /* NULL: plain */
};

const char *hostile_name(enum hostile_way way)
{
	static const char *const names[HOSTILE_WAYS] = {
	    [HOSTILE_RIGHT] = "right",
	    [HOSTILE_NO_KEY] = "204",
	    [HOSTILE_FORBIDDEN] = "403",
	    [HOSTILE_UNKNOWN] = "404",
	    [HOSTILE_403_HTML] = "403 of a proxy",
	    [HOSTILE_404_HTML] = "404 of a proxy",
	    [HOSTILE_500] = "500",
	    [HOSTILE_503] = "503",
	    [HOSTILE_200_EMPTY] = "200 without a body",
	    [HOSTILE_REDIRECT_HTTP] = "redirect to http",
	    [HOSTILE_REDIRECT_FILE] = "redirect to file",
	    [HOSTILE_NO_HTTP] = "no HTTP",
	    [HOSTILE_PLAIN] = "no TLS",
	    [HOSTILE_OLD_TLS] = "TLS 1.1",
	    [HOSTILE_SILENT] = "silent before the handshake",
	    [HOSTILE_MUTE] = "silent after the handshake",
	    [HOSTILE_TRICKLE] = "trickles",
	    [HOSTILE_CLOSE_FIRST] = "closes before the handshake",
	    [HOSTILE_CLOSE_AT_ONCE] = "closes after the request",
	    [HOSTILE_CLOSE_HALF] = "closes half way",
	    [HOSTILE_SHUT_HALF] = "closes its half",
	    [HOSTILE_HUGE] = "100 MB",
	    [HOSTILE_HUGE_CHUNKED] = "100 MB in chunks",
	    [HOSTILE_HUGE_HEAD] = "header without end",
	    [HOSTILE_INTERIM] = "1xx without end",
	    [HOSTILE_NO_JSON] = "no JSON",
	    [HOSTILE_HALF_JSON] = "half of the JSON",
	    [HOSTILE_DEEP_JSON] = "deep JSON",
	    [HOSTILE_LIST] = "a list",
	    [HOSTILE_OTHER_UE] = "another UE",
	    [HOSTILE_SHORT_KEY] = "short key",
	    [HOSTILE_LONG_KEY] = "long key",
	    [HOSTILE_NO_HEX] = "key is no hex",
	    [HOSTILE_WRONG_IKID] = "wrong intKeyId",
	    [HOSTILE_NO_TIME] = "no times",
	};

	return names[way];
}

/* ---- octets ---- */

static ssize_t io_send(struct connection *c, const void *p, size_t len)
{
	ssize_t n;

	if (c->tls == NULL)
		return send(c->fd, p, len, MSG_NOSIGNAL);
	do
		n = gnutls_record_send(c->tls, p, len);
	while (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED);
	return n;
}

static bool put(struct connection *c, const void *p, size_t len)
{
	const char *at = p;

	while (len > 0) {
		ssize_t n = io_send(c, at, len);

		if (n <= 0)
			return false;
		pthread_mutex_lock(&c->h->lock);
		c->h->seen.octets += (size_t)n;
		pthread_mutex_unlock(&c->h->lock);
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static bool put_text(struct connection *c, const char *format, ...)
{
	char text[20000];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return n > 0 && (size_t)n < sizeof text && put(c, text, (size_t)n);
}

/* Waits until the other end goes. */
static void hang(struct connection *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLRDHUP};

	while (poll(&p, 1, -1) == 0)
		continue;
}

/* ---- answers ---- */

static bool answer(struct connection *c, const char *status, const char *type, const char *body)
{
	return put_text(c, "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
			status, type, strlen(body), body);
}

static bool json(struct connection *c, const char *body)
{
	return answer(c, "200 OK", "application/json", body);
}

static bool problem(struct connection *c, const char *status)
{
	return answer(c, status, "application/problem+json", "{\"title\":\"no\"}");
}

void hostile_int_key(const char *ue_id, unsigned generation, uint8_t out[EESE_INT_KEY_SIZE])
{
	uint8_t before[EESE_INT_KEY_SIZE];

	test_int_key(ue_id, out);
	for (; generation > 0; generation--) {
		memcpy(before, out, sizeof before);
		if (eese_kdf(before, sizeof before, 0, NULL, 0, out) != EESE_OK)
			abort();
	}
}

static void hex(const uint8_t *p, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++)
		sprintf(out + 2 * i, "%02x", p[i]);
}

static void time_text(int from_now, char out[32])
{
	time_t t = time(NULL) + from_now;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* The right answer, with what is wrong with it. */
static void key_json(struct hostile *h, enum hostile_way way, const char *ue_id, char out[1024])
{
	uint8_t key[EESE_INT_KEY_SIZE];
	char key_hex[2 * EESE_INT_KEY_SIZE + 3] = "", created[32], expiry[32];
	uint16_t ikid;

	pthread_mutex_lock(&h->lock); /* for PSA */
	hostile_int_key(ue_id, atomic_load(&h->generation), key);
	if (eese_derive_ikid(key, &ikid) != EESE_OK)
		abort();
	pthread_mutex_unlock(&h->lock);
	hex(key, sizeof key, key_hex);
	time_text(atomic_load(&h->created), created);
	time_text(atomic_load(&h->expiry), expiry);
	if (way == HOSTILE_SHORT_KEY)
		key_hex[62] = '\0';
	if (way == HOSTILE_LONG_KEY)
		memcpy(key_hex + sizeof key_hex - 3, "00", 3);
	if (way == HOSTILE_NO_HEX)
		key_hex[5] = 'g';
	if (way == HOSTILE_WRONG_IKID)
		ikid ^= 1;
	if (way == HOSTILE_NO_TIME)
		snprintf(created, sizeof created, "yesterday");
	snprintf(out, 1024,
		 "{\"ueId\":\"%s%s\",\"e2eIntKey\":\"%s\",\"intKeyId\":\"%04x\",\"created\":\"%s\","
		 "\"expiry\":\"%s\"}",
		 ue_id, way == HOSTILE_OTHER_UE ? "x" : "", key_hex, ikid, created, expiry);
}

static bool rands_json(struct connection *c, unsigned count)
{
	static atomic_uint serial;
	char body[256 * 40] = "{\"rands\":[";
	size_t len = strlen(body);

	for (unsigned i = 0; i < count && i < 256; i++)
		len += (size_t)sprintf(
		    body + len, "%s\"0123456789abcdef0123456%08x%c\"", i > 0 ? "," : "",
		    atomic_load(&c->h->same_rands) ? i : atomic_fetch_add(&serial, 1), '0');
	snprintf(body + len, sizeof body - len, "]}");
	return json(c, body);
}

static bool huge(struct connection *c, bool chunked)
{
	static char block[16384];
	size_t left = HUGE_OCTETS;

	if (!put_text(c,
		      chunked ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			      : "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n",
		      HUGE_OCTETS))
		return false;
	for (; left > sizeof block; left -= sizeof block)
		if ((chunked && !put_text(c, "%zx\r\n", sizeof block)) ||
		    !put(c, block, sizeof block) || (chunked && !put_text(c, "\r\n")))
			return false;
	return false;
}

static bool lines_without_end(struct connection *c, const char *first, const char *line)
{
	bool ok = put_text(c, "%s", first);

	while (ok)
		ok = put_text(c, "%s", line);
	return false;
}

static bool deep(struct connection *c)
{
	char body[16000];

	memset(body, '[', sizeof body - 1);
	body[sizeof body - 1] = '\0';
	return json(c, body);
}

static bool trickle(struct connection *c)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
				   "Content-Length: 200\r\n\r\n{\"ueId\":\"";

	for (size_t i = 0; put(c, i < sizeof text - 1 ? text + i : " ", 1); i++)
		harness_sleep_ms(20);
	return false;
}

static bool half(struct connection *c, const char *body)
{
	(void)put_text(c, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%.*s", strlen(body),
		       (int)strlen(body) / 2, body);
	return false;
}

/* false: the connection ends. */
static bool answer_wrong(struct connection *c, enum hostile_way way, const char *right)
{
	switch (way) {
	case HOSTILE_NO_KEY:
		return put_text(c, "HTTP/1.1 204 No Content\r\n\r\n");
	case HOSTILE_FORBIDDEN:
		return problem(c, "403 Forbidden");
	case HOSTILE_UNKNOWN:
		return problem(c, "404 Not Found");
	case HOSTILE_403_HTML:
		return answer(c, "403 Forbidden", "text/html", "<h1>403</h1>");
	case HOSTILE_404_HTML:
		return answer(c, "404 Not Found", "text/html", "<h1>404</h1>");
	case HOSTILE_500:
		return problem(c, "500 Internal Server Error");
	case HOSTILE_503:
		return problem(c, "503 Service Unavailable");
	case HOSTILE_200_EMPTY:
		return json(c, "");
	case HOSTILE_REDIRECT_HTTP:
		return put_text(c,
				"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:%u/"
				"\r\nContent-Length: 0\r\n\r\n",
				c->h->port);
	case HOSTILE_REDIRECT_FILE:
		return put_text(c, "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n"
				   "Content-Length: 0\r\n\r\n");
	case HOSTILE_NO_HTTP:
		(void)put_text(c, "Good evening.\r\n\r\n");
		return false;
	case HOSTILE_MUTE:
		hang(c);
		return false;
	case HOSTILE_TRICKLE:
		return trickle(c);
	case HOSTILE_CLOSE_HALF:
		return half(c, right);
	case HOSTILE_SHUT_HALF:
		shutdown(c->fd, SHUT_WR);
		hang(c);
		return false;
	case HOSTILE_HUGE:
		return huge(c, false);
	case HOSTILE_HUGE_CHUNKED:
		return huge(c, true);
	case HOSTILE_HUGE_HEAD:
		return lines_without_end(c, "HTTP/1.1 200 OK\r\n", "X-More: and more and more\r\n");
	case HOSTILE_INTERIM:
		return lines_without_end(c, "", "HTTP/1.1 102 Processing\r\n\r\n");
	case HOSTILE_NO_JSON:
		return json(c, "key=42");
	case HOSTILE_HALF_JSON:
		return json(c, "{\"ueId\":\"");
	case HOSTILE_DEEP_JSON:
		return deep(c);
	case HOSTILE_LIST:
		return json(c, "[1, 2, 3]");
	default:
		return false; /* closes */
	}
}

static struct asked *entry_of(struct hostile *h, const char *ue_id)
{
	size_t i = 0;

	while (i < h->ue_count && strcmp(h->ues[i].ue_id, ue_id) != 0)
		i++;
	if (i == h->ue_count && i < UES) {
		snprintf(h->ues[i].ue_id, sizeof h->ues[i].ue_id, "%s", ue_id);
		h->ue_count++;
	}
	return &h->ues[i < UES ? i : 0];
}

static void count_request(struct connection *c, const char *ue_id, bool begins)
{
	struct hostile *h = c->h;

	pthread_mutex_lock(&h->lock);
	if (c->tls != NULL && gnutls_certificate_get_peers(c->tls, &(unsigned){0}) == NULL)
		h->seen.client_named = false;
	if (ue_id != NULL && begins) {
		struct asked *a = entry_of(h, ue_id);

		h->seen.retrieves++;
		a->times++;
		if (a->open++ > 0)
			h->seen.doubled++;
	} else if (ue_id != NULL) {
		entry_of(h, ue_id)->open--;
	} else if (begins) {
		h->seen.rands++;
	}
	pthread_mutex_unlock(&h->lock);
}

static bool retrieve(struct connection *c, const char *ue_id)
{
	enum hostile_way way = (enum hostile_way)atomic_load(&c->h->way);
	char body[1024];
	bool go_on;

	key_json(c->h, way, ue_id, body);
	count_request(c, ue_id, true);
	harness_sleep_ms((int)atomic_load(&c->h->delay_ms));
	go_on = way == HOSTILE_RIGHT || way >= HOSTILE_OTHER_UE ? json(c, body)
								: answer_wrong(c, way, body);
	count_request(c, ue_id, false);
	return go_on;
}

static bool give_rands(struct connection *c, unsigned count)
{
	enum hostile_way way = (enum hostile_way)atomic_load(&c->h->way);

	count_request(c, NULL, true);
	harness_sleep_ms((int)atomic_load(&c->h->delay_ms));
	return way >= HOSTILE_403_HTML && way < HOSTILE_OTHER_UE
		   ? answer_wrong(c, way, "{\"rands\":[]}")
		   : rands_json(c, count);
}

/* ---- requests ---- */

/* Reads one request into text; false: it ended. */
static bool read_request(struct connection *c, char *text, size_t size)
{
	size_t len = 0, need = 0;
	const char *body, *length;

	while (true) {
		ssize_t n = c->tls != NULL ? gnutls_record_recv(c->tls, text + len, size - 1 - len)
					   : recv(c->fd, text + len, size - 1 - len, 0);
		if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
			continue;
		if (n <= 0)
			return false;
		len += (size_t)n;
		text[len] = '\0';
		body = strstr(text, "\r\n\r\n");
		length = strcasestr(text, "content-length:");
		if (body == NULL)
			continue;
		need = (size_t)(body + 4 - text) +
		       (length != NULL ? strtoul(length + 15, NULL, 10) : 0);
		if (len >= need)
			return true;
	}
}

static bool handle(struct connection *c, const char *text)
{
	char ue_id[EESE_UE_ID_MAX + 1];
	static const char count[] = "{\"count\":";
	const char *body = strstr(text, "\r\n\r\n") + 4;

	if (strncmp(text, "POST /emks/v1/retrieve HTTP/1.1\r\n", 33) == 0 &&
	    sscanf(body, "{\"ueId\":\"%64[A-Za-z0-9._@-]\"}", ue_id) == 1)
		return retrieve(c, ue_id);
	if (strncmp(text, "POST /emks/v1/rands HTTP/1.1\r\n", 30) == 0 &&
	    strncmp(body, count, sizeof count - 1) == 0)
		return give_rands(c, (unsigned)strtoul(body + sizeof count - 1, NULL, 10));
	return problem(c, "400 Bad Request");
}

static bool shake_hands(struct connection *c, enum hostile_way way)
{
	int r = gnutls_init(&c->tls, GNUTLS_SERVER);

	if (r < 0)
		return false;
	gnutls_priority_set_direct(
	    c->tls, way == HOSTILE_OLD_TLS ? "NORMAL:-VERS-ALL:+VERS-TLS1.1" : "NORMAL", NULL);
	gnutls_credentials_set(c->tls, GNUTLS_CRD_CERTIFICATE, c->h->credentials);
	gnutls_certificate_server_set_request(c->tls, GNUTLS_CERT_REQUIRE);
	gnutls_session_set_verify_cert(c->tls, NULL, 0);
	gnutls_transport_set_int(c->tls, c->fd);
	gnutls_handshake_set_timeout(c->tls, 5000);
	do
		r = gnutls_handshake(c->tls);
	while (r < 0 && !gnutls_error_is_fatal(r));
	return r == GNUTLS_E_SUCCESS;
}

static void serve(struct connection *c)
{
	enum hostile_way way = (enum hostile_way)atomic_load(&c->h->way);
	char text[4096];

	if (way == HOSTILE_CLOSE_FIRST)
		return;
	if (way == HOSTILE_SILENT) {
		hang(c);
		return;
	}
	if (way != HOSTILE_PLAIN && !shake_hands(c, way))
		return;
	if (way == HOSTILE_PLAIN)
		(void)problem(c, "400 Bad Request");
	while (read_request(c, text, sizeof text) && handle(c, text))
		continue;
}

static void *connection_main(void *arg)
{
	struct connection *c = arg;
	struct hostile *h = c->h;

	serve(c);
	if (c->tls != NULL)
		gnutls_deinit(c->tls);
	pthread_mutex_lock(&h->lock);
	close(c->fd);
	h->open--;
	pthread_mutex_unlock(&h->lock);
	free(c);
	return NULL;
}

static void take_connection(struct hostile *h, int fd)
{
	struct connection *c = calloc(1, sizeof *c);
	pthread_t thread;
	bool full;

	if (c == NULL)
		abort();
	*c = (struct connection){.h = h, .fd = fd};
	pthread_mutex_lock(&h->lock);
	full = h->open == CONNECTIONS;
	if (!full) {
		h->seen.connections++;
		if (++h->open > h->seen.at_once)
			h->seen.at_once = h->open;
	}
	pthread_mutex_unlock(&h->lock);
	if (full) {
		close(fd);
		free(c);
	} else if (pthread_create(&thread, NULL, connection_main, c) != 0 ||
		   pthread_detach(thread) != 0) {
		abort();
	}
}

static bool listen_on(struct hostile *h, uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
	socklen_t len = sizeof a;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	h->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (h->listener < 0 ||
	    setsockopt(h->listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) != 0 ||
	    bind(h->listener, (struct sockaddr *)&a, sizeof a) != 0 ||
	    listen(h->listener, 128) != 0 ||
	    getsockname(h->listener, (struct sockaddr *)&a, &len) != 0)
		return false;
	h->port = ntohs(a.sin_port);
	return true;
}

static bool load(struct hostile *h, const struct hostile_config *config)
{
	const char *cert = config->cert != NULL ? config->cert : "server.pem";

	return gnutls_certificate_allocate_credentials(&h->credentials) >= 0 &&
	       gnutls_certificate_set_x509_key_file(h->credentials, pki_path(config->pki, cert),
						    pki_path(config->pki, "server-key.pem"),
						    GNUTLS_X509_FMT_PEM) >= 0 &&
	       gnutls_certificate_set_x509_trust_file(
		   h->credentials, pki_path(config->pki, "ca.pem"), GNUTLS_X509_FMT_PEM) > 0;
}

static void serve_for_ever(struct hostile *h, const struct hostile_config *config)
{
	/* A test that is killed takes it with it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!load(h, config))
		_exit(1);
	while (true) {
		int fd = accept4(h->listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd >= 0)
			take_connection(h, fd);
	}
}

static bool share_lock(pthread_mutex_t *lock)
{
	pthread_mutexattr_t a;

	return pthread_mutexattr_init(&a) == 0 &&
	       pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED) == 0 &&
	       pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST) == 0 &&
	       pthread_mutex_init(lock, &a) == 0;
}

struct hostile *hostile_start(const struct hostile_config *config)
{
	struct hostile *h =
	    mmap(NULL, sizeof *h, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	if (h == MAP_FAILED)
		return NULL;
	h->seen.client_named = true;
	hostile_key(h, 0, 0, 3600);
	if (!share_lock(&h->lock) || !listen_on(h, config->port)) {
		munmap(h, sizeof *h);
		return NULL;
	}
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		serve_for_ever(h, config);
	if (pid < 0)
		abort();
	h->pid = pid; /* shared: the child's 0 must not get there */
	close(h->listener);
	return h;
}

void hostile_freeze(struct hostile *h, bool frozen)
{
	kill(h->pid, frozen ? SIGSTOP : SIGCONT);
	/* Its other threads run on until the one that has the signal gets to it. */
	if (frozen)
		waitpid(h->pid, NULL, WUNTRACED);
}

void hostile_stop(struct hostile *h)
{
	if (h == NULL)
		return;
	kill(h->pid, SIGKILL);
	waitpid(h->pid, NULL, 0);
	munmap(h, sizeof *h);
}

uint16_t hostile_port(const struct hostile *h)
{
	return h->port;
}

void hostile_be(struct hostile *h, enum hostile_way way)
{
	atomic_store(&h->way, (int)way);
}

void hostile_key(struct hostile *h, unsigned generation, int created, int expiry)
{
	atomic_store(&h->generation, generation);
	atomic_store(&h->created, created);
	atomic_store(&h->expiry, expiry);
}

void hostile_delay(struct hostile *h, unsigned ms)
{
	atomic_store(&h->delay_ms, ms);
}

void hostile_same_rands(struct hostile *h, bool same)
{
	atomic_store(&h->same_rands, same);
}

struct hostile_seen hostile_look(struct hostile *h)
{
	struct hostile_seen seen;

	pthread_mutex_lock(&h->lock);
	seen = h->seen;
	pthread_mutex_unlock(&h->lock);
	return seen;
}

size_t hostile_asked(struct hostile *h, const char *ue_id)
{
	size_t times;

	pthread_mutex_lock(&h->lock);
	times = entry_of(h, ue_id)->times;
	pthread_mutex_unlock(&h->lock);
	return times;
}
