/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the EMKS client share. Only they include it. */
#ifndef EESE_PLUGIN_EMKS_INTERNAL_H
#define EESE_PLUGIN_EMKS_INTERNAL_H

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "plugin/emks.h"
#include "plugin/emks_answer.h"
#include "plugin/emks_pause.h"

enum {
	EMKS_TRANSFERS = 16,       /* at once, each on a connection of its own */
	EMKS_BODY_MAX = 16 * 1024, /* the longest answer, RANDs, has 9 KiB */
	EMKS_HEAD_MAX = 16 * 1024, /* all header lines together */
	EMKS_TRIES = 3,            /* of one order */
	EMKS_RETRY_MS = 200,       /* before the second try, at most; doubles */
	EMKS_STOCK = 4096,         /* RANDs */
	EMKS_BATCHES = 4,          /* orders of RANDs at once */
	EMKS_RESTOCK_MS = 1000,    /* after one that failed */
	EMKS_WHY_SIZE = 192,
};

/* How an order ended. */
enum emks_end {
	EMKS_END_CONNECT,
	EMKS_END_TLS,
	EMKS_END_TIME,
	EMKS_END_BUSY,   /* 502, 503, 504: the server's trouble */
	EMKS_END_SLOWER, /* 429 */
	EMKS_END_ERROR,  /* 500 and the like: its trouble too, but no second try */
	EMKS_END_STATUS, /* one that clause 8 does not have */
	EMKS_END_ANSWER, /* too long */
	EMKS_END_PAUSED,
	EMKS_END_200,
	EMKS_END_204,
	EMKS_END_403,
	EMKS_END_404,
};

/* One request, from ask to answer. Belongs to one thread at a time. */
struct emks_order {
	struct emks_order *next;
	char ue_id[EESE_UE_ID_MAX + 1]; /* "": RANDs */
	uint64_t give_up_ms, not_before_ms;
	unsigned tries;
	uint32_t retry_after_s; /* of 429; 0: not said */
	enum emks_end end;
	char *body; /* of 200, 403 and 404, with a NUL behind it */
	size_t body_len;
	char why[EMKS_WHY_SIZE]; /* it failed, printable */
};

struct emks_list {
	struct emks_order *first, *last;
};

/* Our certificate and key, and whom we trust: the files' octets. */
struct emks_trust {
	struct curl_blob cert, key, ca;
};

/* One exchange. The order is NULL while it is idle. */
struct emks_transfer {
	CURL *easy;
	struct emks_order *order;
	size_t len, head_len;
	bool too_long;
	char post[EESE_UE_ID_MAX + 32];
	char error[CURL_ERROR_SIZE];
	char body[EMKS_BODY_MAX];
};

struct eese_emks {
	struct eese_emks_config config;
	char *retrieve_url, *rands_url;
	pthread_t thread;

	/* the thread's own */
	struct emks_transfer transfers[EMKS_TRANSFERS];
	struct curl_slist *headers;
	struct emks_trust *trust;
	struct eese_pause pause;
	struct emks_list again; /* to be tried once more */
	uint64_t slow_until_ms; /* the EMKS asked for it */
	unsigned seed;          /* of the jitter */

	pthread_mutex_t lock;
	/* under the lock */
	struct emks_list waiting, done;
	struct emks_trust *next_trust; /* a reload's */
	CURLM *multi;                  /* replaced by the thread; the other one only wakes it */
	bool stop;

	atomic_bool any_done;
	atomic_bool paused;

	/* the caller's own */
	size_t asks, batches; /* on their way */
	uint64_t restock_ms;  /* not before */
	size_t stock;
	uint8_t rands[EMKS_STOCK][EESE_RAND_SIZE];
	uint64_t counters[EESE_EMKS_COUNTERS];
	char why[EMKS_WHY_SIZE];
};

/* emks.c */
uint64_t emks_now_ms(void);
void emks_push(struct emks_list *l, struct emks_order *o);
void emks_push_first(struct emks_list *l, struct emks_order *o);
struct emks_order *emks_pop(struct emks_list *l);
/* Wipes it. NULL-safe. */
void emks_order_free(struct emks_order *o);

/* emks_trust.c: NULL: wrong says why. */
struct emks_trust *emks_trust_read(const struct eese_emks_config *config,
				   char wrong[EESE_EMKS_TEXT_SIZE]);
/* Wipes the key. NULL-safe. */
void emks_trust_free(struct emks_trust *t);

/* emks_transfer.c */
/* A handle with everything set that does not depend on the order; NULL: out of memory. */
CURL *emks_easy_new(const struct eese_emks_config *config, const struct emks_trust *trust);
bool emks_transfer_init(struct emks_transfer *t, const struct eese_emks *e);
/* Wipes what came. */
void emks_transfer_free(struct emks_transfer *t);
bool emks_transfer_start(struct emks_transfer *t, const struct eese_emks *e,
			 struct emks_order *order);
/* Fills in how the order ended, which the transfer no longer has then. */
struct emks_order *emks_transfer_end(struct emks_transfer *t, CURLcode code);

/* emks_worker.c: the thread, with a struct eese_emks. */
void *emks_work(void *arg);

#endif
