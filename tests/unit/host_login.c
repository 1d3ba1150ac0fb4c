/* SPDX-License-Identifier: Apache-2.0 */
#include <CUnit/CUnit.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core_support.h"
#include "host/login.h"
#include "host/say.h"

enum { WORDS_MAX = 12 };

/* Reads these options, which are ended by NULL. */
static bool login(struct eese_login *l, const char *const words[])
{
	const struct eese_option_table table = {eese_login_options, l};
	char *argv[WORDS_MAX] = {"program"};
	int argc = 1;

	while (words[argc - 1] != NULL) {
		memcpy(&argv[argc], &words[argc - 1], sizeof argv[argc]);
		argc++;
	}
	eese_login_init(l);
	return eese_options_read(&table, 1, EESE_OPTION_EVERYWHERE, false, argc, argv, NULL) ==
		   EESE_OPTIONS_READ &&
	       eese_login_complete(l);
}

static void test_address(void)
{
	static struct eese_login l;
	char place[320];

	CU_ASSERT(login(&l, (const char *const[]){NULL}));
	CU_ASSERT_STRING_EQUAL(l.host, "localhost");
	CU_ASSERT_EQUAL(l.port, 1883);
	CU_ASSERT_EQUAL(l.protocol, 5);
	CU_ASSERT_FALSE(l.tls);
	CU_ASSERT(login(&l, (const char *const[]){"--cafile", "ca", "-V", "311", NULL}));
	CU_ASSERT_EQUAL(l.port, 8883);
	CU_ASSERT_EQUAL(l.protocol, 4);
	CU_ASSERT_TRUE(l.tls);
	CU_ASSERT(login(&l, (const char *const[]){"-p", "8883", "-h", "b", NULL}));
	CU_ASSERT_TRUE(l.tls);
	eese_login_place(&l, place);
	CU_ASSERT_STRING_EQUAL(place, "b port 8883");
	CU_ASSERT(login(&l, (const char *const[]){"--unix", "/run/broker", NULL}));
	eese_login_place(&l, place);
	CU_ASSERT_STRING_EQUAL(place, "/run/broker");
}

static void test_complaints(void)
{
	static const char *const rows[][5] = {
	    {"--cert", "c", "--cafile", "ca"},
	    {"--cert", "c", "--key", "k"},
	    {"--insecure"},
	    {"--tls-version", "tlsv1.3"},
	    {"--unix", "/s", "--cafile", "a"},
	    {"-P", "x", "--pw-file", "/dev/null"},
	    {"-V", "mqttv6"},
	    {"--pw-file", "/nonexistent"},
	};
	static struct eese_login l;

	for (size_t i = 0; i < COUNT(rows); i++)
		CU_ASSERT_FALSE(login(&l, rows[i]));
}

static void write_file(const char *path, const char *text, size_t len)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CU_ASSERT(fd >= 0 && write(fd, text, len) == (ssize_t)len);
	close(fd);
}

static void test_password_file(void)
{
	static const struct {
		const char *text;
		size_t len;
		const char *password; /* NULL: not taken */
	} rows[] = {
	    {"secret\n", 7, "secret"},
	    {"secret", 6, "secret"},
	    {" a b \r\n", 7, " a b "},
	    {"secret\nsecond\n", 14, NULL},
	    {"sec\0ret\n", 8, NULL},
	    {"\n", 1, NULL},
	    {"", 0, NULL},
	};
	static struct eese_login l;
	char path[] = "/tmp/eese-login-XXXXXX";
	const char *const words[] = {"--pw-file", path, NULL};
	int fd = mkstemp(path);

	CU_ASSERT_FATAL(fd >= 0);
	close(fd);
	for (size_t i = 0; i < COUNT(rows); i++) {
		write_file(path, rows[i].text, rows[i].len);
		CU_ASSERT_EQUAL(login(&l, words), rows[i].password != NULL);
		if (rows[i].password != NULL)
			CU_ASSERT_STRING_EQUAL(l.password, rows[i].password);
	}
	write_file(path, "secret\n", 7);
	CU_ASSERT(login(&l, words));
	eese_login_wipe(&l);
	CU_ASSERT(is_zero(l.password_room, sizeof l.password_room));
	CU_ASSERT_EQUAL(chmod(path, 0644), 0);
	CU_ASSERT_FALSE(login(&l, words));
	unlink(path);
}

static void test_password_environment(void)
{
	static struct eese_login l;

	setenv("EESE_PASSWORD", "from outside", 1);
	CU_ASSERT(login(&l, (const char *const[]){NULL}));
	CU_ASSERT_STRING_EQUAL(l.password, "from outside");
	CU_ASSERT(login(&l, (const char *const[]){"-P", "given", NULL}));
	CU_ASSERT_STRING_EQUAL(l.password, "given");
	unsetenv("EESE_PASSWORD");
	CU_ASSERT(login(&l, (const char *const[]){NULL}));
	CU_ASSERT_PTR_NULL(l.password);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"address", test_address},
	    {"complaints", test_complaints},
	    {"password from a file", test_password_file},
	    {"password from the environment", test_password_environment},
	};

	say_setup(true, false, false);
	return run_suite("host login", tests, COUNT(tests));
}
