/* SPDX-License-Identifier: Apache-2.0 */
#include "store_file.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000, STEP_MS = 20 };

const char *store_path(const struct broker *b, const char *ending)
{
	static char paths[2][256];
	static int turn;

	turn = !turn;
	snprintf(paths[turn], sizeof paths[turn], "%s/eese.db%s", b->dir, ending);
	return paths[turn];
}

long long store_number(const struct broker *b, const char *query)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *q = NULL;
	long long n = -1;

	if (sqlite3_open_v2(store_path(b, ""), &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v2(db, query, -1, &q, NULL) == SQLITE_OK &&
	    sqlite3_step(q) == SQLITE_ROW)
		n = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	sqlite3_close(db);
	return n;
}

bool store_await(const struct broker *b, const char *query)
{
	for (int waited = 0; waited < PATIENCE_MS; waited += STEP_MS) {
		if (store_number(b, query) > 0)
			return true;
		harness_sleep_ms(STEP_MS);
	}
	printf("\n  the store never says so: %s\n", query);
	return false;
}

bool store_await_ksn(const struct broker *b, const struct test_ue *u)
{
	char query[256];

	snprintf(query, sizeof query, "SELECT count(*) FROM ue WHERE ue_id = '%s' AND ksn = %u",
		 u->id, u->ksn);
	return store_await(b, query);
}

bool store_change(const struct broker *b, const char *statements)
{
	sqlite3 *db = NULL;
	bool ok =
	    sqlite3_open_v2(store_path(b, ""), &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
	    sqlite3_exec(db, statements, NULL, NULL, NULL) == SQLITE_OK;

	if (!ok)
		printf("\n  %s: %s\n", statements, sqlite3_errmsg(db));
	return sqlite3_close(db) == SQLITE_OK && ok;
}

/* All of it, to be freed; NULL if it is not there. */
static char *read_all(const char *path, size_t *len)
{
	FILE *f = fopen(path, "r");
	struct stat st;
	char *all = NULL;

	*len = 0;
	if (f != NULL && fstat(fileno(f), &st) == 0) {
		all = malloc((size_t)st.st_size + 1);
		if (all == NULL)
			abort();
		*len = fread(all, 1, (size_t)st.st_size, f);
	}
	if (f != NULL)
		fclose(f);
	return all;
}

bool store_copy(const char *from, const char *to)
{
	char fresh[300];
	size_t len;
	char *all = read_all(from, &len);
	bool ok;
	int fd;

	snprintf(fresh, sizeof fresh, "%s.copy", to);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ok = all != NULL && fd >= 0 && write(fd, all, len) == (ssize_t)len;
	if (fd >= 0)
		close(fd);
	free(all);
	return ok && rename(fresh, to) == 0;
}

bool store_has(const char *path, const void *octets, size_t len)
{
	size_t all_len;
	char *all = read_all(path, &all_len);
	bool has = all != NULL && memmem(all, all_len, octets, len) != NULL;

	free(all);
	return has;
}
