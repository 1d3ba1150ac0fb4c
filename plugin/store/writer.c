/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/store/writer.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "plugin/store/state.h"

enum { BACK_OFF_S = 1, BACK_OFF_MAX_S = 60, LAST_TRIES = 3 };

struct eese_writer {
	/* the thread's while there is one */
	struct eese_db *db;
	struct eese_row_statements statements;
	int64_t run;
	uint32_t option;
	size_t written; /* rows up to here are in the open transaction */
	bool open;      /* there is one */
	unsigned back_off_s, failed_in_a_row;

	/* the caller's */
	pthread_t thread;
	bool joinable; /* there was one since the last pthread_join() */

	/* both threads' */
	pthread_mutex_t mutex;
	pthread_cond_t work, room;
	/* Counts of all rows so far; the ring holds those from done to head. */
	size_t head, done;
	bool running; /* the thread looks for work once more before it ends */
	bool flush, closing, stop;
	bool ended; /* gave up while closing */
	struct eese_writer_status status;
	struct eese_row *ring;
};

static struct eese_row *slot(struct eese_writer *w, size_t n)
{
	return &w->ring[n % EESE_WRITER_ROWS];
}

/* Not with each row: waking the thread costs more than all else about it. */
static bool is_due(const struct eese_writer *w)
{
	return w->head != w->done &&
	       (w->flush || w->stop || w->head - w->done >= EESE_WRITER_ROWS / 2);
}

/* What is to be written and committed now: the rows up to *head. false: nothing, and the thread
 * ends. */
static bool next_order(struct eese_writer *w, size_t *head)
{
	bool due;

	pthread_mutex_lock(&w->mutex);
	due = !w->ended && is_due(w);
	*head = w->head;
	w->flush = false;
	w->running = due;
	pthread_mutex_unlock(&w->mutex);
	return due;
}

static bool write_up_to(struct eese_writer *w, size_t head, char *wrong)
{
	if (w->written != head && !w->open) {
		if (!eese_db_run(w->db, "BEGIN IMMEDIATE", wrong))
			return false;
		w->open = true;
	}
	for (; w->written != head; w->written++)
		if (!eese_row_write(w->db, &w->statements, slot(w, w->written), w->run, w->option,
				    wrong))
			return false;
	return true;
}

static void succeeded(struct eese_writer *w)
{
	w->back_off_s = w->failed_in_a_row = 0;
	pthread_mutex_lock(&w->mutex);
	w->done = w->written;
	w->status.commits++;
	w->status.failing = false;
	pthread_cond_signal(&w->room);
	pthread_mutex_unlock(&w->mutex);
}

static bool commit(struct eese_writer *w, char *wrong)
{
	if (!w->open)
		return true;
	if (!eese_db_in_place(w->db, wrong) || !eese_db_run(w->db, "COMMIT", wrong))
		return false;
	w->open = false;
	succeeded(w);
	return true;
}

/* Waits before it is tried again; at once if the broker is ending. */
static void back_off(struct eese_writer *w)
{
	struct timespec until;

	w->back_off_s = w->back_off_s == 0 ? BACK_OFF_S : w->back_off_s * 2;
	if (w->back_off_s > BACK_OFF_MAX_S)
		w->back_off_s = BACK_OFF_MAX_S;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += w->back_off_s;
	while (!w->closing && !w->stop &&
	       pthread_cond_timedwait(&w->work, &w->mutex, &until) == 0) {
	}
}

/* All that is not committed stays in the ring, to be written anew. */
static void failed(struct eese_writer *w, const char *wrong)
{
	(void)sqlite3_exec(w->db->sql, "ROLLBACK", NULL, NULL, NULL);
	w->open = false;
	pthread_mutex_lock(&w->mutex);
	w->written = w->done;
	w->status.failures++;
	w->status.failing = true;
	snprintf(w->status.why, sizeof w->status.why, "%s", wrong);
	back_off(w);
	w->failed_in_a_row = w->closing || w->stop ? w->failed_in_a_row + 1 : 0;
	w->ended = w->failed_in_a_row >= LAST_TRIES;
	w->flush = true;
	pthread_cond_signal(&w->room);
	pthread_mutex_unlock(&w->mutex);
}

static void *run(void *arg)
{
	struct eese_writer *w = arg;
	char wrong[EESE_STORE_TEXT_SIZE];
	size_t head;

	pthread_setname_np(pthread_self(), "eese-store");
	while (next_order(w, &head))
		if (!write_up_to(w, head, wrong) || !commit(w, wrong))
			failed(w, wrong);
	return NULL;
}

/* Signals are the broker's. */
static bool start_thread(struct eese_writer *w)
{
	sigset_t all, before;
	bool ok;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ok = pthread_create(&w->thread, NULL, run, w) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return ok;
}

/*
 * With the mutex held. The thread is there only while there is something to write: as long as a
 * process has a second one, each system call of the first costs more. false: none can be made.
 */
static bool set_to_work(struct eese_writer *w)
{
	if (w->running)
		return true;
	if (w->joinable)
		pthread_join(w->thread, NULL); /* it does not take the mutex any more */
	w->joinable = w->running = start_thread(w);
	if (!w->running) {
		w->status.failures++;
		w->status.failing = true;
		snprintf(w->status.why, sizeof w->status.why, "can't be written: no thread for it");
	}
	return w->running;
}

static void init_locks(struct eese_writer *w)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&w->mutex, NULL);
	pthread_cond_init(&w->work, &monotonic);
	pthread_cond_init(&w->room, NULL);
	pthread_condattr_destroy(&monotonic);
}

static void free_writer(struct eese_writer *w)
{
	eese_row_finalize(&w->statements);
	pthread_cond_destroy(&w->work);
	pthread_cond_destroy(&w->room);
	pthread_mutex_destroy(&w->mutex);
	free(w->ring);
	free(w);
}

struct eese_writer *eese_writer_start(struct eese_db *db, int64_t run_number, uint32_t option,
				      char wrong[EESE_STORE_TEXT_SIZE])
{
	struct eese_writer *w = calloc(1, sizeof *w);

	snprintf(wrong, EESE_STORE_TEXT_SIZE, "needs more memory than there is");
	if (w == NULL)
		return NULL;
	init_locks(w);
	w->db = db;
	w->run = run_number;
	w->option = option;
	w->ring = calloc(EESE_WRITER_ROWS, sizeof *w->ring);
	if (w->ring != NULL && eese_row_prepare(db, &w->statements, wrong))
		return w;
	free_writer(w);
	return NULL;
}

size_t eese_writer_room(struct eese_writer *w)
{
	size_t room;

	pthread_mutex_lock(&w->mutex);
	room = EESE_WRITER_ROWS - (w->head - w->done);
	pthread_mutex_unlock(&w->mutex);
	return room;
}

void eese_writer_put(struct eese_writer *w, const struct eese_row *row)
{
	*slot(w, w->head) = *row; /* head is this thread's to move, and the slot is free */
	pthread_mutex_lock(&w->mutex);
	w->head++;
	if (is_due(w))
		(void)set_to_work(w);
	pthread_mutex_unlock(&w->mutex);
}

void eese_writer_flush(struct eese_writer *w)
{
	pthread_mutex_lock(&w->mutex);
	w->flush = true;
	if (is_due(w))
		(void)set_to_work(w);
	pthread_mutex_unlock(&w->mutex);
}

void eese_writer_look(struct eese_writer *w, struct eese_writer_status *out)
{
	pthread_mutex_lock(&w->mutex);
	*out = w->status;
	out->waiting = w->head - w->done;
	pthread_mutex_unlock(&w->mutex);
}

void eese_writer_closing(struct eese_writer *w)
{
	pthread_mutex_lock(&w->mutex);
	w->closing = true;
	pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->mutex);
}

bool eese_writer_wait(struct eese_writer *w)
{
	bool ok;

	pthread_mutex_lock(&w->mutex);
	while (w->head - w->done >= EESE_WRITER_ROWS && !w->ended && set_to_work(w))
		pthread_cond_wait(&w->room, &w->mutex);
	ok = !w->ended && w->head - w->done < EESE_WRITER_ROWS;
	pthread_mutex_unlock(&w->mutex);
	return ok;
}

/* The last thing: durable itself only once everything before it is. */
static bool mark_clean(struct eese_writer *w, char *wrong)
{
	return eese_db_in_place(w->db, wrong) &&
	       eese_db_run(w->db, "PRAGMA wal_checkpoint(TRUNCATE)", wrong) &&
	       eese_state_mark_clean(w->db, wrong);
}

bool eese_writer_stop(struct eese_writer *w, bool clean, char wrong[EESE_STORE_TEXT_SIZE])
{
	bool ok;

	pthread_mutex_lock(&w->mutex);
	w->stop = true;
	if (!w->ended && is_due(w))
		(void)set_to_work(w);
	pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->mutex);
	if (w->joinable)
		pthread_join(w->thread, NULL);
	ok = w->done == w->head;
	if (!ok)
		snprintf(wrong, EESE_STORE_TEXT_SIZE, "%s", w->status.why);
	else if (clean)
		ok = mark_clean(w, wrong);
	free_writer(w);
	return ok;
}
