/* SPDX-License-Identifier: Apache-2.0 */
/* eese-hss as an operator uses it, while eese-emksd runs and follows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emks_client.h"
#include "harness.h"

#define TEXT_OF(number) TEXT_OF_IT(number)
#define TEXT_OF_IT(number) #number

/* Lines of a long import; sanitizers make each ten times as long. */
#ifdef __SANITIZE_ADDRESS__
#define MANY 20000
#define MANY_AND_ONE "20001"
#else
#define MANY 100000
#define MANY_AND_ONE "100001"
#endif

static struct emks emks;

/* Runs a line; it must end with this code, say each of the words separated by '|', and never a key.
 */
static void expect(int code, const char *words, const char *line)
{
	char copy[512], *rest = copy, *word, *out;
	const int got = emks_shell(&emks, "%s", line);

	out = emks_file(&emks, "out");
	if (got != code)
		printf("\n  %s: %d, not %d\n%s\n", line, got, code, out);
	CU_ASSERT_EQUAL(got, code);
	snprintf(copy, sizeof copy, "%s", words);
	while ((word = strtok_r(rest, "|", &rest)) != NULL) {
		if (strstr(out, word) == NULL)
			printf("\n  %s: says no \"%s\" but\n%s\n", line, word, out);
		CU_ASSERT_PTR_NOT_NULL(strstr(out, word));
	}
	CU_ASSERT_PTR_NULL(strcasestr(out, TEST_K));
	CU_ASSERT_PTR_NULL(strcasestr(out, TEST_OPC));
	EXPECT(strstr(out, "ERROR: AddressSanitizer") == NULL &&
	       strstr(out, "runtime error:") == NULL);
	free(out);
}

static void start(void)
{
	REQUIRE(emks_make(&emks));
	REQUIRE(emks_start(&emks, NULL));
}

static void stop(void)
{
	emks_remove(&emks);
}

static void test_usage(void)
{
	expect(0, "Usage:|import|WHO is an IMSI", "$EESE_HSS --help");
	expect(0, "eese-hss ", "${EESE_HSS%% *} --version");
	expect(0, "--secret|--allow", "$EESE_HSS add --help");
	expect(0, "--dry-run|--op ", "$EESE_HSS import --help");
	expect(2, "which command?", "$EESE_HSS");
	expect(2, "no command ad", "$EESE_HSS ad");
	expect(2, "too few words", "$EESE_HSS show");
	expect(2, "too many words", "$EESE_HSS show a b");
	expect(2, "--colour", "$EESE_HSS list --colour");
	expect(2, "--allow", "$EESE_HSS set a --allow a/b");
	expect(2, "yes or no", "$EESE_HSS set a --hps maybe");
	expect(1, "eese-hss init", "${EESE_HSS%% *} --database none --kek-file kek list");
	expect(1, "another KEK",
	       "umask 077; tr 0-9a-f 1-9a-f0 <kek >kek2;"
	       " ${EESE_HSS%% *} --database hss.db --kek-file kek2 list");
	expect(1, "hss.db|exists", "$EESE_HSS init");
}

/* A KEK is there whole or not at all: what is begun anew after a crash is not stuck. */
static void test_init(void)
{
#define OTHER "$EESE_HSS --database other.db --kek-file other.kek "
	expect(0, "", "{ (ulimit -f 0; exec " OTHER "init) || true; } >/dev/null 2>&1");
	expect(0, "made other.kek|made other.db", OTHER "init");
	expect(0, "64\n|600", "tr -d '\\n' <other.kek | wc -c; stat -c %a other.kek");
	expect(1, "other.db", OTHER "init");
	expect(0, "IMSI", OTHER "list");
#undef OTHER
}

static void test_add(void)
{
	expect(0, "",
	       "$EESE_HSS add 001010000000001 --ue-id pump-1 --secret secret --allow plant-a");
	expect(0,
	       "IMSI    001010000000001|UE-ID   pump-1|barred  no|EnPS    applies, no key|"
	       "HPS     does not apply|EESEs   plant-a",
	       "$EESE_HSS show pump-1");
	expect(0, "", "$EESE_HSS add 001010000000002 --secret - --hps yes <secret");
	expect(0, "UE-ID   001010000000002", "$EESE_HSS show 001010000000002");
	expect(0, "pump-1\tyes\tno\tactive\tplant-a", "$EESE_HSS list");
	expect(3, "", "$EESE_HSS add 001010000000001 --secret secret");
	expect(3, "", "$EESE_HSS add 001010000000009 --ue-id pump-1 --secret secret");
	expect(3, "another subscriber",
	       "$EESE_HSS add 001010000000009 --ue-id 001010000000001 --secret secret");
	expect(3, "no subscriber", "$EESE_HSS show 001010000000009");
	expect(2, "6 to 15 digits", "$EESE_HSS add 00101x --secret secret");
	expect(2, "--ue-id", "$EESE_HSS add 001010000000009 --ue-id 'a b' --secret secret");
	expect(2, "--amf", "$EESE_HSS add 001010000000009 --amf 80 --secret secret");
	expect(2, "--secret", "$EESE_HSS add 001010000000009");
	expect(1, "none", "$EESE_HSS add 001010000000009 --secret none");
	expect(1, "open",
	       "cp secret open; chmod 644 open; $EESE_HSS add 001010000000009 --secret open");
	expect(1, "32 hexadecimal", "printf 'k 00' | $EESE_HSS add 001010000000009 --secret -");
	expect(1, "32 hexadecimal",
	       "head -c 100000 /dev/zero | $EESE_HSS add 001010000000009 --secret - || "
	       "head -c 400 /dev/urandom | $EESE_HSS add 001010000000009 --secret -");
	expect(0, "3", "$EESE_HSS list | wc -l");
}

/* What SQN the database has for pump-1, as the exit code of a comparison. */
static void keep_sqn(void)
{
	expect(0, "", "sqlite3 hss.db 'SELECT * FROM sqn ORDER BY 1' >sqn.before");
}

static void expect_sqn_kept(void)
{
	expect(0, "", "sqlite3 hss.db 'SELECT * FROM sqn ORDER BY 1' | cmp sqn.before -");
}

static void test_change(void)
{
	struct http_reply reply;
	struct coap_reply last;
	struct emks_device d;
	uint8_t key[EESE_INT_KEY_SIZE];

	device_init(&d);
	EXPECT(device_aka(&emks, &d, EESE_DOMAIN_ENPS, "pump-1", key, &last));
	keep_sqn();
	expect(0, "key ", "$EESE_HSS show pump-1");
	expect(0, "", "$EESE_HSS set pump-1 --ue-id pump-one --amf 9000 --hps yes --allow plant-b");
	expect_sqn_kept();
	expect(0, "AMF     9000|HPS     applies|plant-a plant-b", "$EESE_HSS show pump-one");
	emks_retrieve(&emks, "pump-one", &reply);
	EXPECT_EQUAL(reply.status, 200);
	expect(0, "", "$EESE_HSS set pump-one --disallow plant-a");
	emks_retrieve(&emks, "pump-one", &reply);
	EXPECT_EQUAL(reply.status, 403);
	/* a new K: keys from the old one are gone, SQN goes on */
	expect(0, "", "$EESE_HSS set pump-one --secret secret --allow plant-a");
	expect_sqn_kept();
	emks_retrieve(&emks, "pump-one", &reply);
	EXPECT_EQUAL(reply.status, 204);
	expect(0, "", "$EESE_HSS bar pump-one 001010000000002");
	expect(0, "2", "$EESE_HSS list | grep -c barred");
	EXPECT(!device_aka(&emks, &d, EESE_DOMAIN_ENPS, "pump-one", key, &last));
	EXPECT_EQUAL(last.code, 403);
	expect(3, "nobody", "$EESE_HSS unbar pump-one nobody");
	expect(0, "2", "$EESE_HSS list | grep -c barred");
	expect(0, "", "$EESE_HSS unbar pump-one 001010000000002");
	expect_sqn_kept();
	EXPECT(device_aka(&emks, &d, EESE_DOMAIN_ENPS, "pump-one", key, &last));
	EXPECT_EQUAL(d.resyncs, 0);
	expect(3, "nobody", "$EESE_HSS delete pump-one nobody");
	expect(0, "", "$EESE_HSS delete pump-one 001010000000002");
	emks_retrieve(&emks, "pump-one", &reply);
	EXPECT_EQUAL(reply.status, 404);
	EXPECT(!device_aka(&emks, &d, EESE_DOMAIN_ENPS, "pump-one", key, &last));
	expect(0, "1", "$EESE_HSS list | wc -l");
}

/* ---- import ---- */

#define K_OPC TEST_K ";" TEST_OPC

static void test_bad_lines(void)
{
	expect(0, "",
	       "umask 077; printf '%s\\n' 'IMSI;Ki;OPc;MSISDN;HPS;Vendor' "
	       "'001010000000001;" K_OPC ";+49111;;x' "         /* 2: good */
	       "'00101000000000;" K_OPC ";;;' "                 /* 3: shorter, good */
	       "'0010100000000021;" K_OPC ";;;' "               /* 4: too long */
	       "'001010000000003;00;" TEST_OPC ";;;' "          /* 5 */
	       "'001010000000004;" TEST_K ";zz;;;' "            /* 6 */
	       "'001010000000001;" K_OPC ";;;' "                /* 7: twice */
	       "'001010000000005;" K_OPC ";;perhaps;' "         /* 8 */
	       "'' '# a comment' "                              /* 9, 10: nothing */
	       "'001010000000006;" K_OPC ";a b;;' "             /* 11 */
	       "'\"001010000000007;" K_OPC ";;;' "              /* 12 */
	       "'001010000000008' "                             /* 13 */
	       "'001010000000009;" K_OPC ";+49111;;' >bad.csv;" /* 14: MSISDN of line 2 */
	       "printf '0010\\0;;\\n' >>bad.csv;"               /* 15 */
	       "head -c 9000 /dev/zero | tr '\\0' 1 >>bad.csv; echo >>bad.csv");
	expect(3,
	       "bad.csv:4:|bad.csv:5: ki|bad.csv:6: opc|bad.csv:7:|line 2|bad.csv:8: hps|"
	       "bad.csv:11:|bad.csv:12:|quotes|bad.csv:13:|bad.csv:14:|bad.csv:15:|NUL|bad.csv:16:|"
	       "too long|fewer than 15|Vendor|11 bad lines, nothing was imported",
	       "$EESE_HSS import bad.csv");
	expect(0, "1", "$EESE_HSS list | wc -l");
	expect(0, "11", "$EESE_HSS import bad.csv 2>&1 | grep -c bad.csv:[0-9]");
	expect(3, "no column", "sed 1d bad.csv | $EESE_HSS import -");
	expect(3, "no line", ": | $EESE_HSS import -");
	expect(3, "", "head -c 100000 /dev/urandom | $EESE_HSS import -");
	expect(1, "none.csv", "$EESE_HSS import none.csv");
	expect(1, "bad.csv", "chmod 644 bad.csv; $EESE_HSS import bad.csv");
	expect(0, "1", "$EESE_HSS list | wc -l");
}

static void test_import(void)
{
	struct coap_reply last;
	struct emks_device d;
	uint8_t key[EESE_INT_KEY_SIZE];

	expect(0, "",
	       "umask 077; printf 'imsi,k,opc,external identifier,eese\\r\\n"
	       "001010000000001," TEST_K "," TEST_OPC ",pump-1,\\r\\n"
	       "001010000000002," TEST_K "," TEST_OPC ",,\"plant-b plant-c\"\\r\\n' >good.csv");
	expect(0, "2 subscribers would be added", "$EESE_HSS import good.csv --dry-run");
	expect(0, "1", "$EESE_HSS list | wc -l");
	expect(0, "2 subscribers added", "$EESE_HSS import good.csv --allow plant-a --hps yes");
	expect(0, "HPS     applies|EESEs   plant-a\n", "$EESE_HSS show pump-1");
	expect(0, "EESEs   plant-b plant-c\n", "$EESE_HSS show 001010000000002");
	device_init(&d);
	EXPECT(device_aka(&emks, &d, EESE_DOMAIN_ENPS, "pump-1", key, &last));
	keep_sqn();
	/* what is there is not touched */
	expect(3, "good.csv:2: IMSI|good.csv:3: IMSI|nothing was imported",
	       "$EESE_HSS import good.csv");
	expect_sqn_kept();
	EXPECT(device_aka(&emks, &d, EESE_DOMAIN_ENPS, "pump-1", key, &last));
	expect(0, "", "$EESE_HSS delete pump-1 001010000000002");
}

/* Killed at any moment, nothing or all is there; and a terminal sees how far it is. */
static void test_long_import(void)
{
	uint64_t begun;

	expect(0, MANY_AND_ONE,
	       "umask 077; { echo imsi,ki,opc,msisdn; seq " TEXT_OF(
		   MANY) " | awk '{printf "
			 "\"00102%010d," TEST_K "," TEST_OPC
			 ",49%010d\\n\", $1, $1}'; } >many.csv &&"
			 " wc -l <many.csv");
	expect(0, "",
	       "for t in 0.05 0.1 0.2 0.4 0.6 0.8 1; do"
	       " timeout -s KILL $t $EESE_HSS import many.csv;"
	       " n=$($EESE_HSS list | wc -l); [ $n = 1 ] || break; done;"
	       " [ $n = 1 ] || [ $n = " MANY_AND_ONE " ] && if [ $n = " MANY_AND_ONE " ]; then"
	       " sqlite3 hss.db 'PRAGMA foreign_keys = ON; DELETE FROM subscriber'; fi");
	/* begun slowly enough to be told of, and bad at its end */
	expect(3, "lines read, 0 bad|nothing was imported",
	       "script -qec \"{ head -n 100 many.csv; sleep 0.5; tail -n 1 many.csv; echo x; } | "
	       "$EESE_HSS import -\""
	       " /dev/null");
	begun = mqtt_now_ms();
	expect(0, TEXT_OF(MANY) " subscribers added", "$EESE_HSS import many.csv");
	printf("(%d lines in %d ms) ", MANY, (int)(mqtt_now_ms() - begun));
	expect(0, MANY_AND_ONE, "$EESE_HSS list | wc -l");
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},
	    {"usage", test_usage},
	    {"init", test_init},
	    {"add, show, list", test_add},
	    {"change, bar, delete", test_change},
	    {"bad lines", test_bad_lines},
	    {"import", test_import},
	    {"long import", test_long_import},
	    {"stop", stop},
	};

	return harness_main("emks: eese-hss", tests, sizeof tests / sizeof *tests);
}
