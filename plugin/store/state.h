/* SPDX-License-Identifier: Apache-2.0 */
/* The store's one row about itself, and whether a KEK is the one that it is sealed under. */
#ifndef EESE_PLUGIN_STORE_STATE_H
#define EESE_PLUGIN_STORE_STATE_H

#include "plugin/store/kek_source.h"
#include "plugin/store/row.h"

struct eese_store_state {
	uint8_t kek_check[EESE_KEK_CHECK_SIZE];
	bool has_check; /* false: nothing was sealed yet */
	bool clean;     /* this very file was cleanly closed, at most a day ago */
	int64_t run;    /* starts so far */
	int64_t windows_from, ksn_floor;
	bool has_te2e_default;
	int64_t te2e_default, te2e_option;
};

/* All of these: false: wrong says why, to be put behind the file's name. */
bool eese_state_read(struct eese_db *db, struct eese_store_state *out,
		     char wrong[EESE_STORE_TEXT_SIZE]);

/* Notes that the store is cleanly closed; to be the last change before eese_db_close(). */
bool eese_state_mark_clean(struct eese_db *db, char wrong[EESE_STORE_TEXT_SIZE]);

/* From now on this is the KEK. */
bool eese_state_set_kek(struct eese_db *db, const uint8_t kek[EESE_KEK_SIZE],
			char wrong[EESE_STORE_TEXT_SIZE]);

/*
 * Finds the KEK (eese_kek_find(), which makes one for a new store if may_make) and holds it against
 * the check; ends a change of the KEK that was cut off. The caller wipes out->kek.
 */
bool eese_state_fit_kek(struct eese_db *db, const struct eese_store_state *state,
			const char *kek_file, bool may_make, struct eese_kek_source *out,
			char wrong[EESE_STORE_TEXT_SIZE]);

#endif
