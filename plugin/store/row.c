/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/store/row.h"

#include <string.h>

/* In the order of EESE_ROW_COLUMNS; KEY_CHANGED follows them where a row is written. */
enum column {
	UE_ID,
	KEY,
	KEEP,
	REMOVED,
	LINE,
	TE2E,
	GROUP_NAME,
	ALG,
	HIGHEST_KSN,
	CURRENT, /* a keyset's five columns */
	BEFORE = CURRENT + 5,
	RUN = BEFORE + 5,
	KEY_CHANGED
};

/* Of a keyset. */
enum { KSN, KSN_ALG, RAND, NEXT, SEEN };

static const char put_ue[] =
    "INSERT INTO ue(" EESE_ROW_COLUMNS ")"
    " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20)"
    " ON CONFLICT(ue_id) DO UPDATE SET"
    " key=iif(?21,excluded.key,key), keep=excluded.keep, removed=excluded.removed,"
    " line=excluded.line, te2e=excluded.te2e, group_name=excluded.group_name,"
    " alg=excluded.alg, highest_ksn=excluded.highest_ksn,"
    " ksn=excluded.ksn, ksn_alg=excluded.ksn_alg, rand=excluded.rand, next=excluded.next,"
    " seen=excluded.seen, before_ksn=excluded.before_ksn, before_alg=excluded.before_alg,"
    " before_rand=excluded.before_rand, before_next=excluded.before_next,"
    " before_seen=excluded.before_seen, run=excluded.run";

bool eese_row_prepare(struct eese_db *db, struct eese_row_statements *out,
		      char wrong[EESE_STORE_TEXT_SIZE])
{
	*out = (struct eese_row_statements){0};
	out->put_ue = eese_db_prepare(db, put_ue, wrong);
	out->drop_ue = eese_db_prepare(db, "DELETE FROM ue WHERE ue_id=?1", wrong);
	out->put_group =
	    eese_db_prepare(db, "INSERT OR REPLACE INTO ue_group(name, te2e) VALUES(?1,?2)", wrong);
	out->drop_group = eese_db_prepare(db, "DELETE FROM ue_group WHERE name=?1", wrong);
	out->put_default = eese_db_prepare(
	    db, "UPDATE state SET te2e_default=nullif(?1,?2), te2e_option=?2", wrong);
	if (out->put_ue != NULL && out->drop_ue != NULL && out->put_group != NULL &&
	    out->drop_group != NULL && out->put_default != NULL)
		return true;
	eese_row_finalize(out);
	return false;
}

void eese_row_finalize(struct eese_row_statements *s)
{
	sqlite3_finalize(s->put_ue);
	sqlite3_finalize(s->drop_ue);
	sqlite3_finalize(s->put_group);
	sqlite3_finalize(s->drop_group);
	sqlite3_finalize(s->put_default);
	*s = (struct eese_row_statements){0};
}

static void bind(sqlite3_stmt *s, int column, int64_t n)
{
	sqlite3_bind_int64(s, column + 1, n);
}

static void bind_text(sqlite3_stmt *s, int column, const char *text)
{
	if (text[0] == '\0')
		sqlite3_bind_null(s, column + 1);
	else
		sqlite3_bind_text(s, column + 1, text, -1, SQLITE_STATIC);
}

static void bind_keyset(sqlite3_stmt *s, int first, bool there, const struct eese_keyset_saved *k)
{
	for (int i = 0; i < 5; i++)
		sqlite3_bind_null(s, first + i + 1);
	if (!there)
		return;
	bind(s, first + KSN, k->ksn);
	bind(s, first + KSN_ALG, k->alg);
	sqlite3_bind_blob(s, first + RAND + 1, k->rand, sizeof k->rand, SQLITE_STATIC);
	if (k->has_window) {
		bind(s, first + NEXT, (int64_t)k->window.next);
		bind(s, first + SEEN, (int64_t)k->window.seen);
	}
}

static bool write_ue(struct eese_db *db, sqlite3_stmt *s, const struct eese_row *row, int64_t run,
		     char *wrong)
{
	const struct eese_ue_saved *ue = &row->change.ue;

	bind_text(s, UE_ID, row->change.name);
	if (ue->has_key && row->change.key_changed)
		sqlite3_bind_blob(s, KEY + 1, row->key, sizeof row->key, SQLITE_STATIC);
	else
		sqlite3_bind_null(s, KEY + 1);
	bind(s, KEEP, ue->keep);
	bind(s, REMOVED, ue->removed);
	bind(s, LINE, ue->line);
	if (ue->has_te2e)
		bind(s, TE2E, ue->te2e_s);
	else
		sqlite3_bind_null(s, TE2E + 1);
	bind_text(s, GROUP_NAME, ue->group);
	bind(s, ALG, ue->wanted_alg);
	bind(s, HIGHEST_KSN, ue->highest_ksn);
	bind_keyset(s, CURRENT, ue->has_current, &ue->current);
	bind_keyset(s, BEFORE, ue->has_previous, &ue->previous);
	bind(s, RUN, run);
	bind(s, KEY_CHANGED, row->change.key_changed);
	return eese_db_step(db, s, wrong);
}

bool eese_row_write(struct eese_db *db, const struct eese_row_statements *s,
		    const struct eese_row *row, int64_t run, uint32_t option,
		    char wrong[EESE_STORE_TEXT_SIZE])
{
	const struct eese_change *c = &row->change;
	sqlite3_stmt *statement = NULL;

	switch (c->kind) {
	case EESE_CHANGE_UE:
		return write_ue(db, s->put_ue, row, run, wrong);
	case EESE_CHANGE_UE_GONE:
		statement = s->drop_ue;
		bind_text(statement, 0, c->name);
		break;
	case EESE_CHANGE_GROUP:
		statement = c->has_te2e ? s->put_group : s->drop_group;
		bind_text(statement, 0, c->name);
		if (c->has_te2e)
			bind(statement, 1, c->te2e_s);
		break;
	case EESE_CHANGE_DEFAULT:
		statement = s->put_default;
		bind(statement, 0, c->te2e_s);
		bind(statement, 1, option);
		break;
	}
	return eese_db_step(db, statement, wrong);
}

static bool is_null(sqlite3_stmt *s, int column)
{
	return sqlite3_column_type(s, column) == SQLITE_NULL;
}

/* A number of this column from 0 to max; false leaves *ok false. */
static uint32_t number(sqlite3_stmt *s, int column, uint32_t max, bool *ok)
{
	int64_t n = sqlite3_column_int64(s, column);

	if (n < 0 || n > max) {
		*ok = false;
		return 0;
	}
	return (uint32_t)n;
}

static void text(sqlite3_stmt *s, int column, char out[EESE_UE_ID_MAX + 1], bool *ok)
{
	const unsigned char *t = sqlite3_column_text(s, column);
	int len = sqlite3_column_bytes(s, column);

	out[0] = '\0';
	if (t == NULL || !eese_ue_id_valid((const char *)t, (size_t)len)) {
		*ok = false;
		return;
	}
	memcpy(out, t, (size_t)len);
	out[len] = '\0';
}

static bool read_keyset(sqlite3_stmt *s, int first, bool windows, struct eese_keyset_saved *out,
			bool *ok)
{
	const void *rand;

	if (is_null(s, first + KSN))
		return false;
	out->ksn = number(s, first + KSN, UINT32_MAX, ok);
	out->alg = (uint8_t)number(s, first + KSN_ALG, UINT8_MAX, ok);
	rand = sqlite3_column_blob(s, first + RAND);
	if (rand == NULL || sqlite3_column_bytes(s, first + RAND) != EESE_RAND_SIZE)
		*ok = false;
	else
		memcpy(out->rand, rand, EESE_RAND_SIZE);
	out->has_window = windows && !is_null(s, first + NEXT) && !is_null(s, first + SEEN);
	if (out->has_window) {
		out->window.next = (uint64_t)sqlite3_column_int64(s, first + NEXT);
		out->window.seen = (uint64_t)sqlite3_column_int64(s, first + SEEN);
	}
	return true;
}

int64_t eese_row_run(sqlite3_stmt *s)
{
	return sqlite3_column_int64(s, RUN);
}

bool eese_row_read(sqlite3_stmt *s, int64_t windows_from, char ue_id[EESE_UE_ID_MAX + 1],
		   struct eese_ue_saved *ue, const uint8_t **sealed, size_t *sealed_len)
{
	bool windows = eese_row_run(s) >= windows_from;
	bool ok = true;

	memset(ue, 0, sizeof *ue);
	text(s, UE_ID, ue_id, &ok);
	*sealed = sqlite3_column_blob(s, KEY);
	*sealed_len = (size_t)sqlite3_column_bytes(s, KEY);
	ue->keep = sqlite3_column_int(s, KEEP) != 0;
	ue->removed = sqlite3_column_int(s, REMOVED) != 0;
	ue->line = number(s, LINE, UINT32_MAX, &ok);
	ue->has_te2e = !is_null(s, TE2E);
	ue->te2e_s = number(s, TE2E, UINT32_MAX, &ok);
	if (!is_null(s, GROUP_NAME))
		text(s, GROUP_NAME, ue->group, &ok);
	ue->wanted_alg = (uint8_t)number(s, ALG, UINT8_MAX, &ok);
	ue->highest_ksn = number(s, HIGHEST_KSN, UINT32_MAX, &ok);
	ue->has_current = read_keyset(s, CURRENT, windows, &ue->current, &ok);
	ue->has_previous = read_keyset(s, BEFORE, windows, &ue->previous, &ok);
	return ok;
}
