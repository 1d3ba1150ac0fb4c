/* SPDX-License-Identifier: Apache-2.0 */
/* The store's file: an SQLite database that one process at a time writes. Others may read it
 * meanwhile, as a backup does. Calls are for one thread at a time; SQLite takes no lock. */
#ifndef EESE_PLUGIN_STORE_DB_H
#define EESE_PLUGIN_STORE_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/* What is wrong, with the remedy where there is one; to be put behind the file's name. */
enum { EESE_STORE_TEXT_SIZE = 384 };

struct eese_db {
	sqlite3 *sql;
	const char *path; /* the caller's */
	int fd; /* holds the lock; closed last, as closing it takes SQLite's locks along */
	/* Of the file as it was found: its number, and when it was last changed (Unix seconds). */
	uint64_t inode;
	int64_t changed_at;
};

/* CREATE: makes it if it is not there. */
enum eese_db_how { EESE_DB_CREATE, EESE_DB_EXISTING };

/*
 * Opens the file, locks out others that open it so, and brings its schema up to this version. It
 * must be its owner's only. false: wrong says why, nothing is open and nothing was changed.
 */
bool eese_db_open(struct eese_db *db, const char *path, enum eese_db_how how,
		  char wrong[EESE_STORE_TEXT_SIZE]);
void eese_db_close(struct eese_db *db);

/* Runs statements that give no rows; false: wrong says why. */
bool eese_db_run(struct eese_db *db, const char *statements, char wrong[EESE_STORE_TEXT_SIZE]);

/* NULL: wrong says why. To be finalized. */
sqlite3_stmt *eese_db_prepare(struct eese_db *db, const char *statement,
			      char wrong[EESE_STORE_TEXT_SIZE]);

/* Steps a statement that gives no rows, and resets it. */
bool eese_db_step(struct eese_db *db, sqlite3_stmt *statement, char wrong[EESE_STORE_TEXT_SIZE]);

/* What SQLite's latest error means to whoever runs the broker. Returns false. */
bool eese_db_wrong(struct eese_db *db, char wrong[EESE_STORE_TEXT_SIZE]);

/* Whether the file that is open is still the one of this name. */
bool eese_db_in_place(const struct eese_db *db, char wrong[EESE_STORE_TEXT_SIZE]);

#endif
