/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoint/table.h"

#include <string.h>

enum { FIRST_SIZE = 64 };

/* FNV-1a from a secret start, with murmur3's finish so that the low bits depend on all. */
uint32_t eese_table_hash(const struct eese_table *t, const char *name, size_t len)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^ t->seed;
	for (size_t i = 0; i < len; i++) {
		h ^= (uint8_t)name[i];
		h *= UINT64_C(0x100000001b3);
	}
	h ^= h >> 33;
	h *= UINT64_C(0xff51afd7ed558ccd);
	h ^= h >> 33;
	return (uint32_t)h;
}

struct eese_named *eese_table_find(const struct eese_table *t, const char *name, size_t len)
{
	if (t->size == 0) {
		return NULL;
	}
	uint32_t hash = eese_table_hash(t, name, len);
	for (size_t i = hash & (t->size - 1); t->slots[i] != NULL; i = (i + 1) & (t->size - 1)) {
		struct eese_named *n = t->slots[i];
		if (n->hash == hash && n->len == len && memcmp(n->name, name, len) == 0) {
			return n;
		}
	}
	return NULL;
}

static void put(struct eese_named **slots, size_t size, struct eese_named *n)
{
	size_t i = n->hash & (size - 1);
	while (slots[i] != NULL) {
		i = (i + 1) & (size - 1);
	}
	slots[i] = n;
}

static bool grow(struct eese_table *t)
{
	size_t size = t->size == 0 ? FIRST_SIZE : t->size * 2;
	struct eese_named **slots = t->alloc(size * sizeof *slots);
	if (slots == NULL) {
		return false;
	}
	memset(slots, 0, size * sizeof *slots);
	for (size_t i = 0; i < t->size; i++) {
		if (t->slots[i] != NULL) {
			put(slots, size, t->slots[i]);
		}
	}
	t->release(t->slots);
	t->slots = slots;
	t->size = size;
	return true;
}

bool eese_table_add(struct eese_table *t, struct eese_named *n)
{
	if (t->count + 1 > t->size / 4 * 3 && !grow(t)) {
		return false;
	}
	n->hash = eese_table_hash(t, n->name, n->len);
	put(t->slots, t->size, n);
	t->count++;
	return true;
}

/* Closes the gap at i, so that no probe sequence is cut. */
static void close_gap(struct eese_table *t, size_t i)
{
	size_t mask = t->size - 1;
	t->slots[i] = NULL;
	for (size_t j = (i + 1) & mask; t->slots[j] != NULL; j = (j + 1) & mask) {
		size_t home = t->slots[j]->hash & mask;
		if (((j - home) & mask) >= ((j - i) & mask)) {
			t->slots[i] = t->slots[j];
			t->slots[j] = NULL;
			i = j;
		}
	}
}

void eese_table_remove(struct eese_table *t, const struct eese_named *n)
{
	size_t i = n->hash & (t->size - 1);
	while (t->slots[i] != n) {
		i = (i + 1) & (t->size - 1);
	}
	close_gap(t, i);
	t->count--;
}
