/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP interface of clause 8, apart from HTTP: requests in, answers out. docs/emks-openapi.yaml
 * describes it. */
#ifndef EMKS_API_H
#define EMKS_API_H

#include "emks/db.h"
#include "emks/daemon/bucket.h"

enum {
	API_BODY_MAX = 1024, /* octets of a request's body */
	API_RANDS_MAX = 256,
};

struct api {
	struct db *db;
	struct buckets rates; /* requests a second of each EESE */
};

struct api_request {
	const char *eese; /* whose certificate it came under; NULL: nobody's we know */
	const char *method, *path;
	const char *content_type; /* NULL: none */
	const char *body;         /* ends with NUL */
	size_t len;
};

struct api_answer {
	int status;
	const char *content_type; /* static */
	const char *allow;        /* static; NULL: no such header */
	unsigned retry_after_s;   /* 0: no such header */
	char *body;               /* may hold a key: wiped and freed by api_free(); NULL: none */
	size_t len;
};

/* Times: Unix time in seconds, and a clock that never steps back in milliseconds. */
void api_answer(struct api *a, int64_t now, int64_t steady_ms, const struct api_request *r,
		struct api_answer *out);

/* The answer to what did not become a request: 413. */
void api_too_large(struct api_answer *out);

void api_free(char *body, size_t len);

#endif
