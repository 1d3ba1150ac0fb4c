/* SPDX-License-Identifier: Apache-2.0 */
/* The tables, and how an older version of them becomes this one. */
#ifndef EESE_PLUGIN_STORE_SCHEMA_H
#define EESE_PLUGIN_STORE_SCHEMA_H

#include "plugin/store/db.h"

enum { EESE_STORE_VERSION = 1 };

/* Within the caller's transaction. false: it is none of ours, of a later version, or can't be
 * written; wrong says which. */
bool eese_schema_ready(struct eese_db *db, char wrong[EESE_STORE_TEXT_SIZE]);

#endif
