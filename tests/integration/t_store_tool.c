/* SPDX-License-Identifier: Apache-2.0 */
/* eese-store: what it finds, a new KEK whenever it is cut off, and UEs taken out. */
#include "program.h"
#include "store_file.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000, CUTS = 25 };

static const struct ue_range ues[] = {{.prefix = "ue", .count = 500}, {0}};
static const struct broker_options options = {.ues = ues};

static struct broker broker;
static struct test_ue ue;

static void start(void)
{
	REQUIRE(broker_start(&broker, &options));
	ue_take(&ue, "ue");
	REQUIRE(ue_connect(&ue, &broker, MQTT_5, false) && ue_first_contact(&ue));
	mqtt_abort(&ue.link);
	broker_end(&broker);
}

static void stop(void)
{
	REQUIRE(broker_again(&broker, &options));
	broker_stop(&broker);
}

/* Runs it, options and words separated by blanks; "DB" is the store. */
static void begin(struct program *p, const char *words)
{
	const char *argv[12] = {EESE_TEST_STORE_TOOL};
	static char copy[512];
	char *rest = copy, *word;

	snprintf(copy, sizeof copy, "%s", words);
	for (size_t n = 1; n < 11 && (word = strtok_r(rest, " ", &rest)) != NULL; n++)
		argv[n] = strcmp(word, "DB") == 0 ? store_path(&broker, "") : word;
	program_start(p, broker.dir, argv);
}

static bool file_says(const char *path, const char *what)
{
	char *text = program_text(path);
	bool says = strstr(text, what) != NULL;

	if (!says)
		printf("\n  no \"%s\" in:\n%s\n", what, text);
	free(text);
	return says;
}

/* Its exit code, and what it says. */
static void expect(const char *words, int code, const char *out, const char *err)
{
	struct program p;

	begin(&p, words);
	EXPECT_EQUAL(program_ends(&p, PATIENCE_MS), code);
	EXPECT(out == NULL || file_says(p.out, out));
	EXPECT(err == NULL || file_says(p.err, err));
	unlink(p.out);
	unlink(p.err);
}

static void test_usage(void)
{
	expect("", 2, NULL, "which command?");
	expect("look DB", 2, NULL, "there is no command look");
	expect("check", 2, NULL, "too few words for check");
	expect("check DB more", 2, NULL, "too many words for check");
	expect("forget DB", 2, NULL, "too few words for forget");
	expect("check --new-kek-file x DB", 2, NULL, "new-kek-file");
	expect("--help", 0, "Usage: eese-store COMMAND", NULL);
	expect("rekey --help", 0, "--new-kek-file", NULL);
	expect("check /nonexistent/eese.db", 1, NULL, "needs a directory that user");
	expect("check /tmp/nonexistent.db", 1, NULL, "store /tmp/nonexistent.db No such file");
}

/* It does not even look at what a broker has. */
static void test_in_use(void)
{
	REQUIRE(broker_again(&broker, &options));
	expect("rekey DB", 1, NULL, "is in use by another process");
	EXPECT(broker_alive(&broker));
	broker_end(&broker);
}

/* The start after it is one after a clean end: nothing was lost by it. */
static void expect_clean_start(void)
{
	char *log;

	REQUIRE(broker_again(&broker, &options));
	log = broker_log(&broker);
	EXPECT(strstr(log, "500 UEs, cleanly closed") != NULL);
	free(log);
	broker_end(&broker);
}

static void test_check(void)
{
	expect("check DB", 0, "500 UEs, 500 with a key, cleanly closed", NULL);
	expect_clean_start();
}

/* The KEK that is beside the store now, as text. */
static char *kek_text(void)
{
	return program_text(store_path(&broker, ".kek"));
}

static void test_rekey(void)
{
	char old[256];
	char *before = kek_text(), *after;

	snprintf(old, sizeof old, "%s", store_path(&broker, ".old"));
	REQUIRE(store_copy(store_path(&broker, ".kek"), old));
	expect("rekey DB", 0, "500 keys sealed under the KEK in ", NULL);
	after = kek_text();
	EXPECT(strlen(after) == 65 && strcmp(before, after) != 0);
	expect("check DB", 0, "500 UEs, 500 with a key, cleanly closed", NULL);
	expect_clean_start();
	/* The old one opens nothing any more. */
	REQUIRE(rename(old, store_path(&broker, ".kek")) == 0);
	expect("check DB", 1, NULL, "is sealed under another KEK");
	/* Only the last step was missing: a start does it. */
	REQUIRE(store_copy(store_path(&broker, ".kek"), old));
	{
		FILE *f = fopen(store_path(&broker, ".kek.next"), "w");

		REQUIRE(f != NULL);
		fputs(after, f);
		fclose(f);
		EXPECT(chmod(store_path(&broker, ".kek.next"), 0600) == 0);
	}
	expect_clean_start();
	free(before);
	before = kek_text();
	EXPECT(strcmp(before, after) == 0);
	free(before);
	free(after);
}

/* SIGKILL at any moment: the store opens, with every key in it. */
static void test_cut_off(void)
{
	int cut = 0;

	for (int i = 0; i < CUTS; i++) {
		struct program p;
		int code;

		begin(&p, "rekey DB");
		usleep((useconds_t)(i * 4000));
		kill(p.pid, SIGKILL);
		code = program_ends(&p, PATIENCE_MS);
		cut += code >= 1000;
		expect("check DB", 0, "500 UEs, 500 with a key", NULL);
	}
	printf("[%d of %d were cut off] ", cut, CUTS);
	EXPECT(cut > 0);
	REQUIRE(broker_again(&broker, &options));
	broker_end(&broker);
}

/* Another place than beside the store. */
static void test_new_place(void)
{
	char words[800], fresh[256], lines[400];
	struct broker_options o = {.ues = ues, .plugin_lines = lines};

	snprintf(fresh, sizeof fresh, "%s", store_path(&broker, ".fresh"));
	snprintf(words, sizeof words, "rekey --new-kek-file %s DB", fresh);
	expect(words, 0, "Name it in plugin_opt_kek_file", NULL);
	expect(words, 0, "already", NULL);
	snprintf(lines, sizeof lines, "plugin_opt_kek_file %s\n", fresh);
	REQUIRE(broker_again(&broker, &o));
	broker_end(&broker);
	snprintf(words, sizeof words, "rekey --kek-file %s DB", fresh);
	expect(words, 1, NULL, "--new-kek-file");
	snprintf(words, sizeof words, "rekey --kek-file %s --new-kek-file %s DB", fresh,
		 store_path(&broker, ".kek"));
	expect(words, 0, "500 keys sealed", NULL);
	REQUIRE(unlink(fresh) == 0);
	expect_clean_start();
}

static void test_damage(void)
{
	REQUIRE(store_change(&broker, "UPDATE ue SET key = (SELECT key FROM ue WHERE ue_id ="
				      " 'ue-1') WHERE ue_id = 'ue-2'"));
	expect("check DB", 3, "500 UEs", "UE ue-2: its key does not open");
	expect("rekey DB", 1, NULL, "the key of UE ue-2 does not open");
	expect("forget DB ue-2 ue-none", 3, "1 UEs taken out", "UE ue-none is not in it");
	expect("check DB", 0, "499 UEs", NULL);
	/* Its line in the key file brings it back. */
	REQUIRE(broker_again(&broker, &options));
	broker_end(&broker);
	expect("check DB", 0, "500 UEs", NULL);
	REQUIRE(store_change(&broker, "UPDATE ue SET highest_ksn = -1 WHERE ue_id = 'ue-3'"));
	expect("check DB", 3, NULL, "UE ue-3: has a value that none can have");
	expect("forget DB ue-3", 0, "1 UEs taken out", NULL);
	expect("check DB", 0, "499 UEs", NULL);
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},
	    {"usage", test_usage},
	    {"in use", test_in_use},
	    {"check", test_check},
	    {"a new KEK", test_rekey},
	    {"a new KEK, cut off", test_cut_off},
	    {"a new KEK in another place", test_new_place},
	    {"damage", test_damage},
	    {"stop", stop},
	};

	return harness_main("store tool", tests, sizeof tests / sizeof *tests);
}
