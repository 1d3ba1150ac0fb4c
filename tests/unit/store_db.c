/* SPDX-License-Identifier: Apache-2.0 */
/* Who may open the store's file, and what it is afterwards. */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core_support.h"
#include "plugin/store/schema.h"

enum { NOBODY = 65534 };

static char directory[64], file[96];

static void make_directory(void)
{
	snprintf(directory, sizeof directory, "/tmp/eese-unit-store-XXXXXX");
	if (mkdtemp(directory) == NULL)
		perror(directory);
	snprintf(file, sizeof file, "%s/eese.db", directory);
}

static void remove_directory(void)
{
	unlink(file);
	rmdir(directory);
}

static void test_made(void)
{
	char wrong[EESE_STORE_TEXT_SIZE];
	struct eese_db db;
	struct stat st;

	make_directory();
	CU_ASSERT(!eese_db_open(&db, file, EESE_DB_EXISTING, wrong));
	CU_ASSERT(access(file, F_OK) != 0);
	CU_ASSERT(eese_db_open(&db, file, EESE_DB_CREATE, wrong));
	CU_ASSERT(stat(file, &st) == 0 && (st.st_mode & 0777) == 0600);
	eese_db_close(&db);
	CU_ASSERT(eese_db_open(&db, file, EESE_DB_EXISTING, wrong));
	eese_db_close(&db);
	remove_directory();
}

/* A schema that can't be made whole is not there at all. */
static void test_one_step_or_none(void)
{
	char wrong[EESE_STORE_TEXT_SIZE];
	struct eese_db db;
	sqlite3 *sql = NULL;

	make_directory();
	CU_ASSERT(eese_db_open(&db, file, EESE_DB_CREATE, wrong));
	CU_ASSERT(eese_db_run(&db, "DROP TABLE state; PRAGMA user_version = 0", wrong));
	eese_db_close(&db);
	CU_ASSERT(!eese_db_open(&db, file, EESE_DB_CREATE, wrong));
	CU_ASSERT(strstr(wrong, "no store of the EESE") != NULL);
	CU_ASSERT(sqlite3_open(file, &sql) == SQLITE_OK);
	CU_ASSERT(sqlite3_exec(sql, "SELECT * FROM state", NULL, NULL, NULL) == SQLITE_ERROR);
	sqlite3_close(sql);
	remove_directory();
}

/* As another user, in a process of its own: 0 if it is refused with this word. */
static int open_as_nobody(const char *why)
{
	char wrong[EESE_STORE_TEXT_SIZE];
	struct eese_db db;
	int status = -1;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		bool refused = setuid(NOBODY) == 0 &&
			       !eese_db_open(&db, file, EESE_DB_EXISTING, wrong) &&
			       strstr(wrong, why) != NULL;

		_exit(refused ? 0 : 1);
	}
	waitpid(child, &status, 0);
	return status;
}

/* Only root can give a file away. */
static void test_wrong_owner(void)
{
	char wrong[EESE_STORE_TEXT_SIZE];
	struct eese_db db;

	if (geteuid() != 0)
		return;
	make_directory();
	CU_ASSERT(eese_db_open(&db, file, EESE_DB_CREATE, wrong));
	eese_db_close(&db);
	CU_ASSERT(open_as_nobody("needs a directory that user 65534 may write to") == 0);
	CU_ASSERT(chmod(directory, 0777) == 0);
	CU_ASSERT(open_as_nobody("Permission denied") == 0);
	/* A file that it could read and write, and another's still. */
	CU_ASSERT(chmod(file, 0666) == 0);
	CU_ASSERT(open_as_nobody("belongs to another user: chown it to the broker's") == 0);
	CU_ASSERT(chown(file, NOBODY, (gid_t)-1) == 0 && chmod(file, 0400) == 0);
	CU_ASSERT(open_as_nobody("Permission denied") == 0);
	remove_directory();
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"made for its owner", test_made},
	    {"a schema whole or not at all", test_one_step_or_none},
	    {"another user's", test_wrong_owner},
	};

	return run_suite("store db", tests, COUNT(tests));
}
