/* SPDX-License-Identifier: Apache-2.0 */
#include "keys.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/durable.h"
#include "host/hex.h"
#include "host/say.h"
#include "named_lines.h"

static const char head[] =
    "# Keys of eese-ue, made by AKA. Never copy it, never restore it from a backup.\n";

enum { HEX_SIZE = 2 * EESE_INT_KEY_SIZE + 1, LINES_SIZE = 1024 };

struct number_row {
	const char *name;
	uint64_t *value;
};

static const char *take_key(struct keys_one *one, const char *value)
{
	if (one->there)
		return "this is there twice";
	one->there = eese_hex_read(value, strlen(value), one->key, EESE_INT_KEY_SIZE);
	return one->there ? NULL : "64 hexadecimal digits are needed";
}

static const char *take(void *ctx, const char *name, const char *value)
{
	struct keys *k = ctx;
	uint64_t used = 0;
	const struct number_row rows[] = {
	    {"key.renew", &k->current.renew}, {"key.expiry", &k->current.expiry},
	    {"next.renew", &k->next.renew},   {"next.expiry", &k->next.expiry},
	    {"ran.told", &k->ran_told},       {"ran.silent", &k->ran_silent},
	    {"refused", &k->refused},         {"used", &used},
	};

	if (strcmp(name, "key") == 0)
		return take_key(&k->current, value);
	if (strcmp(name, "next") == 0)
		return take_key(&k->next, value);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *end;

		if (strcmp(name, rows[i].name) != 0)
			continue;
		errno = 0;
		*rows[i].value = strtoull(value, &end, 10);
		if (*end || errno != 0 || strspn(value, "0123456789") != strlen(value))
			return "a number is needed";
		k->used = k->used || used != 0;
		return NULL;
	}
	return "not a line of eese-ue";
}

static bool set_path(struct keys *k, const char *state_path, enum eese_domain domain)
{
	const int len = snprintf(k->path, sizeof(k->path), "%s%s", state_path,
				 domain == EESE_DOMAIN_HPS ? ".hps.keys" : ".keys");

	if (len > 0 && (size_t)len < sizeof(k->path))
		return true;
	say_error("%s: the name is too long", state_path);
	return false;
}

bool keys_read(struct keys *k, const char *state_path, enum eese_domain domain)
{
	bool ok;

	memset(k, 0, sizeof(*k));
	if (!set_path(k, state_path, domain))
		return false;
	if (access(k->path, F_OK) != 0 && errno == ENOENT)
		return true;
	ok = named_lines_read("keys file", k->path, take, k);
	if (!ok) {
		say_error("remove it, and AKA is run anew");
		eese_wipe(&k->current, sizeof(k->current));
		eese_wipe(&k->next, sizeof(k->next));
	}
	/* A power cut between the two steps of the first run. */
	if (!k->current.there && k->next.there)
		keys_promote(k);
	return ok;
}

/* Appends to the text of size LINES_SIZE, which all there is to write fits in. */
static void add_key(char *text, const char *name, const struct keys_one *one)
{
	char hex[HEX_SIZE];
	const size_t len = strlen(text);

	if (!one->there)
		return;
	eese_hex_write(one->key, EESE_INT_KEY_SIZE, hex);
	snprintf(text + len, LINES_SIZE - len,
		 "%s %s\n%s.renew %" PRIu64 "\n%s.expiry %" PRIu64 "\n", name, hex, name,
		 one->renew, name, one->expiry);
	eese_wipe(hex, sizeof(hex));
}

bool keys_write(const struct keys *k)
{
	char text[LINES_SIZE];
	const char *wrong;
	size_t len;

	memcpy(text, head, sizeof(head));
	add_key(text, "key", &k->current);
	add_key(text, "next", &k->next);
	len = strlen(text);
	snprintf(text + len, LINES_SIZE - len,
		 "used %d\nran.told %" PRIu64 "\nran.silent %" PRIu64 "\nrefused %" PRIu64 "\n",
		 k->used ? 1 : 0, k->ran_told, k->ran_silent, k->refused);
	wrong = eese_durable_write(k->path, text, strlen(text));
	if (wrong)
		say_error("keys file %s: %s", k->path, wrong);
	eese_wipe(text, sizeof(text));
	return !wrong;
}

void keys_promote(struct keys *k)
{
	k->current = k->next;
	eese_wipe(&k->next, sizeof(k->next));
}

const struct keys_one *keys_newest(const struct keys *k)
{
	return k->next.there ? &k->next : &k->current;
}
