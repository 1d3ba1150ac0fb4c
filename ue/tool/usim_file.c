/* SPDX-License-Identifier: Apache-2.0 */
#include "usim_file.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/durable.h"
#include "host/hex.h"
#include "host/say.h"
#include "named_lines.h"

static const char head[] =
    "# Software USIM of eese-ue. Never copy it, never restore it from a backup.\n";

/* What the lines said. */
struct reading {
	uint8_t k[EESE_K_SIZE], opc[EESE_OP_SIZE], op[EESE_OP_SIZE], sqns[EESE_SQN_ARRAY_SIZE];
	bool has_k, has_opc, has_op, has_sqns;
};

static const char *take(void *ctx, const char *name, const char *value)
{
	struct reading *r = ctx;
	const struct {
		const char *name;
		uint8_t *to;
		size_t size;
		bool *has;
	} fields[] = {{"k", r->k, sizeof(r->k), &r->has_k},
		      {"opc", r->opc, sizeof(r->opc), &r->has_opc},
		      {"op", r->op, sizeof(r->op), &r->has_op},
		      {"sqn", r->sqns, sizeof(r->sqns), &r->has_sqns}};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strcmp(name, fields[i].name) != 0)
			continue;
		if (*fields[i].has)
			return "this is there twice";
		*fields[i].has = true;
		if (eese_hex_read(value, strlen(value), fields[i].to, fields[i].size))
			return NULL;
		return fields[i].size == sizeof(r->sqns) ? "384 hexadecimal digits are needed"
							 : "32 hexadecimal digits are needed";
	}
	return "only k, opc or op, and sqn are known";
}

static bool store(void *ctx, const uint8_t sqns[EESE_SQN_ARRAY_SIZE])
{
	const struct usim_file *u = ctx;
	char k[2 * EESE_K_SIZE + 1], opc[2 * EESE_OP_SIZE + 1], sqn[2 * EESE_SQN_ARRAY_SIZE + 1];
	char text[sizeof(head) + sizeof(k) + sizeof(opc) + sizeof(sqn) + 16];
	const char *wrong;
	int len;

	eese_hex_write(u->soft.k, EESE_K_SIZE, k);
	eese_hex_write(u->soft.opc, EESE_OP_SIZE, opc);
	eese_hex_write(sqns, EESE_SQN_ARRAY_SIZE, sqn);
	len = snprintf(text, sizeof(text), "%sk %s\nopc %s\nsqn %s\n", head, k, opc, sqn);
	wrong = eese_durable_write(u->path, text, (size_t)len);
	if (wrong)
		say_error("USIM file %s: %s", u->path, wrong);
	eese_wipe(text, sizeof(text));
	eese_wipe(k, sizeof(k));
	eese_wipe(opc, sizeof(opc));
	return !wrong;
}

/* NULL, or what is wrong. */
static const char *start(struct usim_file *u, struct reading *r)
{
	if (!r->has_k)
		return "there is no k";
	if (r->has_opc == r->has_op)
		return "one of opc and op is needed";
	if (r->has_op && eese_milenage_opc(r->k, r->op, r->opc) != EESE_OK)
		return "the cryptographic library failed";
	if (eese_soft_usim_init(&u->soft, r->k, r->opc, r->has_sqns ? r->sqns : NULL, store, u) !=
	    EESE_OK)
		return "sqn is damaged";
	u->usim = eese_soft_usim_interface(&u->soft);
	return NULL;
}

static bool take_lock(struct usim_file *u)
{
	const char *wrong;

	u->lock = eese_durable_lock(u->path, &wrong);
	if (u->lock < 0)
		say_error("USIM file %s: %s", u->path, wrong ? wrong : "in use by another eese-ue");
	return u->lock >= 0;
}

bool usim_file_open(struct usim_file *u, const char *path)
{
	struct reading r = {0};
	const char *wrong = NULL;
	bool ok;

	*u = (struct usim_file){.path = path, .lock = -1};
	ok = take_lock(u) && named_lines_read("USIM file", path, take, &r);
	if (ok)
		wrong = start(u, &r);
	if (wrong)
		say_error("USIM file %s: %s", path, wrong);
	eese_wipe(&r, sizeof(r));
	return ok && !wrong;
}

void usim_file_close(struct usim_file *u)
{
	if (u->path && u->lock >= 0)
		close(u->lock);
	u->lock = -1;
	eese_soft_usim_wipe(&u->soft);
}
