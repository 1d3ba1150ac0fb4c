/* SPDX-License-Identifier: Apache-2.0 */
#include "psk.h"

#include <stdlib.h>
#include <string.h>

#include "eese/keys.h"
#include "hash.h"
#include "host/hex.h"
#include "host/private_file.h"
#include "host/say.h"

enum {
	FILE_MAX = 16 << 20,
	KEY_MIN = 16,
	KEY_MAX = COAP_DTLS_MAX_PSK,
	IDENTITY_MAX = COAP_DTLS_MAX_PSK_IDENTITY,
};

struct psk {
	char identity[IDENTITY_MAX + 1];
	uint8_t octets[KEY_MAX];
	coap_bin_const_t key; /* points to octets */
	UT_hash_handle hh;
};

struct psks {
	struct psk *by_identity;
};

void psks_free(struct psks *p)
{
	struct psk *psk, *next;

	if (p == NULL)
		return;
	HASH_ITER(hh, p->by_identity, psk, next)
	{
		/* Each is taken out before it is freed, which the analyzer doesn't follow. */
		HASH_DEL(p->by_identity, psk); /* NOLINT(clang-analyzer-unix.Malloc) */
		eese_wipe(psk, sizeof(*psk));
		free(psk);
	}
	free(p);
}

const coap_bin_const_t *psks_find(const struct psks *p, const uint8_t *identity, size_t len)
{
	struct psk *psk = NULL;

	if (len <= IDENTITY_MAX)
		HASH_FIND(hh, p->by_identity, identity, (unsigned)len, psk);
	return psk != NULL ? &psk->key : NULL;
}

/* NULL, or what is wrong. */
static const char *fill(struct psk *psk, const char *identity, const char *key)
{
	const size_t identity_len = strlen(identity), digits = strlen(key);

	if (identity_len > IDENTITY_MAX)
		return "the identity is longer than 64 characters";
	if (digits < (size_t)2 * KEY_MIN || digits > (size_t)2 * KEY_MAX ||
	    !eese_hex_read(key, digits, psk->octets, digits / 2))
		return "the key is not 16 to 64 octets in hexadecimal digits";
	memcpy(psk->identity, identity, identity_len + 1);
	psk->key = (coap_bin_const_t){.length = digits / 2, .s = psk->octets};
	return NULL;
}

static const char *add(struct psks *p, const char *identity, const char *key)
{
	const size_t len = strlen(identity);
	struct psk *psk;
	const char *wrong;

	if (psks_find(p, (const uint8_t *)identity, len) != NULL)
		return "the identity stands there twice";
	psk = calloc(1, sizeof(*psk));
	if (psk == NULL)
		return "out of memory";
	wrong = fill(psk, identity, key);
	if (wrong == NULL) {
		HASH_ADD_KEYPTR(hh, p->by_identity, psk->identity, (unsigned)len, psk);
		if (psk->hh.tbl != NULL)
			return NULL;
		wrong = "out of memory";
	}
	eese_wipe(psk, sizeof(*psk));
	free(psk);
	return wrong;
}

/* Cuts the line into its words. */
static const char *take_line(struct psks *p, char *line)
{
	static const char space[] = " \t\r";
	char *rest = line + strspn(line, space), *identity, *key;

	if (*rest == '\0' || *rest == '#')
		return NULL;
	identity = strsep(&rest, space);
	key = rest != NULL ? rest + strspn(rest, space) : rest;
	if (key == NULL || *key == '\0')
		return "IDENTITY and KEY are needed";
	rest = key;
	strsep(&rest, space);
	if (rest != NULL && rest[strspn(rest, space)] != '\0')
		return "something stands behind the key";
	return add(p, identity, key);
}

static bool take_file(struct psks *p, const char *path, char *text)
{
	unsigned number = 0;

	while (text != NULL) {
		char *line = strsep(&text, "\n");
		const char *wrong = take_line(p, line);

		number++;
		if (wrong != NULL) {
			say_error("%s line %u: %s", path, number, wrong);
			return false;
		}
	}
	return true;
}

struct psks *psks_read(const char *path)
{
	struct psks *p = calloc(1, sizeof(*p));
	char *text = calloc(1, FILE_MAX + 1);
	const char *wrong = "out of memory";
	size_t len = 0;
	bool ok = false;

	if (p != NULL && text != NULL)
		wrong = eese_private_read(path, (uint8_t *)text, FILE_MAX, &len);
	if (wrong == NULL && strlen(text) != len)
		wrong = "is no text";
	if (wrong != NULL)
		say_error("%s: %s", path, wrong);
	else
		ok = take_file(p, path, text);
	if (text != NULL)
		eese_wipe(text, len);
	free(text);
	if (ok)
		return p;
	psks_free(p);
	return NULL;
}
