/* SPDX-License-Identifier: Apache-2.0 */
/* HTTPS of a real eese-emksd: as docs/emks-openapi.yaml says, for its own EESEs only, and in spite
 * of peers that speak no HTTP, or too much of it. */
#include <curl/curl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emks_client.h"
#include "harness.h"
#include "openapi.h"
#include "raw_tls.h"

#define RETRIEVE "/emks/v1/retrieve"
#define RANDS "/emks/v1/rands"

enum { STATUS_MAX = 600 };

static struct emks emks;
static cJSON *api;
static bool seen[2][STATUS_MAX]; /* answers that came: retrieve's, rands' */

/* ---- as the file says ---- */

static const cJSON *operation(const char *path)
{
	const cJSON *paths = openapi_member(api, api, "paths");

	return openapi_member(api, openapi_member(api, paths, path), "post");
}

static const cJSON *schema_of(const cJSON *response_or_body, const char *type)
{
	const cJSON *content = openapi_member(api, response_or_body, "content");

	return openapi_member(api, openapi_member(api, content, type), "schema");
}

static const cJSON *problem_schema(void)
{
	const cJSON *components = openapi_member(api, api, "components");

	return openapi_member(api, openapi_member(api, components, "schemas"), "Problem");
}

static void expect_body(const cJSON *response, const struct http_reply *reply)
{
	const bool good = reply->status == 200;
	const char *type = good ? "application/json" : "application/problem+json";
	const cJSON *schema = response != NULL ? schema_of(response, type) : problem_schema();
	cJSON *body = cJSON_Parse(reply->body);
	char header[64];

	snprintf(header, sizeof header, "Content-Type: %s\r\n", type);
	EXPECT(strstr(reply->headers, header) != NULL);
	EXPECT(openapi_valid(api, schema, body, true));
	if (!good)
		EXPECT_EQUAL(cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(body, "status")),
			     reply->status);
	cJSON_Delete(body);
}

/* An answer of this path as the file has it. */
static void expect_documented(const char *path, const struct http_reply *reply)
{
	const cJSON *responses = openapi_member(api, operation(path), "responses"), *response;
	char status[8];

	REQUIRE(reply->status > 0 && reply->status < STATUS_MAX);
	seen[strcmp(path, RANDS) == 0 ? 1 : 0][reply->status] = true;
	snprintf(status, sizeof status, "%ld", reply->status);
	response = openapi_member(api, responses, status);
	REQUIRE(response != NULL);
	EXPECT(strstr(reply->headers, "Cache-Control: no-store\r\n") != NULL);
	if (openapi_member(api, response, "headers") != NULL)
		EXPECT(strstr(reply->headers, "Retry-After: ") != NULL);
	if (openapi_member(api, response, "content") != NULL)
		expect_body(response, reply);
	else
		EXPECT_EQUAL(reply->len, 0);
}

static void expect(const struct http_request *r, long status, const char *cause)
{
	struct http_reply reply;
	char text[64] = "";

	emks_http(&emks, r, &reply);
	EXPECT_EQUAL(reply.status, status);
	if (operation(r->path) != NULL && r->method == NULL)
		expect_documented(r->path, &reply);
	else
		expect_body(NULL, &reply);
	if (cause != NULL)
		EXPECT(http_member(&reply, "cause", text, sizeof text) && strcmp(text, cause) == 0);
}

/* plant-a asks by this body. */
static void expect_for(const char *path, const char *body, long status, const char *cause)
{
	const struct http_request r = {.path = path, .body = body};

	expect(&r, status, cause);
}

static void start(void)
{
	api = openapi_read(EESE_TEST_ROOT "/docs/emks-openapi.yaml");
	REQUIRE(api != NULL);
	REQUIRE(emks_make(&emks));
	REQUIRE(emks_start(&emks, NULL));
	REQUIRE(emks_add(&emks, "001010000000001", "sensor-0042", ""));
	REQUIRE(emks_add(&emks, "001010000000002", "no-key", ""));
	REQUIRE(emks_add(&emks, "001010000000003", "barred", ""));
	REQUIRE(emks_add(&emks, "001010000000004", "hps-only", "--enps no --hps yes"));
	REQUIRE(emks_shell(&emks, "$EESE_HSS bar barred") == 0);
}

static void give_key(const char *who)
{
	struct emks_device d;
	struct coap_reply last;
	uint8_t key[EESE_INT_KEY_SIZE];

	device_init(&d);
	EXPECT(device_aka(&emks, &d, EESE_DOMAIN_ENPS, who, key, &last));
}

static void test_answers(void)
{
	const char *const who = "{\"ueId\":\"sensor-0042\"}";

	give_key("sensor-0042");
	expect_for(RETRIEVE, who, 200, NULL);
	expect_for(RETRIEVE, "{\"ueId\":\"no-key\"}", 204, NULL);
	expect_for(RETRIEVE, "{\"ueId\":\"barred\"}", 403, "ENPS_NOT_APPLICABLE");
	expect_for(RETRIEVE, "{\"ueId\":\"hps-only\"}", 403, "ENPS_NOT_APPLICABLE");
	expect_for(RETRIEVE, "{\"ueId\":\"nobody\"}", 404, "UE_NOT_FOUND");
	/* an enterprise doesn't know IMSIs */
	expect_for(RETRIEVE, "{\"ueId\":\"001010000000001\"}", 404, "UE_NOT_FOUND");
	expect_for(RANDS, "{\"count\":3}", 200, NULL);
	for (int i = 0; i < 2; i++) {
		const char *const path = i == 0 ? RETRIEVE : RANDS;

		expect(&(struct http_request){.path = path, .body = who, .type = "text/plain"}, 415,
		       "UNSUPPORTED_MEDIA_TYPE");
		expect(&(struct http_request){.path = path, .body = who, .type = ""}, 415, NULL);
		expect(&(struct http_request){.path = path, .body = who, .cert = "unknown"}, 403,
		       "CLIENT_UNKNOWN");
		expect(&(struct http_request){.path = path, .method = "GET"}, 405,
		       "METHOD_NOT_ALLOWED");
		expect(&(struct http_request){.path = path, .method = "DELETE"}, 405, NULL);
	}
	expect(&(struct http_request){.path = RETRIEVE, .body = who, .cert = "plant-b"}, 403,
	       "EESE_NOT_AUTHORISED");
	expect(&(struct http_request){.path = RETRIEVE,
				      .body = who,
				      .type = "application/json; charset=utf-8"},
	       200, NULL);
	expect_for("/", "{}", 404, "RESOURCE_URI_STRUCTURE_NOT_FOUND");
	expect_for("/emks/v1/retrieve/", who, 404, NULL);
	expect_for("/emks/v1/../v1/retrieve/x", who, 404, NULL);
}

/* The server takes what the file calls valid, and nothing else. */
static void test_bodies(void)
{
	static const char *const bodies[2][24] = {
	    {
		"{\"ueId\":\"sensor-0042\"}",
		"{\"ueId\":\"no-key\",\"more\":[1,{}]}",
		" \n{\"ueId\" : \"nobody\"}",
		"{\"ueId\":\"a b\"}",
		"{\"ueId\":\"\"}",
		"{\"ueId\":\"a/b\"}",
		"{\"ueId\":\"\\u0000\"}",
		"{\"ueId\":\"sensor-0042\\u0000\"}",
		"{\"ueId\":1}",
		"{\"ueId\":null}",
		"{\"ueId\":[\"sensor-0042\"]}",
		"{\"UEID\":\"sensor-0042\"}",
		"{\"ueId\":\"0123456789012345678901234567890123456789012345678901234567890123\"}",
		"{\"ueId\":\"01234567890123456789012345678901234567890123456789012345678901234\"}",
		"{}",
		"[]",
		"\"sensor-0042\"",
		"null",
		"1",
		"{",
		"{\"ueId\":\"sensor-0042\"",
		"{\"ueId\":\"sensor-0042\"}x",
		"{\"ueId\":\"sensor-0042\"}{}",
	    },
	    {
		"{\"count\":1}",
		"{\"count\":256}",
		"{\"count\":256.0}",
		"{\"count\":0}",
		"{\"count\":-1}",
		"{\"count\":257}",
		"{\"count\":1.5}",
		"{\"count\":1e300}",
		"{\"count\":4294967297}",
		"{\"count\":\"1\"}",
		"{\"count\":[]}",
		"{\"count\":true}",
		"{}",
		"[1]",
	    },
	};

	for (int i = 0; i < 2; i++) {
		const char *const path = i == 0 ? RETRIEVE : RANDS;
		const cJSON *schema = schema_of(openapi_member(api, operation(path), "requestBody"),
						"application/json");

		for (size_t j = 0; bodies[i][j] != NULL; j++) {
			const struct http_request r = {.path = path, .body = bodies[i][j]};
			cJSON *body = cJSON_ParseWithOpts(r.body, NULL, 1);
			const bool valid = openapi_valid(api, schema, body, false);
			struct http_reply reply;

			emks_http(&emks, &r, &reply);
			expect_documented(path, &reply);
			if ((reply.status != 400) != valid)
				printf("\n  %s: %ld", r.body, reply.status);
			EXPECT_EQUAL(reply.status != 400, valid);
			cJSON_Delete(body);
		}
	}
}

/* The examples are valid and good for something. */
static void test_examples(void)
{
	for (int i = 0; i < 2; i++) {
		const char *const path = i == 0 ? RETRIEVE : RANDS;
		const cJSON *content = openapi_member(
		    api, openapi_member(api, operation(path), "requestBody"), "content");
		const cJSON *json = openapi_member(api, content, "application/json");
		const cJSON *example = openapi_member(api, json, "example");
		char *text = cJSON_PrintUnformatted(example);

		EXPECT(openapi_valid(api, openapi_member(api, json, "schema"), example, true));
		expect_for(path, text, 200, NULL);
		free(text);
	}
}

/* RFC 9457 also for what is too large, and no memory for it. */
static void test_large(void)
{
	const size_t size = (size_t)100 << 20;
	char *body = malloc(size);

	REQUIRE(body != NULL);
	memset(body, ' ', size);
	for (int i = 0; i < 2; i++) {
		const char *const path = i == 0 ? RETRIEVE : RANDS;

		expect(&(struct http_request){.path = path, .body = body, .len = 1025}, 413,
		       "CONTENT_TOO_LARGE");
		expect(&(struct http_request){.path = path, .body = body, .len = 1024}, 400,
		       "INVALID_MSG_FORMAT");
	}
	memcpy(body, "{\"ueId\":\"sensor-0042\"}\0", 24);
	expect(&(struct http_request){.path = RETRIEVE, .body = body, .len = 24}, 400, NULL);
	memset(body, '[', 1000);
	expect(&(struct http_request){.path = RETRIEVE, .body = body, .len = 1000}, 400, NULL);
	free(body);
}

static void test_failures(void)
{
	int busy = 0;

	emks_stop(&emks);
	REQUIRE(emks_shell(&emks, "sqlite3 hss.db \"UPDATE domain_key SET sealed = x'00'\"") == 0);
	REQUIRE(emks_start(&emks, "rate 2\n"));
	expect_for(RETRIEVE, "{\"ueId\":\"sensor-0042\"}", 500, "SYSTEM_FAILURE");
	for (int i = 0; i < 20; i++) {
		const char *const path = i % 2 == 0 ? RETRIEVE : RANDS;
		const struct http_request r = {.path = path, .body = "{}"};
		struct http_reply reply;

		emks_http(&emks, &r, &reply);
		expect_documented(path, &reply);
		busy += reply.status == 429 ? 1 : 0;
	}
	EXPECT(busy >= 2);
	emks_stop(&emks);
	REQUIRE(emks_start(&emks, NULL));
	give_key("sensor-0042");
}

/* Every answer that the file has was seen here. */
static void test_all_seen(void)
{
	for (int i = 0; i < 2; i++) {
		const cJSON *responses =
		    openapi_member(api, operation(i == 0 ? RETRIEVE : RANDS), "responses");
		const cJSON *response;

		cJSON_ArrayForEach(response, responses)
		{
			const long status = strtol(response->string, NULL, 10);

			/* A database that is busy for 5 s, and a dry random source, aren't made
			 * here. */
			if (status == 503 || (i == 1 && status == 500))
				continue;
			if (!seen[i][status])
				printf("\n  never seen: %ld", status);
			EXPECT(seen[i][status]);
		}
	}
	EXPECT_EQUAL(cJSON_GetArraySize(openapi_member(api, api, "paths")), 2);
}

/* ---- TLS ---- */

static void expect_no_tls(const struct http_request *r)
{
	struct http_reply reply;

	emks_http(&emks, r, &reply);
	EXPECT(reply.curl != CURLE_OK);
	EXPECT_EQUAL(reply.status, 0);
	EXPECT_EQUAL(reply.len, 0);
}

static void expect_no_tls_for(const char *cert)
{
	const struct http_request r = {
	    .path = RETRIEVE, .body = "{\"ueId\":\"sensor-0042\"}", .cert = cert};

	expect_no_tls(&r);
}

static void test_certificates(void)
{
	struct http_request r = {.path = RETRIEVE, .body = "{\"ueId\":\"sensor-0042\"}"};

	/* of another CA with all the same names; of this CA, but a server's; one that is over */
	REQUIRE(emks_shell(
		    &emks,
		    "'%s/examples/certificates' other plant-a && cp other/plant-a.crt other.crt &&"
		    " cp other/plant-a.key other.key && cp other/ca.crt other-ca.crt &&"
		    " printf 'extendedKeyUsage=clientAuth\\n' >ext &&"
		    " openssl req -new -key plant-a.key -subj /CN=plant-a -out csr &&"
		    " openssl x509 -req -in csr -CA ca.crt -CAkey ca.key -CAcreateserial -days -1"
		    "  -extfile ext -out over.crt && cp plant-a.key over.key",
		    EESE_TEST_ROOT) == 0);
	expect_no_tls_for("");
	expect_no_tls_for("other");
	expect_no_tls_for("emks");
	expect_no_tls_for("over");
	r.max_tls = CURL_SSLVERSION_TLSv1_0 | CURL_SSLVERSION_MAX_TLSv1_1;
	expect_no_tls(&r);
	r.max_tls = CURL_SSLVERSION_TLSv1_2 | CURL_SSLVERSION_MAX_TLSv1_2;
	expect(&r, 200, NULL);
	r.max_tls = 0;
	/* and the EESE that looks for another CA's server doesn't ask this one */
	r.ca = "other-ca.crt";
	expect_no_tls(&r);
	r.ca = NULL;
	expect(&r, 200, NULL);
}

static const char keep_alive[] = "POST /emks/v1/retrieve HTTP/1.1\r\nHost: localhost\r\n"
				 "Content-Type: application/json\r\nContent-Length: 22\r\n"
				 "\r\n{\"ueId\":\"sensor-0042\"}";

/* A connection that is kept alive goes on when nothing changes, and ends with a reload: it would
 * go on under what its certificate was worth before. */
static void test_kept_alive(void)
{
	struct raw_tls r;
	char answer[4096];

	REQUIRE(raw_tls_open(&r, &emks));
	for (int i = 0; i < 2; i++) {
		EXPECT(gnutls_record_send(r.session, keep_alive, sizeof keep_alive - 1) > 0);
		raw_tls_hear(&r, "\"}", answer, sizeof answer);
		EXPECT(strstr(answer, "e2eIntKey") != NULL);
	}
	REQUIRE(emks_shell(&emks, "cp emksd.conf before && grep -v plant-a before >emksd.conf") ==
		0);
	EXPECT(emks_reload(&emks, "read again"));
	(void)gnutls_record_send(r.session, keep_alive, sizeof keep_alive - 1);
	raw_tls_hear(&r, NULL, answer, sizeof answer);
	EXPECT(strstr(answer, "e2eIntKey") == NULL);
	raw_tls_close(&r);
	REQUIRE(emks_shell(&emks, "cp before emksd.conf") == 0);
	EXPECT(emks_reload(&emks, "read again"));
}

/* Connections that said nothing yet, half of their headers, or all but the last octet. */
static const size_t midway[] = {0, 40, sizeof keep_alive - 2};

enum { MIDWAY = sizeof midway / sizeof *midway };

static void begin_midway(struct raw_tls at[MIDWAY])
{
	for (size_t i = 0; i < MIDWAY; i++) {
		REQUIRE(raw_tls_open(&at[i], &emks));
		if (midway[i] > 0)
			EXPECT(gnutls_record_send(at[i].session, keep_alive, midway[i]) > 0);
	}
	/* until the server has read them */
	harness_sleep_ms(300);
}

static void end_midway(struct raw_tls at[MIDWAY], const char *answered)
{
	char answer[4096];

	for (size_t i = 0; i < MIDWAY; i++) {
		(void)gnutls_record_send(at[i].session, keep_alive + midway[i],
					 sizeof keep_alive - 1 - midway[i]);
		raw_tls_hear(&at[i], NULL, answer, sizeof answer);
		EXPECT(strstr(answer, answered) != NULL);
		EXPECT((strstr(answer, "e2eIntKey") != NULL) ==
		       (strcmp(answered, "e2eIntKey") == 0));
		raw_tls_close(&at[i]);
	}
}

/* Whose a request is counts when it is whole, whatever it was when it began; who is still an EESE
 * loses none, and its connection ends with the answer. */
static void test_midway(void)
{
	struct raw_tls at[MIDWAY];

	begin_midway(at);
	EXPECT(emks_reload(&emks, "read again"));
	end_midway(at, "e2eIntKey");
	begin_midway(at);
	REQUIRE(emks_shell(&emks, "cp emksd.conf before && grep -v plant-a before >emksd.conf") ==
		0);
	EXPECT(emks_reload(&emks, "read again"));
	end_midway(at, "CLIENT_UNKNOWN");
	REQUIRE(emks_shell(&emks, "cp before emksd.conf") == 0);
	EXPECT(emks_reload(&emks, "read again"));
}

/* SIGHUP: a revoked certificate is none; a wrong CRL leaves what there was. */
static void test_revoked(void)
{
	const struct http_request r = {.path = RETRIEVE, .body = "{\"ueId\":\"sensor-0042\"}"},
				  other = {.path = RETRIEVE, .body = r.body, .cert = "plant-b"};
	struct raw_tls at[MIDWAY];

	begin_midway(at);
	REQUIRE(
	    emks_shell(
		&emks,
		"touch index && printf 01 >number && printf '[ca]\\ndefault_ca=c\\n[c]\\n"
		"database=index\\ncrlnumber=number\\ndefault_md=sha256\\n"
		"default_crl_days=1\\n' >ca.conf &&"
		" openssl ca -config ca.conf -keyfile ca.key -cert ca.crt -revoke"
		" plant-a.crt && openssl ca -config ca.conf -keyfile ca.key -cert ca.crt"
		" -gencrl -out ca.crl && cp emksd.conf before && echo crl ca.crl >>emksd.conf") ==
	    0);
	EXPECT(emks_reload(&emks, "read again"));
	end_midway(at, "CLIENT_UNKNOWN");
	expect_no_tls(&r);
	expect(&other, 403, "EESE_NOT_AUTHORISED");
	REQUIRE(emks_shell(&emks, "echo nothing >ca.crl") == 0);
	EXPECT(emks_reload(&emks, "going on with what was there"));
	expect_no_tls(&r);
	/* an EESE that is taken out of the configuration */
	REQUIRE(emks_shell(&emks, "grep -v plant-a before >emksd.conf") == 0);
	EXPECT(emks_reload(&emks, "read again"));
	expect(&r, 403, "CLIENT_UNKNOWN");
	REQUIRE(emks_shell(&emks, "cp before emksd.conf") == 0);
	EXPECT(emks_reload(&emks, "read again"));
	expect(&r, 200, NULL);
}

/* ---- peers that speak no HTTP, or too much ---- */

static void expect_well(void)
{
	expect_for(RETRIEVE, "{\"ueId\":\"sensor-0042\"}", 200, NULL);
}

/* What one with plant-a's certificate says, as it is; the answer may be anything but a key. */
static void say_raw(const char *octets, size_t len)
{
	char answer[4096];

	raw_tls_say(&emks, octets, len, answer, sizeof answer);
	EXPECT(strstr(answer, "e2eIntKey") == NULL);
}

static void test_no_http(void)
{
	static const char *const texts[] = {
	    "",
	    "\r\n\r\n",
	    "\n\n\n\n",
	    "POST",
	    "POST \r\n\r\n",
	    "POST / HTTP/9.9\r\n\r\n",
	    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	    "POST /emks/v1/retrieve HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
	    "POST /emks/v1/retrieve HTTP/1.1\r\nHost: a\r\nContent-Length: 1x\r\n\r\nx",
	    "POST /emks/v1/retrieve HTTP/1.1\r\nHost: a\r\nContent-Length: "
	    "99999999999999999999999999\r\n\r\n",
	    "POST /emks/v1/retrieve HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n"
	    "Content-Length: 1\r\n\r\n{",
	    "POST /emks/v1/retrieve HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
	    "\r\nffffffffffffffff\r\n",
	    "POST /emks/v1/retrieve HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
	    "\r\n-5\r\n{}\r\n0\r\n\r\n",
	    "POST /emks/v1/retrieve HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
	    "Content-Length: 3\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
	    "POST /emks/v1/retrieve HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n",
	    "POST /emks/v1/retrieve%00 HTTP/1.1\r\nHost: a\r\n\r\n",
	    "POST /%zz%%%/../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n",
	    "POST /emks/v1/retrieve HTTP/1.1\r\nContent-Type: application/json\r\n\r\n",
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		say_raw(texts[i], strlen(texts[i]));
	expect_well();
}

/* An honest request with octets changed, cut and doubled. */
static void test_mutated(void)
{
	static const char honest[] = "POST /emks/v1/retrieve HTTP/1.1\r\nHost: localhost\r\n"
				     "Content-Type: application/json\r\nContent-Length: 17\r\n"
				     "\r\n{\"ueId\":\"nobody\"}";
	char text[2 * sizeof honest], answer[4096];
	unsigned state = 1;

	/* as it is it gets its answer, though the peer closed its half */
	raw_tls_say(&emks, honest, sizeof honest - 1, answer, sizeof answer);
	EXPECT(strstr(answer, "UE_NOT_FOUND") != NULL);
	for (int round = 0; round < 60; round++) {
		size_t len = sizeof honest - 1;

		memcpy(text, honest, len);
		for (int i = 0; i < 1 + round % 8; i++) {
			state = state * 1103515245 + 12345;
			text[(state >> 8) % len] = (char)(state >> 20);
		}
		if (round % 5 == 0)
			len = (state >> 9) % len;
		if (round % 7 == 0) {
			memcpy(text + len, text, len);
			len *= 2;
		}
		say_raw(text, len);
	}
	expect_well();
}

/* Too much of everything; the server gives each a bounded place and then its back. */
static void test_too_much(void)
{
	static const char *const heads[] = {
	    "POST /emks/v1/retrieve HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
	    "POST /emks/v1/retrieve HTTP/1.1\r\nHost: a\r\nX: ",
	    "POST /",
	    "POST /emks/v1/retrieve HTTP/1.1\r\n",
	};
	static const char *const again[] = {"400\r\n%1024s\r\n", "x", "x", "X: y\r\n"};
	const long before = emks_memory(&emks);

	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
		const size_t sent = raw_tls_flood(&emks, heads[i], again[i], (size_t)64 << 20);

		EXPECT(sent < (size_t)8 << 20);
	}
	expect_well();
	EXPECT(emks_memory(&emks) < before + (16 << 10));
}

/* Strangers that hold a place and say nothing are cut off; meanwhile the others are served. */
static void test_silent(void)
{
	enum { SILENT = 100 };
	int fds[SILENT];
	char octet;
	uint64_t begun = mqtt_now_ms();

	for (int i = 0; i < SILENT; i++) {
		fds[i] = raw_connect(emks.https_port);
		if (i % 2 == 0)
			EXPECT_EQUAL(write(fds[i], "\x16\x03\x01", 3), 3);
	}
	expect_well();
	EXPECT(mqtt_now_ms() < begun + 10000);
	for (int i = 0; i < SILENT; i++) {
		struct pollfd at = {.fd = fds[i], .events = POLLIN};

		EXPECT_EQUAL(poll(&at, 1, 40000), 1);
		while (read(fds[i], &octet, 1) > 0)
			continue;
		close(fds[i]);
	}
	expect_well();
}

static void stop(void)
{
	emks_remove(&emks);
	cJSON_Delete(api);
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},
	    {"answers", test_answers},
	    {"bodies", test_bodies},
	    {"examples", test_examples},
	    {"large bodies", test_large},
	    {"failures", test_failures},
	    {"all of the file", test_all_seen},
	    {"certificates", test_certificates},
	    {"kept alive", test_kept_alive},
	    {"in the middle of a request", test_midway},
	    {"revoked", test_revoked},
	    {"no HTTP", test_no_http},
	    {"mutated requests", test_mutated},
	    {"too much", test_too_much},
	    {"silent peers", test_silent},
	    {"stop", stop},
	};

	return harness_main("emks: HTTPS", tests, sizeof tests / sizeof *tests);
}
