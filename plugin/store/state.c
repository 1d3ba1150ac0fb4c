/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/store/state.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { CLOSE_S = 30, DAY_S = 86400 };

/* The order of columns in eese_state_read(). */
enum {
	KEK_CHECK,
	RUN,
	CLEAN,
	CLEAN_AT,
	CLEAN_INODE,
	WINDOWS_FROM,
	TE2E_DEFAULT,
	TE2E_OPTION,
	KSN_FLOOR
};

/*
 * A copy put in its place is none that was cleanly closed: what it holds may be old, whatever it
 * says. The kernel keeps the time of the last change and a file's number from being copied along;
 * an image of the whole disk has both, and shows by its age.
 */
static bool same_file(const struct eese_db *db, sqlite3_stmt *q)
{
	int64_t at = sqlite3_column_int64(q, CLEAN_AT), now = (int64_t)time(NULL);

	return (int64_t)db->inode == sqlite3_column_int64(q, CLEAN_INODE) &&
	       db->changed_at >= at - 1 && db->changed_at <= at + CLOSE_S && now >= at &&
	       now <= at + DAY_S;
}

static bool take(struct eese_db *db, sqlite3_stmt *q, struct eese_store_state *out)
{
	size_t len = (size_t)sqlite3_column_bytes(q, KEK_CHECK);

	if (len != 0 && len != sizeof out->kek_check)
		return false;
	out->has_check = len != 0;
	if (out->has_check)
		memcpy(out->kek_check, sqlite3_column_blob(q, KEK_CHECK), len);
	out->run = sqlite3_column_int64(q, RUN);
	out->clean = sqlite3_column_int(q, CLEAN) != 0 && same_file(db, q);
	out->windows_from = sqlite3_column_int64(q, WINDOWS_FROM);
	out->ksn_floor = sqlite3_column_int64(q, KSN_FLOOR);
	out->has_te2e_default = sqlite3_column_type(q, TE2E_DEFAULT) != SQLITE_NULL;
	out->te2e_default = sqlite3_column_int64(q, TE2E_DEFAULT);
	out->te2e_option = sqlite3_column_int64(q, TE2E_OPTION);
	return true;
}

bool eese_state_read(struct eese_db *db, struct eese_store_state *out,
		     char wrong[EESE_STORE_TEXT_SIZE])
{
	sqlite3_stmt *q = eese_db_prepare(
	    db,
	    "SELECT kek_check, run, clean, clean_at, clean_inode, windows_from, te2e_default,"
	    " te2e_option, ksn_floor FROM state",
	    wrong);
	int r = q == NULL ? SQLITE_ERROR : sqlite3_step(q);
	bool ok = r == SQLITE_ROW;

	memset(out, 0, sizeof *out);
	if (q != NULL && !ok && r != SQLITE_DONE)
		eese_db_wrong(db, wrong);
	else if (q != NULL && (!ok || !take(db, q, out))) {
		ok = false;
		snprintf(wrong, EESE_STORE_TEXT_SIZE,
			 "is damaged: restore a backup, or move it away to begin anew");
	}
	sqlite3_finalize(q);
	return ok;
}

bool eese_state_mark_clean(struct eese_db *db, char wrong[EESE_STORE_TEXT_SIZE])
{
	char mark[192];

	snprintf(mark, sizeof mark,
		 "UPDATE state SET clean = 1, clean_at = %lld, clean_inode = %lld",
		 (long long)time(NULL), (long long)(int64_t)db->inode);
	return eese_db_run(db, mark, wrong);
}

bool eese_state_set_kek(struct eese_db *db, const uint8_t kek[EESE_KEK_SIZE],
			char wrong[EESE_STORE_TEXT_SIZE])
{
	uint8_t check[EESE_KEK_CHECK_SIZE];
	sqlite3_stmt *q;
	bool ok;

	if (eese_kek_check_make(kek, check) != EESE_OK) {
		snprintf(wrong, EESE_STORE_TEXT_SIZE, "can't be sealed: no random numbers");
		return false;
	}
	q = eese_db_prepare(db, "UPDATE state SET kek_check = ?1", wrong);
	ok = q != NULL;
	if (ok) {
		sqlite3_bind_blob(q, 1, check, sizeof check, SQLITE_STATIC);
		ok = eese_db_step(db, q, wrong);
	}
	sqlite3_finalize(q);
	return ok;
}

static bool fits(const struct eese_store_state *state, const struct eese_kek_source *source)
{
	return eese_kek_check(source->kek, state->kek_check, sizeof state->kek_check) == EESE_OK;
}

/* Only the last step of a change of the KEK was missing: the new one in the place of the old. */
static bool end_change(struct eese_db *db, const struct eese_store_state *state,
		       struct eese_kek_source *out)
{
	struct eese_kek_source next;
	bool ok = eese_kek_next(db->path, &next) && fits(state, &next) &&
		  eese_kek_take_next(db->path) == NULL;

	if (ok)
		memcpy(out->kek, next.kek, sizeof out->kek);
	eese_wipe(next.kek, sizeof next.kek);
	return ok;
}

bool eese_state_fit_kek(struct eese_db *db, const struct eese_store_state *state,
			const char *kek_file, bool may_make, struct eese_kek_source *out,
			char wrong[EESE_STORE_TEXT_SIZE])
{
	if (!eese_kek_find(db->path, kek_file, may_make && !state->has_check, out, wrong))
		return false;
	if (!state->has_check)
		return eese_state_set_kek(db, out->kek, wrong);
	if (fits(state, out) || (out->beside && end_change(db, state, out)))
		return true;
	eese_wipe(out->kek, sizeof out->kek);
	snprintf(wrong, EESE_STORE_TEXT_SIZE,
		 "is sealed under another KEK than the one in %.128s: name the right one with "
		 "kek_file. Without it move the store away to begin anew",
		 out->place);
	return false;
}
