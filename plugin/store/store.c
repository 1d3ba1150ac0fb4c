/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "plugin/store/row.h"

enum { KSN_UNWRITTEN = 16 };
enum { INTERVAL_MS = 1000, BATCH = 1024, PROGRESS_ROWS = 4096, CLOSE_S = 30 };
enum { KSN_MARGIN_S = 3600, KSN_STEP = 16, DAY_S = 86400 };

struct eese_store {
	struct eese_db db;
	struct eese_store_config config;
	struct eese_writer *writer;
	uint8_t kek[EESE_KEK_SIZE];
	int64_t run, windows_from, ksn_floor;
	uint32_t te2e_default;
	bool clean, has_te2e_default;
	bool draining; /* the list of changes was not empty yet */
	uint64_t due_ms, unsealed;
};

/* ---- open ---- */

struct state {
	uint8_t check[EESE_KEK_CHECK_SIZE];
	size_t check_len; /* 0: none yet */
	int64_t clean_at, clean_inode, te2e_option;
};

static bool read_state(struct eese_store *s, struct state *out, char *wrong)
{
	sqlite3_stmt *q = eese_db_prepare(
	    &s->db,
	    "SELECT kek_check, run, clean, clean_at, clean_inode, windows_from, te2e_default,"
	    " te2e_option, ksn_floor FROM state",
	    wrong);
	bool ok = q != NULL && sqlite3_step(q) == SQLITE_ROW;

	memset(out, 0, sizeof *out);
	if (ok) {
		out->check_len = (size_t)sqlite3_column_bytes(q, 0);
		ok = out->check_len == 0 || out->check_len == sizeof out->check;
		if (ok && out->check_len > 0)
			memcpy(out->check, sqlite3_column_blob(q, 0), sizeof out->check);
		s->run = sqlite3_column_int64(q, 1);
		s->clean = sqlite3_column_int(q, 2) != 0;
		out->clean_at = sqlite3_column_int64(q, 3);
		out->clean_inode = sqlite3_column_int64(q, 4);
		s->windows_from = sqlite3_column_int64(q, 5);
		out->te2e_option = sqlite3_column_int64(q, 7);
		s->has_te2e_default = sqlite3_column_type(q, 6) != SQLITE_NULL &&
				      out->te2e_option == s->config.te2e_s;
		s->te2e_default = (uint32_t)sqlite3_column_int64(q, 6);
		s->ksn_floor = sqlite3_column_int64(q, 8);
	}
	if (!ok && sqlite3_errcode(s->db.sql) != SQLITE_OK &&
	    sqlite3_errcode(s->db.sql) != SQLITE_ROW)
		eese_db_wrong(&s->db, wrong);
	else if (!ok)
		snprintf(wrong, EESE_STORE_TEXT_SIZE,
			 "is damaged: restore a backup, or move it away to begin anew");
	sqlite3_finalize(q);
	return ok;
}

/*
 * A copy put in its place is none that was cleanly closed: what it holds may be old, whatever it
 * says. The kernel keeps the time of the last change and a file's number from being copied along;
 * an image of the whole disk has both, and shows by its age.
 */
static bool same_file(const struct eese_store *s, const struct state *state)
{
	int64_t now = (int64_t)time(NULL);

	return (int64_t)s->db.inode == state->clean_inode &&
	       s->db.changed_at >= state->clean_at - 1 &&
	       s->db.changed_at <= state->clean_at + CLOSE_S && now >= state->clean_at &&
	       now <= state->clean_at + DAY_S;
}

static bool store_check(struct eese_store *s, char *wrong)
{
	uint8_t check[EESE_KEK_CHECK_SIZE];
	sqlite3_stmt *q;
	bool ok;

	if (eese_kek_check_make(s->kek, check) != EESE_OK) {
		snprintf(wrong, EESE_STORE_TEXT_SIZE, "can't be sealed: no random numbers");
		return false;
	}
	q = eese_db_prepare(&s->db, "UPDATE state SET kek_check = ?1", wrong);
	ok = q != NULL;
	if (ok) {
		sqlite3_bind_blob(q, 1, check, sizeof check, SQLITE_STATIC);
		ok = eese_db_step(&s->db, q, wrong);
	}
	sqlite3_finalize(q);
	return ok;
}

static bool wrong_kek(const char *place, char *wrong)
{
	snprintf(wrong, EESE_STORE_TEXT_SIZE,
		 "is sealed under another KEK than the one in %.128s: name the right one with "
		 "kek_file. Without it move the store away to begin anew",
		 place);
	return false;
}

static bool fit_kek(struct eese_store *s, const struct state *state, struct eese_store_found *found,
		    char *wrong)
{
	struct eese_kek_source source;
	bool ok = eese_kek_find(s->config.path, s->config.kek_file, state->check_len == 0, &source,
				wrong);

	memcpy(s->kek, source.kek, sizeof s->kek);
	eese_wipe(source.kek, sizeof source.kek);
	found->kek_made = source.made;
	memcpy(found->kek_place, source.place, sizeof found->kek_place);
	if (!ok)
		return false;
	if (state->check_len == 0)
		return store_check(s, wrong);
	return eese_kek_check(s->kek, state->check, state->check_len) == EESE_OK ||
	       wrong_kek(source.place, wrong);
}

struct eese_store *eese_store_open(const struct eese_store_config *config,
				   struct eese_store_found *found, char wrong[EESE_STORE_TEXT_SIZE])
{
	struct eese_store *s = calloc(1, sizeof *s);
	struct state state;

	memset(found, 0, sizeof *found);
	if (s == NULL) {
		snprintf(wrong, EESE_STORE_TEXT_SIZE, "needs more memory than there is");
		return NULL;
	}
	s->config = *config;
	if (!eese_db_open(&s->db, config->path, EESE_DB_CREATE, wrong)) {
		free(s);
		return NULL;
	}
	if (!read_state(s, &state, wrong) || !fit_kek(s, &state, found, wrong)) {
		eese_store_abandon(s);
		return NULL;
	}
	s->clean = s->clean && same_file(s, &state);
	found->clean = s->clean;
	found->fresh = s->run == 0;
	return s;
}

void eese_store_abandon(struct eese_store *s)
{
	if (s == NULL)
		return;
	eese_db_close(&s->db);
	eese_wipe(s, sizeof *s);
	free(s);
}

/* ---- load ---- */

static bool row_damaged(const char *ue_id, const char *why, char *wrong)
{
	snprintf(wrong, EESE_STORE_TEXT_SIZE,
		 "is damaged: the row of UE %s %s. Restore a backup, or take the row out with "
		 "eese-store forget; that UE then needs its key anew",
		 ue_id, why);
	return false;
}

static bool load_row(struct eese_store *s, sqlite3_stmt *q, struct eese_endpoint *ep, char *wrong)
{
	struct eese_ue_saved ue;
	char ue_id[EESE_UE_ID_MAX + 1];
	const uint8_t *sealed;
	size_t len;
	enum eese_result r;

	if (!eese_row_read(q, s->windows_from, ue_id, &ue, &sealed, &len))
		return row_damaged(ue_id, "has a value that none can have", wrong);
	if (len > 0 && eese_row_unseal(s->kek, ue_id, sealed, len, &ue) != EESE_OK)
		return row_damaged(
		    ue_id, "does not open, though the KEK is right: it was changed or moved",
		    wrong);
	ue.durable = s->clean;
	/* A crash may have cost the last second: the KSNs that a UE can use in it count as used. */
	if (!s->clean && ue.highest_ksn != 0 && ue.highest_ksn <= UINT32_MAX - KSN_UNWRITTEN)
		ue.highest_ksn += KSN_UNWRITTEN;
	r = eese_endpoint_restore(ep, ue_id, strlen(ue_id), &ue);
	eese_wipe(&ue, sizeof ue);
	if (r == EESE_FULL) {
		snprintf(wrong, EESE_STORE_TEXT_SIZE, "needs more memory than there is");
		return false;
	}
	return r == EESE_OK || row_damaged(ue_id, "makes no sense", wrong);
}

static bool load_group(sqlite3_stmt *q, struct eese_endpoint *ep, char *wrong)
{
	const char *name = (const char *)sqlite3_column_text(q, 0);
	uint32_t te2e_s = (uint32_t)sqlite3_column_int64(q, 1);

	if (name != NULL &&
	    eese_endpoint_set_te2e_group(ep, name, strlen(name), &te2e_s) == EESE_OK)
		return true;
	snprintf(wrong, EESE_STORE_TEXT_SIZE,
		 "is damaged: a group in it makes no sense. Restore a backup");
	return false;
}

/* Calls load_row() or load_group() for each row. */
static bool load_all(struct eese_store *s, const char *select, bool ues, struct eese_endpoint *ep,
		     char *wrong)
{
	sqlite3_stmt *q = eese_db_prepare(&s->db, select, wrong);
	bool ok = q != NULL;
	int r = SQLITE_DONE;

	while (ok && (r = sqlite3_step(q)) == SQLITE_ROW)
		ok = ues ? load_row(s, q, ep, wrong) : load_group(q, ep, wrong);
	if (ok && r != SQLITE_DONE)
		ok = eese_db_wrong(&s->db, wrong);
	sqlite3_finalize(q);
	return ok;
}

/* Room for all of them at once costs less than growing to it. */
static bool expect_ues(struct eese_store *s, struct eese_endpoint *ep, char *wrong)
{
	sqlite3_stmt *q = eese_db_prepare(&s->db, "SELECT count(*) FROM ue", wrong);
	bool ok = q != NULL && (sqlite3_step(q) == SQLITE_ROW || eese_db_wrong(&s->db, wrong));

	if (ok && !eese_endpoint_expect(ep, (size_t)sqlite3_column_int64(q, 0))) {
		snprintf(wrong, EESE_STORE_TEXT_SIZE, "needs more memory than there is");
		ok = false;
	}
	sqlite3_finalize(q);
	return ok;
}

bool eese_store_load(struct eese_store *s, struct eese_endpoint *ep, struct eese_store_found *found,
		     char wrong[EESE_STORE_TEXT_SIZE])
{
	if (!expect_ues(s, ep, wrong) ||
	    !load_all(s, "SELECT name, te2e FROM ue_group", false, ep, wrong) ||
	    !load_all(s, "SELECT " EESE_ROW_COLUMNS " FROM ue", true, ep, wrong))
		return false;
	if (s->has_te2e_default)
		eese_endpoint_set_te2e_default(ep, s->te2e_default);
	found->ues = eese_endpoint_count(ep);
	eese_endpoint_track(ep);
	return true;
}

/* ---- run ---- */

/*
 * Above what may have been used in the last second before a crash, which is not in the store: KSNs
 * begin at the time plus 3,600 s, and go up by one for each keyset. One far ahead of the clock is
 * of a time when the clock was wrong.
 */
static int64_t raised_floor(int64_t floor, uint64_t unix_s)
{
	int64_t now = unix_s < UINT32_MAX ? (int64_t)unix_s : (int64_t)UINT32_MAX;
	int64_t least = now + KSN_MARGIN_S + KSN_STEP;

	if (floor + KSN_STEP > least && floor < now + DAY_S)
		least = floor + KSN_STEP;
	return least < UINT32_MAX ? least : (int64_t)UINT32_MAX - 1;
}

/* After a crash no window that is on the disk counts any more. */
bool eese_store_begin(struct eese_store *s, struct eese_endpoint *ep, uint64_t unix_s,
		      char wrong[EESE_STORE_TEXT_SIZE])
{
	char text[192];

	s->run++;
	if (!s->clean) {
		s->windows_from = s->run;
		s->ksn_floor = raised_floor(s->ksn_floor, unix_s);
	}
	snprintf(text, sizeof text,
		 "UPDATE state SET run = %lld, clean = 0, windows_from = %lld, ksn_floor = %lld",
		 (long long)s->run, (long long)s->windows_from, (long long)s->ksn_floor);
	if (!eese_db_run(&s->db, text, wrong))
		return false;
	eese_endpoint_ksn_floor(ep, (uint32_t)s->ksn_floor);
	s->writer = eese_writer_start(&s->db, s->run, s->config.te2e_s, wrong);
	return s->writer != NULL;
}

/* false: nothing was put. Sealed here, as PSA Crypto is one thread's. */
static bool put(struct eese_store *s, struct eese_endpoint *ep, struct eese_row *row)
{
	struct eese_change *c = &row->change;
	bool ok = true;

	if (c->kind == EESE_CHANGE_UE && c->ue.has_key && c->key_changed)
		ok = eese_row_seal(s->kek, c->name, &c->ue, row->key) == EESE_OK;
	eese_wipe(&c->ue.key, sizeof c->ue.key);
	if (ok) {
		eese_writer_put(s->writer, row);
	} else {
		eese_endpoint_changed_again(ep, c->name, strlen(c->name));
		s->unsealed++;
	}
	return ok;
}

/* Up to most changes. *empty: there are no more. */
static size_t drain(struct eese_store *s, struct eese_endpoint *ep, size_t most, bool *empty)
{
	struct eese_row row;
	size_t n = 0;

	*empty = false;
	while (n < most && !*empty) {
		*empty = !eese_endpoint_next_change(ep, &row.change);
		if (!*empty && !put(s, ep, &row))
			break;
		n += !*empty;
	}
	return n;
}

void eese_store_tick(struct eese_store *s, struct eese_endpoint *ep, uint64_t now_ms)
{
	size_t room;
	bool empty;

	if (!s->draining && now_ms < s->due_ms)
		return;
	if (!s->draining)
		s->due_ms = now_ms + INTERVAL_MS;
	room = eese_writer_room(s->writer);
	drain(s, ep, room < BATCH ? room : BATCH, &empty);
	s->draining = !empty;
	if (empty)
		eese_writer_flush(s->writer);
}

void eese_store_look(struct eese_store *s, struct eese_store_status *out)
{
	eese_writer_look(s->writer, &out->writer);
	out->unsealed = s->unsealed;
}

/* ---- close ---- */

static bool drain_all(struct eese_store *s, struct eese_endpoint *ep,
		      void (*progress)(void *ctx, size_t rows), void *ctx)
{
	size_t n, rows = 0;
	bool empty = false;

	while (!empty && eese_writer_wait(s->writer)) {
		n = drain(s, ep, eese_writer_room(s->writer), &empty);
		if (n == 0 && !empty)
			return false; /* can't be sealed */
		if ((rows + n) / PROGRESS_ROWS != rows / PROGRESS_ROWS)
			progress(ctx, rows + n);
		rows += n;
	}
	return empty;
}

bool eese_store_close(struct eese_store *s, struct eese_endpoint *ep,
		      void (*progress)(void *ctx, size_t rows), void *ctx,
		      char wrong[EESE_STORE_TEXT_SIZE])
{
	bool all, ok;

	eese_writer_closing(s->writer);
	eese_endpoint_closing(ep);
	snprintf(wrong, EESE_STORE_TEXT_SIZE, "can't be sealed: no random numbers");
	all = drain_all(s, ep, progress, ctx);
	ok = eese_writer_stop(s->writer, all, wrong) && all;
	eese_store_abandon(s);
	return ok;
}
