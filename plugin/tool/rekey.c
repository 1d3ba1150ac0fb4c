/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A new KEK in one transaction: whenever it is cut off, the store is under the old KEK or under the
 * new one, and both are on the disk. With STORE.kek the new one is STORE.kek.next until then.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/say.h"
#include "plugin/tool/tool.h"

enum { PROGRESS_ROWS = 100000 };

struct keks {
	struct eese_kek_source old, fresh;
};

/* The next UE with a key behind *ue_id, in the order of names; false: none, or *ok is false. */
static bool next_key(sqlite3_stmt *q, char ue_id[EESE_UE_ID_MAX + 1], uint8_t sealed[], bool *ok)
{
	int r;

	sqlite3_reset(q);
	sqlite3_bind_text(q, 1, ue_id, -1, SQLITE_TRANSIENT);
	r = sqlite3_step(q);
	*ok =
	    r == SQLITE_DONE || (r == SQLITE_ROW && sqlite3_column_bytes(q, 1) == EESE_ROW_SEALED &&
				 sqlite3_column_bytes(q, 0) <= EESE_UE_ID_MAX);
	if (r != SQLITE_ROW || !*ok)
		return false;
	memcpy(sealed, sqlite3_column_blob(q, 1), EESE_ROW_SEALED);
	snprintf(ue_id, EESE_UE_ID_MAX + 1, "%s", (const char *)sqlite3_column_text(q, 0));
	return true;
}

static bool seal_anew(const struct keks *k, const char *ue_id, uint8_t sealed[EESE_ROW_SEALED])
{
	struct eese_ue_saved ue = {.has_key = false};
	bool ok = eese_row_unseal(k->old.kek, ue_id, sealed, EESE_ROW_SEALED, &ue) == EESE_OK &&
		  eese_row_seal(k->fresh.kek, ue_id, &ue, sealed) == EESE_OK;

	eese_wipe(&ue, sizeof ue);
	return ok;
}

static bool each_row(struct eese_db *db, const struct keks *k, sqlite3_stmt *next,
		     sqlite3_stmt *put, unsigned long *rows, char *wrong)
{
	char ue_id[EESE_UE_ID_MAX + 1] = "";
	uint8_t sealed[EESE_ROW_SEALED];
	bool ok;

	while (next_key(next, ue_id, sealed, &ok)) {
		if (!seal_anew(k, ue_id, sealed)) {
			snprintf(wrong, EESE_STORE_TEXT_SIZE,
				 "is damaged: the key of UE %s does not open. See eese-store check",
				 ue_id);
			return false;
		}
		sqlite3_bind_text(put, 1, ue_id, -1, SQLITE_STATIC);
		sqlite3_bind_blob(put, 2, sealed, sizeof sealed, SQLITE_STATIC);
		if (!eese_db_step(db, put, wrong))
			return false;
		if (++*rows % PROGRESS_ROWS == 0)
			fprintf(stderr, "%lu keys sealed anew\n", *rows);
	}
	if (!ok)
		snprintf(wrong, EESE_STORE_TEXT_SIZE, "is damaged: see eese-store check");
	return ok;
}

static bool rows_anew(struct eese_db *db, const struct keks *k, unsigned long *rows, char *wrong)
{
	sqlite3_stmt *next = eese_db_prepare(db,
					     "SELECT ue_id, key FROM ue WHERE ue_id > ?1 AND key"
					     " IS NOT NULL ORDER BY ue_id LIMIT 1",
					     wrong);
	sqlite3_stmt *put = eese_db_prepare(db, "UPDATE ue SET key = ?2 WHERE ue_id = ?1", wrong);
	bool ok = next != NULL && put != NULL && each_row(db, k, next, put, rows, wrong);

	sqlite3_finalize(next);
	sqlite3_finalize(put);
	return ok;
}

static bool find_fresh(const struct options *o, struct keks *k, char *wrong)
{
	if (o->new_kek_file == NULL && k->old.beside)
		return eese_kek_make_next(o->store, &k->fresh, wrong);
	if (o->new_kek_file == NULL) {
		snprintf(wrong, EESE_STORE_TEXT_SIZE,
			 "needs a place for the new KEK: --new-kek-file");
		return false;
	}
	if (access(o->new_kek_file, F_OK) != 0 && errno == ENOENT)
		return eese_kek_make(o->new_kek_file, &k->fresh, wrong);
	return eese_kek_find(o->store, o->new_kek_file, false, &k->fresh, wrong);
}

static bool change(const struct options *o, struct eese_db *db,
		   const struct eese_store_state *state, const struct keks *k, unsigned long *rows,
		   char *wrong)
{
	const char *why = NULL;

	if (!change_begin(db, wrong) || !rows_anew(db, k, rows, wrong) ||
	    !eese_state_set_kek(db, k->fresh.kek, wrong) || !change_end(db, state, wrong))
		return false;
	if (o->new_kek_file == NULL)
		why = eese_kek_take_next(o->store);
	if (why != NULL)
		snprintf(
		    wrong, EESE_STORE_TEXT_SIZE,
		    "is sealed under the new KEK, which could not take the old one's place: %s. "
		    "The next start tries again",
		    why);
	return why == NULL;
}

/* Under the new KEK already: only the end of an earlier run was missing. */
static bool was_done(const struct options *o, const struct eese_store_state *state)
{
	struct eese_kek_source fresh = {.made = false};
	char wrong[EESE_STORE_TEXT_SIZE];
	bool done = o->new_kek_file != NULL && access(o->new_kek_file, F_OK) == 0 &&
		    eese_kek_find(o->store, o->new_kek_file, false, &fresh, wrong) &&
		    eese_kek_check(fresh.kek, state->kek_check, sizeof state->kek_check) == EESE_OK;

	eese_wipe(fresh.kek, sizeof fresh.kek);
	return done;
}

static void say_done(const struct options *o, const struct keks *k, unsigned long rows)
{
	printf("%s: %lu keys sealed under the KEK in %s\n", o->store, rows,
	       o->new_kek_file != NULL ? o->new_kek_file : k->old.place);
	if (o->new_kek_file != NULL)
		puts("Name it in plugin_opt_kek_file, or make it the credential eese-kek, before "
		     "the broker starts.");
}

int rekey_run(const struct options *o, struct eese_db *db, const struct eese_store_state *state)
{
	struct keks k = {.old = {.made = false}};
	char wrong[EESE_STORE_TEXT_SIZE];
	unsigned long rows = 0;
	bool ok;

	if (!state->has_check)
		return store_failed(o, "is new: nothing in it is sealed yet");
	if (was_done(o, state)) {
		printf("%s: sealed under the KEK in %s already\n", o->store, o->new_kek_file);
		return EXIT_DONE;
	}
	ok = eese_state_fit_kek(db, state, o->kek_file, false, &k.old, wrong) &&
	     find_fresh(o, &k, wrong) && change(o, db, state, &k, &rows, wrong);
	eese_wipe(k.old.kek, sizeof k.old.kek);
	eese_wipe(k.fresh.kek, sizeof k.fresh.kek);
	if (!ok)
		return store_failed(o, wrong);
	say_done(o, &k, rows);
	return EXIT_DONE;
}
