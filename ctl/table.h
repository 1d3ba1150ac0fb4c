/* SPDX-License-Identifier: Apache-2.0 */
/* Aligned columns, for tables of which only a page is known at a time. */
#ifndef EESE_CTL_TABLE_H
#define EESE_CTL_TABLE_H

#include <stdbool.h>
#include <stddef.h>

enum { TABLE_COLUMNS_MAX = 12 };

struct table {
	const char *const *heads; /* up to NULL */
	unsigned right;           /* bit n: column n is aligned to the right */
	size_t columns, count, size;
	size_t widths[TABLE_COLUMNS_MAX];
	char **cells; /* of the rows in hand, one after the other */
	bool head_printed;
};

void table_init(struct table *t, const char *const *heads, unsigned right);

/* Copies a cell for each column; NULL is "-". */
void table_row(struct table *t, const char *const cells[]);

/* Prints the rows in hand, and the heads if they weren't yet. A column never gets narrower. */
void table_print(struct table *t);

void table_free(struct table *t);

#endif
