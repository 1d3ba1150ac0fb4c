/* SPDX-License-Identifier: Apache-2.0 */
#include "emks_support.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const uint8_t test_kek[EESE_KEK_SIZE] = {1, 2, 3};

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	(void)fprintf(stderr, "emks test support: %s\n", what);
	exit(EXIT_FAILURE);
}

void test_db_new(struct test_db *t)
{
	char wrong[DB_WRONG_SIZE] = "no directory";

	memset(t, 0, sizeof(*t));
	(void)snprintf(t->dir, sizeof(t->dir), "/tmp/eese-unit-XXXXXX");
	must(mkdtemp(t->dir) != NULL, wrong);
	(void)snprintf(t->path, sizeof(t->path), "%s/db", t->dir);
	must(db_create(t->path, test_kek, wrong), wrong);
	must(db_open(&t->db, t->path, test_kek, wrong), wrong);
}

void test_db_again(struct test_db *t)
{
	char wrong[DB_WRONG_SIZE];

	db_close(&t->db);
	must(db_open(&t->db, t->path, test_kek, wrong), wrong);
}

void test_db_beside(struct test_db *t, const struct test_db *other)
{
	char wrong[DB_WRONG_SIZE];

	*t = *other;
	must(db_open(&t->db, t->path, test_kek, wrong), wrong);
}

void test_db_free(struct test_db *t)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	char path[96];

	db_close(&t->db);
	for (size_t i = 0; i < COUNT(ends); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", t->path, ends[i]);
		(void)unlink(path);
	}
	CU_ASSERT_EQUAL(rmdir(t->dir), 0);
}

void test_secret(struct hss_secret *out)
{
	struct octets k = octets_of("465b5ce8b199b49faa5f0a2ee238a6bc");
	struct octets opc = octets_of("cd63cb71954a9f4e48a5994e37a02baf");

	memcpy(out->k, k.p, sizeof(out->k));
	memcpy(out->opc, opc.p, sizeof(out->opc));
	octets_free(&k);
	octets_free(&opc);
}

struct hss_subscriber test_add(struct test_db *t, const char *imsi, const char *ue_id)
{
	struct hss_subscriber s = {.amf = {0x80, 0}, .applies = {true, true}};
	struct hss_secret secret;

	test_secret(&secret);
	(void)snprintf(s.imsi, sizeof(s.imsi), "%s", imsi);
	(void)snprintf(s.ue_id, sizeof(s.ue_id), "%s", ue_id);
	must(hss_add(&t->db, &s, &secret), "can't add a subscriber");
	return s;
}
