/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/memory.h"

#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "ctl/options.h"
#include "eese/keys.h"
#include "host/say.h"

static void out_of_memory(void)
{
	say_error("out of memory");
	exit(EXIT_REFUSED);
}

void *memory_get(size_t count, size_t size)
{
	void *p = calloc(count > 0 ? count : 1, size);

	if (p == NULL)
		out_of_memory();
	return p;
}

void *memory_more(void *p, size_t count, size_t size)
{
	p = reallocarray(p, count, size);
	if (p == NULL)
		out_of_memory();
	return p;
}

char *memory_copy(const char *text, size_t len)
{
	char *copy = memory_get(len + 1, 1);

	if (len > 0)
		memcpy(copy, text, len);
	return copy;
}

/* In front of what cJSON gets, so that free_wiped() knows how much there is to wipe. */
struct block {
	_Alignas(max_align_t) size_t size;
};

static void *get_for_cjson(size_t size)
{
	struct block *b;

	if (size > SIZE_MAX - sizeof *b)
		out_of_memory();
	b = memory_get(1, sizeof *b + size);
	b->size = size;
	return b + 1;
}

static void free_wiped(void *p)
{
	struct block *b = p;

	if (b == NULL)
		return;
	b--;
	eese_wipe(p, b->size);
	free(b);
}

void memory_for_cjson(void)
{
	cJSON_Hooks hooks = {.malloc_fn = get_for_cjson, .free_fn = free_wiped};

	cJSON_InitHooks(&hooks);
}

void memory_seal_off(void)
{
	/* Where it can't be had the tool works as well. */
	(void)prctl(PR_SET_DUMPABLE, 0);
}
