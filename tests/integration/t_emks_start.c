/* SPDX-License-Identifier: Apache-2.0 */
/* An eese-emksd that must not start: it ends with code 1 and says what is wrong with what. */
#include <stdlib.h>

#include "emks.h"
#include "harness.h"

static struct emks emks;

static void start(void)
{
	REQUIRE(emks_make(&emks));
	REQUIRE(emks_start(&emks, NULL));
	emks_stop(&emks);
}

/* What a shell command made wrong, what must be named, and the command that makes it right again.
 */
static void test_files(void)
{
	static const struct {
		const char *spoil, *named, *mend;
	} rows[] = {
	    {"mv hss.db away", "hss.db|eese-hss init", "mv away hss.db"},
	    {"chmod 644 hss.db", "hss.db|chmod 600", "chmod 600 hss.db"},
	    {"mv hss.db away && head -c 8192 /dev/urandom >hss.db && chmod 600 hss.db",
	     "hss.db|not a database", "mv away hss.db"},
	    {"chmod 640 kek", "kek|chmod 600", "chmod 600 kek"},
	    {"cp -p kek away && tr 0-9 1-90 <away >kek", "hss.db|another KEK", "cp -p away kek"},
	    {"mv kek away", "kek|No such file", "mv away kek"},
	    {"chmod 644 emks.key", "emks.key|chmod 600", "chmod 600 emks.key"},
	    {"cp -p emks.key away && cp plant-a.key emks.key", "emks.crt|emks.key",
	     "mv away emks.key"},
	    {"mv emks.crt away && echo x >emks.crt", "emks.crt", "mv away emks.crt"},
	    {"mv ca.crt away && : >ca.crt", "ca.crt", "mv away ca.crt"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		REQUIRE(emks_shell(&emks, "%s", rows[i].spoil) == 0);
		emks_refuses(&emks, NULL, rows[i].named);
		REQUIRE(emks_shell(&emks, "%s", rows[i].mend) == 0);
	}
}

static void test_settings(void)
{
	static const char *const rows[][2] = {
	    {"crl none.crl\n", "none.crl"},
	    {"nothing x\n", "emksd.conf:|nothing"},
	    {"key_life 0\n", "key_life|a number"},
	    {"challenges 65537\n", "challenges|65536"},
	    {"eese plant-c cn:plant-a\n", "cn:plant-a|twice"},
	    {"eese plant-c plant-c\n", "plant-c|cn:"},
	    {"database other.db\n", "database|twice"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		emks_refuses(&emks, rows[i][0], rows[i][1]);
}

/* GnuTLS writes there what opens every connection, and keys of devices go over them. */
static void test_key_log(void)
{
	REQUIRE(setenv("SSLKEYLOGFILE", "keylog", 1) == 0);
	emks_refuses(&emks, NULL, "SSLKEYLOGFILE");
	REQUIRE(unsetenv("SSLKEYLOGFILE") == 0);
	EXPECT(emks_shell(&emks, "[ ! -e keylog ]") == 0);
}

/* One that starts all the same has nothing left of that. */
static void test_afterwards(void)
{
	REQUIRE(emks_start(&emks, NULL));
}

static void stop(void)
{
	emks_remove(&emks);
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},          {"files", test_files},           {"settings", test_settings},
	    {"key log", test_key_log}, {"afterwards", test_afterwards}, {"stop", stop},
	};

	return harness_main("emks: start", tests, sizeof tests / sizeof *tests);
}
