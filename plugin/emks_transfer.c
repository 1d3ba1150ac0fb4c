/* SPDX-License-Identifier: Apache-2.0 */
/* One exchange with the EMKS: https only, nothing followed, nothing longer than it may be. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eese/keys.h"
#include "plugin/emks_internal.h"

/* All options or none. */
#define SET(option, value) (curl_easy_setopt(easy, option, value) == CURLE_OK)

static bool set_tls(CURL *easy, const struct emks_trust *trust)
{
	struct curl_blob cert = trust->cert, key = trust->key, ca = trust->ca;

	return SET(CURLOPT_SSLCERT_BLOB, &cert) && SET(CURLOPT_SSLCERTTYPE, "PEM") &&
	       SET(CURLOPT_SSLKEY_BLOB, &key) && SET(CURLOPT_SSLKEYTYPE, "PEM") &&
	       /* else a key with a passphrase would ask for it on the terminal */
	       SET(CURLOPT_KEYPASSWD, "") &&
	       /* these CAs and not the system's as well */
	       SET(CURLOPT_CAINFO_BLOB, &ca) && SET(CURLOPT_CAPATH, NULL) &&
	       SET(CURLOPT_SSL_VERIFYPEER, 1L) && SET(CURLOPT_SSL_VERIFYHOST, 2L) &&
	       SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
}

static bool set_http(CURL *easy)
{
	return SET(CURLOPT_PROTOCOLS_STR, "https") && SET(CURLOPT_REDIR_PROTOCOLS_STR, "https") &&
	       SET(CURLOPT_FOLLOWLOCATION, 0L) && SET(CURLOPT_PROXY, "") &&
	       SET(CURLOPT_NOPROXY, "*") && SET(CURLOPT_HTTP09_ALLOWED, 0L) &&
	       SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) &&
	       SET(CURLOPT_MAXFILESIZE, (long)EMKS_BODY_MAX);
}

static bool set_limits(CURL *easy, const struct eese_emks_config *config)
{
	return SET(CURLOPT_NOSIGNAL, 1L) &&
	       /* a name server that is silent is left to itself */
	       SET(CURLOPT_QUICK_EXIT, 1L) && SET(CURLOPT_TCP_KEEPALIVE, 1L) &&
	       SET(CURLOPT_TCP_KEEPIDLE, 30L) && SET(CURLOPT_TCP_KEEPINTVL, 10L) &&
	       SET(CURLOPT_CONNECTTIMEOUT, (long)config->connect_timeout_s) &&
	       SET(CURLOPT_TIMEOUT, (long)config->timeout_s);
}

CURL *emks_easy_new(const struct eese_emks_config *config, const struct emks_trust *trust)
{
	CURL *easy = curl_easy_init();

	if (easy == NULL || (set_tls(easy, trust) && set_http(easy) && set_limits(easy, config)))
		return easy;
	curl_easy_cleanup(easy);
	return NULL;
}

static size_t take_body(char *octets, size_t one, size_t len, void *userdata)
{
	struct emks_transfer *t = userdata;

	(void)one;
	if (len > EMKS_BODY_MAX - t->len) {
		t->too_long = true;
		return 0; /* ends the transfer */
	}
	memcpy(t->body + t->len, octets, len);
	t->len += len;
	return len;
}

static size_t count_head(char *line, size_t one, size_t len, void *userdata)
{
	struct emks_transfer *t = userdata;

	(void)line;
	(void)one;
	if (len > EMKS_HEAD_MAX - t->head_len) {
		t->too_long = true;
		return 0;
	}
	t->head_len += len;
	return len;
}

bool emks_transfer_init(struct emks_transfer *t, const struct eese_emks *e)
{
	CURL *easy = t->easy = emks_easy_new(&e->config, e->trust);

	return easy != NULL && SET(CURLOPT_ERRORBUFFER, t->error) && SET(CURLOPT_PRIVATE, t) &&
	       SET(CURLOPT_WRITEFUNCTION, take_body) && SET(CURLOPT_WRITEDATA, t) &&
	       SET(CURLOPT_HEADERFUNCTION, count_head) && SET(CURLOPT_HEADERDATA, t) &&
	       SET(CURLOPT_HTTPHEADER, e->headers);
}

void emks_transfer_free(struct emks_transfer *t)
{
	curl_easy_cleanup(t->easy);
	t->easy = NULL;
	eese_wipe(t->body, sizeof t->body);
}

bool emks_transfer_start(struct emks_transfer *t, const struct eese_emks *e,
			 struct emks_order *order)
{
	CURL *easy = t->easy;
	bool key = order->ue_id[0] != '\0';

	if (key)
		snprintf(t->post, sizeof t->post, "{\"ueId\":\"%s\"}", order->ue_id);
	else
		snprintf(t->post, sizeof t->post, "{\"count\":%d}", EESE_EMKS_BATCH);
	t->len = t->head_len = 0;
	t->too_long = false;
	t->error[0] = '\0';
	if (!SET(CURLOPT_URL, key ? e->retrieve_url : e->rands_url) ||
	    !SET(CURLOPT_POSTFIELDS, t->post) ||
	    !SET(CURLOPT_POSTFIELDSIZE, (long)strlen(t->post)) ||
	    curl_multi_add_handle(e->multi, easy) != CURLM_OK)
		return false;
	t->order = order;
	order->tries++;
	return true;
}

/* The EMKS itself says no in the form of RFC 9457; a proxy, or a wrong path, says it otherwise. */
static bool is_problem(CURL *easy)
{
	static const char wanted[] = "application/problem+json";
	const char *type = NULL;

	return curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK && type != NULL &&
	       strncasecmp(type, wanted, sizeof wanted - 1) == 0;
}

static enum emks_end end_of_status(CURL *easy, long status)
{
	switch (status) {
	case 200:
		return EMKS_END_200;
	case 204:
		return EMKS_END_204;
	case 403:
		return is_problem(easy) ? EMKS_END_403 : EMKS_END_STATUS;
	case 404:
		return is_problem(easy) ? EMKS_END_404 : EMKS_END_STATUS;
	case 429:
		return EMKS_END_SLOWER;
	case 502:
	case 503:
	case 504:
		return EMKS_END_BUSY;
	default:
		return status >= 500 ? EMKS_END_ERROR : EMKS_END_STATUS;
	}
}

static enum emks_end end_of_failure(CURLcode code)
{
	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		return EMKS_END_TIME;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_ENGINE_INITFAILED:
		return EMKS_END_TLS;
	case CURLE_WRITE_ERROR:
	case CURLE_FILESIZE_EXCEEDED:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return EMKS_END_ANSWER;
	default:
		return EMKS_END_CONNECT;
	}
}

/* For the log; it may quote the other end, so only what can be printed. */
static void say_why(struct emks_order *o, const char *text)
{
	size_t n = 0;

	for (; text[n] != '\0' && n < sizeof o->why - 1; n++)
		o->why[n] = text[n] >= ' ' && text[n] <= '~' ? text[n] : '?';
	o->why[n] = '\0';
}

static bool keep_body(struct emks_order *o, const struct emks_transfer *t)
{
	o->body = malloc(t->len + 1);
	if (o->body == NULL)
		return false;
	memcpy(o->body, t->body, t->len);
	o->body[t->len] = '\0';
	o->body_len = t->len;
	return true;
}

static bool has_body(enum emks_end end)
{
	return end == EMKS_END_200 || end == EMKS_END_403 || end == EMKS_END_404;
}

static void take_answer(struct emks_transfer *t, struct emks_order *o)
{
	char text[64];
	long status = 0;
	curl_off_t retry_after = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &retry_after);
	o->retry_after_s = retry_after < 0 || retry_after > UINT32_MAX ? 0 : (uint32_t)retry_after;
	o->end = end_of_status(t->easy, status);
	if (has_body(o->end) && !keep_body(o, t)) {
		o->end = EMKS_END_ANSWER;
		say_why(o, "out of memory");
	} else if (!has_body(o->end) && o->end != EMKS_END_204) {
		snprintf(text, sizeof text, "it answers with status %ld", status);
		say_why(o, text);
	}
}

struct emks_order *emks_transfer_end(struct emks_transfer *t, CURLcode code)
{
	struct emks_order *o = t->order;

	t->order = NULL;
	if (code == CURLE_OK) {
		take_answer(t, o);
	} else {
		o->end = t->too_long ? EMKS_END_ANSWER : end_of_failure(code);
		say_why(o, t->too_long           ? "its answer is too long"
			   : t->error[0] != '\0' ? t->error
						 : curl_easy_strerror(code));
	}
	eese_wipe(t->body, t->len);
	return o;
}
