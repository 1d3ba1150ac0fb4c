/* SPDX-License-Identifier: Apache-2.0 */
#include "host/whole.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "eese/keys.h"

static const char *read_all(int fd, uint8_t *out, size_t size, size_t *len)
{
	uint8_t more;
	ssize_t n;

	for (;;) {
		n = *len < size ? read(fd, out + *len, size - *len) : read(fd, &more, 1);
		if (n == 0)
			return NULL;
		if (n < 0 && errno != EINTR)
			return strerror(errno);
		if (n > 0 && *len == size)
			return "is too long";
		if (n > 0)
			*len += (size_t)n;
	}
}

const char *eese_read_whole(int fd, uint8_t *out, size_t size, size_t *len)
{
	const char *wrong;

	*len = 0;
	wrong = read_all(fd, out, size, len);
	if (wrong != NULL) {
		eese_wipe(out, size);
		*len = 0;
	}
	return wrong;
}
