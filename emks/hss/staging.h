/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An import on its way: rows are collected and sealed in temporary tables, which hold up nobody,
 * and become subscribers all at once or not at all.
 */
#ifndef EMKS_STAGING_H
#define EMKS_STAGING_H

#include "emks/hss/csv.h"

struct staging {
	struct db *db;
	sqlite3_stmt *row, *ask;
	int64_t rows;
};

/* False, here and below: db_wrong() says why. */
bool staging_open(struct staging *s, struct db *db);
void staging_close(struct staging *s);

/* A row of this line of the file; names separated by blanks may ask for it. *twice is the line that
 * has the same IMSI or UE-ID already, and this one is left out then; else 0. */
bool staging_add(struct staging *s, int64_t line, const struct csv_row *row, const char *eeses,
		 int64_t *twice);

/* Begins the transaction that the next two are in. */
bool staging_begin(struct staging *s);

/* Calls report with each line that names what a subscriber, or another line, goes by already. */
bool staging_conflicts(struct staging *s,
		       void (*report)(void *context, int64_t line, const char *what),
		       void *context);

/* Makes subscribers of the rows and commits. */
bool staging_commit(struct staging *s);

#endif
