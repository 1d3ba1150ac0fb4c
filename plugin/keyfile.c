/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/keyfile.h"

#include <errno.h>
#include <psa/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "eese/keys.h"
#include "host/hex.h"
#include "host/private_file.h"
#include "plugin/broker.h"
#include "plugin/options.h"

enum { LINE_OCTETS = 512 };

/* What a line says, kept until every line was found good. */
struct line {
	char ue_id[EESE_UE_ID_MAX + 1];
	char group[EESE_UE_ID_MAX + 1];
	struct eese_ue_entry entry; /* its group is set when it is used */
	unsigned number;
};

struct lines {
	struct line *at;
	size_t count, size;
};

static const char *read_name(const char *word, size_t len, char out[EESE_UE_ID_MAX + 1],
			     const char *wrong)
{
	if (!eese_ue_id_valid(word, len))
		return wrong;
	memcpy(out, word, len);
	out[len] = '\0';
	return NULL;
}

static const char *read_setting(const char *word, size_t len, struct line *out)
{
	static const char te2e[] = "te2e=", group[] = "group=";

	if (len >= sizeof te2e - 1 && memcmp(word, te2e, sizeof te2e - 1) == 0) {
		if (out->entry.has_te2e)
			return "te2e is there twice";
		out->entry.has_te2e = true;
		return eese_parse_number(word + sizeof te2e - 1, len - (sizeof te2e - 1),
					 EESE_TE2E_MAX_S, &out->entry.te2e_s)
			   ? NULL
			   : "te2e must be a number of seconds, at most 315360000";
	}
	if (len >= sizeof group - 1 && memcmp(word, group, sizeof group - 1) == 0) {
		if (out->group[0] != '\0')
			return "group is there twice";
		return read_name(word + sizeof group - 1, len - (sizeof group - 1), out->group,
				 "a group is 1 to 64 characters of A-Za-z0-9._@-");
	}
	return "only te2e=SECONDS and group=NAME may follow the key";
}

/* What is wrong with the text of a line, or NULL. *empty: it is a comment, or blank. */
static const char *read_line(const char *text, struct line *out, bool *empty)
{
	size_t len;
	const char *word = eese_next_word(&text, &len);
	const char *wrong;

	*empty = len == 0 || *word == '#';
	if (*empty)
		return NULL;
	wrong = read_name(word, len, out->ue_id, "a UE-ID is 1 to 64 characters of A-Za-z0-9._@-");
	if (wrong != NULL)
		return wrong;
	word = eese_next_word(&text, &len);
	if (!eese_hex_read(word, len, out->entry.int_key, EESE_INT_KEY_SIZE))
		return "the key must be 64 hexadecimal digits";
	out->entry.has_key = true;
	while (word = eese_next_word(&text, &len), len > 0 && *word != '#') {
		wrong = read_setting(word, len, out);
		if (wrong != NULL)
			return wrong;
	}
	return NULL;
}

static void free_lines(struct lines *l)
{
	eese_wipe(l->at, l->size * sizeof *l->at);
	free(l->at);
	*l = (struct lines){0};
}

/* Not realloc(): that would leave keys behind in what it freed. */
static bool grow(struct lines *l)
{
	size_t size = l->size == 0 ? 64 : 2 * l->size;
	struct line *at = calloc(size, sizeof *at);

	if (at == NULL)
		return false;
	if (l->count > 0)
		memcpy(at, l->at, l->count * sizeof *at);
	eese_wipe(l->at, l->size * sizeof *at);
	free(l->at);
	l->at = at;
	l->size = size;
	return true;
}

static const char *add_line(struct lines *l, const char *text, unsigned number)
{
	struct line line = {.number = number};
	bool empty;
	const char *wrong = read_line(text, &line, &empty);

	if (wrong == NULL && !empty) {
		if (l->count < l->size || grow(l))
			l->at[l->count++] = line;
		else
			wrong = "out of memory";
	}
	eese_wipe(&line, sizeof line);
	return wrong;
}

static bool wrong_line(const char *path, unsigned number, const char *what)
{
	mosquitto_log_printf(MOSQ_LOG_ERR, EESE_LOG "key_file %s, line %u: %s", path, number, what);
	return false;
}

static bool read_lines(FILE *f, const char *path, struct lines *l)
{
	char text[LINE_OCTETS];
	unsigned number = 0;
	const char *wrong = NULL;

	while (wrong == NULL && fgets(text, sizeof text, f) != NULL) {
		number++;
		/* Too long, or with a NUL in it. */
		wrong = strchr(text, '\n') == NULL && !feof(f) ? "too long, or no text"
							       : add_line(l, text, number);
	}
	eese_wipe(text, sizeof text);
	if (wrong != NULL)
		return wrong_line(path, number, wrong);
	if (ferror(f)) {
		mosquitto_log_printf(MOSQ_LOG_ERR, EESE_LOG "key_file %s: %s", path,
				     strerror(errno));
		return false;
	}
	return true;
}

static bool named_twice(const char *path, const struct line *first, const struct line *again)
{
	mosquitto_log_printf(MOSQ_LOG_ERR,
			     EESE_LOG "key_file %s, line %u: %s is on line %u already", path,
			     again->number, again->ue_id, first->number);
	return false;
}

/* FNV-1a */
static size_t hash_of(const char *name)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *name != '\0'; name++)
		h = (h ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
	return (size_t)(h ^ h >> 32);
}

/* A hash table of the lines, at most half full: sorting a million of them takes far longer. */
static bool no_doubles(const char *path, const struct lines *l)
{
	size_t size = 64, at, i;
	const struct line **table, *line;

	while (size < 2 * l->count)
		size *= 2;
	table = calloc(size, sizeof *table);
	if (table == NULL) {
		mosquitto_log_printf(MOSQ_LOG_ERR, EESE_LOG "key_file %s: out of memory", path);
		return false;
	}
	for (i = 0; i < l->count; i++) {
		line = &l->at[i];
		at = hash_of(line->ue_id) & (size - 1);
		while (table[at] != NULL && strcmp(table[at]->ue_id, line->ue_id) != 0)
			at = (at + 1) & (size - 1);
		if (table[at] != NULL && !named_twice(path, table[at], line))
			break;
		table[at] = line;
	}
	free(table);
	return i == l->count;
}

static FILE *open_private(const char *path)
{
	const char *wrong;
	int fd = eese_private_open(path, &wrong);
	FILE *f = fd >= 0 ? fdopen(fd, "r") : NULL;

	if (f == NULL) {
		mosquitto_log_printf(MOSQ_LOG_ERR, EESE_LOG "key_file %s: %s", path,
				     wrong != NULL ? wrong : strerror(errno));
		if (fd >= 0)
			close(fd);
	}
	return f;
}

/* Stands for all that the line says; 0 stands for no line. */
static uint32_t line_hash(const struct line *l)
{
	uint8_t digest[32], said[EESE_INT_KEY_SIZE + 5 + sizeof l->group];
	size_t len = 0, group_len = strlen(l->group);
	uint32_t n = 0;

	memcpy(said, l->entry.int_key, EESE_INT_KEY_SIZE);
	said[EESE_INT_KEY_SIZE] = l->entry.has_te2e;
	memcpy(said + EESE_INT_KEY_SIZE + 1, &l->entry.te2e_s, 4);
	memcpy(said + EESE_INT_KEY_SIZE + 5, l->group, group_len);
	if (psa_hash_compute(PSA_ALG_SHA_256, said, EESE_INT_KEY_SIZE + 5 + group_len, digest,
			     sizeof digest, &len) == PSA_SUCCESS)
		memcpy(&n, digest, sizeof n);
	eese_wipe(said, sizeof said);
	return n != 0 ? n : 1;
}

/* Nothing but a lack of memory can fail here. */
static void apply(struct eese_endpoint *ep, struct lines *l, const char *path)
{
	size_t removed, failed = 0;

	eese_endpoint_mark(ep);
	for (size_t i = 0; i < l->count; i++) {
		struct line *line = &l->at[i];

		line->entry.group = line->group;
		line->entry.line = line_hash(line);
		if (eese_endpoint_set_ue(ep, line->ue_id, strlen(line->ue_id), &line->entry) !=
		    EESE_OK)
			failed++;
	}
	/* Who could not be added is not there; who could not be changed must not be removed. */
	removed = failed == 0 ? eese_endpoint_remove_unmarked(ep) : 0;
	if (failed > 0)
		mosquitto_log_printf(MOSQ_LOG_ERR,
				     EESE_LOG "key_file %s: out of memory, %zu UEs not taken over, "
					      "none removed",
				     path, failed);
	mosquitto_log_printf(MOSQ_LOG_NOTICE, EESE_LOG "key_file %s: %zu UEs, %zu removed", path,
			     eese_endpoint_count(ep), removed);
}

bool eese_keyfile_load(const char *path, struct eese_endpoint *ep)
{
	struct lines l = {0};
	char buffer[4096]; /* stdio's, here so that it can be wiped */
	FILE *f = open_private(path);
	bool ok;

	if (f == NULL)
		return false;
	setvbuf(f, buffer, _IOFBF, sizeof buffer);
	ok = read_lines(f, path, &l) && no_doubles(path, &l);
	fclose(f);
	eese_wipe(buffer, sizeof buffer);
	if (ok)
		apply(ep, &l, path);
	free_lines(&l);
	return ok;
}
