/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin/store/state.h"

enum { INTERVAL_MS = 1000, BATCH = 1024, PROGRESS_ROWS = 4096 };
enum { KSN_MARGIN_S = 3600, KSN_STEP = 16, DAY_S = 86400 };
enum { KSN_UNWRITTEN = 16, KSN_UNWRITTEN_MAX = 3600 };

struct eese_store {
	struct eese_db db;
	struct eese_store_config config;
	struct eese_writer *writer;
	uint8_t kek[EESE_KEK_SIZE];
	struct eese_store_state state;
	bool draining; /* the list of changes was not empty yet */
	uint64_t due_ms, unsealed;
};

/* ---- open ---- */

static bool open_state(struct eese_store *s, struct eese_store_found *found, char *wrong)
{
	struct eese_kek_source source = {.made = false};
	bool ok = eese_state_read(&s->db, &s->state, wrong) &&
		  eese_state_fit_kek(&s->db, &s->state, s->config.kek_file, true, &source, wrong);

	if (ok)
		memcpy(s->kek, source.kek, sizeof s->kek);
	eese_wipe(source.kek, sizeof source.kek);
	if (!ok)
		return false;
	found->kek_made = source.made;
	memcpy(found->kek_place, source.place, sizeof found->kek_place);
	found->clean = s->state.clean;
	found->fresh = s->state.run == 0;
	return true;
}

struct eese_store *eese_store_open(const struct eese_store_config *config,
				   struct eese_store_found *found, char wrong[EESE_STORE_TEXT_SIZE])
{
	struct eese_store *s = calloc(1, sizeof *s);

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
	if (!open_state(s, found, wrong)) {
		eese_store_abandon(s);
		return NULL;
	}
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

/*
 * A crash may have cost the last second, or all since its row was written if the disk took nothing:
 * the KSNs that a UE can have used in each of these runs count as used.
 */
static void count_unwritten_ksns(struct eese_ue_saved *ue, int64_t runs)
{
	uint32_t most = runs > 0 && runs < KSN_UNWRITTEN_MAX / KSN_UNWRITTEN
			    ? (uint32_t)runs * KSN_UNWRITTEN
			    : KSN_UNWRITTEN_MAX;

	if (ue->highest_ksn != 0 && ue->highest_ksn <= UINT32_MAX - most)
		ue->highest_ksn += most;
}

static bool load_row(struct eese_store *s, sqlite3_stmt *q, struct eese_endpoint *ep, char *wrong)
{
	struct eese_ue_saved ue;
	char ue_id[EESE_UE_ID_MAX + 1];
	const uint8_t *sealed;
	size_t len;
	enum eese_result r;

	if (!eese_row_read(q, s->state.windows_from, ue_id, &ue, &sealed, &len))
		return row_damaged(ue_id, "has a value that none can have", wrong);
	if (len > 0 && eese_row_unseal(s->kek, ue_id, sealed, len, &ue) != EESE_OK)
		return row_damaged(
		    ue_id, "does not open, though the KEK is right: it was changed or moved",
		    wrong);
	/* A row that was not written since a crash is as old as the crash left it. */
	ue.durable = s->state.clean && eese_row_run(q) >= s->state.windows_from;
	if (!ue.durable)
		count_unwritten_ksns(&ue, s->state.run - eese_row_run(q) + 1);
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
	if (s->state.has_te2e_default && s->state.te2e_option == s->config.te2e_s)
		eese_endpoint_set_te2e_default(ep, (uint32_t)s->state.te2e_default);
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

	s->state.run++;
	if (!s->state.clean) {
		s->state.windows_from = s->state.run;
		s->state.ksn_floor = raised_floor(s->state.ksn_floor, unix_s);
	}
	snprintf(text, sizeof text,
		 "UPDATE state SET run = %lld, clean = 0, windows_from = %lld, ksn_floor = %lld",
		 (long long)s->state.run, (long long)s->state.windows_from,
		 (long long)s->state.ksn_floor);
	if (!eese_db_run(&s->db, text, wrong))
		return false;
	eese_endpoint_ksn_floor(ep, (uint32_t)s->state.ksn_floor);
	s->writer = eese_writer_start(&s->db, s->state.run, s->config.te2e_s, wrong);
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
	if (empty || room == 0)
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
