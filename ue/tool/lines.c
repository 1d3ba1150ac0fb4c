/* SPDX-License-Identifier: Apache-2.0 */
#include "lines.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

bool lines_fill(struct lines *l, int fd)
{
	ssize_t n;

	memmove(l->octets, l->octets + l->start, l->end - l->start);
	l->end -= l->start;
	l->start = 0;
	n = read(fd, l->octets + l->end, sizeof(l->octets) - l->end);
	if (n > 0)
		l->end += (size_t)n;
	else if (n == 0 || (errno != EINTR && errno != EAGAIN))
		l->eof = true;
	return n >= 0 || !l->eof;
}

static const uint8_t *newline(const struct lines *l)
{
	return memchr(l->octets + l->start, '\n', l->end - l->start);
}

void lines_taken(struct lines *l)
{
	const uint8_t *nl = newline(l);

	l->start = nl ? (size_t)(nl - l->octets) + 1 : l->end;
	l->number++;
}

/* Drops what there is of a line that was too long. */
static void skip(struct lines *l)
{
	if (newline(l) || l->eof) {
		l->skipping = false;
		lines_taken(l);
	} else {
		l->start = l->end;
	}
}

enum lines_result lines_next(struct lines *l, const uint8_t **line, size_t *len)
{
	const uint8_t *nl;

	if (l->skipping)
		skip(l);
	nl = newline(l);
	*line = l->octets + l->start;
	*len = nl ? (size_t)(nl - *line) : l->end - l->start;
	if (!l->skipping && *len > EESE_PLAINTEXT_MAX) {
		l->skipping = true;
		return LINES_TOO_LONG;
	}
	if (nl || (l->eof && *len > 0))
		return LINES_LINE;
	return l->eof ? LINES_END : LINES_MORE;
}
