/* SPDX-License-Identifier: Apache-2.0 */
/* eese-hss: the subscribers of eese-emksd. */
#include <errno.h>
#include <fcntl.h>
#include <psa/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emks/tool/tool.h"
#include "host/hex.h"
#include "host/say.h"

static const char help[] =
    "Usage: eese-hss [--config FILE] [--database FILE] [--kek-file FILE] COMMAND ..\n"
    "\n"
    "  init                  make the database, and the KEK file if there is none\n"
    "  add IMSI --secret FILE [OPTION]..\n"
    "  set WHO [OPTION]..    change what the options say and nothing else\n"
    "  show WHO              never shows K or OPc\n"
    "  list                  all subscribers, one a line, separated by tabs\n"
    "  bar WHO.. | unbar WHO.. | delete WHO..\n"
    "  --help, --version\n"
    "\n"
    "WHO is an IMSI or a UE-ID. Database and KEK are those of eese-emksd's configuration\n"
    "(" CONFIG_FILE "), which may be running: it follows at once.\n"
    "\n"
    "  --secret FILE         lines 'k HEX' and 'opc HEX' (or 'op HEX'); mode 0600, or - for\n"
    "                        standard input\n"
    "  --ue-id ID            by which the enterprise knows the device; default: the IMSI\n"
    "  --enps yes|no         end-to-end applies; default yes\n"
    "  --hps yes|no          end-to-middle applies; default no\n"
    "  --allow EESE, --disallow EESE   which EESEs may have the device's key; may be repeated\n"
    "  --amf HEX             4 digits; default 8000\n"
    "\n"
    "Exit codes: 0 done, 1 database or file, 2 usage, 3 refused: no such subscriber, or one\n"
    "that is there already.\n";

static const struct {
	const char *name;
	command run;     /* NULL: init */
	size_t min, max; /* words */
} commands[] = {
    {"init", NULL, 0, 0},
    {"add", add_run, 1, 1},
    {"set", set_run, 1, 1},
    {"show", show_run, 1, 1},
    {"list", list_run, 0, 0},
    {"bar", bar_run, 1, SIZE_MAX},
    {"unbar", unbar_run, 1, SIZE_MAX},
    {"delete", delete_run, 1, SIZE_MAX},
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static int usage(const char *what, const char *which)
{
	say_error("%s%s; try 'eese-hss --help'", what, which);
	return EXIT_USAGE;
}

static bool take_choice(enum choice *out, const char *value)
{
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
		return false;
	*out = strcmp(value, "yes") == 0 ? CHOICE_YES : CHOICE_NO;
	return true;
}

static bool take_eese(const char **list, size_t *count, const char *value)
{
	if (*count == EESES_MAX || !eese_ue_id_valid(value, strlen(value)))
		return false;
	list[(*count)++] = value;
	return true;
}

static bool take_text(const char **out, const char *value)
{
	*out = value;
	return true;
}

/* One option with its value. False: there is no such option, or no such value. */
static bool take(struct options *o, const char *name, const char *value)
{
	if (strcmp(name, "--ue-id") == 0)
		return take_text(&o->ue_id, value);
	if (strcmp(name, "--amf") == 0)
		return take_text(&o->amf, value);
	if (strcmp(name, "--secret") == 0)
		return take_text(&o->secret, value);
	if (strcmp(name, "--enps") == 0)
		return take_choice(&o->applies[EESE_DOMAIN_ENPS], value);
	if (strcmp(name, "--hps") == 0)
		return take_choice(&o->applies[EESE_DOMAIN_HPS], value);
	if (strcmp(name, "--allow") == 0)
		return take_eese(o->allow, &o->allow_count, value);
	if (strcmp(name, "--disallow") == 0)
		return take_eese(o->disallow, &o->disallow_count, value);
	return false;
}

/* Where database and KEK are. */
struct place {
	const char *config, *database, *kek_file;
};

static bool take_place(struct place *p, const char *name, const char *value)
{
	if (strcmp(name, "--config") == 0)
		return take_text(&p->config, value);
	if (strcmp(name, "--database") == 0)
		return take_text(&p->database, value);
	if (strcmp(name, "--kek-file") == 0)
		return take_text(&p->kek_file, value);
	return false;
}

/* Words into o->words, options where they belong. EXIT_DONE, or the exit code of a mistake. */
static int sort_out(struct options *o, struct place *p, int argc, char **argv)
{
	int i = 1;

	while (i < argc) {
		if (strncmp(argv[i], "--", 2) != 0) {
			o->words[o->count++] = argv[i++];
			continue;
		}
		if (i + 1 == argc)
			return usage("there is no such option, or its value is missing: ", argv[i]);
		if (!take_place(p, argv[i], argv[i + 1]) && !take(o, argv[i], argv[i + 1]))
			return usage("there is no such option, or not with such a value: ",
				     argv[i]);
		i += 2;
	}
	return EXIT_DONE;
}

static bool configure(struct config *c, const struct place *p, char *wrong)
{
	struct config_given given = {{false}};
	const char *file = p->config;

	config_default(c);
	if (p->database != NULL && !config_set(c, &given, "database", p->database, wrong))
		return false;
	if (p->kek_file != NULL && !config_set(c, &given, "kek_file", p->kek_file, wrong))
		return false;
	if (file == NULL && p->database == NULL && access(CONFIG_FILE, F_OK) == 0)
		file = CONFIG_FILE;
	if (file != NULL && !config_read(c, &given, file, wrong))
		return false;
	if (c->database[0] != '\0')
		return true;
	snprintf(wrong, CONFIG_WRONG_SIZE,
		 "no database: name it by --database FILE, or in " CONFIG_FILE);
	return false;
}

static bool write_all(int fd, const char *text, size_t len)
{
	return write(fd, text, len) == (ssize_t)len && fsync(fd) == 0 && close(fd) == 0;
}

/* A new KEK, unless the file is there. */
static bool make_kek(const char *path)
{
	uint8_t kek[EESE_KEK_SIZE];
	char text[2 * EESE_KEK_SIZE + 2];
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
	bool ok;

	if (fd < 0 && errno == EEXIST)
		return true;
	ok = fd >= 0 && psa_generate_random(kek, sizeof kek) == PSA_SUCCESS;
	if (ok) {
		eese_hex_write(kek, sizeof kek, text);
		text[2 * EESE_KEK_SIZE] = '\n';
		ok = write_all(fd, text, 2 * EESE_KEK_SIZE + 1);
	}
	if (!ok)
		say_error("%s: %s", path, strerror(errno));
	else
		printf("made %s; without it the database can't be read, so keep a copy apart from "
		       "the database's\n",
		       path);
	eese_wipe(kek, sizeof kek);
	eese_wipe(text, sizeof text);
	return ok;
}

static bool load_kek(const struct config *c, uint8_t *kek)
{
	char place[EESE_KEK_PLACE_SIZE];
	const char *wrong = eese_kek_load(c->kek_file[0] != '\0' ? c->kek_file : NULL,
					  CONFIG_KEK_CREDENTIAL, kek, place);

	if (wrong != NULL)
		say_error("KEK %s: %s", place, wrong);
	return wrong == NULL;
}

static int init(const struct config *c)
{
	uint8_t kek[EESE_KEK_SIZE];
	char wrong[DB_WRONG_SIZE];
	bool ok;

	if (c->kek_file[0] != '\0' && !make_kek(c->kek_file))
		return EXIT_FAILED;
	if (!load_kek(c, kek))
		return EXIT_FAILED;
	ok = db_create(c->database, kek, wrong);
	eese_wipe(kek, sizeof kek);
	if (!ok)
		say_error("%s", wrong);
	else
		printf("made %s\n", c->database);
	return ok ? EXIT_DONE : EXIT_FAILED;
}

static int with_database(const struct options *o, command run)
{
	uint8_t kek[EESE_KEK_SIZE];
	char wrong[DB_WRONG_SIZE];
	struct db db;
	int code;

	if (!load_kek(&o->config, kek))
		return EXIT_FAILED;
	if (!db_open(&db, o->config.database, kek, wrong)) {
		say_error("%s", wrong);
		code = EXIT_FAILED;
	} else {
		code = run(o, &db);
		db_close(&db);
	}
	eese_wipe(kek, sizeof kek);
	return code;
}

static int run(struct options *o, const struct place *p)
{
	char wrong[CONFIG_WRONG_SIZE];
	const char *name;
	size_t i = 0;

	if (o->count == 0 || o->words[0] == NULL)
		return usage("which command?", "");
	name = o->words[0];
	while (i < COMMANDS && strcmp(commands[i].name, name) != 0)
		i++;
	if (i == COMMANDS)
		return usage("there is no command ", name);
	o->words++;
	o->count--;
	if (o->count < commands[i].min || o->count > commands[i].max)
		return usage("too many or too few words for ", name);
	if (!configure(&o->config, p, wrong)) {
		say_error("%s", wrong);
		return EXIT_USAGE;
	}
	if (eese_init() != EESE_OK) {
		say_error("PSA Crypto does not start");
		return EXIT_FAILED;
	}
	return commands[i].run == NULL ? init(&o->config) : with_database(o, commands[i].run);
}

int main(int argc, char *argv[])
{
	static struct options o;
	struct place p = {NULL, NULL, NULL};
	char **words;
	int code;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0)
			return fputs(help, stdout) < 0;
		if (strcmp(argv[i], "--version") == 0)
			return puts("eese-hss " EESE_VERSION) < 0;
	}
	words = calloc((size_t)argc, sizeof *words);
	if (words == NULL)
		return EXIT_FAILED;
	o.words = words;
	code = sort_out(&o, &p, argc, argv);
	if (code == EXIT_DONE)
		code = run(&o, &p);
	if (fflush(stdout) != 0 && code == EXIT_DONE)
		code = EXIT_FAILED;
	free(words);
	return code;
}
