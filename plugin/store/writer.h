/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows are written by a thread of their own, which is there while there are some: they come to it
 * through a bounded queue, so that the broker's thread never waits for the disk. What could not be
 * written is kept and tried again. Calls are for one thread, the broker's.
 */
#ifndef EESE_PLUGIN_STORE_WRITER_H
#define EESE_PLUGIN_STORE_WRITER_H

#include "plugin/store/row.h"

struct eese_writer;

enum { EESE_WRITER_ROWS = 8192 }; /* in the queue at most */

/* db is the writer's until eese_writer_stop(). run, option: as eese_row_write(). NULL: wrong says
 * why. */
struct eese_writer *eese_writer_start(struct eese_db *db, int64_t run, uint32_t option,
				      char wrong[EESE_STORE_TEXT_SIZE]);

/* How many rows the queue has room for. */
size_t eese_writer_room(struct eese_writer *w);

/* Takes a copy; there must be room. */
void eese_writer_put(struct eese_writer *w, const struct eese_row *row);

/* What was put is one transaction now. Without it one is made when the queue is half full. */
void eese_writer_flush(struct eese_writer *w);

struct eese_writer_status {
	uint64_t commits, failures;
	size_t waiting;                 /* rows put and not committed yet */
	bool failing;                   /* from a failure on until a commit */
	char why[EESE_STORE_TEXT_SIZE]; /* of the latest failure */
};

void eese_writer_look(struct eese_writer *w, struct eese_writer_status *out);

/* From now on three failures in a row are the end: nothing more is written. */
void eese_writer_closing(struct eese_writer *w);

/* Waits for room; false: it is at its end. */
bool eese_writer_wait(struct eese_writer *w);

/* Writes what was put, marks the store as cleanly closed if clean and all was written, ends the
 * thread and frees w. false: wrong says what went wrong. */
bool eese_writer_stop(struct eese_writer *w, bool clean, char wrong[EESE_STORE_TEXT_SIZE]);

#endif
