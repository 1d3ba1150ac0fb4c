/* SPDX-License-Identifier: Apache-2.0 */
/* The built eese-coap-gw as the tests run it, and a UE by hand that speaks CoAP to it. */
#ifndef EESE_TESTS_GATEWAY_H
#define EESE_TESTS_GATEWAY_H

#include "coap.h"
#include "harness.h"

struct gateway {
	pid_t pid;
	uint16_t port; /* UDP */
	char dir[128]; /* has log, and what it keeps */
};

/* Starts it for the broker, on 127.0.0.1 and ::1, with further options (ends with NULL, may be
 * NULL), and waits until it answers and is connected. */
bool gateway_start(struct gateway *g, uint16_t broker_port, const char *const *more);
/* The same without waiting for the broker. */
bool gateway_launch(struct gateway *g, uint16_t broker_port, const char *const *more);
/* Starts it again in the same place, after gateway_kill() or gateway_end(). */
bool gateway_again(struct gateway *g, uint16_t broker_port, const char *const *more);

bool gateway_alive(const struct gateway *g);
/* SIGTERM: it must end in time with 0 and without a sanitizer's report. Its files stay. */
void gateway_end(struct gateway *g);
/* SIGKILL. */
void gateway_kill(struct gateway *g);
/* gateway_end() if it still runs, and removes its files. */
void gateway_stop(struct gateway *g);

/* A UDP port of 127.0.0.1 that was free just now. */
uint16_t gateway_free_port(void);

/* Resident memory in KiB; 0: not known. */
long gateway_memory(const struct gateway *g);

/* POST up/sub of these octets. The response's code, 0 if none came; *out may be NULL. */
uint8_t coap_post(struct coap *c, const struct test_ue *u, const char *sub,
		  const struct octets *msg, struct coap_message *out);
/* Seals and posts. */
uint8_t coap_say(struct coap *c, struct test_ue *u, const char *sub, const char *text,
		 struct coap_message *out);
/* POST req. */
uint8_t coap_request_key(struct coap *c, const struct test_ue *u, uint8_t reason, uint32_t ksn,
			 struct coap_message *out);
/* The response's payload is a KEY_UPDATE with a good MAC, which is adopted. */
bool coap_adopt(struct test_ue *u, const struct coap_message *m);
/* A keyset by KEY_REQUEST 0, confirmed by one accepted message. */
bool coap_first_contact(struct coap *c, struct test_ue *u);

/* What a payload of content-format 63 holds (bundle.h of the gateway). */
struct parts {
	const uint8_t *update; /* NULL: none */
	size_t update_len;
	struct {
		char sub[64];
		const uint8_t *octets;
		size_t len;
	} messages[32];
	size_t count;
	uint64_t number; /* 0: none */
	bool more;
};
bool coap_parts(const struct coap_message *m, struct parts *out);

/* Whether these octets open under the UE's keyset to this text. */
bool ue_opens(const struct test_ue *u, const char *sub, const uint8_t *octets, size_t len,
	      const char *text);

/* GET of path, e2e/<ue>/ in front, with further options of one number; answers an Echo once. */
uint8_t coap_get(struct coap *c, const struct test_ue *u, const char *path,
		 struct coap_message *out);

#endif
