/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a descriptor, read no faster than they are taken. */
#ifndef EESE_TOOL_LINES_H
#define EESE_TOOL_LINES_H

#include "eese/wire.h"

#include <stdbool.h>

struct lines {
	uint8_t octets[EESE_PLAINTEXT_MAX + 2]; /* room for one octet too many, and the newline */
	size_t start, end;
	bool eof;      /* nothing more will be read */
	bool skipping; /* inside a line that was too long */
	unsigned long number;
};

enum lines_result {
	LINES_LINE,     /* a line, without its newline */
	LINES_TOO_LONG, /* one line was longer than EESE_PLAINTEXT_MAX and is skipped */
	LINES_MORE,     /* lines_fill() is needed */
	LINES_END,
};

/* Reads once what is there. false: an error, in errno; the end is then reached. */
bool lines_fill(struct lines *l, int fd);

/* Looks at the next line. It stays until lines_taken(). LINES_TOO_LONG needs no lines_taken(). */
enum lines_result lines_next(struct lines *l, const uint8_t **line, size_t *len);

void lines_taken(struct lines *l);

#endif
