/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/memory.h"
#include "ctl/out.h"

enum { LINE_ROOM = 1024, GAP = 2 };

static void widen(struct table *t, size_t column, const char *cell)
{
	const size_t len = strlen(cell);

	if (len > t->widths[column])
		t->widths[column] = len;
}

void table_init(struct table *t, const char *const *heads, unsigned right)
{
	*t = (struct table){.heads = heads, .right = right};
	while (t->columns < TABLE_COLUMNS_MAX && heads[t->columns] != NULL) {
		widen(t, t->columns, heads[t->columns]);
		t->columns++;
	}
}

void table_row(struct table *t, const char *const cells[])
{
	if (t->count + t->columns > t->size) {
		t->size = 2 * (t->count + t->columns);
		t->cells = memory_more(t->cells, t->size, sizeof *t->cells);
	}
	for (size_t i = 0; i < t->columns; i++) {
		const char *cell = cells[i] != NULL && cells[i][0] != '\0' ? cells[i] : "-";

		widen(t, i, cell);
		t->cells[t->count++] = memory_copy(cell, strlen(cell));
	}
}

static void print_row(const struct table *t, const char *const cells[])
{
	char line[LINE_ROOM] = "";
	size_t len = 0;

	for (size_t i = 0; i < t->columns && len < sizeof line; i++) {
		const int width = (int)t->widths[i] * ((t->right >> i & 1U) != 0 ? 1 : -1);
		const int n = snprintf(line + len, sizeof line - len, "%*s%*s", i > 0 ? GAP : 0, "",
				       width, cells[i]);

		len += n > 0 ? (size_t)n : 0;
	}
	out_line("%s", line);
}

void table_print(struct table *t)
{
	if (!t->head_printed)
		print_row(t, t->heads);
	t->head_printed = true;
	for (size_t i = 0; i < t->count; i += t->columns)
		print_row(t, (const char *const *)t->cells + i);
	for (size_t i = 0; i < t->count; i++)
		free(t->cells[i]);
	t->count = 0;
}

void table_free(struct table *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->cells[i]);
	free(t->cells);
	*t = (struct table){0};
}
