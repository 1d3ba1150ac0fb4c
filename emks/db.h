/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operator's database (SQLite, WAL): daemon and command line may have it open at the same time.
 * One connection serves one thread. Secrets in it are sealed with the KEK.
 */
#ifndef EMKS_DB_H
#define EMKS_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "eese/result.h"
#include "host/kek.h"

struct db {
	sqlite3 *sql;
	uint8_t kek[EESE_KEK_SIZE];
	char kept[128]; /* what was wrong before a rollback; empty: nothing is kept */
};

enum { DB_WRONG_SIZE = 512 }; /* room for a text that says what is wrong */

/* Makes a new, empty database that only its owner may read; one that exists is an error. */
bool db_create(const char *path, const uint8_t kek[EESE_KEK_SIZE], char wrong[DB_WRONG_SIZE]);

/* Opens one that db_create() made, under the same KEK, if nobody but its owner can read or write
 * it. On failure nothing is open. */
bool db_open(struct db *db, const char *path, const uint8_t kek[EESE_KEK_SIZE],
	     char wrong[DB_WRONG_SIZE]);

/* Closes and wipes; does no harm to one that is closed or all zero. */
void db_close(struct db *db);

/*
 * Values for a statement's parameters, by one letter each in types: 'i' int64_t, 's' text that ends
 * with NUL (NULL: SQL's NULL), 't' text and its length (size_t), 'b' octets and their length
 * (size_t). They must stay until the statement is done.
 */

/* Runs a statement to its end. False: failed, see db_wrong(); the result code in sqlite3_errcode().
 */
bool db_run(struct db *db, const char *sql, const char *types, ...);

/* Prepares and binds; the caller steps and finalizes. NULL: failed. */
sqlite3_stmt *db_query(struct db *db, const char *sql, const char *types, ...);

/* A query for one row: at that row, to be finalized by the caller. NULL: no such row (*failed is
 * false), or failed. */
sqlite3_stmt *db_row(struct db *db, bool *failed, const char *sql, const char *types, ...);

/* Ends a transaction that failed, if it is not at its end already; why it failed stays. */
void db_rollback(struct db *db);

/* Why the last call failed; stays until the next one. */
const char *db_wrong(const struct db *db);

/* Copies a column's text, which must fit with its NUL; else out is empty. */
void db_text(sqlite3_stmt *row, int column, char *out, size_t size);

#endif
