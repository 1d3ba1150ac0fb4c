/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "emks/hss/csv.h"
#include "host/hex.h"
#include "host/text.h"

/* A line's fields by their columns. */
struct line {
	char *fields[CSV_FIELDS_MAX];
	size_t count;
	const struct csv_header *header;
};

/* Empty if there is none. */
static const char *field(const struct line *l, enum csv_column column)
{
	const int at = l->header->at[column];

	return at >= 0 && (size_t)at < l->count ? l->fields[at] : "";
}

/* A field as a message may quote it: in a row with one field more or less than the header, what
 * stands in another column may be a key. An IMSI is none with the digit too many that some add. */
static const char *quoted(const char *text)
{
	size_t digits = 0;

	for (const char *c = text; *c != '\0'; c++)
		digits += isxdigit((unsigned char)*c) != 0 ? 1 : 0;
	return digits <= HSS_IMSI_MAX + 1 ? text : "(what is there may be a key)";
}

static bool read_imsi(const struct line *l, struct csv_row *out, char *wrong)
{
	const char *imsi = field(l, CSV_IMSI);

	if (!hss_imsi_valid(imsi, strlen(imsi))) {
		snprintf(wrong, CSV_WRONG_SIZE, "imsi: must have 6 to 15 digits, not '%.40s'",
			 quoted(imsi));
		return false;
	}
	snprintf(out->subscriber.imsi, sizeof out->subscriber.imsi, "%s", imsi);
	return true;
}

/* What is wrong with a key is told without it. */
static bool read_hex(const struct line *l, enum csv_column column, const char *name, uint8_t *out,
		     size_t size, char *wrong)
{
	const char *digits = field(l, column);
	const size_t len = strlen(digits);

	if (eese_hex_read(digits, len, out, size))
		return true;
	snprintf(wrong, CSV_WRONG_SIZE, "%s: must have %zu hexadecimal digits%s", name, 2 * size,
		 len == 2 * size ? ""
		 : len == 0      ? ", and is empty"
				 : ", and has another length");
	return false;
}

/* OPc as it is, or of OP, or of the operator's OP. */
static bool read_opc(const struct line *l, const struct csv_defaults *d, struct csv_row *out,
		     char *wrong)
{
	uint8_t op[EESE_OP_SIZE];
	bool ok = true;

	if (field(l, CSV_OPC)[0] != '\0')
		return read_hex(l, CSV_OPC, "opc", out->secret.opc, sizeof out->secret.opc, wrong);
	memcpy(op, d->op, sizeof op);
	if (field(l, CSV_OP)[0] != '\0') {
		ok = read_hex(l, CSV_OP, "op", op, sizeof op, wrong);
	} else if (!d->has_op) {
		snprintf(wrong, CSV_WRONG_SIZE, "neither opc nor op, and no --op was given");
		ok = false;
	}
	if (ok && eese_milenage_opc(out->secret.k, op, out->secret.opc) != EESE_OK) {
		snprintf(wrong, CSV_WRONG_SIZE, "PSA Crypto refused");
		ok = false;
	}
	eese_wipe(op, sizeof op);
	return ok;
}

/* A telephone number in its international form is a UE-ID without its sign. */
static bool read_msisdn(const char **id, char *wrong)
{
	const char *digits = *id + (**id == '+' ? 1 : 0);

	if (digits[strspn(digits, "0123456789")] != '\0') {
		snprintf(wrong, CSV_WRONG_SIZE, "msisdn: must be digits, not '%.40s'", quoted(*id));
		return false;
	}
	*id = digits;
	return true;
}

static bool read_ue_id(const struct line *l, struct csv_row *out, char *wrong)
{
	static const enum csv_column columns[] = {CSV_UE_ID, CSV_EXTERNAL_ID, CSV_MSISDN};
	const char *id = out->subscriber.imsi;

	for (size_t i = sizeof columns / sizeof *columns; i > 0; i--)
		if (field(l, columns[i - 1])[0] != '\0')
			id = field(l, columns[i - 1]);
	if (id == field(l, CSV_MSISDN) && !read_msisdn(&id, wrong))
		return false;
	if (!eese_ue_id_valid(id, strlen(id))) {
		snprintf(wrong, CSV_WRONG_SIZE,
			 "UE-ID: must have 1 to 64 characters of A-Za-z0-9._@-, not '%.80s'",
			 quoted(id));
		return false;
	}
	snprintf(out->subscriber.ue_id, sizeof out->subscriber.ue_id, "%s", id);
	return true;
}

static bool read_choice(const struct line *l, enum csv_column column, const char *name, bool *out,
			char *wrong)
{
	static const char *const words[] = {"0", "1", "no", "yes", "n", "y", "false", "true"};
	const char *word = field(l, column);

	if (word[0] == '\0')
		return true;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (strcasecmp(words[i], word) == 0) {
			*out = i % 2 == 1;
			return true;
		}
	}
	snprintf(wrong, CSV_WRONG_SIZE, "%s: must be yes or no, not '%.40s'", name, quoted(word));
	return false;
}

static bool read_eeses(const struct line *l, struct csv_row *out, char *wrong)
{
	const char *at = field(l, CSV_EESE);
	size_t len;

	if (strlen(at) >= sizeof out->eeses) {
		snprintf(wrong, CSV_WRONG_SIZE, "eese: too long");
		return false;
	}
	memcpy(out->eeses, at, strlen(at) + 1);
	for (at += strspn(at, " "); *at != '\0'; at += strspn(at, " ")) {
		len = strcspn(at, " ");
		if (!eese_ue_id_valid(at, len)) {
			snprintf(wrong, CSV_WRONG_SIZE,
				 "eese: a name has 1 to 64 characters of A-Za-z0-9._@-, not "
				 "'%.80s'",
				 quoted(at));
			return false;
		}
		at += len;
	}
	return true;
}

static bool read_fields(const struct line *l, const struct csv_defaults *d, struct csv_row *out,
			char *wrong)
{
	return read_imsi(l, out, wrong) &&
	       read_hex(l, CSV_K, "ki", out->secret.k, sizeof out->secret.k, wrong) &&
	       read_opc(l, d, out, wrong) && read_ue_id(l, out, wrong) &&
	       (field(l, CSV_AMF)[0] == '\0' || read_hex(l, CSV_AMF, "amf", out->subscriber.amf,
							 sizeof out->subscriber.amf, wrong)) &&
	       read_choice(l, CSV_ENPS, "enps", &out->subscriber.applies[EESE_DOMAIN_ENPS],
			   wrong) &&
	       read_choice(l, CSV_HPS, "hps", &out->subscriber.applies[EESE_DOMAIN_HPS], wrong) &&
	       read_eeses(l, out, wrong);
}

bool csv_read_row(char *line, const struct csv_header *header, const struct csv_defaults *defaults,
		  struct csv_row *out, char wrong[CSV_WRONG_SIZE])
{
	const size_t len = strlen(line);
	struct line l = {.header = header};
	bool ok;

	memset(out, 0, sizeof *out);
	out->subscriber = defaults->subscriber;
	ok = csv_split(line, header->separator, l.fields, &l.count, wrong) &&
	     read_fields(&l, defaults, out, wrong);
	eese_wipe(line, len);
	if (!ok) {
		eese_wipe(out, sizeof *out);
		eese_text_clean(wrong);
	}
	return ok;
}
