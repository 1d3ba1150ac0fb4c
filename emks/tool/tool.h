/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of eese-hss, and what they share. */
#ifndef EMKS_TOOL_H
#define EMKS_TOOL_H

#include "emks/hss/edit.h"
#include "emks/tool/options.h"

int init_run(const struct options *o, struct db *db); /* without a database */
int add_run(const struct options *o, struct db *db);
int set_run(const struct options *o, struct db *db);
int bar_run(const struct options *o, struct db *db);
int unbar_run(const struct options *o, struct db *db);
int delete_run(const struct options *o, struct db *db);
int show_run(const struct options *o, struct db *db);
int list_run(const struct options *o, struct db *db);
int import_run(const struct options *o, struct db *db);

/* One that nothing was said of yet: EnPS applies, AMF is 8000. */
struct hss_subscriber new_subscriber(void);

/* Says what the database's last failure was; the exit code for it. */
int database_failed(const struct db *db);

/* By IMSI or UE-ID. False: said so, and *code is the exit code. */
bool find_subscriber(struct db *db, const char *who, struct hss_subscriber *s, int *code);

/* The KEK of this configuration. False: said what is wrong. The caller wipes. */
bool load_kek(const struct config *c, uint8_t kek[EESE_KEK_SIZE]);

/* K and OPc out of a file that is its owner's only, "-" for standard input: lines "k HEX" and "opc
 * HEX" or "op HEX". False: said what is wrong. The caller wipes. */
bool secret_read(const char *path, struct hss_secret *out);

/* 16 octets of hexadecimal out of such a file: OP. */
bool secret_read_op(const char *path, uint8_t op[EESE_OP_SIZE]);

#endif
