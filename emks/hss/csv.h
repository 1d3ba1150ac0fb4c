/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subscribers as SIM vendors deliver them: CSV with a header line that names the columns, separated
 * by comma, semicolon or tab, fields perhaps in quotes (RFC 4180; no line ends inside them). All
 * texts that say what is wrong are without any part of a key.
 */
#ifndef EMKS_CSV_H
#define EMKS_CSV_H

#include "emks/hss/subscriber.h"

enum {
	CSV_FIELDS_MAX = 128,
	CSV_LINE_SIZE = 8192, /* with its line end and NUL */
	CSV_WRONG_SIZE = 192,
	CSV_EESES_SIZE = 512,
};

enum csv_column {
	CSV_IMSI,
	CSV_K,
	CSV_OP,
	CSV_OPC,
	CSV_AMF,
	CSV_UE_ID,
	CSV_EXTERNAL_ID, /* the three that may name the UE-ID, the first that is there counts */
	CSV_MSISDN,
	CSV_ENPS,
	CSV_HPS,
	CSV_EESE,
	CSV_COLUMNS,
};

struct csv_header {
	char separator;
	int at[CSV_COLUMNS]; /* the field's index; -1: there is no such column */
};

/* What a line that says nothing else stands for, and the operator's OP if has_op. */
struct csv_defaults {
	struct hss_subscriber subscriber; /* amf, applies */
	uint8_t op[EESE_OP_SIZE];
	bool has_op;
};

struct csv_row {
	struct hss_subscriber subscriber;
	struct hss_secret secret;
	char eeses[CSV_EESES_SIZE]; /* names separated by blanks; empty: the line says nothing */
};

/*
 * Splits a line in place: takes line ends, blanks around fields, and quotes away. The fields point
 * into it. False: a quote is not closed or there are too many fields; wrong says so.
 */
bool csv_split(char *line, char separator, char *fields[CSV_FIELDS_MAX], size_t *count,
	       char wrong[CSV_WRONG_SIZE]);

/* The header line, perhaps behind a byte-order mark; finds out the separator. Spelling counts
 * neither case nor what is no letter or digit. ignored gets the names of other columns. */
bool csv_read_header(char *line, struct csv_header *out, char *ignored, size_t size,
		     char wrong[CSV_WRONG_SIZE]);

/* A line under that header; it is wiped. On failure out is wiped; the caller wipes it otherwise. */
bool csv_read_row(char *line, const struct csv_header *header, const struct csv_defaults *defaults,
		  struct csv_row *out, char wrong[CSV_WRONG_SIZE]);

#endif
