/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoint_support.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static _Noreturn void give_up(const char *why)
{
	(void)fprintf(stderr, "test support: %s\n", why);
	exit(EXIT_FAILURE);
}

/* ---- memory ---- */

struct heap heap;

union block {
	size_t size;
	max_align_t align;
};

static void *heap_alloc(size_t size)
{
	heap.calls++;
	if (heap.fail_at != 0 && heap.calls >= heap.fail_at) {
		return NULL;
	}
	union block *b = malloc(sizeof *b + size);
	if (b == NULL) {
		give_up("out of memory");
	}
	b->size = size;
	heap.live += size;
	memset(b + 1, 0xa5, size);
	return b + 1;
}

static bool holds(const void *in, size_t in_len, const void *what, size_t len)
{
	const uint8_t *p = in;
	for (size_t i = 0; len > 0 && i + len <= in_len; i++) {
		if (memcmp(p + i, what, len) == 0) {
			return true;
		}
	}
	return false;
}

static void heap_release(void *p)
{
	if (p == NULL) {
		return;
	}
	union block *b = (union block *)p - 1;
	heap.live -= b->size;
	heap.unwiped += holds(p, b->size, heap.secret, heap.secret_len);
	free(b);
}

/* ---- the world ---- */

void key_of(uint8_t which, uint8_t out[EESE_INT_KEY_SIZE])
{
	for (size_t i = 0; i < EESE_INT_KEY_SIZE; i++) {
		out[i] = (uint8_t)(which * 16 + i * 7);
	}
}

void world_config(struct world *w)
{
	*w = (struct world){.now = {.ms = 5000, .unix = UNIX}, .config = EESE_ENDPOINT_DEFAULTS};
	heap = (struct heap){0};
	w->config.alloc = heap_alloc;
	w->config.release = heap_release;
	memset(w->config.hash_seed, 0x3c, sizeof w->config.hash_seed);
	key_of(1, w->key);
}

void add_rands(struct world *w)
{
	while (eese_endpoint_rands_wanted(w->ep) > 0) {
		uint8_t rand[EESE_RAND_SIZE] = {0x77};
		w->rand++;
		memcpy(rand + 8, &w->rand, sizeof w->rand);
		eese_endpoint_add_rand(w->ep, rand);
	}
}

void world_make(struct world *w)
{
	if (eese_endpoint_new(&w->config, &w->ep) != EESE_OK) {
		give_up("eese_endpoint_new");
	}
	add_rands(w);
}

void world_new(struct world *w)
{
	world_config(w);
	world_make(w);
}

void world_free(struct world *w)
{
	heap.fail_at = 0;
	eese_endpoint_free(w->ep);
	w->ep = NULL;
	CU_ASSERT_EQUAL(heap.live, 0);
	CU_ASSERT_EQUAL(heap.unwiped, 0);
}

void pass(struct world *w, uint64_t seconds)
{
	w->now.ms += seconds * SECOND;
	w->now.unix += seconds;
}

uint64_t counter(const struct world *w, enum eese_counter c)
{
	return eese_endpoint_counter(w->ep, c);
}

/* ---- the UE's side ---- */

/* A KEY_UPDATE must hold under the UE's key; any other is none. */
static void learn(struct world *w)
{
	uint8_t key[EESE_CONTROL_KEY_SIZE];
	struct eese_key_update u;
	w->updated = false;
	if (w->out.control_len == 0 || w->out.control[0] >> 6 != EESE_KIND_KEY_UPDATE) {
		return;
	}
	if (eese_derive_control_key(w->key, UE, key) != EESE_OK) {
		give_up("eese_derive_control_key");
	}
	w->updated =
	    eese_key_update_decode(key, UE, w->out.control, w->out.control_len, &u) == EESE_OK;
	if (w->updated) {
		w->update = u;
	}
}

void adopt(const struct world *w, struct eese_keyset *out)
{
	const struct eese_key_update *u = &w->update;
	if (eese_derive_keyset(w->key, UE, u->rand, u->ksn, u->alg, out) != EESE_OK) {
		give_up("eese_derive_keyset");
	}
}

size_t message(const struct eese_keyset *k, uint64_t number, uint8_t out[64])
{
	size_t len;
	if (eese_data_seal(&k->up, UE, "t", 1, number, (const uint8_t *)TEXT, strlen(TEXT), out, 64,
			   &len) != EESE_OK) {
		give_up("eese_data_seal");
	}
	return len;
}

void data_octets(struct world *w, const uint8_t *msg, size_t len)
{
	struct octets m = octets_new(len);
	struct octets plain = octets_new(len);
	uint64_t before[EESE_COUNT_MAX];
	memcpy(m.p, msg, len);
	memset(plain.p, 0x5a, len);
	for (unsigned c = 0; c < EESE_COUNT_MAX; c++) {
		before[c] = counter(w, c);
	}
	eese_endpoint_data(w->ep, w->now, UE, strlen(UE), "t", 1, m.p, len, plain.p, &w->out);
	CU_ASSERT_FATAL(w->out.count < EESE_COUNT_MAX);
	CU_ASSERT_EQUAL(counter(w, w->out.count), before[w->out.count] + 1);
	if (w->out.verdict == EESE_DELIVER) {
		CU_ASSERT_EQUAL(w->out.plain_len, strlen(TEXT));
		CU_ASSERT_EQUAL(memcmp(plain.p, TEXT, strlen(TEXT)), 0);
	} else {
		CU_ASSERT_EQUAL(w->out.plain_len, 0);
		CU_ASSERT_FALSE(holds(plain.p, len, TEXT, 8));
	}
	octets_free(&m);
	octets_free(&plain);
	learn(w);
}

void data(struct world *w, const struct eese_keyset *k, uint64_t number)
{
	uint8_t m[64];
	data_octets(w, m, message(k, number, m));
	CU_ASSERT(w->out.verdict != EESE_DELIVER || w->out.number == number);
}

void data_forged(struct world *w, const struct eese_keyset *k, uint64_t number)
{
	uint8_t m[64];
	size_t len = message(k, number, m);
	m[len - 1] ^= 1;
	data_octets(w, m, len);
}

void data_unknown(struct world *w)
{
	struct eese_keyset other = {.up = {.alg = EESE_ALG_AES_CCM_16_64_128}};
	uint32_t *ksn = &other.up.ksn;
	while (*ksn % 8 == w->current.up.ksn % 8 || *ksn % 8 == w->pending.up.ksn % 8 ||
	       *ksn % 8 == w->previous.up.ksn % 8) {
		++*ksn;
	}
	data(w, &other, 9);
}

void request_octets(struct world *w, const uint8_t *msg, size_t len)
{
	struct octets m = octets_new(len);
	memcpy(m.p, msg, len);
	eese_endpoint_request(w->ep, w->now, UE, strlen(UE), m.p, len, &w->out);
	octets_free(&m);
	learn(w);
}

static void request_of(struct world *w, const uint8_t *key, uint8_t reason, uint32_t r)
{
	uint8_t control[EESE_CONTROL_KEY_SIZE];
	uint8_t m[EESE_KEY_REQUEST_SIZE];
	struct eese_key_request q = {.reason = reason, .ksn = r};
	if (eese_derive_control_key(key, UE, control) != EESE_OK ||
	    eese_derive_ikid(key, &q.ikid) != EESE_OK ||
	    eese_key_request_encode(control, UE, &q, m) != EESE_OK) {
		give_up("eese_key_request_encode");
	}
	request_octets(w, m, sizeof m);
}

void request(struct world *w, uint8_t reason, uint32_t r)
{
	request_of(w, w->key, reason, r);
}

void request_under(struct world *w, const uint8_t *key, uint32_t r)
{
	request_of(w, key, EESE_REQUEST_REFRESH, r);
}

void listening(struct world *w)
{
	eese_endpoint_listening(w->ep, w->now, UE, strlen(UE), &w->out);
	learn(w);
}

void downlink(struct world *w)
{
	w->result =
	    eese_endpoint_downlink(w->ep, w->now, UE, strlen(UE), "d", 1, (const uint8_t *)TEXT,
				   strlen(TEXT), w->sealed, sizeof w->sealed, &w->ordered, &w->out);
	CU_ASSERT_EQUAL(w->out.sealed_len > 0, w->result == EESE_OK);
	learn(w);
}

bool down_opens(const struct world *w, const struct eese_keyset *k, uint64_t number)
{
	struct eese_data_head head;
	uint8_t plain[sizeof w->sealed];
	size_t len;
	return w->out.sealed_len > 0 &&
	       eese_data_head(w->sealed, w->out.sealed_len, &head) == EESE_OK &&
	       head.kid == (k->down.ksn & 7) && head.number == number &&
	       w->out.ksn == k->down.ksn &&
	       eese_data_open(&k->down, UE, "d", 1, w->sealed, w->out.sealed_len, plain,
			      sizeof plain, &len) == EESE_OK &&
	       len == strlen(TEXT) && memcmp(plain, TEXT, len) == 0;
}

void set_ue(struct world *w, const uint8_t *key, uint64_t expiry, const char *group)
{
	struct eese_ue_entry entry = {.has_key = key != NULL, .expiry = expiry, .group = group};
	if (key != NULL) {
		memcpy(entry.int_key, key, sizeof entry.int_key);
	}
	CU_ASSERT_EQUAL(eese_endpoint_set_ue(w->ep, UE, strlen(UE), &entry), EESE_OK);
}

void key_arrived(struct world *w, const uint8_t *key, uint64_t created, uint64_t expiry)
{
	struct eese_key_grant grant = {.created = created, .expiry = expiry};
	memcpy(grant.int_key, key, sizeof grant.int_key);
	eese_endpoint_key_arrived(w->ep, w->now, UE, strlen(UE), &grant, &w->out);
	learn(w);
}

void key_refused(struct world *w, uint8_t reason)
{
	eese_endpoint_key_refused(w->ep, w->now, UE, strlen(UE), reason, &w->out);
	learn(w);
}

void key_denied(struct world *w, uint8_t reason)
{
	eese_endpoint_key_denied(w->ep, w->now, UE, strlen(UE), reason, &w->out);
	learn(w);
}
