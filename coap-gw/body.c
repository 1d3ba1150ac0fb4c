/* SPDX-License-Identifier: Apache-2.0 */
#include "body.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { LIFE_MS = 60000, SZX_MAX = 6, SHARES = 4 };

struct body {
	struct peer peer;
	enum path_kind kind;
	char ue[EESE_UE_ID_MAX + 1];
	char *sub;
	uint64_t touched;
	uint8_t *octets; /* grows with what came, not with what was announced */
	size_t len;
	struct body *prev, *next; /* the longest untouched first */
};

struct bodies {
	struct body *list;
	size_t count, count_max, size_max;
	struct body *done; /* its payload was handed out */
};

struct bodies *bodies_new(size_t count, size_t size)
{
	struct bodies *b = calloc(1, sizeof(*b));

	if (b != NULL) {
		b->count_max = count;
		b->size_max = size;
	}
	return b;
}

static void body_free(struct body *body)
{
	if (body == NULL)
		return;
	free(body->sub);
	free(body->octets);
	free(body);
}

static void drop(struct bodies *b, struct body *body)
{
	DL_DELETE(b->list, body); /* NOLINT(clang-analyzer-core.NullDereference) */
	b->count--;
	body_free(body);
}

void bodies_free(struct bodies *b)
{
	if (b == NULL)
		return;
	while (b->list != NULL)
		drop(b, b->list);
	body_free(b->done);
	free(b);
}

static struct body *find(struct bodies *b, const struct message *m)
{
	struct body *body;

	DL_FOREACH(b->list, body)
	{
		if (memcmp(&body->peer, &m->peer, sizeof(m->peer)) == 0 &&
		    body->kind == m->path.kind && strcmp(body->ue, m->path.ue) == 0 &&
		    strcmp(body->sub, m->path.sub) == 0)
			return body;
	}
	return NULL;
}

/* Else one that begins many and ends none would keep all others out. */
static bool has_its_share(const struct bodies *b, const struct peer *peer)
{
	const size_t share = b->count_max >= SHARES ? b->count_max / SHARES : 1;
	uint8_t network[NETWORK_SIZE], other[NETWORK_SIZE];
	const struct body *body;
	size_t count = 0;

	peer_network(peer, network);
	/* Who is freed is out of the list, which the analyzer doesn't follow. */
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
	DL_FOREACH(b->list, body)
	{
		peer_network(&body->peer, other);
		count += memcmp(network, other, sizeof(network)) == 0;
	}
	return count >= share;
}

static struct body *make(struct bodies *b, const struct message *m)
{
	const bool room = b->count < b->count_max && !has_its_share(b, &m->peer);
	struct body *body = room ? calloc(1, sizeof(*body)) : NULL;

	if (body == NULL)
		return NULL;
	body->peer = m->peer;
	body->kind = m->path.kind;
	memcpy(body->ue, m->path.ue, sizeof(body->ue));
	body->sub = strdup(m->path.sub);
	if (body->sub == NULL) {
		body_free(body);
		return NULL;
	}
	DL_APPEND(b->list, body);
	b->count++;
	return body;
}

static bool append(struct body *body, const struct message *m)
{
	uint8_t *grown = realloc(body->octets, body->len + m->payload_len + 1);

	if (grown == NULL)
		return false;
	body->octets = grown;
	if (m->payload_len > 0)
		memcpy(grown + body->len, m->payload, m->payload_len);
	body->len += m->payload_len;
	return true;
}

static enum body_result finish(struct bodies *b, struct body *body, const uint8_t **out,
			       size_t *out_len)
{
	DL_DELETE(b->list, body); /* NOLINT(clang-analyzer-core.NullDereference) */
	b->count--;
	b->done = body;
	*out = body->octets;
	*out_len = body->len;
	return BODY_WHOLE;
}

/* The block fits behind what is there, or begins anew. */
static enum body_result take_block(struct bodies *b, const struct message *m, uint64_t now,
				   const uint8_t **out, size_t *out_len)
{
	const uint64_t offset = (uint64_t)m->block1.num << (m->block1.szx + 4);
	struct body *body = find(b, m);

	if (body != NULL && m->block1.num == 0) {
		drop(b, body);
		body = NULL;
	}
	if (body == NULL && m->block1.num != 0)
		return BODY_INCOMPLETE;
	if (body == NULL)
		body = make(b, m);
	if (body == NULL)
		return BODY_FULL;
	if (body->len != offset)
		return BODY_INCOMPLETE;
	body->touched = now;
	DL_DELETE(b->list, body); /* NOLINT(clang-analyzer-core.NullDereference) */
	DL_APPEND(b->list, body);
	if (body->len + m->payload_len > b->size_max) {
		drop(b, body);
		return BODY_TOO_LARGE;
	}
	if (!append(body, m)) {
		drop(b, body);
		return BODY_FULL;
	}
	return m->block1.more ? BODY_MORE : finish(b, body, out, out_len);
}

enum body_result body_take(struct bodies *b, const struct message *m, uint64_t now,
			   const uint8_t **out, size_t *out_len)
{
	body_free(b->done);
	b->done = NULL;
	while (b->list != NULL && now - b->list->touched > LIFE_MS)
		drop(b, b->list);
	*out = m->payload;
	*out_len = m->payload_len;
	if (!m->block1.present)
		return m->payload_len > b->size_max ? BODY_TOO_LARGE : BODY_WHOLE;
	if (m->block1.szx > SZX_MAX ||
	    (m->block1.more && m->payload_len != (size_t)1 << (m->block1.szx + 4)))
		return BODY_BAD;
	return take_block(b, m, now, out, out_len);
}
