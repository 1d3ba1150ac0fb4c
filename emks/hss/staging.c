/* SPDX-License-Identifier: Apache-2.0 */
#include "emks/hss/staging.h"

#include <string.h>

#include "emks/hss/sealed.h"

static const char tables[] = "CREATE TEMP TABLE staged ("
			     " line INTEGER PRIMARY KEY,"
			     " imsi TEXT NOT NULL UNIQUE,"
			     " ue_id TEXT NOT NULL UNIQUE,"
			     " secret BLOB NOT NULL,"
			     " amf INTEGER NOT NULL,"
			     " enps INTEGER NOT NULL,"
			     " hps INTEGER NOT NULL);"
			     "CREATE TEMP TABLE staged_ask (line INTEGER, eese TEXT);"
			     "BEGIN";

bool staging_open(struct staging *s, struct db *db)
{
	memset(s, 0, sizeof *s);
	s->db = db;
	/* one transaction for all rows: it touches temporary tables only, so nobody waits for it */
	if (sqlite3_exec(db->sql, tables, NULL, NULL, NULL) != SQLITE_OK)
		return false;
	s->row = db_query(db, "INSERT INTO staged VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", "");
	s->ask = db_query(db, "INSERT INTO staged_ask VALUES (?1, ?2)", "");
	return s->row != NULL && s->ask != NULL;
}

void staging_close(struct staging *s)
{
	sqlite3_finalize(s->row);
	sqlite3_finalize(s->ask);
	if (sqlite3_get_autocommit(s->db->sql) == 0)
		db_rollback(s->db);
	(void)sqlite3_exec(s->db->sql,
			   "DROP TABLE IF EXISTS temp.staged;"
			   "DROP TABLE IF EXISTS temp.staged_ask;",
			   NULL, NULL, NULL);
}

static bool insert_row(struct staging *s, int64_t line, const struct csv_row *row)
{
	const struct hss_subscriber *u = &row->subscriber;
	uint8_t sealed[HSS_SEALED_SIZE];
	int r;

	if (hss_seal(s->db->kek, u->imsi, &row->secret, sealed) != EESE_OK)
		return false;
	sqlite3_bind_int64(s->row, 1, line);
	sqlite3_bind_text(s->row, 2, u->imsi, -1, SQLITE_STATIC);
	sqlite3_bind_text(s->row, 3, u->ue_id, -1, SQLITE_STATIC);
	sqlite3_bind_blob(s->row, 4, sealed, sizeof sealed, SQLITE_STATIC);
	sqlite3_bind_int(s->row, 5, u->amf[0] << 8 | u->amf[1]);
	sqlite3_bind_int(s->row, 6, u->applies[EESE_DOMAIN_ENPS]);
	sqlite3_bind_int(s->row, 7, u->applies[EESE_DOMAIN_HPS]);
	r = sqlite3_step(s->row);
	sqlite3_reset(s->row);
	return r == SQLITE_DONE;
}

static bool insert_asks(struct staging *s, int64_t line, const char *eeses)
{
	int r = SQLITE_DONE;

	for (eeses += strspn(eeses, " "); *eeses != '\0' && r == SQLITE_DONE;
	     eeses += strspn(eeses, " ")) {
		const size_t len = strcspn(eeses, " ");

		sqlite3_bind_int64(s->ask, 1, line);
		sqlite3_bind_text(s->ask, 2, eeses, (int)len, SQLITE_STATIC);
		r = sqlite3_step(s->ask);
		sqlite3_reset(s->ask);
		eeses += len;
	}
	return r == SQLITE_DONE;
}

static bool find_twin(struct staging *s, const struct csv_row *row, int64_t *line)
{
	bool failed;
	sqlite3_stmt *found =
	    db_row(s->db, &failed, "SELECT min(line) FROM staged WHERE imsi = ?1 OR ue_id = ?2",
		   "ss", row->subscriber.imsi, row->subscriber.ue_id);

	*line = found != NULL ? sqlite3_column_int64(found, 0) : 0;
	sqlite3_finalize(found);
	return *line > 0;
}

bool staging_add(struct staging *s, int64_t line, const struct csv_row *row, const char *eeses,
		 int64_t *twice)
{
	*twice = 0;
	if (!insert_row(s, line, row))
		return sqlite3_errcode(s->db->sql) == SQLITE_CONSTRAINT && find_twin(s, row, twice);
	s->rows++;
	return insert_asks(s, line, eeses);
}

bool staging_begin(struct staging *s)
{
	return db_run(s->db, "COMMIT", "") && db_run(s->db, "BEGIN IMMEDIATE", "");
}

/* A name may be someone's as IMSI, as UE-ID, or crosswise. */
static const char conflicts[] =
    "SELECT n.line, 'IMSI ' || n.imsi || ' is a subscriber already' FROM staged n"
    " JOIN subscriber u ON u.imsi = n.imsi "
    "UNION ALL SELECT n.line, 'UE-ID ' || n.ue_id || ' is a subscriber''s already' FROM staged n"
    " JOIN subscriber u ON u.ue_id = n.ue_id AND u.imsi != n.imsi "
    "UNION ALL SELECT n.line, 'UE-ID ' || n.ue_id || ' is another subscriber''s IMSI'"
    " FROM staged n JOIN subscriber u ON u.imsi = n.ue_id AND u.imsi != n.imsi "
    "UNION ALL SELECT n.line, 'IMSI ' || n.imsi || ' is another subscriber''s UE-ID'"
    " FROM staged n JOIN subscriber u ON u.ue_id = n.imsi AND u.imsi != n.imsi "
    "UNION ALL SELECT n.line, 'UE-ID ' || n.ue_id || ' is the IMSI of line ' || o.line"
    " FROM staged n JOIN staged o ON o.imsi = n.ue_id AND o.line != n.line "
    "ORDER BY 1";

bool staging_conflicts(struct staging *s,
		       void (*report)(void *context, int64_t line, const char *what), void *context)
{
	sqlite3_stmt *row = db_query(s->db, conflicts, "");
	int r = SQLITE_ERROR;

	while (row != NULL && (r = sqlite3_step(row)) == SQLITE_ROW)
		report(context, sqlite3_column_int64(row, 0),
		       (const char *)sqlite3_column_text(row, 1));
	sqlite3_finalize(row);
	return r == SQLITE_DONE;
}

bool staging_commit(struct staging *s)
{
	return db_run(s->db,
		      "INSERT INTO subscriber (imsi, ue_id, secret, amf, barred, enps, hps)"
		      " SELECT imsi, ue_id, secret, amf, 0, enps, hps FROM staged ORDER BY line",
		      "") &&
	       db_run(s->db,
		      "INSERT OR IGNORE INTO may_ask SELECT u.id, a.eese FROM staged_ask a"
		      " JOIN staged n ON n.line = a.line JOIN subscriber u ON u.imsi = n.imsi",
		      "") &&
	       db_run(s->db, "COMMIT", "");
}
