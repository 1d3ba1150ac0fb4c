/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A real eese-emksd for tests, in a directory of its own: certificates (ca.crt, emks.crt,
 * plant-a.crt, plant-b.crt, unknown.crt, and their keys), a database and its KEK, ports that the
 * system picks. plant-a and plant-b are EESEs, unknown is none though its certificate is good.
 */
#ifndef EESE_TESTS_EMKS_H
#define EESE_TESTS_EMKS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct emks {
	pid_t pid;
	uint16_t https_port, coap_port;
	char dir[128]; /* has emksd.conf, log, hss.db, kek, the certificates */
};

/* Makes directory, certificates and an empty database. */
bool emks_make(struct emks *e);

/* Starts it and waits until it is ready; lines are further settings, or NULL. Ports stay the same
 * from the second start on. */
bool emks_start(struct emks *e, const char *lines);

/* Starts it with these lines; it must not start, and say each of the words, separated by '|'. */
void emks_refuses(struct emks *e, const char *lines, const char *words);

/* SIGTERM; it must end in time with code 0 and no sanitizer's report. */
void emks_stop(struct emks *e);

/* kill -9 */
void emks_kill(struct emks *e);

/* SIGHUP, and waits until it said the words. */
bool emks_reload(struct emks *e, const char *words);

/* emks_stop() if need be, and removes the directory. */
void emks_remove(struct emks *e);

/* Runs a shell command in the directory with $EESE_HSS set to eese-hss and its options; its exit
 * code. Its output is in the file out. */
int emks_shell(const struct emks *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* eese-hss add IMSI --ue-id .. --allow plant-a and these options; K and OPc are those of
 * TS 35.208's test set 1. */
bool emks_add(const struct emks *e, const char *imsi, const char *ue_id, const char *options);
#define TEST_K "465b5ce8b199b49faa5f0a2ee238a6bc"
#define TEST_OPC "cd63cb71954a9f4e48a5994e37a02baf"

/* Its resident memory in KiB. */
long emks_memory(const struct emks *e);

/* What is in a file of the directory, to be freed; empty if it is not there. */
char *emks_file(const struct emks *e, const char *name);

#endif
