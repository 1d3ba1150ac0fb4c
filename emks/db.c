/* SPDX-License-Identifier: Apache-2.0 */
#include "emks/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "eese/keys.h"
#include "host/seal.h"

enum {
	APPLICATION_ID = 0x45454d4b, /* "EEMK" */
	VERSION = 1,
	BUSY_TIMEOUT_MS = 5000,
};

/* What the KEK must open: a wrong one shows at the start, not at a subscriber's first run. */
static const char check_text[] = "eese-emks KEK";

/*
 * subscriber, sqn and may_ask are the HSS's, domain_key is the EMKS's. SQN stands in a table of its
 * own so that no change of a subscriber can touch it. A subscriber's keys end with it, and with its
 * K; id is never used twice. AKA asks by IMSI or UE-ID, so neither may be the other of someone
 * else.
 */
static const char schema[] =
    "CREATE TABLE kek_check (sealed BLOB NOT NULL);"
    "CREATE TABLE subscriber ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " imsi TEXT NOT NULL UNIQUE,"
    " ue_id TEXT NOT NULL UNIQUE,"
    " secret BLOB NOT NULL,"
    " amf INTEGER NOT NULL,"
    " barred INTEGER NOT NULL,"
    " enps INTEGER NOT NULL,"
    " hps INTEGER NOT NULL,"
    " sim INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE sqn ("
    " subscriber INTEGER PRIMARY KEY REFERENCES subscriber ON DELETE CASCADE,"
    " reserved INTEGER NOT NULL);"
    "CREATE TABLE may_ask ("
    " subscriber INTEGER NOT NULL REFERENCES subscriber ON DELETE CASCADE,"
    " eese TEXT NOT NULL,"
    " PRIMARY KEY (subscriber, eese)) WITHOUT ROWID;"
    "CREATE TABLE domain_key ("
    " subscriber INTEGER NOT NULL REFERENCES subscriber ON DELETE CASCADE,"
    " domain INTEGER NOT NULL,"
    " sealed BLOB NOT NULL,"
    " created INTEGER NOT NULL,"
    " expiry INTEGER NOT NULL,"
    " PRIMARY KEY (subscriber, domain)) WITHOUT ROWID;"
    "CREATE INDEX domain_key_expiry ON domain_key (expiry);"
    "CREATE TRIGGER one_name_insert BEFORE INSERT ON subscriber BEGIN"
    " SELECT RAISE(ABORT, 'IMSI or UE-ID names another subscriber already')"
    " FROM subscriber WHERE imsi = new.ue_id OR ue_id = new.imsi; END;"
    "CREATE TRIGGER one_name_update BEFORE UPDATE OF ue_id ON subscriber BEGIN"
    " SELECT RAISE(ABORT, 'IMSI or UE-ID names another subscriber already')"
    " FROM subscriber WHERE id != new.id AND imsi = new.ue_id; END;"
    "CREATE TRIGGER first_sqn AFTER INSERT ON subscriber BEGIN"
    " INSERT INTO sqn VALUES (new.id, 0); END;"
    "CREATE TRIGGER new_secret AFTER UPDATE OF secret ON subscriber BEGIN"
    " DELETE FROM domain_key WHERE subscriber = new.id; END;";

const char *db_wrong(const struct db *db)
{
	if (db->kept[0] != '\0')
		return db->kept;
	return db->sql != NULL ? sqlite3_errmsg(db->sql) : "out of memory";
}

/* SQLite has forgotten why afterwards, and rolls back by itself when the disk is full. */
void db_rollback(struct db *db)
{
	snprintf(db->kept, sizeof db->kept, "%s", sqlite3_errmsg(db->sql));
	(void)sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL);
}

static bool bind_one(sqlite3_stmt *statement, int at, char type, va_list *values)
{
	const void *p;
	size_t len;

	if (type == 'i')
		return sqlite3_bind_int64(statement, at, va_arg(*values, int64_t)) == SQLITE_OK;
	p = va_arg(*values, const void *);
	if (type == 's')
		return sqlite3_bind_text(statement, at, p, -1, SQLITE_STATIC) == SQLITE_OK;
	len = va_arg(*values, size_t);
	if (type == 't')
		return sqlite3_bind_text64(statement, at, p, len, SQLITE_STATIC, SQLITE_UTF8) ==
		       SQLITE_OK;
	return sqlite3_bind_blob64(statement, at, p, len, SQLITE_STATIC) == SQLITE_OK;
}

static sqlite3_stmt *prepare(struct db *db, const char *sql, const char *types, va_list *values)
{
	sqlite3_stmt *statement;

	db->kept[0] = '\0';
	if (sqlite3_prepare_v2(db->sql, sql, -1, &statement, NULL) != SQLITE_OK)
		return NULL;
	for (int i = 0; types[i] != '\0'; i++) {
		if (!bind_one(statement, i + 1, types[i], values)) {
			sqlite3_finalize(statement);
			return NULL;
		}
	}
	return statement;
}

sqlite3_stmt *db_query(struct db *db, const char *sql, const char *types, ...)
{
	sqlite3_stmt *statement;
	va_list values;

	va_start(values, types);
	statement = prepare(db, sql, types, &values);
	va_end(values);
	return statement;
}

bool db_run(struct db *db, const char *sql, const char *types, ...)
{
	sqlite3_stmt *statement;
	va_list values;
	int r = SQLITE_ROW;

	va_start(values, types);
	statement = prepare(db, sql, types, &values);
	va_end(values);
	if (statement == NULL)
		return false;
	while (r == SQLITE_ROW)
		r = sqlite3_step(statement);
	return sqlite3_finalize(statement) == SQLITE_OK && r == SQLITE_DONE;
}

sqlite3_stmt *db_row(struct db *db, bool *failed, const char *sql, const char *types, ...)
{
	sqlite3_stmt *statement;
	va_list values;
	int r;

	*failed = true;
	va_start(values, types);
	statement = prepare(db, sql, types, &values);
	va_end(values);
	if (statement == NULL)
		return NULL;
	r = sqlite3_step(statement);
	*failed = r != SQLITE_ROW && r != SQLITE_DONE;
	if (r == SQLITE_ROW)
		return statement;
	sqlite3_finalize(statement);
	return NULL;
}

void db_text(sqlite3_stmt *row, int column, char *out, size_t size)
{
	const unsigned char *text = sqlite3_column_text(row, column);
	int n = snprintf(out, size, "%s", text != NULL ? (const char *)text : "");

	if (n < 0 || (size_t)n >= size)
		out[0] = '\0';
}

/* Overwrites what is deleted; what is committed survives a power cut. */
static bool set_up(struct db *db)
{
	return sqlite3_exec(db->sql,
			    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
			    "PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;"
			    "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;",
			    NULL, NULL, NULL) == SQLITE_OK;
}

static int64_t pragma(struct db *db, const char *sql)
{
	bool failed;
	sqlite3_stmt *row = db_row(db, &failed, sql, "");
	int64_t v = row != NULL ? sqlite3_column_int64(row, 0) : -1;

	sqlite3_finalize(row);
	return v;
}

static const char *check_kek(struct db *db)
{
	bool failed;
	sqlite3_stmt *row = db_row(db, &failed, "SELECT sealed FROM kek_check", "");
	uint8_t plain[1];
	enum eese_result r;

	if (row == NULL)
		return failed ? db_wrong(db) : "is incomplete: restore it";
	r = eese_unseal(db->kek, check_text, sizeof check_text, sqlite3_column_blob(row, 0),
			(size_t)sqlite3_column_bytes(row, 0), plain, sizeof plain);
	sqlite3_finalize(row);
	return r == EESE_OK ? NULL : "was made under another KEK";
}

static const char *check(struct db *db)
{
	int64_t id = pragma(db, "PRAGMA application_id");

	if (id < 0)
		return db_wrong(db);
	if (id != APPLICATION_ID)
		return "is no database of eese-hss";
	if (pragma(db, "PRAGMA user_version") != VERSION)
		return "is of another version of eese-hss";
	if (!set_up(db))
		return db_wrong(db);
	return check_kek(db);
}

static bool open_file(struct db *db, const char *path, int flags, const uint8_t *kek, char *wrong)
{
	memset(db, 0, sizeof *db);
	memcpy(db->kek, kek, EESE_KEK_SIZE);
	if (sqlite3_open_v2(path, &db->sql, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | flags,
			    NULL) == SQLITE_OK) {
		/* also for the first look: who recovers it after a crash locks all others out */
		sqlite3_busy_timeout(db->sql, BUSY_TIMEOUT_MS);
		return true;
	}
	snprintf(wrong, DB_WRONG_SIZE, "%s: %s", path, db_wrong(db));
	db_close(db);
	return false;
}

/*
 * Who can write it says which EESE gets whose key. By its name: to close a descriptor of it would
 * take away the locks that another connection of this process has. Root may look at another user's.
 */
static const char *not_private(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0 || access(path, R_OK | W_OK) != 0)
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "is no regular file";
	if (st.st_uid != geteuid() && geteuid() != 0)
		return "belongs to another user";
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return "is open to others than its owner: chmod 600 it";
	return NULL;
}

bool db_open(struct db *db, const char *path, const uint8_t kek[EESE_KEK_SIZE],
	     char wrong[DB_WRONG_SIZE])
{
	const char *why = not_private(path);

	memset(db, 0, sizeof *db);
	if (why != NULL) {
		snprintf(wrong, DB_WRONG_SIZE, "%s: %s%s", path, why,
			 access(path, F_OK) != 0 && errno == ENOENT ? " ('eese-hss init' makes it)"
								    : "");
		return false;
	}
	if (!open_file(db, path, 0, kek, wrong))
		return false;
	why = check(db);
	if (why == NULL)
		return true;
	snprintf(wrong, DB_WRONG_SIZE, "%s: %s", path, why);
	db_close(db);
	return false;
}

static bool fill(struct db *db)
{
	static const uint8_t plain[1] = {0};
	uint8_t sealed[sizeof plain + EESE_SEAL_OVERHEAD];
	char marks[96];

	snprintf(marks, sizeof marks, "PRAGMA application_id = %d; PRAGMA user_version = %d;",
		 APPLICATION_ID, VERSION);
	return eese_seal(db->kek, check_text, sizeof check_text, plain, sizeof plain, sealed) ==
		   EESE_OK &&
	       set_up(db) && db_run(db, "BEGIN IMMEDIATE", "") &&
	       sqlite3_exec(db->sql, schema, NULL, NULL, NULL) == SQLITE_OK &&
	       sqlite3_exec(db->sql, marks, NULL, NULL, NULL) == SQLITE_OK &&
	       db_run(db, "INSERT INTO kek_check VALUES (?1)", "b", sealed, sizeof sealed) &&
	       db_run(db, "COMMIT", "");
}

bool db_create(const char *path, const uint8_t kek[EESE_KEK_SIZE], char wrong[DB_WRONG_SIZE])
{
	/* SQLite gives its other files this one's mode. */
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
	struct db db;
	bool ok;

	if (fd < 0) {
		snprintf(wrong, DB_WRONG_SIZE, "%s: %s", path, strerror(errno));
		return false;
	}
	close(fd);
	if (!open_file(&db, path, 0, kek, wrong))
		return false;
	ok = fill(&db);
	if (!ok)
		snprintf(wrong, DB_WRONG_SIZE, "%s: %s", path, db_wrong(&db));
	db_close(&db);
	if (!ok)
		(void)unlink(path);
	return ok;
}

void db_close(struct db *db)
{
	sqlite3_close(db->sql);
	eese_wipe(db, sizeof *db);
}
