/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "plugin/store/schema.h"

/* A broker that is just ending may still hold the file. */
enum { BUSY_MS = 5000, STEP_MS = 50 };

static bool refuse(char *wrong, const char *why)
{
	snprintf(wrong, EESE_STORE_TEXT_SIZE, "%s", why);
	return false;
}

static const char *meaning(int code)
{
	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return "is in use by another process, a second broker or eese-store: end that one, "
		       "or name another file";
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return "can't be written: it, its directory or its file system is read-only to "
		       "this user";
	case SQLITE_FULL:
		return "can't be written: its disk is full, or a limit of its size is reached";
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return "is damaged: restore a backup, or move it away to begin anew";
	case SQLITE_CANTOPEN:
		return "can't be opened: its directory must be there and writable to this user";
	case SQLITE_NOMEM:
		return "needs more memory than there is";
	default:
		return "can't be read or written";
	}
}

bool eese_db_wrong(struct eese_db *db, char wrong[EESE_STORE_TEXT_SIZE])
{
	int code = sqlite3_extended_errcode(db->sql);
	int error = sqlite3_system_errno(db->sql);

	snprintf(wrong, EESE_STORE_TEXT_SIZE, "%s (SQLite %d: %s%s%s)", meaning(code), code,
		 sqlite3_errmsg(db->sql), error != 0 ? "; " : "",
		 error != 0 ? strerror(error) : "");
	return false;
}

bool eese_db_run(struct eese_db *db, const char *statements, char wrong[EESE_STORE_TEXT_SIZE])
{
	return sqlite3_exec(db->sql, statements, NULL, NULL, NULL) == SQLITE_OK ||
	       eese_db_wrong(db, wrong);
}

sqlite3_stmt *eese_db_prepare(struct eese_db *db, const char *statement,
			      char wrong[EESE_STORE_TEXT_SIZE])
{
	sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v3(db->sql, statement, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL) !=
	    SQLITE_OK)
		eese_db_wrong(db, wrong);
	return s;
}

bool eese_db_step(struct eese_db *db, sqlite3_stmt *statement, char wrong[EESE_STORE_TEXT_SIZE])
{
	bool ok = sqlite3_step(statement) == SQLITE_DONE || eese_db_wrong(db, wrong);

	sqlite3_reset(statement);
	return ok;
}

/* The open file is asked, not its name. Root may look at another user's with eese-store. */
static bool private_to_us(int fd, struct eese_db *db, char *wrong)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return refuse(wrong, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return refuse(wrong, "is no regular file");
	if (st.st_uid != geteuid() && geteuid() != 0)
		return refuse(wrong, "belongs to another user: chown it to the broker's");
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return refuse(wrong, "is open to others than its owner: chmod 600 it");
	db->inode = st.st_ino;
	db->changed_at = st.st_ctim.tv_sec;
	return true;
}

static bool directory_writable(const char *path, char *wrong)
{
	char copy[PATH_MAX];
	const char *dir;

	snprintf(copy, sizeof copy, "%s", path);
	dir = dirname(copy);
	if (access(dir, W_OK | X_OK) == 0)
		return true;
	snprintf(wrong, EESE_STORE_TEXT_SIZE,
		 "needs a directory that user %u may write to, and %.128s is none: %s",
		 (unsigned)geteuid(), dir, strerror(errno));
	return false;
}

/* Another broker or eese-store has it. One that is just ending gets some time. */
static bool lock(int fd, char *wrong)
{
	for (int waited = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; waited += STEP_MS) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return refuse(wrong, strerror(errno));
		if (waited >= BUSY_MS)
			return refuse(wrong, meaning(SQLITE_BUSY));
		nanosleep(&(struct timespec){.tv_nsec = STEP_MS * 1000000L}, NULL);
	}
	return true;
}

/* Made here, so that it is nobody else's from the beginning on. */
static bool open_file(struct eese_db *db, enum eese_db_how how, char *wrong)
{
	int create = how == EESE_DB_CREATE ? O_CREAT : 0;

	if (strlen(db->path) >= PATH_MAX)
		return refuse(wrong, "has too long a name");
	if (!directory_writable(db->path, wrong))
		return false;
	/* Non-blocking: a FIFO in its place must not stop anybody. */
	db->fd = open(db->path, O_RDWR | create | O_CLOEXEC | O_NONBLOCK, S_IRUSR | S_IWUSR);
	if (db->fd < 0)
		return refuse(wrong, errno == EROFS ? meaning(SQLITE_READONLY) : strerror(errno));
	return private_to_us(db->fd, db, wrong) && lock(db->fd, wrong);
}

/* FULL: what was committed is there after a power cut. */
static const char settings[] = "PRAGMA journal_mode = WAL;"
			       "PRAGMA synchronous = FULL;"
			       "PRAGMA cell_size_check = ON;"
			       "PRAGMA cache_size = -8192;"
			       "PRAGMA journal_size_limit = 16777216;"
			       "PRAGMA trusted_schema = OFF;";

static bool set_up(struct eese_db *db, char *wrong)
{
	sqlite3_busy_timeout(db->sql, BUSY_MS);
	sqlite3_extended_result_codes(db->sql, 1);
	if (!eese_db_run(db, settings, wrong) || !eese_db_run(db, "BEGIN IMMEDIATE", wrong))
		return false;
	if (eese_schema_ready(db, wrong) && eese_db_run(db, "COMMIT", wrong))
		return true;
	(void)sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL);
	return false;
}

bool eese_db_open(struct eese_db *db, const char *path, enum eese_db_how how,
		  char wrong[EESE_STORE_TEXT_SIZE])
{
	*db = (struct eese_db){.path = path, .fd = -1};
	wrong[0] = '\0';
	if (open_file(db, how, wrong) &&
	    sqlite3_open_v2(path, &db->sql, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) ==
		SQLITE_OK &&
	    set_up(db, wrong))
		return true;
	if (wrong[0] == '\0' && db->sql == NULL)
		refuse(wrong, meaning(SQLITE_NOMEM));
	else if (wrong[0] == '\0')
		eese_db_wrong(db, wrong);
	eese_db_close(db);
	return false;
}

void eese_db_close(struct eese_db *db)
{
	sqlite3_close(db->sql);
	db->sql = NULL;
	if (db->fd >= 0)
		close(db->fd);
	db->fd = -1;
}

bool eese_db_in_place(const struct eese_db *db, char wrong[EESE_STORE_TEXT_SIZE])
{
	struct stat st;

	return (stat(db->path, &st) == 0 && st.st_ino == db->inode) ||
	       refuse(wrong, "was moved, replaced or deleted while it was in use: what changed "
			     "since is in memory only until the broker ends");
}
