/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_support.h"

#include <stdio.h>
#include <stdlib.h>

static FILE *before;
static char *text;
static size_t len;

/* glibc lets stdout be assigned to. */
void capture(void)
{
	before = stdout;
	text = NULL;
	stdout = open_memstream(&text, &len);
	if (stdout == NULL)
		abort();
}

char *captured(void)
{
	fclose(stdout);
	stdout = before;
	return text;
}
