/* SPDX-License-Identifier: Apache-2.0 */
#include "raw_tls.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { LIMIT_S = 5, CHUNK = 16384 };

int raw_connect(uint16_t port)
{
	const struct sockaddr_in to = {.sin_family = AF_INET,
				       .sin_port = htons(port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct timeval limit = {.tv_sec = LIMIT_S};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof to) != 0)
		abort();
	return fd;
}

bool raw_tls_open(struct raw_tls *r, const struct emks *e)
{
	char cert[160], key[160];

	snprintf(cert, sizeof cert, "%s/plant-a.crt", e->dir);
	snprintf(key, sizeof key, "%s/plant-a.key", e->dir);
	r->fd = raw_connect(e->https_port);
	if (gnutls_certificate_allocate_credentials(&r->credentials) < 0 ||
	    gnutls_certificate_set_x509_key_file(r->credentials, cert, key, GNUTLS_X509_FMT_PEM) <
		0 ||
	    gnutls_init(&r->session, GNUTLS_CLIENT) < 0)
		abort();
	gnutls_set_default_priority(r->session);
	gnutls_credentials_set(r->session, GNUTLS_CRD_CERTIFICATE, r->credentials);
	gnutls_transport_set_int(r->session, r->fd);
	return gnutls_handshake(r->session) == GNUTLS_E_SUCCESS;
}

void raw_tls_close(struct raw_tls *r)
{
	gnutls_deinit(r->session);
	gnutls_certificate_free_credentials(r->credentials);
	close(r->fd);
}

void raw_tls_hear(struct raw_tls *r, const char *until, char *answer, size_t size)
{
	size_t len = 0;
	ssize_t n = 1;

	answer[0] = '\0';
	while (n > 0 && len + 1 < size && (until == NULL || strstr(answer, until) == NULL)) {
		n = gnutls_record_recv(r->session, answer + len, size - len - 1);
		len += n > 0 ? (size_t)n : 0;
		answer[len] = '\0';
	}
}

void raw_tls_say(const struct emks *e, const void *octets, size_t len, char *answer, size_t size)
{
	struct raw_tls r;

	answer[0] = '\0';
	if (raw_tls_open(&r, e)) {
		if (len > 0)
			(void)gnutls_record_send(r.session, octets, len);
		(void)gnutls_bye(r.session, GNUTLS_SHUT_WR);
		(void)shutdown(r.fd, SHUT_WR);
		raw_tls_hear(&r, NULL, answer, size);
	}
	raw_tls_close(&r);
}

/* As many of them as there is room for; their length. */
static size_t repeat(const char *again, char out[CHUNK])
{
	char one[2048];
	size_t len = (size_t)snprintf(one, sizeof one, again, ""), filled = 0;

	for (; filled + len <= CHUNK; filled += len)
		memcpy(out + filled, one, len);
	return filled;
}

size_t raw_tls_flood(const struct emks *e, const char *head, const char *again, size_t max)
{
	char chunk[CHUNK];
	const size_t len = repeat(again, chunk);
	size_t sent = 0;
	ssize_t n = 0;
	struct raw_tls r;

	if (raw_tls_open(&r, e))
		n = gnutls_record_send(r.session, head, strlen(head));
	while (n > 0 && sent < max) {
		n = gnutls_record_send(r.session, chunk, len);
		sent += n > 0 ? (size_t)n : 0;
	}
	raw_tls_close(&r);
	return sent;
}
