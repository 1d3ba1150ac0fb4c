/* SPDX-License-Identifier: Apache-2.0 */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core_support.h"
#include "emks/config.h"
#include "emks/daemon/listen.h"

static struct config config;
static char wrong[CONFIG_WRONG_SIZE];

/* Reads a file of this text; database is given by option if option is not NULL. */
static bool read_text(const char *text, const char *option)
{
	struct config_given given = {{false}};
	char path[] = "/tmp/eese-unit-XXXXXX";
	int fd = mkstemp(path);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	CU_ASSERT_FATAL(ok);
	close(fd);
	config_default(&config);
	wrong[0] = '\0';
	ok = (option == NULL || config_set(&config, &given, "database", option, wrong)) &&
	     config_read(&config, &given, path, wrong);
	unlink(path);
	return ok;
}

static void test_good(void)
{
	CU_ASSERT(read_text("# comment\n\n  database\t/var/lib/x y.db  \r\nkek_file kek\n"
			    "key_life 86400\nrate 0\neese plant-a cn:Plant A\n"
			    "eese plant-a dns:a.example\neese b uri:urn:b\nchallenges 1",
			    NULL));
	CU_ASSERT_STRING_EQUAL(config.database, "/var/lib/x y.db");
	CU_ASSERT_EQUAL(config.key_life_s, 86400);
	CU_ASSERT_EQUAL(config.rate, 0);
	CU_ASSERT_EQUAL(config.challenges, 1);
	CU_ASSERT_EQUAL(config.eeses, 3);
	CU_ASSERT_STRING_EQUAL(config.eese[0].identity, "cn:Plant A");
	CU_ASSERT_STRING_EQUAL(config.eese[1].name, "plant-a");
	CU_ASSERT_STRING_EQUAL(config.https_listen, "127.0.0.1:8443");
}

/* An option goes before the file's line. */
static void test_option(void)
{
	CU_ASSERT(read_text("database file\nkek_file kek\n", "option"));
	CU_ASSERT_STRING_EQUAL(config.database, "option");
	CU_ASSERT_STRING_EQUAL(config.kek_file, "kek");
}

static void test_bad(void)
{
	static const struct {
		const char *text, *named;
	} rows[] = {
	    {"databse x\n", ":1: there is no setting 'databse'"},
	    {"\ndatabase x\ndatabase y\n", ":3: database: is there twice"},
	    {"database\n", ":1: database"},
	    {"key_life 9\n", "key_life"},
	    {"key_life 999999999999999999999\n", "key_life"},
	    {"key_life -5\n", "key_life"},
	    {"key_life 86400s\n", "key_life"},
	    {"key_life  \n", "key_life"},
	    {"challenges 65537\n", "challenges"},
	    {"eese a\n", "eese"},
	    {"eese a cn:\n", "eese"},
	    {"eese a ip:1\n", "eese"},
	    {"eese a/b cn:x\n", "eese"},
	    {"eese a cn:x\neese b cn:x\n", "twice"},
	};
	char line[4096];

	for (size_t i = 0; i < COUNT(rows); i++) {
		CU_ASSERT(!read_text(rows[i].text, NULL));
		CU_ASSERT_PTR_NOT_NULL(strstr(wrong, rows[i].named));
	}
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	CU_ASSERT(!read_text(line, NULL));
	memcpy(line, "database ", 9);
	line[1000] = '\0';
	CU_ASSERT(!read_text(line, NULL));
}

static void test_many_eeses(void)
{
	struct config_given given = {{false}};
	char value[64];

	config_default(&config);
	for (int i = 0; i < CONFIG_EESES_MAX; i++) {
		(void)snprintf(value, sizeof(value), "e%d cn:%d", i, i);
		CU_ASSERT(config_set(&config, &given, "eese", value, wrong));
	}
	CU_ASSERT(!config_set(&config, &given, "eese", "more cn:more", wrong));
}

static void test_addresses(void)
{
	static const char *const good[] = {"127.0.0.1:1", "0.0.0.0:65535", "[::]:0", "[::1]:443"};
	static const char *const bad[] = {
	    "",       ":1",     "127.0.0.1",   "127.0.0.1:",  "::1:5",          "[::1]",
	    "[::1]5", "[::1:5", "localhost:1", "127.0.0.1:x", "1.2.3.4:123456", "[]:1"};
	struct sockaddr_storage a;
	char text[LISTEN_TEXT_SIZE];
	socklen_t len;

	for (size_t i = 0; i < COUNT(good); i++) {
		CU_ASSERT_PTR_NULL(listen_parse(good[i], &a, &len));
		listen_text((struct sockaddr *)&a, len, text);
		CU_ASSERT_STRING_EQUAL(text, good[i]);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		CU_ASSERT_PTR_NOT_NULL(listen_parse(bad[i], &a, &len));
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"good", test_good},
	    {"option and file", test_option},
	    {"bad", test_bad},
	    {"many EESEs", test_many_eeses},
	    {"addresses", test_addresses},
	};

	return run_suite("emks config", tests, COUNT(tests));
}
