/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "hash.h"

/* EXCHANGE_LIFETIME of RFC 7252 4.8.2 with its default parameters. */
enum { LIFE_MS = 247000 };

struct exchange {
	struct exchange_key key;
	enum exchange_state state;
	uint64_t began;
	struct reply reply;
	uint8_t *payload;
	UT_hash_handle hh;
	struct exchange *prev, *next; /* in the order of their beginning */
};

struct exchanges {
	struct exchange *by_key, *list;
	uint32_t count, count_max;
	size_t octets, octets_max;
};

struct exchanges *exchanges_new(uint32_t count, size_t octets)
{
	struct exchanges *x = calloc(1, sizeof(*x));

	if (x != NULL) {
		x->count_max = count;
		x->octets_max = octets;
	}
	return x;
}

static void drop(struct exchanges *x, struct exchange *e)
{
	HASH_DEL(x->by_key, e); /* NOLINT(clang-analyzer-core.NullDereference) */
	DL_DELETE(x->list, e);  /* NOLINT(clang-analyzer-core.NullDereference) */
	x->count--;
	x->octets -= e->payload != NULL ? e->reply.payload_len : 0;
	free(e->payload);
	free(e);
}

void exchanges_free(struct exchanges *x)
{
	if (x == NULL)
		return;
	while (x->list != NULL)
		drop(x, x->list);
	free(x);
}

struct exchange_key exchange_key(const struct message *m)
{
	struct exchange_key k;

	memset(&k, 0, sizeof(k));
	k.peer = m->peer;
	k.mid = m->mid;
	k.token_len = m->token_len;
	memcpy(k.token, m->token, m->token_len);
	return k;
}

static struct exchange *find(struct exchanges *x, const struct exchange_key *key)
{
	struct exchange *e;

	HASH_FIND(hh, x->by_key, key, sizeof(*key), e);
	return e;
}

struct exchange *exchange_find(struct exchanges *x, const struct message *m, uint64_t now)
{
	const struct exchange_key key = exchange_key(m);

	while (x->list != NULL && now - x->list->began > LIFE_MS)
		drop(x, x->list);
	return find(x, &key);
}

bool exchange_begin(struct exchanges *x, const struct message *m, uint64_t now)
{
	struct exchange *e;

	if (x->count >= x->count_max)
		drop(x, x->list);
	e = calloc(1, sizeof(*e));
	if (e == NULL)
		return false;
	e->key = exchange_key(m);
	e->began = now;
	HASH_ADD(hh, x->by_key, key, sizeof(e->key), e);
	if (e->hh.tbl == NULL) { /* out of memory: hash.h */
		free(e);
		return false;
	}
	DL_APPEND(x->list, e);
	x->count++;
	return true;
}

enum exchange_state exchange_state(const struct exchange *e)
{
	return e->state;
}

const struct reply *exchange_reply(const struct exchange *e)
{
	return &e->reply;
}

void exchange_acked(struct exchanges *x, const struct exchange_key *key)
{
	struct exchange *e = find(x, key);

	if (e != NULL)
		e->state = EXCHANGE_ACKED;
}

void exchange_answered(struct exchanges *x, const struct exchange_key *key, const struct reply *r)
{
	struct exchange *e = find(x, key);
	uint8_t *payload = NULL;

	if (e == NULL || e->state != EXCHANGE_OPEN)
		return;
	if (r->payload_len > 0) {
		payload = malloc(r->payload_len);
		if (payload == NULL) {
			drop(x, e); /* then a retransmission is a new request */
			return;
		}
		memcpy(payload, r->payload, r->payload_len);
	}
	e->state = EXCHANGE_ANSWERED;
	e->reply = *r;
	e->payload = payload;
	e->reply.payload = payload;
	x->octets += r->payload_len;
	while (x->octets > x->octets_max && x->list != e)
		drop(x, x->list);
}
