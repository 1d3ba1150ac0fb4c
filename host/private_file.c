/* SPDX-License-Identifier: Apache-2.0 */
#include "host/private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "eese/keys.h"
#include "host/whole.h"

/* The open file is asked, not its name, so that it can't be exchanged in between. */
static const char *not_private(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "is no regular file";
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return "belongs to another user";
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return "is open to others than its owner: chmod 600 it";
	return NULL;
}

int eese_private_open(const char *path, const char **wrong)
{
	/* Non-blocking: a FIFO in its place must not stop anybody. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	*wrong = fd < 0 ? strerror(errno) : not_private(fd);
	if (*wrong == NULL)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

const char *eese_private_read(const char *path, uint8_t *out, size_t size, size_t *len)
{
	const char *wrong;
	int fd = eese_private_open(path, &wrong);

	memset(out, 0, size);
	*len = 0;
	if (fd < 0)
		return wrong;
	wrong = eese_read_whole(fd, out, size, len);
	close(fd);
	return wrong;
}
