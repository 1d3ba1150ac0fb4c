/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "emks/tool/tool.h"
#include "host/hex.h"
#include "host/private_file.h"
#include "host/say.h"
#include "host/whole.h"

enum { TEXT_SIZE = 512 };

static const char blanks[] = " \t\r\n=:";

static bool read_text(const char *path, char *text)
{
	size_t len;
	const char *wrong =
	    strcmp(path, "-") == 0
		? eese_read_whole(STDIN_FILENO, (uint8_t *)text, TEXT_SIZE - 1, &len)
		: eese_private_read(path, (uint8_t *)text, TEXT_SIZE - 1, &len);

	if (wrong != NULL) {
		say_error("%s: %s", path, wrong);
		return false;
	}
	text[len] = '\0';
	return true;
}

struct parts {
	uint8_t k[EESE_K_SIZE], op[EESE_OP_SIZE], opc[EESE_OP_SIZE];
	bool has_k, has_op, has_opc;
};

/* A name and its 32 digits; moves *at behind them. False: it is none, or is there twice. */
static bool read_part(const char **at, struct parts *p)
{
	const char *name = *at, *digits = name + strcspn(name, blanks);
	const size_t name_len = (size_t)(digits - name);
	size_t len;
	struct {
		const char *name;
		uint8_t *out;
		bool *has;
	} known[] = {{"k", p->k, &p->has_k},
		     {"ki", p->k, &p->has_k},
		     {"op", p->op, &p->has_op},
		     {"opc", p->opc, &p->has_opc}};

	digits += strspn(digits, blanks);
	len = strcspn(digits, blanks);
	*at = digits + len;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (strlen(known[i].name) != name_len ||
		    strncasecmp(known[i].name, name, name_len) != 0)
			continue;
		if (*known[i].has || !eese_hex_read(digits, len, known[i].out, EESE_K_SIZE))
			return false;
		return *known[i].has = true;
	}
	return false;
}

static bool read_parts(const char *text, struct hss_secret *out)
{
	struct parts p = {.has_k = false};
	bool ok = true;

	for (text += strspn(text, blanks); ok && *text != '\0'; text += strspn(text, blanks))
		ok = read_part(&text, &p);
	ok = ok && p.has_k && p.has_op != p.has_opc;
	if (ok) {
		memcpy(out->k, p.k, sizeof out->k);
		memcpy(out->opc, p.opc, sizeof out->opc);
	}
	if (ok && p.has_op)
		ok = eese_milenage_opc(p.k, p.op, out->opc) == EESE_OK;
	eese_wipe(&p, sizeof p);
	return ok;
}

bool secret_read(const char *path, struct hss_secret *out)
{
	char text[TEXT_SIZE];
	bool ok;

	memset(out, 0, sizeof *out);
	if (!read_text(path, text))
		return false;
	ok = read_parts(text, out);
	eese_wipe(text, sizeof text);
	if (!ok)
		say_error("%s: must hold two lines, 'k' and 32 hexadecimal digits, 'opc' (or 'op') "
			  "and 32 "
			  "hexadecimal digits",
			  path);
	return ok;
}

bool secret_read_op(const char *path, uint8_t op[EESE_OP_SIZE])
{
	char text[TEXT_SIZE];
	const char *digits;
	size_t len;
	bool ok;

	if (!read_text(path, text))
		return false;
	digits = text + strspn(text, blanks);
	len = strcspn(digits, blanks);
	ok = eese_hex_read(digits, len, op, EESE_OP_SIZE) &&
	     digits[len + strspn(digits + len, blanks)] == '\0';
	eese_wipe(text, sizeof text);
	if (!ok)
		say_error("%s: must hold 32 hexadecimal digits, the operator's OP", path);
	return ok;
}
