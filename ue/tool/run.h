/* SPDX-License-Identifier: Apache-2.0 */
/* One run of AKA over CoAP, clause 7. Nothing here waits. */
#ifndef EESE_TOOL_RUN_H
#define EESE_TOOL_RUN_H

#include "coap_client.h"
#include "eese/aka.h"

enum run_end {
	RUN_GOES_ON,
	RUN_KEY,       /* the key is in force */
	RUN_UNCERTAIN, /* RES left and nobody said what became of it: it may be in force */
	RUN_NO_ANSWER, /* not reached, or the server is busy: try again */
	RUN_REFUSED,   /* the home network says no */
	RUN_UNTRUSTED, /* what answers there is no home network of this USIM */
	RUN_FILES,     /* the sequence number or the key could not be stored; was said */
};

struct run_config {
	const char *host; /* of the AKA server */
	uint16_t port;
	const struct eese_usim *usim;
	enum eese_domain domain;
	const char *identity; /* IMSI or UE-ID */
	/* Takes the key, durably, before RES leaves. */
	bool (*take_key)(void *ctx, const uint8_t key[EESE_INT_KEY_SIZE]);
	void *ctx;
};

/* Longer payloads are cut off: one octet more than there can be is as good as any. */
enum { RUN_PAYLOAD_MAX = EESE_AKA_CHALLENGE_SIZE + 1 };

struct run {
	const struct run_config *config; /* NULL: none was ever started */
	struct coap_client client;
	struct coap_client_exchange exchange;
	struct eese_aka aka;
	struct coap_client_path place;    /* what the next PUT goes to */
	bool asked;                       /* a request was sent */
	bool came;                        /* and this is what became of it */
	struct coap_client_answer answer; /* its payload is a copy */
	uint8_t payload[RUN_PAYLOAD_MAX];
	enum run_end end;
	const char *why;   /* why it ended without a key, a static text */
	uint32_t lifetime; /* RUN_KEY: seconds */
};

/* *config and *r must stay where they are until run_close(). */
void run_start(struct run *r, const struct run_config *config);

/* Fills *p for the next poll(); the time run_done() is needed at the latest. */
uint64_t run_prepare(const struct run *r, struct pollfd *p, uint64_t now);

/* Does what came and what is due. */
enum run_end run_done(struct run *r, uint64_t now);

/* Wipes it. Before that the run may be ended at any time. */
void run_close(struct run *r);

#endif
