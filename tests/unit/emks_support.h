/* SPDX-License-Identifier: Apache-2.0 */
/* A database for the unit tests of emks/, in a directory of its own. */
#ifndef EESE_TESTS_EMKS_SUPPORT_H
#define EESE_TESTS_EMKS_SUPPORT_H

#include "core_support.h"
#include "emks/hss/edit.h"

struct test_db {
	char dir[64], path[80];
	struct db db;
};

extern const uint8_t test_kek[EESE_KEK_SIZE];

/* Ends the program if it can't. */
void test_db_new(struct test_db *t);
void test_db_free(struct test_db *t);

/* Closes it and opens it again, as a restart does. */
void test_db_again(struct test_db *t);

/* The same one opened by somebody else, to be closed by db_close(). */
void test_db_beside(struct test_db *t, const struct test_db *other);

/* A subscriber with both domains; K and OPc of TS 35.208's test set 1. */
struct hss_subscriber test_add(struct test_db *t, const char *imsi, const char *ue_id);
void test_secret(struct hss_secret *out);

#endif
