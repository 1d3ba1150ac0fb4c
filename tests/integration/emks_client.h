/* SPDX-License-Identifier: Apache-2.0 */
/* What asks an eese-emksd in tests: an EESE by libcurl, a device by libcoap. */
#ifndef EESE_TESTS_EMKS_CLIENT_H
#define EESE_TESTS_EMKS_CLIENT_H

#include <stddef.h>

#include "eese/aka.h"
#include "emks.h"

struct http_reply {
	int curl;    /* CURLcode */
	long status; /* 0: none came */
	char headers[2048];
	char body[32768];
	size_t len;
};

struct http_request {
	const char *method; /* NULL: POST */
	const char *path;
	const char *type; /* NULL: application/json; "": none */
	const char *body;
	size_t len;       /* 0: strlen(body) */
	const char *cert; /* NULL: plant-a; "": none */
	const char *ca;   /* NULL: ca.crt */
	long max_tls;     /* 0: whatever; of CURL_SSLVERSION_MAX_ */
};

void emks_http(const struct emks *e, const struct http_request *r, struct http_reply *out);

/* POST /emks/v1/retrieve of this UE by plant-a. */
void emks_retrieve(const struct emks *e, const char *ue_id, struct http_reply *out);

/* Whether the reply's body has this member with this text; out, unless NULL, gets it. */
bool http_member(const struct http_reply *r, const char *name, char *out, size_t size);

struct coap_reply {
	int code; /* 201 for 2.01; 0: none came */
	char location[128];
	uint8_t payload[256];
	size_t len;
};

/* code: COAP_REQUEST_CODE_.. ; query may be NULL. */
void emks_coap(const struct emks *e, int method, const char *path, const char *query,
	       const void *payload, size_t len, struct coap_reply *out);

/* A device with a software USIM (K and OPc of emks_add()) whose SQN array is in memory. */
struct emks_device {
	struct eese_soft_usim soft;
	struct eese_usim usim;
	struct eese_aka aka;
	int resyncs;
};

void device_init(struct emks_device *d);

/* A whole run; who is IMSI or UE-ID. True: 2.04 came and key is the domain's. Otherwise *last is
 * the last reply. */
bool device_aka(const struct emks *e, struct emks_device *d, enum eese_domain domain,
		const char *who, uint8_t key[EESE_INT_KEY_SIZE], struct coap_reply *last);

#endif
