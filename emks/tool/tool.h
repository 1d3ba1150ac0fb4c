/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands of eese-hss share. */
#ifndef EMKS_TOOL_H
#define EMKS_TOOL_H

#include "emks/config.h"
#include "emks/hss/edit.h"

enum {
	EXIT_DONE = 0,
	EXIT_FAILED = 1, /* database, files */
	EXIT_USAGE = 2,
	EXIT_REFUSED = 3, /* no such subscriber, or one that is there already */
	EESES_MAX = 32,
};

enum choice { CHOICE_NONE, CHOICE_NO, CHOICE_YES };

/* Points into argv; what was not given is NULL or 0. */
struct options {
	struct config config;
	const char *ue_id, *amf, *secret;
	const char *allow[EESES_MAX], *disallow[EESES_MAX];
	size_t allow_count, disallow_count;
	enum choice applies[EESE_DOMAINS];
	char **words; /* what follows the command */
	size_t count;
};

/* A command; the database is open. Its exit code. */
typedef int (*command)(const struct options *o, struct db *db);

int add_run(const struct options *o, struct db *db);
int set_run(const struct options *o, struct db *db);
int bar_run(const struct options *o, struct db *db);
int unbar_run(const struct options *o, struct db *db);
int delete_run(const struct options *o, struct db *db);
int show_run(const struct options *o, struct db *db);
int list_run(const struct options *o, struct db *db);

/* What a command was given: domains and AMF into s. False: said what is wrong. */
bool options_apply(const struct options *o, struct hss_subscriber *s);

/* K and OPc out of a file that is its owner's only, "-" for standard input: lines "k HEX" and "opc
 * HEX" or "op HEX". False: said what is wrong. The caller wipes. */
bool secret_read(const char *path, struct hss_secret *out);

#endif
