/* SPDX-License-Identifier: Apache-2.0 */
#include "emks_client.h"

#include <arpa/inet.h>
#include <cjson/cJSON.h>
#include <coap3/coap.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/hex.h"

enum { HTTP_TIMEOUT_S = 60, COAP_TIMEOUT_MS = 20000 };

/* ---- HTTP ---- */

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
	struct http_reply *r = context;
	const size_t n = size * count;

	if (r->len + n >= sizeof r->body)
		return 0;
	memcpy(r->body + r->len, data, n);
	r->len += n;
	r->body[r->len] = '\0';
	return n;
}

static size_t take_header(char *data, size_t size, size_t count, void *context)
{
	struct http_reply *r = context;
	const size_t n = size * count, len = strlen(r->headers);

	if (len + n < sizeof r->headers) {
		memcpy(r->headers + len, data, n);
		r->headers[len + n] = '\0';
	}
	return n;
}

static void set_identity(CURL *curl, const struct emks *e, const struct http_request *r)
{
	const char *cert = r->cert != NULL ? r->cert : "plant-a";
	char path[256];

	snprintf(path, sizeof path, "%s/%s", e->dir, r->ca != NULL ? r->ca : "ca.crt");
	curl_easy_setopt(curl, CURLOPT_CAINFO, path);
	if (cert[0] == '\0')
		return;
	snprintf(path, sizeof path, "%s/%s.crt", e->dir, cert);
	curl_easy_setopt(curl, CURLOPT_SSLCERT, path);
	snprintf(path, sizeof path, "%s/%s.key", e->dir, cert);
	curl_easy_setopt(curl, CURLOPT_SSLKEY, path);
}

static struct curl_slist *set_request(CURL *curl, const struct http_request *r)
{
	char type[128];

	snprintf(type, sizeof type, "Content-Type: %s", r->type != NULL ? r->type : "");
	if (r->type == NULL)
		snprintf(type, sizeof type, "Content-Type: application/json");
	if (r->body != NULL) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE,
				 r->len != 0 ? (long)r->len : (long)strlen(r->body));
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, r->body);
	}
	if (r->method != NULL || r->body == NULL)
		curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST,
				 r->method != NULL ? r->method : "POST");
	if (r->max_tls != 0)
		curl_easy_setopt(curl, CURLOPT_SSLVERSION, r->max_tls);
	return curl_slist_append(NULL, type);
}

void emks_http(const struct emks *e, const struct http_request *r, struct http_reply *out)
{
	CURL *curl = curl_easy_init();
	struct curl_slist *headers = set_request(curl, r);
	char url[256];

	memset(out, 0, sizeof *out);
	snprintf(url, sizeof url, "https://localhost:%u%s", e->https_port, r->path);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)HTTP_TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, out);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, out);
	set_identity(curl, e, r);
	out->curl = (int)curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &out->status);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
}

void emks_retrieve(const struct emks *e, const char *ue_id, struct http_reply *out)
{
	char body[160];
	const struct http_request r = {.path = "/emks/v1/retrieve", .body = body};

	snprintf(body, sizeof body, "{\"ueId\":\"%s\"}", ue_id);
	emks_http(e, &r, out);
}

bool http_member(const struct http_reply *r, const char *name, char *out, size_t size)
{
	cJSON *body = cJSON_Parse(r->body);
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, name));
	const bool found = text != NULL;

	if (found && out != NULL)
		snprintf(out, size, "%s", text);
	cJSON_Delete(body);
	return found;
}

/* ---- CoAP ---- */

static struct coap_reply *reply_to_fill;

static void take_location(const coap_pdu_t *pdu, struct coap_reply *out)
{
	coap_opt_iterator_t at;
	coap_opt_filter_t wanted;
	coap_opt_t *option;
	size_t len = 0;

	coap_option_filter_clear(&wanted);
	coap_option_filter_set(&wanted, COAP_OPTION_LOCATION_PATH);
	coap_option_iterator_init(pdu, &at, &wanted);
	while ((option = coap_option_next(&at)) != NULL)
		len += (size_t)snprintf(out->location + len, sizeof out->location - len, "%s%.*s",
					len > 0 ? "/" : "", (int)coap_opt_length(option),
					(const char *)coap_opt_value(option));
}

static coap_response_t take_response(coap_session_t *session, const coap_pdu_t *sent,
				     const coap_pdu_t *received, const coap_mid_t mid)
{
	const coap_pdu_code_t code = coap_pdu_get_code(received);
	const uint8_t *payload;
	size_t len;

	(void)session;
	(void)sent;
	(void)mid;
	reply_to_fill->code = (int)(COAP_RESPONSE_CLASS(code) * 100U + (code & 0x1fU));
	take_location(received, reply_to_fill);
	if (coap_get_data(received, &len, &payload) != 0 && len <= sizeof reply_to_fill->payload) {
		memcpy(reply_to_fill->payload, payload, len);
		reply_to_fill->len = len;
	}
	return COAP_RESPONSE_OK;
}

static void add_path(coap_pdu_t *pdu, const char *path, const char *query)
{
	while (*path != '\0') {
		const size_t len = strcspn(path, "/");

		coap_add_option(pdu, COAP_OPTION_URI_PATH, len, (const uint8_t *)path);
		path += len + (path[len] == '/' ? 1 : 0);
	}
	if (query != NULL)
		coap_add_option(pdu, COAP_OPTION_URI_QUERY, strlen(query), (const uint8_t *)query);
}

static void ask(coap_context_t *context, coap_session_t *session, coap_pdu_t *pdu,
		const struct coap_reply *out)
{
	int waited = 0;

	coap_register_response_handler(context, take_response);
	coap_send(session, pdu);
	while (out->code == 0 && waited < COAP_TIMEOUT_MS) {
		int spent = coap_io_process(context, 100);

		waited += spent > 0 ? spent : 1;
	}
}

void emks_coap(const struct emks *e, int method, const char *path, const char *query,
	       const void *payload, size_t len, struct coap_reply *out)
{
	coap_context_t *context = coap_new_context(NULL);
	coap_address_t to;
	coap_session_t *session;
	coap_pdu_t *pdu;

	memset(out, 0, sizeof *out);
	reply_to_fill = out;
	coap_address_init(&to);
	to.size = sizeof to.addr.sin;
	to.addr.sin.sin_family = AF_INET;
	to.addr.sin.sin_port = htons(e->coap_port);
	to.addr.sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	session = coap_new_client_session(context, NULL, &to, COAP_PROTO_UDP);
	pdu = coap_new_pdu(COAP_MESSAGE_CON, (coap_pdu_code_t)method, session);
	add_path(pdu, path, query);
	if (len > 0)
		coap_add_data(pdu, len, payload);
	ask(context, session, pdu, out);
	coap_session_release(session);
	coap_free_context(context);
}

/* ---- a device ---- */

static bool store(void *context, const uint8_t sqns[EESE_SQN_ARRAY_SIZE])
{
	(void)context;
	(void)sqns;
	return true;
}

void device_init(struct emks_device *d)
{
	uint8_t k[EESE_K_SIZE], opc[EESE_OP_SIZE];

	memset(d, 0, sizeof *d);
	eese_hex_read(TEST_K, 2 * sizeof k, k, sizeof k);
	eese_hex_read(TEST_OPC, 2 * sizeof opc, opc, sizeof opc);
	if (eese_soft_usim_init(&d->soft, k, opc, NULL, store, NULL) != EESE_OK)
		abort();
	d->usim = eese_soft_usim_interface(&d->soft);
}

static bool accepted(struct emks_device *d, const struct coap_reply *last, uint8_t *key)
{
	uint32_t lifetime;

	return last->code == 204 &&
	       eese_aka_accepted(&d->aka, last->payload, last->len) == EESE_OK &&
	       eese_aka_key(&d->aka, key, &lifetime);
}

bool device_aka(const struct emks *e, struct emks_device *d, enum eese_domain domain,
		const char *who, uint8_t key[EESE_INT_KEY_SIZE], struct coap_reply *last)
{
	struct eese_aka_answer answer;
	char path[128];

	eese_aka_start(&d->aka, &d->usim, domain);
	emks_coap(e, COAP_REQUEST_CODE_POST, domain == EESE_DOMAIN_ENPS ? "enps/aka" : "hps/aka",
		  NULL, who, strlen(who), last);
	while (last->code == 201 &&
	       eese_aka_challenge(&d->aka, last->payload, last->len, &answer) == EESE_OK) {
		snprintf(path, sizeof path, "%s", last->location);
		d->resyncs += answer.auts ? 1 : 0;
		emks_coap(e, COAP_REQUEST_CODE_PUT, path, answer.auts ? "auts" : NULL,
			  answer.octets, answer.len, last);
	}
	return accepted(d, last, key);
}
