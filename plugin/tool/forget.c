/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "host/say.h"
#include "plugin/tool/tool.h"

static bool forget_each(const struct options *o, struct eese_db *db, sqlite3_stmt *drop,
			int *missing, char *wrong)
{
	for (int i = 0; i < o->ue_count; i++) {
		sqlite3_bind_text(drop, 1, o->ues[i], -1, SQLITE_STATIC);
		if (!eese_db_step(db, drop, wrong))
			return false;
		if (sqlite3_changes(db->sql) == 0) {
			say_error("UE %s is not in it", o->ues[i]);
			++*missing;
		}
	}
	return true;
}

int forget_run(const struct options *o, struct eese_db *db, const struct eese_store_state *state)
{
	char wrong[EESE_STORE_TEXT_SIZE];
	sqlite3_stmt *drop = eese_db_prepare(db, "DELETE FROM ue WHERE ue_id = ?1", wrong);
	int missing = 0;
	bool ok = drop != NULL && change_begin(db, wrong) &&
		  forget_each(o, db, drop, &missing, wrong) && change_end(db, state, wrong);

	sqlite3_finalize(drop);
	if (!ok)
		return store_failed(o, wrong);
	printf("%s: %d UEs taken out\n", o->store, o->ue_count - missing);
	return missing == 0 ? EXIT_DONE : EXIT_DAMAGED;
}
