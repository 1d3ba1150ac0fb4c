/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is there or ends the program, and secrets that don't stay in it. */
#ifndef EESE_CTL_MEMORY_H
#define EESE_CTL_MEMORY_H

#include <stddef.h>

/* As calloc(), reallocarray() and strndup(), but never NULL. */
void *memory_get(size_t count, size_t size);
void *memory_more(void *p, size_t count, size_t size);
char *memory_copy(const char *text, size_t len);

/* cJSON gets memory that is never NULL and is wiped when it frees it: in requests there are keys.
 */
void memory_for_cjson(void);

/* No core file of this process, and no other process of the user may look into it. */
void memory_seal_off(void);

#endif
