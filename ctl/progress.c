/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "ctl/link.h"

enum { FIRST = 1000, EVERY = 200 }; /* milliseconds */

static bool on, shown;
static uint64_t due;

void progress_start(const struct options *o, bool shared)
{
	on = !o->quiet && !o->debug && isatty(STDERR_FILENO) == 1 &&
	     !(shared && isatty(STDOUT_FILENO) == 1);
	due = link_now() + FIRST;
}

void progress(size_t done, size_t total)
{
	if (!on || link_now() < due)
		return;
	due = link_now() + EVERY;
	shown = true;
	if (total > 0)
		fprintf(stderr, "\r%zu of %zu UEs", done, total);
	else
		fprintf(stderr, "\r%zu UEs", done);
	fflush(stderr);
}

void progress_clear(void)
{
	if (shown)
		fputs("\r\033[K", stderr);
	shown = false;
}
