/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The EESE's client of the EMKS (clause 8): HTTPS with mutual TLS, on one thread of its own, so
 * that whoever calls this never waits for the network. Knows no broker and calls none of its
 * functions. All calls below are for one thread, the broker's.
 */
#ifndef EESE_PLUGIN_EMKS_H
#define EESE_PLUGIN_EMKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "endpoint/endpoint.h"

struct eese_emks;

struct eese_emks_config {
	const char *url; /* https://host[:port][/path], see eese_emks_url_wrong() */
	/* Files in PEM: ours, its private key, and the CAs that may vouch for the EMKS. */
	const char *cert, *key, *ca;
	uint32_t connect_timeout_s; /* name, TCP and TLS together */
	uint32_t timeout_s;         /* a whole exchange, from sending to the last octet */
	bool rands;                 /* keep a stock of RANDs */
};

/* What it should have been as the EMKS's URL, a static text, or NULL if it is that. */
const char *eese_emks_url_wrong(const char *url);

/* A text for a log, naming the file or the cause. */
enum { EESE_EMKS_TEXT_SIZE = 512 };

/* Reads and tries the files, starts the thread. NULL: wrong says why. config's texts must live as
 * long as the client. */
struct eese_emks *eese_emks_start(const struct eese_emks_config *config,
				  char wrong[EESE_EMKS_TEXT_SIZE]);

/* Ends the thread, whatever it is in the middle of, wipes and frees all. NULL-safe. */
void eese_emks_stop(struct eese_emks *e);

/* Reads the files again and begins all connections anew with them. false: wrong says why, and
 * everything is as before. */
bool eese_emks_reload(struct eese_emks *e, char wrong[EESE_EMKS_TEXT_SIZE]);

/* Asks for a UE's key; who has one can_wait, so that those without are not behind too many of them.
 * Each ask has exactly one answer. false: too many are on their way, there will be none. */
bool eese_emks_ask(struct eese_emks *e, const char *ue_id, size_t ue_id_len, bool can_wait);

enum {
	EESE_EMKS_OUTSTANDING = 4096, /* asks on their way at most */
	EESE_EMKS_CAN_WAIT = 512,     /* ask no more while there are so many */
};

enum eese_emks_outcome {
	EESE_EMKS_KEY,       /* the newest key, in grant */
	EESE_EMKS_NO_KEY,    /* AKA was not run yet */
	EESE_EMKS_FORBIDDEN, /* EnPS not applicable, or the UE is none of ours */
	EESE_EMKS_UNKNOWN,   /* no such UE */
	EESE_EMKS_FAILED,    /* the EMKS can't be reached, or its answer is none */
};

struct eese_emks_answer {
	char ue_id[EESE_UE_ID_MAX + 1];
	size_t ue_id_len;
	enum eese_emks_outcome outcome;
	struct eese_key_grant grant; /* EESE_EMKS_KEY; the caller wipes it */
};

/* The next answer, if there is one. Costs little when there is none. */
bool eese_emks_next(struct eese_emks *e, struct eese_emks_answer *out);

/* A RAND from the stock, which no call gave before; it is ordered early enough to be full again
 * before it is empty, as long as the EMKS answers. false: there is none. */
bool eese_emks_rand(struct eese_emks *e, uint8_t out[EESE_RAND_SIZE]);

/* Orders RANDs if the stock needs some; call now and then. */
void eese_emks_restock(struct eese_emks *e);

enum eese_emks_counter {
	EESE_EMKS_COUNT_ASKED,
	EESE_EMKS_COUNT_KEYS,
	EESE_EMKS_COUNT_NO_KEY,
	EESE_EMKS_COUNT_FORBIDDEN,
	EESE_EMKS_COUNT_UNKNOWN,
	EESE_EMKS_COUNT_RANDS,          /* batches */
	EESE_EMKS_COUNT_FAILED_CONNECT, /* name, TCP, or closed before the answer's end */
	EESE_EMKS_COUNT_FAILED_TLS,
	EESE_EMKS_COUNT_FAILED_TIME,
	EESE_EMKS_COUNT_FAILED_STATUS, /* none of those that clause 8 has */
	EESE_EMKS_COUNT_FAILED_ANSWER, /* too long, or not what it must be */
	EESE_EMKS_COUNT_PAUSED,        /* not sent, as the EMKS does not answer */
	EESE_EMKS_COUNT_RETRIED,
	EESE_EMKS_COUNT_FULL,
	EESE_EMKS_COUNTERS
};

struct eese_emks_status {
	uint64_t counters[EESE_EMKS_COUNTERS];
	size_t in_flight;              /* asks without an answer yet */
	size_t stock;                  /* RANDs */
	bool answers;                  /* false: from three failures in a row to the next answer */
	char why[EESE_EMKS_TEXT_SIZE]; /* of the latest failure, "" if there was none */
};

void eese_emks_look(struct eese_emks *e, struct eese_emks_status *out);

#endif
