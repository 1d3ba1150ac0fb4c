/* SPDX-License-Identifier: Apache-2.0 */
/* The EESE's store seen from outside, by SQLite and by the file system. */
#ifndef EESE_TESTS_STORE_FILE_H
#define EESE_TESTS_STORE_FILE_H

#include "harness.h"

/* <dir of the broker>/eese.db<ending>, valid until the second next call. */
const char *store_path(const struct broker *b, const char *ending);

/* The one number that this query of the broker's store gives; -1 if it gives none. */
long long store_number(const struct broker *b, const char *query);

/* Waits until it is other than 0. */
bool store_await(const struct broker *b, const char *query);

/* Waits until the UE's row has the keyset in the UE's hand. */
bool store_await_ksn(const struct broker *b, const struct test_ue *u);

/* Changes the store of a broker that does not run. */
bool store_change(const struct broker *b, const char *statements);

/* Replaces `to` by a copy of `from`, which is a file of its own, of mode 0600. */
bool store_copy(const char *from, const char *to);

/* Whether these octets stand anywhere in the file; one that is not there has none. */
bool store_has(const char *path, const void *octets, size_t len);

#endif
