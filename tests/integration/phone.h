/* SPDX-License-Identifier: Apache-2.0 */
/* A device whose keys come from AKA: its files, and runs of eese-ue for it. */
#ifndef EESE_TESTS_PHONE_H
#define EESE_TESTS_PHONE_H

#include "eese/wire.h"
#include "harness.h"
#include "program.h"

struct phone {
	char ue[EESE_UE_ID_MAX + 1];
	char usim[208], state[208], keys[224]; /* files in dir */
	char dir[128], uri[64];
	uint16_t broker; /* its port */
};

/* A new device of this name with a new USIM of K and OPc (hexadecimal), its files in dir. */
void phone_make(struct phone *p, const char *ue, const char *dir, const char *k, const char *opc);

/* Where its AKA server is on 127.0.0.1. */
void phone_home(struct phone *p, uint16_t port);

/* Starts eese-ue with this command; more is ended by NULL. */
void phone_run(struct program *t, const struct phone *p, const char *command,
	       const char *const *more);

/* eese-ue aka --wait seconds; and one message on topic t. Their exit codes; what they said is shown
 * unless that is the one expected. */
int phone_aka(const struct phone *p, int expected, const char *seconds);
int phone_publish(const struct phone *p, int expected, const char *text);

/* As program_ends(), showing the same. */
int phone_ends(struct program *t, int expected, int timeout_ms);

/* Writes a line to its input. */
void phone_say(struct program *t, const char *text);

/* A device that is given a line to send now and then, and goes on for 150 s. */
struct sender {
	struct phone phone;
	struct program program;
	int lines;
};

void sender_start(struct sender *s, const struct phone *p);
void sender_say(struct sender *s);
/* Each line arrived once. */
void sender_arrived(const struct sender *s, struct observer *app);

void phone_write_file(const char *path, const char *text);
bool phone_file_has(const char *path, const char *text);

#endif
