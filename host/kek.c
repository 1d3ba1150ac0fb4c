/* SPDX-License-Identifier: Apache-2.0 */
#include "host/kek.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "eese/keys.h"
#include "host/hex.h"
#include "host/private_file.h"
#include "host/whole.h"

enum { TEXT_MAX = 2 * EESE_KEK_SIZE + 2 }; /* digits, CR, LF */

static const char *read_credential(const char *place, uint8_t *text, size_t *len)
{
	int fd = open(place, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const char *wrong;

	if (fd < 0)
		return strerror(errno);
	wrong = eese_read_whole(fd, text, TEXT_MAX, len);
	close(fd);
	return wrong;
}

static const char *read_text(const char *path, const char *credential, char *place, uint8_t *text,
			     size_t *len)
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY");
	int n;

	if (path != NULL) {
		n = snprintf(place, EESE_KEK_PLACE_SIZE, "%s", path);
		return n < EESE_KEK_PLACE_SIZE ? eese_private_read(path, text, TEXT_MAX, len)
					       : "has too long a name";
	}
	if (directory == NULL || directory[0] != '/') {
		snprintf(place, EESE_KEK_PLACE_SIZE, "%s", credential);
		return "is no systemd credential of this service, and no file is named";
	}
	n = snprintf(place, EESE_KEK_PLACE_SIZE, "%s/%s", directory, credential);
	return n < EESE_KEK_PLACE_SIZE ? read_credential(place, text, len) : "has too long a name";
}

const char *eese_kek_load(const char *path, const char *credential, uint8_t kek[EESE_KEK_SIZE],
			  char place[EESE_KEK_PLACE_SIZE])
{
	uint8_t text[TEXT_MAX];
	size_t len = 0;
	const char *wrong = read_text(path, credential, place, text, &len);

	memset(kek, 0, EESE_KEK_SIZE);
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	if (wrong == NULL && !eese_hex_read((const char *)text, len, kek, EESE_KEK_SIZE))
		wrong = "must hold 64 hexadecimal digits and nothing else";
	eese_wipe(text, sizeof text);
	return wrong;
}
