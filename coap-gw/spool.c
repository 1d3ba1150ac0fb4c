/* SPDX-License-Identifier: Apache-2.0 */
#include "spool.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "host/say.h"

/* "EGWS" */
enum { APPLICATION_ID = 0x45475753, VERSION = 2, BUSY_MS = 5000, PAGE_SIZE = 4096 };

/* AUTOINCREMENT: a UE that acknowledges late must not acknowledge another message by it. */
static const char schema[] = "CREATE TABLE ue("
			     " id INTEGER PRIMARY KEY,"
			     " name TEXT NOT NULL UNIQUE,"
			     " until INTEGER NOT NULL,"
			     " key_update BLOB,"
			     " offered INTEGER NOT NULL DEFAULT 0"
			     ") STRICT;"
			     "CREATE TABLE message("
			     " number INTEGER PRIMARY KEY AUTOINCREMENT,"
			     " ue INTEGER NOT NULL,"
			     " sub TEXT NOT NULL,"
			     " octets BLOB NOT NULL"
			     ") STRICT;"
			     "CREATE INDEX message_of ON message(ue, number);"
			     "PRAGMA application_id = 0x45475753;"
			     "PRAGMA user_version = 2;";

static const char from_1[] = "ALTER TABLE ue ADD COLUMN offered INTEGER NOT NULL DEFAULT 0;"
			     "PRAGMA user_version = 2;";

enum statement {
	BEGIN,
	COMMIT,
	WANT,
	FORGET_UE,
	FORGET_MESSAGES,
	UPDATE,
	OFFER,
	PUT,
	NEXT,
	NEXT_OF,
	CONTROL,
	REPLACE,
	REMOVE_CONTROL,
	REMOVE,
	PAGES,
	STATEMENTS
};

static const char *const texts[STATEMENTS] = {
    [BEGIN] = "BEGIN",
    [COMMIT] = "COMMIT",
    [WANT] = "INSERT INTO ue(name, until) VALUES(?1, ?2)"
	     " ON CONFLICT(name) DO UPDATE SET until = ?2 RETURNING id",
    [FORGET_UE] = "DELETE FROM ue WHERE id = ?1",
    [FORGET_MESSAGES] = "DELETE FROM message WHERE ue = ?1",
    [UPDATE] = "UPDATE ue SET key_update = ?2 WHERE id = ?1",
    [OFFER] = "UPDATE ue SET offered = ?2 WHERE id = ?1",
    [PUT] = "INSERT INTO message(ue, sub, octets) VALUES(?1, ?2, ?3)",
    [NEXT] = "SELECT number, sub, octets FROM message WHERE ue = ?1 AND number > ?2"
	     " ORDER BY number LIMIT 1",
    [NEXT_OF] = "SELECT number, sub, octets FROM message WHERE ue = ?1 AND number > ?2"
		" AND sub = ?3 ORDER BY number LIMIT 1",
    [CONTROL] = "SELECT number, sub, octets FROM message WHERE ue = ?1 AND sub = '" SPOOL_CONTROL
		"' ORDER BY number DESC LIMIT 1",
    [REPLACE] = "UPDATE message SET octets = ?2 WHERE number = ?1",
    [REMOVE_CONTROL] = "DELETE FROM message WHERE ue = ?1 AND sub = '" SPOOL_CONTROL "'",
    [REMOVE] = "DELETE FROM message WHERE ue = ?1 AND number BETWEEN ?2 AND ?3",
    [PAGES] = "SELECT (SELECT page_count FROM pragma_page_count)"
	      " - (SELECT freelist_count FROM pragma_freelist_count)",
};

struct spool {
	sqlite3 *sql;
	const char *path;
	sqlite3_stmt *prepared[STATEMENTS];
	bool open;   /* a transaction is */
	bool failed; /* something in it did */
	bool said;
};

static bool complain(struct spool *s)
{
	if (!s->said)
		say_error("%s: %s", s->path, sqlite3_errmsg(s->sql));
	s->said = true;
	s->failed = true;
	return false;
}

static bool run(struct spool *s, const char *statements)
{
	return sqlite3_exec(s->sql, statements, NULL, NULL, NULL) == SQLITE_OK || complain(s);
}

static int64_t pragma(struct spool *s, const char *statement)
{
	sqlite3_stmt *p = NULL;
	int64_t value = -1;

	if (sqlite3_prepare_v2(s->sql, statement, -1, &p, NULL) == SQLITE_OK &&
	    sqlite3_step(p) == SQLITE_ROW)
		value = sqlite3_column_int64(p, 0);
	else
		complain(s);
	sqlite3_finalize(p);
	return value;
}

/* EXCLUSIVE: one gateway has it. */
static bool settings(struct spool *s, bool sync)
{
	sqlite3_busy_timeout(s->sql, BUSY_MS);
	return run(s, "PRAGMA page_size = 4096; PRAGMA locking_mode = EXCLUSIVE;"
		      "PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 16777216; PRAGMA "
		      "trusted_schema = OFF;") &&
	       run(s, sync ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
}

static bool make_schema(struct spool *s)
{
	const int64_t application = pragma(s, "PRAGMA application_id");
	const int64_t version = pragma(s, "PRAGMA user_version");
	const int64_t tables = pragma(s, "SELECT count(*) FROM sqlite_schema");

	if (application == 0 && version == 0 && tables == 0)
		return run(s, "BEGIN IMMEDIATE") && run(s, schema) && run(s, "COMMIT");
	if (application == APPLICATION_ID && version == 1)
		return run(s, "BEGIN IMMEDIATE") && run(s, from_1) && run(s, "COMMIT");
	if (application == APPLICATION_ID && version == VERSION)
		return true;
	say_error("%s is not a spool of this version of eese-coap-gw: name another file", s->path);
	return false;
}

static bool prepare(struct spool *s)
{
	for (size_t i = 0; i < STATEMENTS; i++)
		if (sqlite3_prepare_v3(s->sql, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
				       &s->prepared[i], NULL) != SQLITE_OK)
			return complain(s);
	return true;
}

struct spool *spool_open(const char *path, bool sync)
{
	struct spool *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->path = path;
	if (sqlite3_open_v2(path, &s->sql, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) ==
	    SQLITE_OK) {
		if (settings(s, sync) && make_schema(s) && prepare(s))
			return s;
	} else if (s->sql != NULL) {
		complain(s);
	}
	spool_close(s);
	return NULL;
}

void spool_close(struct spool *s)
{
	if (s == NULL)
		return;
	if (s->prepared[COMMIT] != NULL)
		spool_commit(s);
	for (size_t i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(s->prepared[i]);
	sqlite3_close(s->sql);
	free(s);
}

/* Steps a statement to its end, whose parameters are bound. */
static bool step(struct spool *s, enum statement which)
{
	const int rc = sqlite3_step(s->prepared[which]);

	sqlite3_reset(s->prepared[which]);
	return rc == SQLITE_DONE || rc == SQLITE_ROW || complain(s);
}

/* What spool_next() gave is no longer needed. */
static void end_reading(struct spool *s)
{
	sqlite3_reset(s->prepared[NEXT]);
	sqlite3_reset(s->prepared[NEXT_OF]);
	sqlite3_reset(s->prepared[CONTROL]);
}

static void begin(struct spool *s)
{
	end_reading(s);
	if (!s->open)
		s->open = step(s, BEGIN);
}

/* What failed in part is taken back as a whole: the broker will send it again. */
bool spool_commit(struct spool *s)
{
	bool ok = !s->failed;

	end_reading(s);
	if (s->open && (!ok || !step(s, COMMIT))) {
		ok = false;
		sqlite3_exec(s->sql, "ROLLBACK", NULL, NULL, NULL);
	}
	s->open = false;
	s->failed = false;
	if (ok)
		s->said = false;
	return ok;
}

bool spool_each(struct spool *s, spool_call *call, void *ctx)
{
	static const char text[] = "SELECT id, name, until, key_update, offered,"
				   " (SELECT count(*) FROM message WHERE ue = ue.id) FROM ue";
	sqlite3_stmt *p = NULL;
	int rc = sqlite3_prepare_v2(s->sql, text, -1, &p, NULL);

	if (rc != SQLITE_OK)
		return complain(s);
	while ((rc = sqlite3_step(p)) == SQLITE_ROW) {
		const struct spool_ue ue = {
		    .row = sqlite3_column_int64(p, 0),
		    .name = (const char *)sqlite3_column_text(p, 1),
		    .until = (uint64_t)sqlite3_column_int64(p, 2),
		    .offered = (uint64_t)sqlite3_column_int64(p, 4),
		    .waiting = (size_t)sqlite3_column_int64(p, 5),
		    .update = sqlite3_column_blob(p, 3),
		    .update_len = (size_t)sqlite3_column_bytes(p, 3),
		};

		call(ctx, &ue);
	}
	sqlite3_finalize(p);
	return rc == SQLITE_DONE || complain(s);
}

int64_t spool_want(struct spool *s, const char *name, uint64_t until)
{
	sqlite3_stmt *p = s->prepared[WANT];
	int64_t id = 0;

	begin(s);
	sqlite3_bind_text(p, 1, name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(p, 2, (int64_t)until);
	if (sqlite3_step(p) == SQLITE_ROW)
		id = sqlite3_column_int64(p, 0);
	else
		complain(s);
	sqlite3_reset(p);
	return id;
}

void spool_forget(struct spool *s, int64_t ue)
{
	begin(s);
	sqlite3_bind_int64(s->prepared[FORGET_MESSAGES], 1, ue);
	sqlite3_bind_int64(s->prepared[FORGET_UE], 1, ue);
	step(s, FORGET_MESSAGES);
	step(s, FORGET_UE);
}

void spool_update(struct spool *s, int64_t ue, const uint8_t *update, size_t len)
{
	sqlite3_stmt *p = s->prepared[UPDATE];

	begin(s);
	sqlite3_bind_int64(p, 1, ue);
	if (len > 0)
		sqlite3_bind_blob(p, 2, update, (int)len, SQLITE_STATIC);
	else
		sqlite3_bind_null(p, 2);
	step(s, UPDATE);
}

void spool_offer(struct spool *s, int64_t ue, uint64_t number)
{
	begin(s);
	sqlite3_bind_int64(s->prepared[OFFER], 1, ue);
	sqlite3_bind_int64(s->prepared[OFFER], 2, (int64_t)number);
	step(s, OFFER);
}

uint64_t spool_put(struct spool *s, int64_t ue, const char *sub, const uint8_t *octets, size_t len)
{
	sqlite3_stmt *p = s->prepared[PUT];

	begin(s);
	sqlite3_bind_int64(p, 1, ue);
	sqlite3_bind_text(p, 2, sub, -1, SQLITE_STATIC);
	sqlite3_bind_blob(p, 3, octets, (int)len, SQLITE_STATIC);
	return step(s, PUT) ? (uint64_t)sqlite3_last_insert_rowid(s->sql) : 0;
}

/* Of a statement that gives number, sub and octets. */
static bool read_message(struct spool *s, sqlite3_stmt *p, struct spooled *out)
{
	const int rc = sqlite3_step(p);

	if (rc != SQLITE_ROW) {
		sqlite3_reset(p);
		return rc == SQLITE_DONE ? false : complain(s);
	}
	*out = (struct spooled){
	    .number = (uint64_t)sqlite3_column_int64(p, 0),
	    .sub = (const char *)sqlite3_column_text(p, 1),
	    .sub_len = (size_t)sqlite3_column_bytes(p, 1),
	    .octets = sqlite3_column_blob(p, 2),
	    .len = (size_t)sqlite3_column_bytes(p, 2),
	};
	return true;
}

bool spool_newest_control(struct spool *s, int64_t ue, struct spooled *out)
{
	sqlite3_stmt *p = s->prepared[CONTROL];

	sqlite3_reset(p);
	sqlite3_bind_int64(p, 1, ue);
	return read_message(s, p, out);
}

void spool_replace(struct spool *s, uint64_t number, const uint8_t *octets, size_t len)
{
	sqlite3_stmt *p = s->prepared[REPLACE];

	begin(s);
	sqlite3_bind_int64(p, 1, (int64_t)number);
	sqlite3_bind_blob(p, 2, octets, (int)len, SQLITE_STATIC);
	step(s, REPLACE);
}

size_t spool_remove_control(struct spool *s, int64_t ue)
{
	begin(s);
	sqlite3_bind_int64(s->prepared[REMOVE_CONTROL], 1, ue);
	return step(s, REMOVE_CONTROL) ? (size_t)sqlite3_changes(s->sql) : 0;
}

bool spool_next(struct spool *s, int64_t ue, uint64_t after, const char *sub, struct spooled *out)
{
	sqlite3_stmt *p = s->prepared[sub != NULL ? NEXT_OF : NEXT];

	sqlite3_reset(p);
	sqlite3_bind_int64(p, 1, ue);
	sqlite3_bind_int64(p, 2, (int64_t)after);
	if (sub != NULL)
		sqlite3_bind_text(p, 3, sub, -1, SQLITE_TRANSIENT);
	return read_message(s, p, out);
}

uint64_t spool_size(struct spool *s)
{
	sqlite3_stmt *p = s->prepared[PAGES];
	uint64_t pages = 0;

	if (sqlite3_step(p) == SQLITE_ROW)
		pages = (uint64_t)sqlite3_column_int64(p, 0);
	sqlite3_reset(p);
	return pages * PAGE_SIZE;
}

size_t spool_remove(struct spool *s, int64_t ue, uint64_t from, uint64_t to)
{
	sqlite3_stmt *p = s->prepared[REMOVE];

	begin(s);
	sqlite3_bind_int64(p, 1, ue);
	sqlite3_bind_int64(p, 2, (int64_t)from);
	sqlite3_bind_int64(p, 3, (int64_t)to);
	return step(s, REMOVE) ? (size_t)sqlite3_changes(s->sql) : 0;
}
