/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An EMKS on loopback that does what it is told to, right or wrong: a process of its own.
 * Its keys are test_int_key()'s, of generation 0; others are KDFs of that.
 */
#ifndef EESE_TESTS_HOSTILE_EMKS_H
#define EESE_TESTS_HOSTILE_EMKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "eese/keys.h"
#include "pki.h"

enum hostile_way {
	HOSTILE_RIGHT,
	HOSTILE_NO_KEY,    /* 204 */
	HOSTILE_FORBIDDEN, /* 403 */
	HOSTILE_UNKNOWN,   /* 404 */
	/* wrong ones */
	HOSTILE_403_HTML, /* a proxy's */
	HOSTILE_404_HTML,
	HOSTILE_500,
	HOSTILE_503,
	HOSTILE_200_EMPTY,
	HOSTILE_REDIRECT_HTTP,
	HOSTILE_REDIRECT_FILE,
	HOSTILE_NO_HTTP,       /* octets that are no HTTP, inside TLS */
	HOSTILE_PLAIN,         /* HTTP without TLS */
	HOSTILE_OLD_TLS,       /* 1.1 */
	HOSTILE_SILENT,        /* accepts, and then nothing: no handshake */
	HOSTILE_MUTE,          /* shakes hands, reads, and then nothing */
	HOSTILE_TRICKLE,       /* an octet now and then */
	HOSTILE_CLOSE_FIRST,   /* closes before the handshake */
	HOSTILE_CLOSE_AT_ONCE, /* reads the request and closes */
	HOSTILE_CLOSE_HALF,    /* half of the answer, then closes */
	HOSTILE_SHUT_HALF,     /* sends no more, and goes on reading */
	HOSTILE_HUGE,          /* says 100 MB and sends them */
	HOSTILE_HUGE_CHUNKED,  /* sends as much in chunks */
	HOSTILE_HUGE_HEAD,     /* header lines for ever */
	HOSTILE_INTERIM,       /* 1xx for ever */
	HOSTILE_NO_JSON,
	HOSTILE_HALF_JSON,
	HOSTILE_DEEP_JSON,
	HOSTILE_LIST,
	HOSTILE_OTHER_UE,
	HOSTILE_SHORT_KEY,
	HOSTILE_LONG_KEY,
	HOSTILE_NO_HEX,
	HOSTILE_WRONG_IKID,
	HOSTILE_NO_TIME,
	HOSTILE_WAYS
};

const char *hostile_name(enum hostile_way way);

struct hostile;

struct hostile_config {
	const struct pki *pki;
	const char *cert; /* NULL: server.pem */
	uint16_t port;    /* 0: any; or the one that it had before */
};

/* NULL: it can't. */
struct hostile *hostile_start(const struct hostile_config *config);
/* Stops the process where it is: the kernel still takes connections, and nobody answers. */
void hostile_freeze(struct hostile *h, bool frozen);
/* Closes everything. NULL-safe. */
void hostile_stop(struct hostile *h);
uint16_t hostile_port(const struct hostile *h);

/* What it does from the next request on; what hangs, goes on hanging. */
void hostile_be(struct hostile *h, enum hostile_way way);
/* How right answers look: the key's generation, and its times in seconds from now. */
void hostile_key(struct hostile *h, unsigned generation, int created, int expiry);
/* Milliseconds before each answer. */
void hostile_delay(struct hostile *h, unsigned ms);
/* Every batch of RANDs is the same. */
void hostile_same_rands(struct hostile *h, bool same);

struct hostile_seen {
	size_t connections;      /* accepted so far */
	size_t retrieves, rands; /* requests so far */
	size_t at_once;          /* most connections at one time */
	size_t doubled;          /* retrieve for a UE while one for it was not answered */
	size_t octets;           /* sent */
	bool client_named;       /* every request came with the client's certificate */
};
struct hostile_seen hostile_look(struct hostile *h);
/* Requests for this UE so far. */
size_t hostile_asked(struct hostile *h, const char *ue_id);

/* A UE's key of this generation. */
void hostile_int_key(const char *ue_id, unsigned generation, uint8_t out[EESE_INT_KEY_SIZE]);

#endif
