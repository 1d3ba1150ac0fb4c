/* SPDX-License-Identifier: Apache-2.0 */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core_support.h"
#include "host/kek.h"

#define DIGITS "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static char directory[] = "/tmp/eese-kek-XXXXXX", path[64];

static void write_file(const char *text, mode_t mode)
{
	FILE *f;

	unlink(path);
	f = fopen(path, "w");
	CU_ASSERT_FATAL(f != NULL);
	fputs(text, f);
	fclose(f);
	CU_ASSERT_FATAL(chmod(path, mode) == 0);
}

/* Whether it loads; if not, kek must be zero. */
static bool loads(const char *file)
{
	char place[EESE_KEK_PLACE_SIZE];
	uint8_t kek[EESE_KEK_SIZE];
	bool ok = eese_kek_load(file, "kek", kek, place) == NULL;

	CU_ASSERT(ok ? is_hex(kek, sizeof kek, DIGITS) : is_zero(kek, sizeof kek));
	return ok;
}

static void test_file(void)
{
	static const char *const good[] = {DIGITS, DIGITS "\n", DIGITS "\r\n"};
	static const char *const bad[] = {
	    "", "\n", DIGITS "0", DIGITS " ", DIGITS "\n\n\n", DIGITS "\n" DIGITS, "x" DIGITS};

	unsetenv("CREDENTIALS_DIRECTORY");
	for (size_t i = 0; i < COUNT(good); i++) {
		write_file(good[i], 0600);
		CU_ASSERT(loads(path));
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		write_file(bad[i], 0600);
		CU_ASSERT_FALSE(loads(path));
	}
	write_file(DIGITS, 0640);
	CU_ASSERT_FALSE(loads(path));
	write_file(DIGITS, 0604);
	CU_ASSERT_FALSE(loads(path));
	unlink(path);
	CU_ASSERT_FALSE(loads(path));
	CU_ASSERT(mkfifo(path, 0600) == 0);
	CU_ASSERT_FALSE(loads(path));
	CU_ASSERT_FALSE(loads(directory));
}

static void test_credential(void)
{
	unsetenv("CREDENTIALS_DIRECTORY");
	CU_ASSERT_FALSE(loads(NULL));
	setenv("CREDENTIALS_DIRECTORY", directory, 1);
	write_file(DIGITS "\n", 0440);
	CU_ASSERT(loads(NULL));
	unlink(path);
	CU_ASSERT_FALSE(loads(NULL));
	setenv("CREDENTIALS_DIRECTORY", "relative", 1);
	CU_ASSERT_FALSE(loads(NULL));
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"from a file", test_file},
	    {"from a systemd credential", test_credential},
	};
	int code;

	if (mkdtemp(directory) == NULL)
		return 1;
	snprintf(path, sizeof path, "%s/kek", directory);
	code = run_suite("host kek", tests, COUNT(tests));
	unlink(path);
	rmdir(directory);
	return code;
}
