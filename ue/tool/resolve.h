/* SPDX-License-Identifier: Apache-2.0 */
/* Names to addresses without waiting for anybody: a name server that is silent stops nothing. */
#ifndef EESE_TOOL_RESOLVE_H
#define EESE_TOOL_RESOLVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum { RESOLVE_MAX = 4 };

struct resolve_address {
	struct sockaddr_storage address;
	socklen_t size;
};

struct resolve {
	struct resolve_job *job; /* NULL: nothing under way */
	struct resolve_address found[RESOLVE_MAX];
	unsigned count;
};

enum resolve_result { RESOLVE_DONE, RESOLVE_BUSY, RESOLVE_FAILED };

/* Starts with the UDP addresses of a host, a name or an address in numbers. false: out of memory.
 * *r must be all zero, or at the end of an earlier one. */
bool resolve_start(struct resolve *r, const char *host, uint16_t port);

/* DONE: found has 1 to RESOLVE_MAX. BUSY: ask again in RESOLVE_PAUSE. FAILED: *why says why. */
enum { RESOLVE_PAUSE = 50 /* milliseconds */ };
enum resolve_result resolve_poll(struct resolve *r, const char **why);

/* Gives up what is under way. */
void resolve_close(struct resolve *r);

#endif
