/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The EESE's memory across starts (docs/architecture.md, 'What is stored'). Knows no broker: all
 * calls are for one thread, the broker's, and what takes time is done by another.
 *
 *   open      the file is this process's, the KEK fits
 *   load      what it holds becomes the endpoint's; from now on the endpoint's changes are noted
 *   begin     the mark of a clean shutdown is gone from the disk: serving may begin
 *   tick      now and then: hands changes to the thread that writes
 *   close     writes everything and the mark
 */
#ifndef EESE_PLUGIN_STORE_STORE_H
#define EESE_PLUGIN_STORE_STORE_H

#include "endpoint/endpoint.h"
#include "plugin/store/db.h"
#include "plugin/store/kek_source.h"
#include "plugin/store/writer.h"

struct eese_store;

struct eese_store_config {
	const char *path;     /* lives as long as the store */
	const char *kek_file; /* NULL: as eese_kek_find() says */
	uint32_t te2e_s;      /* plugin_opt_te2e */
};

/* What was found at the start. */
struct eese_store_found {
	bool fresh;    /* there was no store */
	bool clean;    /* the last run ended with everything written */
	bool kek_made; /* at kek_place */
	char kek_place[EESE_KEK_PLACE_SIZE];
	size_t ues;
};

/* NULL: wrong says why, to be put behind the file's name; so in all of these. */
struct eese_store *eese_store_open(const struct eese_store_config *config,
				   struct eese_store_found *found,
				   char wrong[EESE_STORE_TEXT_SIZE]);

/* The endpoint must be empty. */
bool eese_store_load(struct eese_store *s, struct eese_endpoint *ep, struct eese_store_found *found,
		     char wrong[EESE_STORE_TEXT_SIZE]);

bool eese_store_begin(struct eese_store *s, struct eese_endpoint *ep, uint64_t unix_s,
		      char wrong[EESE_STORE_TEXT_SIZE]);

/* At most a bounded number of changes is taken; one transaction a second. */
void eese_store_tick(struct eese_store *s, struct eese_endpoint *ep, uint64_t now_ms);

struct eese_store_status {
	struct eese_writer_status writer;
	uint64_t unsealed; /* changes that wait because no secret could be sealed */
};

void eese_store_look(struct eese_store *s, struct eese_store_status *out);

/* Frees s, whatever happens. progress is called now and then with the rows written so far. */
bool eese_store_close(struct eese_store *s, struct eese_endpoint *ep,
		      void (*progress)(void *ctx, size_t rows), void *ctx,
		      char wrong[EESE_STORE_TEXT_SIZE]);

/* Frees s without another word to the disk. NULL-safe. */
void eese_store_abandon(struct eese_store *s);

#endif
