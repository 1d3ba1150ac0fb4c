/* SPDX-License-Identifier: Apache-2.0 */
#include "emks/daemon/api.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "emks/crypto.h"
#include "emks/daemon/log.h"
#include "emks/hss/subscriber.h"
#include "emks/ks/keys.h"
#include "host/hex.h"
#include "host/rfc3339.h"

enum { RETRY_AFTER_S = 5, PROBLEM_SIZE = 512 };

static const char json_type[] = "application/json";
static const char problem_type[] = "application/problem+json";

void api_free(char *body, size_t len)
{
	if (body != NULL)
		eese_wipe(body, len);
	free(body);
}

static const char *title_of(int status)
{
	switch (status) {
	case 400:
		return "Bad Request";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 413:
		return "Content Too Large";
	case 415:
		return "Unsupported Media Type";
	case 429:
		return "Too Many Requests";
	case 503:
		return "Service Unavailable";
	default:
		return "Internal Server Error";
	}
}

/* RFC 9457, with 3GPP's cause (TS 29.571). cause and detail are ours and need no escaping. */
static void problem(struct api_answer *out, int status, const char *cause, const char *detail)
{
	out->status = status;
	out->content_type = problem_type;
	out->body = malloc(PROBLEM_SIZE);
	if (out->body == NULL)
		return;
	out->len = (size_t)snprintf(out->body, PROBLEM_SIZE,
				    "{\"title\":\"%s\",\"status\":%d,\"cause\":\"%s\","
				    "\"detail\":\"%s\"}",
				    title_of(status), status, cause, detail);
}

static void broken(struct api *a, struct api_answer *out)
{
	const int code = sqlite3_errcode(a->db->sql);

	log_event("request failed: %s", db_wrong(a->db));
	if (code != SQLITE_BUSY && code != SQLITE_LOCKED) {
		problem(out, 500, "SYSTEM_FAILURE", "The key server's log says more.");
		return;
	}
	problem(out, 503, "BUSY", "The database is busy.");
	out->retry_after_s = RETRY_AFTER_S;
}

static void give_key(const char *ue_id, const struct ks_key *key, struct api_answer *out)
{
	char hex[2 * EESE_INT_KEY_SIZE + 1], created[EESE_RFC3339_SIZE], expiry[EESE_RFC3339_SIZE];

	eese_hex_write(key->key, sizeof key->key, hex);
	eese_rfc3339_write((uint64_t)key->created, created);
	eese_rfc3339_write((uint64_t)key->expiry, expiry);
	out->body = malloc(PROBLEM_SIZE);
	if (out->body != NULL) {
		out->status = 200;
		out->content_type = json_type;
		out->len = (size_t)snprintf(out->body, PROBLEM_SIZE,
					    "{\"ueId\":\"%s\",\"e2eIntKey\":\"%s\","
					    "\"intKeyId\":\"%04x\",\"created\":\"%s\","
					    "\"expiry\":\"%s\"}",
					    ue_id, hex, key->ikid, created, expiry);
	}
	eese_wipe(hex, sizeof hex);
}

static void give_newest(struct api *a, int64_t now, const struct hss_subscriber *s,
			struct api_answer *out)
{
	struct ks_key key;

	switch (ks_newest(a->db, s->id, EESE_DOMAIN_ENPS, now, &key)) {
	case KS_OK:
		give_key(s->ue_id, &key, out);
		eese_wipe(&key, sizeof key);
		break;
	case KS_NONE:
		out->status = 204;
		break;
	case KS_FAILED:
		broken(a, out);
		break;
	}
}

static void retrieve(struct api *a, int64_t now, const char *eese, const cJSON *body,
		     struct api_answer *out)
{
	const char *ue_id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, "ueId"));
	struct hss_subscriber s;

	if (ue_id == NULL || !eese_ue_id_valid(ue_id, strlen(ue_id))) {
		problem(out, 400, "MANDATORY_IE_INCORRECT", "ueId must be a UE-ID.");
		return;
	}
	switch (hss_may_ask(a->db, ue_id, strlen(ue_id), eese, &s)) {
	case HSS_OK:
		give_newest(a, now, &s, out);
		break;
	case HSS_UNKNOWN:
		problem(out, 404, "UE_NOT_FOUND", "No subscriber has this UE-ID.");
		break;
	case HSS_NOT_ALLOWED:
		problem(out, 403, "EESE_NOT_AUTHORISED", "This EESE may not ask for this UE.");
		break;
	case HSS_BARRED:
	case HSS_NOT_APPLICABLE:
		problem(out, 403, "ENPS_NOT_APPLICABLE", "EnPS does not apply to this subscriber.");
		break;
	case HSS_NOT_AUTHENTIC:
	case HSS_EXHAUSTED:
	case HSS_FAILED:
		broken(a, out);
		break;
	}
}

static char *write_rands(size_t count, size_t *len)
{
	const size_t size = count * (2 * EESE_RAND_SIZE + 3) + 16;
	char *text = malloc(size), hex[2 * EESE_RAND_SIZE + 1];
	uint8_t rand[EESE_RAND_SIZE];

	if (text == NULL)
		return NULL;
	*len = (size_t)snprintf(text, size, "{\"rands\":[");
	for (size_t i = 0; i < count; i++) {
		if (!crypto_random(rand, sizeof rand)) {
			free(text);
			return NULL;
		}
		eese_hex_write(rand, sizeof rand, hex);
		*len +=
		    (size_t)snprintf(text + *len, size - *len, "%s\"%s\"", i == 0 ? "" : ",", hex);
	}
	*len += (size_t)snprintf(text + *len, size - *len, "]}");
	return text;
}

static void rands(struct api *a, int64_t now, const char *eese, const cJSON *body,
		  struct api_answer *out)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(body, "count");
	const double count = cJSON_IsNumber(item) ? item->valuedouble : 0;

	(void)a;
	(void)now;
	(void)eese;
	if (!(count >= 1 && count <= API_RANDS_MAX) || count != (double)(int)count) {
		problem(out, 400, "MANDATORY_IE_INCORRECT",
			"count must be a number from 1 to 256.");
		return;
	}
	out->body = write_rands((size_t)count, &out->len);
	if (out->body == NULL)
		return;
	out->status = 200;
	out->content_type = json_type;
}

static const struct route {
	const char *path;
	void (*run)(struct api *a, int64_t now, const char *eese, const cJSON *body,
		    struct api_answer *out);
} routes[] = {
    {"/emks/v1/retrieve", retrieve},
    {"/emks/v1/rands", rands},
};

static const struct route *route_of(const char *path)
{
	for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
		if (strcmp(routes[i].path, path) == 0)
			return &routes[i];
	return NULL;
}

static bool is_json(const char *type)
{
	const size_t len = sizeof json_type - 1;

	return type != NULL && strncasecmp(type, json_type, len) == 0 &&
	       strchr("; \t", type[len]) != NULL;
}

static void run(struct api *a, int64_t now, const struct route *route, const struct api_request *r,
		struct api_answer *out)
{
	const char *end;
	cJSON *body = cJSON_ParseWithOpts(r->body, &end, 1);

	/* a NUL in the body would hide what is behind it */
	if (!cJSON_IsObject(body) || end != r->body + r->len)
		problem(out, 400, "INVALID_MSG_FORMAT", "The body must be one JSON object.");
	else
		route->run(a, now, r->eese, body, out);
	cJSON_Delete(body);
}

void api_too_large(struct api_answer *out)
{
	memset(out, 0, sizeof *out);
	problem(out, 413, "CONTENT_TOO_LARGE", "A request's body has 1024 octets at most.");
}

void api_answer(struct api *a, int64_t now, int64_t steady_ms, const struct api_request *r,
		struct api_answer *out)
{
	const struct route *route = route_of(r->path);

	memset(out, 0, sizeof *out);
	if (r->eese == NULL) {
		problem(out, 403, "CLIENT_UNKNOWN", "No EESE has this client certificate.");
	} else if (!bucket_take(&a->rates, steady_ms, r->eese)) {
		problem(out, 429, "TOO_MANY_REQUESTS", "This EESE asks too often.");
		out->retry_after_s = 1;
	} else if (route == NULL) {
		problem(out, 404, "RESOURCE_URI_STRUCTURE_NOT_FOUND", "There is nothing here.");
	} else if (strcmp(r->method, "POST") != 0) {
		problem(out, 405, "METHOD_NOT_ALLOWED", "Only POST is allowed here.");
		out->allow = "POST";
	} else if (!is_json(r->content_type)) {
		problem(out, 415, "UNSUPPORTED_MEDIA_TYPE", "The body must be application/json.");
	} else {
		run(a, now, route, r, out);
	}
	if (out->status == 0)
		problem(out, 500, "SYSTEM_FAILURE", "Out of memory or of random octets.");
}
