/* SPDX-License-Identifier: Apache-2.0 */
#include "emks/config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "eese/keys.h"
#include "host/number.h"

enum { TEN_YEARS_S = 10 * 365 * 86400, LINE_SIZE = 2048 };

enum kind { TEXT, NUMBER, EESE };

struct setting {
	const char *name;
	enum kind kind;
	size_t offset; /* in struct config */
	size_t size;   /* of TEXT */
	uint32_t min, max;
};

#define TEXT_AT(member)                                                                            \
	TEXT, offsetof(struct config, member), sizeof(((struct config *)0)->member), 0, 0
#define NUMBER_AT(member) NUMBER, offsetof(struct config, member), 0

static const struct setting settings[] = {
    {"database", TEXT_AT(database)},
    {"kek_file", TEXT_AT(kek_file)},
    {"https_listen", TEXT_AT(https_listen)},
    {"coap_listen", TEXT_AT(coap_listen)},
    {"cert", TEXT_AT(cert)},
    {"key", TEXT_AT(key)},
    {"ca", TEXT_AT(ca)},
    {"crl", TEXT_AT(crl)},
    {"eese", EESE, 0, 0, 0, 0},
    {"key_life", NUMBER_AT(key_life_s), 10, TEN_YEARS_S},
    {"challenge_life", NUMBER_AT(challenge_life_s), 5, 3600},
    {"challenges", NUMBER_AT(challenges), 1, 65536},
    {"rate", NUMBER_AT(rate), 0, 1000000},
};

enum { SETTINGS = sizeof settings / sizeof *settings };

_Static_assert(SETTINGS <= sizeof((struct config_given *)0)->at, "all settings have a place");

void config_default(struct config *c)
{
	memset(c, 0, sizeof *c);
	snprintf(c->https_listen, sizeof c->https_listen, "127.0.0.1:8443");
	snprintf(c->coap_listen, sizeof c->coap_listen, "127.0.0.1:5683");
	c->key_life_s = 30 * 86400;
	c->challenge_life_s = 120;
	c->challenges = 65536;
	c->rate = 1000;
}

static const struct setting *setting_of(const char *name)
{
	for (size_t i = 0; i < SETTINGS; i++)
		if (strcmp(settings[i].name, name) == 0)
			return &settings[i];
	return NULL;
}

bool config_knows(const char *name)
{
	return setting_of(name) != NULL;
}

static bool set_text(struct config *c, const struct setting *s, const char *value, char *wrong)
{
	size_t len = strlen(value);

	if (len == 0 || len >= s->size) {
		snprintf(wrong, CONFIG_WRONG_SIZE, "%s: needs 1 to %zu characters", s->name,
			 s->size - 1);
		return false;
	}
	memcpy((char *)c + s->offset, value, len + 1);
	return true;
}

static bool set_number(struct config *c, const struct setting *s, const char *value, char *wrong)
{
	long n;

	if (!eese_number_read(value, s->min, s->max, &n)) {
		snprintf(wrong, CONFIG_WRONG_SIZE, "%s: must be a number from %u to %u, not '%s'",
			 s->name, s->min, s->max, value);
		return false;
	}
	*(uint32_t *)(void *)((char *)c + s->offset) = (uint32_t)n;
	return true;
}

static bool is_identity(const char *text)
{
	return (strncmp(text, "cn:", 3) == 0 && text[3] != '\0') ||
	       (strncmp(text, "dns:", 4) == 0 && text[4] != '\0') ||
	       (strncmp(text, "uri:", 4) == 0 && text[4] != '\0');
}

/* NAME IDENTITY; a name may have several identities, an identity one name. */
static bool add_eese(struct config *c, const char *value, char *wrong)
{
	struct config_eese *e = &c->eese[c->eeses];
	size_t len = strcspn(value, " \t");
	const char *identity = value + len + strspn(value + len, " \t");

	if (c->eeses == CONFIG_EESES_MAX) {
		snprintf(wrong, CONFIG_WRONG_SIZE, "eese: more than %d", CONFIG_EESES_MAX);
		return false;
	}
	if (!eese_ue_id_valid(value, len) || !is_identity(identity) ||
	    strlen(identity) >= sizeof e->identity) {
		snprintf(
		    wrong, CONFIG_WRONG_SIZE,
		    "eese: must be NAME and cn:COMMON-NAME, dns:HOST-NAME or uri:URI, not '%s'",
		    value);
		return false;
	}
	for (size_t i = 0; i < c->eeses; i++) {
		if (strcmp(c->eese[i].identity, identity) == 0) {
			snprintf(wrong, CONFIG_WRONG_SIZE, "eese: '%s' is there twice", identity);
			return false;
		}
	}
	memcpy(e->name, value, len);
	e->name[len] = '\0';
	snprintf(e->identity, sizeof e->identity, "%s", identity);
	c->eeses++;
	return true;
}

bool config_set(struct config *c, struct config_given *given, const char *name, const char *value,
		char wrong[CONFIG_WRONG_SIZE])
{
	const struct setting *s = setting_of(name);

	if (s == NULL) {
		snprintf(wrong, CONFIG_WRONG_SIZE, "there is no setting '%s'", name);
		return false;
	}
	if (s->kind == EESE)
		return add_eese(c, value, wrong);
	if (given->at[s - settings]) {
		snprintf(wrong, CONFIG_WRONG_SIZE, "%s: is there twice", name);
		return false;
	}
	given->at[s - settings] = true;
	return s->kind == TEXT ? set_text(c, s, value, wrong) : set_number(c, s, value, wrong);
}

/* Cuts line ends and blanks off both ends. */
static char *trimmed(char *text)
{
	size_t len;

	text += strspn(text, " \t");
	len = strlen(text);
	while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
		text[--len] = '\0';
	return text;
}

/* One line; first says what the file itself set so far, given what goes before it. */
static bool read_line(struct config *c, const struct config_given *given,
		      struct config_given *first, char *line, char *wrong)
{
	char *name = trimmed(line), *value;
	const struct setting *s;

	if (name[0] == '\0' || name[0] == '#')
		return true;
	value = name + strcspn(name, " \t");
	if (*value != '\0')
		*value++ = '\0';
	s = setting_of(name);
	if (s != NULL && s->kind != EESE && given->at[s - settings])
		return true;
	return config_set(c, first, name, trimmed(value), wrong);
}

static bool read_lines(struct config *c, struct config_given *given, FILE *f, int *number,
		       char *wrong)
{
	struct config_given first = {{false}};
	char line[LINE_SIZE];

	while (fgets(line, sizeof line, f) != NULL) {
		++*number;
		if (strlen(line) == sizeof line - 1 && line[sizeof line - 2] != '\n') {
			snprintf(wrong, CONFIG_WRONG_SIZE, "the line is too long");
			return false;
		}
		if (!read_line(c, given, &first, line, wrong))
			return false;
	}
	for (size_t i = 0; i < SETTINGS; i++)
		given->at[i] = given->at[i] || first.at[i];
	return true;
}

bool config_read(struct config *c, struct config_given *given, const char *path,
		 char wrong[CONFIG_WRONG_SIZE])
{
	FILE *f = fopen(path, "re");
	char why[CONFIG_WRONG_SIZE];
	int number = 0;
	bool ok;

	if (f == NULL) {
		snprintf(wrong, CONFIG_WRONG_SIZE, "%.400s: %s", path, strerror(errno));
		return false;
	}
	ok = read_lines(c, given, f, &number, why);
	if (ok && ferror(f) != 0) {
		snprintf(why, sizeof why, "%s", strerror(errno));
		ok = false;
	}
	fclose(f);
	if (!ok)
		snprintf(wrong, CONFIG_WRONG_SIZE, "%.200s:%d: %.280s", path, number, why);
	return ok;
}
