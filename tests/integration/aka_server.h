/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A home network's AKA server (clause 7) in a thread, which is as honest as the test wants it. It
 * speaks just as much CoAP as that takes, by hand, so that it can speak it wrong.
 */
#ifndef EESE_TESTS_AKA_SERVER_H
#define EESE_TESTS_AKA_SERVER_H

#include <pthread.h>

#include "eese/aka.h"

enum aka_manner {
	AKA_HONEST,
	AKA_STALE,          /* honest, but its SQN is an old one: AUTS puts it right */
	AKA_SILENT,         /* never answers */
	AKA_RES_LOST,       /* RES gets lost on its way */
	AKA_ANSWER_LOST,    /* the answer to RES gets lost; the key is in force */
	AKA_FORGETS,        /* the same, but the repeated RES is answered by 4.04 */
	AKA_REFUSES,        /* 4.03 */
	AKA_WRONG_RES,      /* 4.01 to RES */
	AKA_FORGED_REFUSAL, /* 4.01 to RES from somebody on the way; the key is in force */
	AKA_BUSY,           /* 5.03 */
	AKA_OTHER_KEY,      /* challenges made with another K */
	AKA_OTHER_DOMAIN,   /* AMF of the other domain */
	AKA_NO_SEPARATION,  /* AMF without the separation bit, as of an ordinary network */
	AKA_SAME_CHALLENGE, /* the last challenge, again and again */
	AKA_SHORT,          /* a challenge of 31 octets */
	AKA_LONG,           /* one of 1,000 */
	AKA_HUGE,           /* more than a datagram of CoAP may have */
	AKA_EMPTY,          /* none */
	AKA_NO_PLACE,       /* no Location-Path */
	AKA_GARBAGE,        /* random datagrams */
	AKA_RESET,          /* RST */
	AKA_MANNERS,
};

struct aka_server {
	pthread_t thread;
	int fd;
	uint16_t port;
	bool stopping;
	pthread_mutex_t lock; /* for all but thread, fd and port */
	/* Called by the thread for each new key before RES is answered; NULL: not. Calls nothing
	 * here. */
	void (*on_key)(void *ctx, const char *hex);
	void *ctx;
	uint64_t seq; /* of the last challenge */
	enum aka_manner manner;
	enum eese_domain domain;        /* of the last challenge */
	uint32_t lifetime;              /* of keys, in seconds */
	unsigned asked, auts, answered; /* POST, AUTS, RES that came (repeats count) */
	unsigned keys;                  /* that are or were in force */
	uint8_t key[EESE_INT_KEY_SIZE]; /* the newest of them */
	uint8_t challenge[EESE_AKA_CHALLENGE_SIZE];
};

/* K and OPc of every USIM in hexadecimal. */
extern const char aka_k[], aka_opc[];

bool aka_server_start(struct aka_server *s);
void aka_server_stop(struct aka_server *s);

void aka_server_set(struct aka_server *s, enum aka_manner manner, uint32_t lifetime);

void aka_server_tell(struct aka_server *s, void (*on_key)(void *ctx, const char *hex), void *ctx);

/* As the thread left it. */
struct aka_counts {
	unsigned asked, auts, answered, keys;
};
struct aka_counts aka_server_counts(struct aka_server *s);

/* The newest key, as 64 hexadecimal digits and a NUL. */
void aka_server_key(struct aka_server *s, char hex[2 * EESE_INT_KEY_SIZE + 1]);

#endif
