/* SPDX-License-Identifier: Apache-2.0 */
/* The files of mutual TLS: read, and tried on a connection that leads nowhere. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "eese/keys.h"
#include "host/private_file.h"
#include "host/whole.h"
#include "plugin/emks_internal.h"

enum { PEM_MAX = 1024 * 1024 };

static const char *read_open(const char *path, uint8_t *out, size_t size, size_t *len)
{
	/* Non-blocking: a FIFO in its place must not stop anybody. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const char *wrong;

	if (fd < 0)
		return strerror(errno);
	wrong = eese_read_whole(fd, out, size, len);
	close(fd);
	return wrong;
}

static const char *read_pem(const char *path, bool secret, struct curl_blob *out)
{
	uint8_t *whole = malloc(PEM_MAX);
	const char *wrong;

	if (whole == NULL)
		return "out of memory";
	wrong = (secret ? eese_private_read : read_open)(path, whole, PEM_MAX, &out->len);
	if (wrong == NULL && out->len == 0)
		wrong = "is empty";
	if (wrong == NULL) {
		out->data = malloc(out->len);
		if (out->data == NULL)
			wrong = "out of memory";
		else
			memcpy(out->data, whole, out->len);
	}
	eese_wipe(whole, PEM_MAX);
	free(whole);
	return wrong;
}

void emks_trust_free(struct emks_trust *t)
{
	if (t == NULL)
		return;
	if (t->key.data != NULL)
		eese_wipe(t->key.data, t->key.len);
	free(t->cert.data);
	free(t->key.data);
	free(t->ca.data);
	free(t);
}

static bool read_files(const struct eese_emks_config *config, struct emks_trust *t,
		       char wrong[EESE_EMKS_TEXT_SIZE])
{
	const struct {
		const char *name, *path;
		bool secret;
		struct curl_blob *out;
	} files[] = {
	    {"emks_cert", config->cert, false, &t->cert},
	    {"emks_key", config->key, true, &t->key},
	    {"emks_ca", config->ca, false, &t->ca},
	};

	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		const char *why = read_pem(files[i].path, files[i].secret, files[i].out);

		if (why != NULL) {
			snprintf(wrong, EESE_EMKS_TEXT_SIZE, "%s %s: %s", files[i].name,
				 files[i].path, why);
			return false;
		}
	}
	return true;
}

/* Takes connections and does nothing with them. -1: there is no loopback. */
static int open_nowhere(uint16_t *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 1) == 0 &&
	    getsockname(fd, (struct sockaddr *)&a, &len) == 0) {
		*port = ntohs(a.sin_port);
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

/* The library has loaded the files when it calls this; nothing was sent yet. */
static CURLcode are_loaded(CURL *easy, void *context, void *loaded)
{
	(void)easy;
	(void)context;
	*(bool *)loaded = true;
	return CURLE_ABORTED_BY_CALLBACK;
}

/* Begins a connection and stops it before the handshake. */
static CURLcode begin(CURL *easy, uint16_t port, bool *loaded, char error[CURL_ERROR_SIZE])
{
	char url[64];

	snprintf(url, sizeof url, "https://127.0.0.1:%u/", port);
	if (curl_easy_setopt(easy, CURLOPT_URL, url) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, are_loaded) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, loaded) != CURLE_OK)
		return CURLE_OUT_OF_MEMORY;
	return curl_easy_perform(easy);
}

static bool try_files(const struct eese_emks_config *config, const struct emks_trust *t,
		      char wrong[EESE_EMKS_TEXT_SIZE])
{
	char error[CURL_ERROR_SIZE] = "";
	CURL *easy = emks_easy_new(config, t);
	CURLcode code = CURLE_OUT_OF_MEMORY;
	bool loaded = false;
	uint16_t port;
	int fd = open_nowhere(&port);

	if (easy != NULL && fd >= 0)
		code = begin(easy, port, &loaded, error);
	curl_easy_cleanup(easy);
	if (fd >= 0)
		close(fd);
	if (!loaded)
		snprintf(wrong, EESE_EMKS_TEXT_SIZE, "%s: %s",
			 code == CURLE_SSL_CACERT_BADFILE ? "emks_ca" : "emks_cert and emks_key",
			 error[0] != '\0' ? error : curl_easy_strerror(code));
	return loaded;
}

struct emks_trust *emks_trust_read(const struct eese_emks_config *config,
				   char wrong[EESE_EMKS_TEXT_SIZE])
{
	struct emks_trust *t = calloc(1, sizeof *t);

	if (t == NULL) {
		snprintf(wrong, EESE_EMKS_TEXT_SIZE, "out of memory");
		return NULL;
	}
	t->cert.flags = t->key.flags = t->ca.flags = CURL_BLOB_NOCOPY;
	if (read_files(config, t, wrong) && try_files(config, t, wrong))
		return t;
	emks_trust_free(t);
	return NULL;
}
