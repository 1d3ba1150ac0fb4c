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

/* A part of the hash that is looked at before a thing itself, which is seldom in the cache; never
 * 0, which stands for an empty slot. */
static uint8_t tag_of(uint32_t hash)
{
	uint8_t tag = (uint8_t)(hash >> 24);
	return tag != 0 ? tag : 1;
}

struct eese_named *eese_table_find(const struct eese_table *t, const char *name, size_t len)
{
	if (t->size == 0) {
		return NULL;
	}
	uint32_t hash = eese_table_hash(t, name, len);
	uint8_t tag = tag_of(hash);
	for (size_t i = hash & (t->size - 1); t->tags[i] != 0; i = (i + 1) & (t->size - 1)) {
		struct eese_named *n = t->slots[i];
		if (t->tags[i] == tag && n->hash == hash && n->len == len &&
		    memcmp(n->name, name, len) == 0) {
			return n;
		}
	}
	return NULL;
}

static void put(struct eese_table *t, struct eese_named *n)
{
	size_t i = n->hash & (t->size - 1);
	while (t->tags[i] != 0) {
		i = (i + 1) & (t->size - 1);
	}
	t->slots[i] = n;
	t->tags[i] = tag_of(n->hash);
}

/* Slots and tags are one piece. */
static bool resize(struct eese_table *t, size_t size)
{
	struct eese_table old = *t;
	struct eese_named **slots = t->alloc(size * (sizeof *slots + 1));
	if (slots == NULL) {
		return false;
	}
	memset(slots, 0, size * (sizeof *slots + 1));
	t->slots = slots;
	t->tags = (uint8_t *)(slots + size);
	t->size = size;
	for (size_t i = 0; i < old.size; i++) {
		if (old.slots[i] != NULL) {
			put(t, old.slots[i]);
		}
	}
	t->release(old.slots);
	return true;
}

static bool fits(size_t size, size_t count)
{
	return count <= size / 4 * 3;
}

bool eese_table_reserve(struct eese_table *t, size_t count)
{
	size_t size = t->size == 0 ? FIRST_SIZE : t->size;
	while (!fits(size, count)) {
		size *= 2;
	}
	return size == t->size || resize(t, size);
}

bool eese_table_add(struct eese_table *t, struct eese_named *n)
{
	if (!eese_table_reserve(t, t->count + 1)) {
		return false;
	}
	n->hash = eese_table_hash(t, n->name, n->len);
	put(t, n);
	t->count++;
	return true;
}

/* Closes the gap at i, so that no probe sequence is cut. */
static void close_gap(struct eese_table *t, size_t i)
{
	size_t mask = t->size - 1;
	t->slots[i] = NULL;
	t->tags[i] = 0;
	for (size_t j = (i + 1) & mask; t->tags[j] != 0; j = (j + 1) & mask) {
		size_t home = t->slots[j]->hash & mask;
		if (((j - home) & mask) >= ((j - i) & mask)) {
			t->slots[i] = t->slots[j];
			t->tags[i] = t->tags[j];
			t->slots[j] = NULL;
			t->tags[j] = 0;
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
