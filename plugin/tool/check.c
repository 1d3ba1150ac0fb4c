/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "host/say.h"
#include "plugin/tool/tool.h"

enum { SAID_MAX = 20 }; /* damaged rows that are named */

struct tally {
	unsigned long ues, keys, damaged;
};

static void damaged(struct tally *t, const char *ue_id, const char *why)
{
	if (t->damaged++ < SAID_MAX)
		say_error("UE %s: %s", ue_id[0] != '\0' ? ue_id : "(name damaged)", why);
}

static void look_at(sqlite3_stmt *q, const uint8_t kek[EESE_KEK_SIZE], struct tally *t)
{
	struct eese_ue_saved ue;
	char ue_id[EESE_UE_ID_MAX + 1];
	const uint8_t *sealed;
	size_t len;

	t->ues++;
	if (!eese_row_read(q, 0, ue_id, &ue, &sealed, &len))
		damaged(t, ue_id, "has a value that none can have");
	else if (len > 0 && eese_row_unseal(kek, ue_id, sealed, len, &ue) != EESE_OK)
		damaged(t, ue_id, "its key does not open: it was changed or moved");
	t->keys += len > 0;
	eese_wipe(&ue.key, sizeof ue.key);
}

static bool look_at_all(struct eese_db *db, const uint8_t kek[EESE_KEK_SIZE], struct tally *t,
			char *wrong)
{
	sqlite3_stmt *q = eese_db_prepare(db, "SELECT " EESE_ROW_COLUMNS " FROM ue", wrong);
	int r = SQLITE_ERROR;

	while (q != NULL && (r = sqlite3_step(q)) == SQLITE_ROW)
		look_at(q, kek, t);
	if (q != NULL && r != SQLITE_DONE)
		eese_db_wrong(db, wrong);
	sqlite3_finalize(q);
	return r == SQLITE_DONE;
}

/* What SQLite finds wrong with the file, a line each. */
static bool whole(struct eese_db *db, char *wrong)
{
	sqlite3_stmt *q = eese_db_prepare(db, "PRAGMA integrity_check(20)", wrong);
	bool ok = q != NULL;

	while (q != NULL && sqlite3_step(q) == SQLITE_ROW) {
		const char *line = (const char *)sqlite3_column_text(q, 0);

		if (line == NULL || strcmp(line, "ok") != 0) {
			say_error("%s", line != NULL ? line : "no memory");
			ok = false;
		}
	}
	sqlite3_finalize(q);
	return ok;
}

int check_run(const struct options *o, struct eese_db *db, const struct eese_store_state *state)
{
	struct eese_kek_source source = {.made = false};
	struct tally t = {0};
	char wrong[EESE_STORE_TEXT_SIZE] = "is damaged: restore a backup";
	bool ok;

	if (!state->has_check)
		return printf("%s: new, nothing in it\n", o->store) < 0 ? EXIT_FAILED : EXIT_DONE;
	if (!eese_state_fit_kek(db, state, o->kek_file, false, &source, wrong))
		return store_failed(o, wrong);
	ok = whole(db, wrong);
	ok = look_at_all(db, source.kek, &t, wrong) && ok;
	eese_wipe(source.kek, sizeof source.kek);
	printf("%s: %lu UEs, %lu with a key, %s\n", o->store, t.ues, t.keys,
	       state->clean ? "cleanly closed" : "not cleanly closed, or a copy");
	if (!ok)
		say_error("store %s %s", o->store, wrong);
	else if (t.damaged > 0)
		say_error("%lu of them are damaged: restore a backup, or take them out with "
			  "eese-store forget",
			  t.damaged);
	return ok && t.damaged == 0 ? EXIT_DONE : EXIT_DAMAGED;
}
