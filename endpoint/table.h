/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table of named things, open addressing, growing by doubling; UEs and groups are in one
 * each. Names come from administrators and the key server only, lookups from anyone. */
#ifndef EESE_ENDPOINT_TABLE_H
#define EESE_ENDPOINT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* First member of whatever is in a table. */
struct eese_named {
	const char *name; /* ends with NUL; lives as long as the thing */
	struct eese_named *next_changed;
	uint32_t hash;
	uint8_t len;
	bool is_group;
	bool changed; /* in the list of changes */
	bool gone;    /* out of the table, freed when it leaves that list */
};

struct eese_table {
	struct eese_named **slots;
	uint8_t *tags; /* of each slot, 0: empty */
	size_t size;   /* a power of two, or 0 */
	size_t count;
	uint64_t seed;
	void *(*alloc)(size_t size);
	void (*release)(void *p);
};

/* NULL if there is none of this name. */
struct eese_named *eese_table_find(const struct eese_table *t, const char *name, size_t len);

/* Adds n, whose name and len are set and not in the table; false when out of memory. */
bool eese_table_add(struct eese_table *t, struct eese_named *n);

/* Makes room for count things in all; false when out of memory. */
bool eese_table_reserve(struct eese_table *t, size_t count);

/* Takes out n, which is in the table. */
void eese_table_remove(struct eese_table *t, const struct eese_named *n);

/* The same hash the table uses. */
uint32_t eese_table_hash(const struct eese_table *t, const char *name, size_t len);

#endif
