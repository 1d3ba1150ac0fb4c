/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/store/schema.h"

#include <stdio.h>

/* "EESE" */
enum { APPLICATION_ID = 0x45455345 };

/*
 * Version 1.
 *
 * state has one row. run counts starts. clean: the last run ended with everything written; then
 * clean_at and clean_inode say when and in which file, so that a copy is not taken for it. Windows
 * count if they are of run windows_from or later. ksn_floor: no KSN up to it for UEs whose latest
 * may not be here. te2e_default was commanded while the option was te2e_option.
 *
 * ue: key is sealed, and NULL without one. line: the key file's that named it, 0 none; keep: from
 * elsewhere; removed: remembered as removed. alg: the one the UE asked for, 0 none. ksn.. is the
 * current keyset, before_.. the one before it; windows are of run.
 */
static const char version_1[] = "CREATE TABLE state("
				" id INTEGER PRIMARY KEY CHECK(id = 1),"
				" kek_check BLOB,"
				" run INTEGER NOT NULL,"
				" clean INTEGER NOT NULL,"
				" clean_at INTEGER NOT NULL,"
				" clean_inode INTEGER NOT NULL,"
				" windows_from INTEGER NOT NULL,"
				" ksn_floor INTEGER NOT NULL,"
				" te2e_default INTEGER,"
				" te2e_option INTEGER"
				") STRICT;"
				"INSERT INTO state VALUES(1, NULL, 0, 0, 0, 0, 0, 0, NULL, NULL);"
				"CREATE TABLE ue("
				" ue_id TEXT PRIMARY KEY,"
				" key BLOB,"
				" keep INTEGER NOT NULL,"
				" removed INTEGER NOT NULL,"
				" line INTEGER NOT NULL,"
				" te2e INTEGER,"
				" group_name TEXT,"
				" alg INTEGER NOT NULL,"
				" highest_ksn INTEGER NOT NULL,"
				" ksn INTEGER,"
				" ksn_alg INTEGER,"
				" rand BLOB,"
				" next INTEGER,"
				" seen INTEGER,"
				" before_ksn INTEGER,"
				" before_alg INTEGER,"
				" before_rand BLOB,"
				" before_next INTEGER,"
				" before_seen INTEGER,"
				" run INTEGER NOT NULL"
				") STRICT, WITHOUT ROWID;"
				"CREATE TABLE ue_group("
				" name TEXT PRIMARY KEY,"
				" te2e INTEGER NOT NULL"
				") STRICT, WITHOUT ROWID;";

/* Number i brings version i to version i + 1. */
static const char *const steps[EESE_STORE_VERSION] = {version_1};

static bool number(struct eese_db *db, const char *statement, int64_t *out, char *wrong)
{
	sqlite3_stmt *s = eese_db_prepare(db, statement, wrong);
	bool ok = s != NULL && sqlite3_step(s) == SQLITE_ROW;

	if (ok)
		*out = sqlite3_column_int64(s, 0);
	else if (s != NULL)
		eese_db_wrong(db, wrong);
	sqlite3_finalize(s);
	return ok;
}

static bool refuse(char *wrong, const char *why)
{
	snprintf(wrong, EESE_STORE_TEXT_SIZE, "%s", why);
	return false;
}

/* Whether it is a store, or nothing yet. */
static bool ours(struct eese_db *db, int64_t *version, char *wrong)
{
	int64_t application, tables;

	if (!number(db, "PRAGMA application_id", &application, wrong) ||
	    !number(db, "PRAGMA user_version", version, wrong) ||
	    !number(db, "SELECT count(*) FROM sqlite_schema", &tables, wrong))
		return false;
	if (application == 0 && *version == 0 && tables == 0)
		return true;
	if (application != APPLICATION_ID || *version < 1)
		return refuse(wrong, "is a database, but no store of the EESE: name another file");
	if (*version > EESE_STORE_VERSION) {
		snprintf(wrong, EESE_STORE_TEXT_SIZE,
			 "was written by a later version (its schema is %lld, this one knows %d): "
			 "install that version, or restore a backup from before it",
			 (long long)*version, EESE_STORE_VERSION);
		return false;
	}
	return true;
}

bool eese_schema_ready(struct eese_db *db, char wrong[EESE_STORE_TEXT_SIZE])
{
	char mark[96];
	int64_t version;

	if (!ours(db, &version, wrong))
		return false;
	if (version == EESE_STORE_VERSION)
		return true;
	for (; version < EESE_STORE_VERSION; version++)
		if (!eese_db_run(db, steps[version], wrong))
			return false;
	snprintf(mark, sizeof mark, "PRAGMA application_id = %d; PRAGMA user_version = %d",
		 APPLICATION_ID, EESE_STORE_VERSION);
	return eese_db_run(db, mark, wrong);
}
