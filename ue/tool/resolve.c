/* SPDX-License-Identifier: Apache-2.0 */
#include "resolve.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PORT_SIZE = 8 };

struct resolve_job {
	struct gaicb request;
	struct addrinfo hints;
	char port[PORT_SIZE];
	char host[]; /* ends with NUL */
};

bool resolve_start(struct resolve *r, const char *host, uint16_t port)
{
	const size_t size = strlen(host) + 1;
	struct resolve_job *job = calloc(1, sizeof(*job) + size);
	struct gaicb *list[1];

	resolve_close(r);
	r->count = 0;
	if (!job)
		return false;
	memcpy(job->host, host, size);
	snprintf(job->port, sizeof(job->port), "%u", (unsigned)port);
	job->hints = (struct addrinfo){.ai_family = AF_UNSPEC,
				       .ai_socktype = SOCK_DGRAM,
				       .ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG};
	job->request = (struct gaicb){
	    .ar_name = job->host, .ar_service = job->port, .ar_request = &job->hints};
	list[0] = &job->request;
	if (getaddrinfo_a(GAI_NOWAIT, list, 1, NULL) != 0) {
		free(job);
		return false;
	}
	r->job = job;
	return true;
}

static void take_addresses(struct resolve *r, const struct addrinfo *list)
{
	for (; list && r->count < RESOLVE_MAX; list = list->ai_next) {
		struct resolve_address *to = &r->found[r->count];

		if (list->ai_addrlen > sizeof(to->address))
			continue;
		memcpy(&to->address, list->ai_addr, list->ai_addrlen);
		to->size = list->ai_addrlen;
		r->count++;
	}
}

static void free_job(struct resolve_job *job)
{
	if (job->request.ar_result)
		freeaddrinfo(job->request.ar_result);
	free(job);
}

enum resolve_result resolve_poll(struct resolve *r, const char **why)
{
	const int rc = r->job ? gai_error(&r->job->request) : EAI_FAIL;

	if (r->job && rc == EAI_INPROGRESS)
		return RESOLVE_BUSY;
	if (rc == 0)
		take_addresses(r, r->job->request.ar_result);
	if (r->job)
		free_job(r->job);
	r->job = NULL;
	*why = rc == 0 ? "no address" : gai_strerror(rc);
	return r->count > 0 ? RESOLVE_DONE : RESOLVE_FAILED;
}

void resolve_close(struct resolve *r)
{
	if (!r->job)
		return;
	/* What is being asked right now can't be called back, and its answer is written here: the
	 * memory is left to it. */
	if (gai_cancel(&r->job->request) != EAI_NOTCANCELED)
		free_job(r->job);
	r->job = NULL;
}
