/* SPDX-License-Identifier: Apache-2.0 */
/* Private files of lines 'NAME VALUE'; # starts a comment. */
#ifndef EESE_TOOL_NAMED_LINES_H
#define EESE_TOOL_NAMED_LINES_H

#include <stdbool.h>
#include <stddef.h>

enum { NAMED_LINES_MAX = 4096 }; /* octets of a file */

/*
 * Reads the file at path, which must be its owner's only, and gives each line to take, which
 * returns what is wrong with it, a static text, or NULL. what names the kind of file for messages.
 * false: the reason was said.
 */
bool named_lines_read(const char *what, const char *path,
		      const char *(*take)(void *ctx, const char *name, const char *value),
		      void *ctx);

#endif
