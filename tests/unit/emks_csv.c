/* SPDX-License-Identifier: Apache-2.0 */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core_support.h"
#include "emks/hss/csv.h"

#define K "465b5ce8b199b49faa5f0a2ee238a6bc"
#define OP "cdc202d5123e20f62b6d676ac72cb318"
#define OPC "cd63cb71954a9f4e48a5994e37a02baf"
#define IMSI "001010000000001"

/* A line on the heap, so that a sanitizer sees a step beyond. */
static char *line_of(const char *text)
{
	char *line = strdup(text);

	if (!line)
		abort();
	return line;
}

/* The fields of a line with '|' between them; "!" if it is refused. */
static void check_split(const char *text, char separator, const char *want)
{
	char *line = line_of(text), *fields[CSV_FIELDS_MAX], wrong[CSV_WRONG_SIZE], got[256] = "!";
	size_t count;

	if (csv_split(line, separator, fields, &count, wrong)) {
		got[0] = '\0';
		for (size_t i = 0; i < count; i++) {
			strncat(got, i > 0 ? "|" : "", sizeof(got) - strlen(got) - 1);
			strncat(got, fields[i], sizeof(got) - strlen(got) - 1);
		}
	}
	CU_ASSERT_STRING_EQUAL(got, want);
	free(line);
}

static void test_split(void)
{
	check_split("a,b,c\r\n", ',', "a|b|c");
	check_split("a;b;c\n", ';', "a|b|c");
	check_split("a\tb\tc", '\t', "a|b|c");
	check_split("\t\t", '\t', "||");
	check_split(" a , b b ,\tc \r\n", ',', "a|b b|c");
	check_split("", ',', "");
	check_split(",", ',', "|");
	check_split("a,", ',', "a|");
	check_split("a ,", ',', "a|");
	check_split("\"a\",\"b,c\" , \"d\"\"e\"\r\n", ',', "a|b,c|d\"e");
	check_split("\"\",x", ',', "|x");
	check_split("a\"b,c", ',', "a\"b|c");
	check_split("\"a", ',', "!");
	check_split("\"a\"b,c", ',', "!");
	check_split("\"a\"\"", ',', "!");
	check_split("x,\"", ',', "!");
}

static void test_split_many(void)
{
	char line[2 * CSV_FIELDS_MAX + 2], *fields[CSV_FIELDS_MAX], wrong[CSV_WRONG_SIZE];
	size_t count;

	memset(line, ',', sizeof(line));
	line[CSV_FIELDS_MAX - 1] = '\0';
	CU_ASSERT(csv_split(line, ',', fields, &count, wrong));
	CU_ASSERT_EQUAL(count, CSV_FIELDS_MAX);
	memset(line, ',', sizeof(line));
	line[CSV_FIELDS_MAX] = '\0';
	CU_ASSERT(!csv_split(line, ',', fields, &count, wrong));
}

static bool header(const char *text, struct csv_header *out, char *ignored)
{
	char *line = line_of(text), wrong[CSV_WRONG_SIZE];
	bool ok = csv_read_header(line, out, ignored, 64, wrong);

	free(line);
	return ok;
}

static void test_header(void)
{
	struct csv_header h;
	char ignored[64];

	CU_ASSERT(header("imsi,ki,opc\n", &h, ignored));
	CU_ASSERT_EQUAL(h.separator, ',');
	CU_ASSERT_EQUAL(h.at[CSV_OPC], 2);
	CU_ASSERT_EQUAL(h.at[CSV_OP], -1);
	CU_ASSERT_STRING_EQUAL(ignored, "");
	CU_ASSERT(header("\xef\xbb\xbfIMSI;ICCID;\"K\";OP;Pin 1\r\n", &h, ignored));
	CU_ASSERT_EQUAL(h.separator, ';');
	CU_ASSERT_EQUAL(h.at[CSV_IMSI], 0);
	CU_ASSERT_EQUAL(h.at[CSV_K], 2);
	CU_ASSERT_EQUAL(h.at[CSV_OP], 3);
	CU_ASSERT_STRING_EQUAL(ignored, "ICCID, Pin 1");
	CU_ASSERT(header("Ki\tUE-ID\tIMSI\tMSISDN\tExternal_Identifier\tEnPS\tHPS\tEESEs\tAMF\n",
			 &h, ignored));
	CU_ASSERT_EQUAL(h.at[CSV_UE_ID], 1);
	CU_ASSERT_EQUAL(h.at[CSV_EXTERNAL_ID], 4);
	CU_ASSERT_EQUAL(h.at[CSV_EESE], 7);
	CU_ASSERT(!header("imsi,opc\n", &h, ignored));
	CU_ASSERT(!header("ki,opc\n", &h, ignored));
	CU_ASSERT(!header(IMSI "," K "," OPC "\n", &h, ignored));
	CU_ASSERT(!header("imsi,ki,k\n", &h, ignored));
	CU_ASSERT(!header("imsi,ki,\"opc\n", &h, ignored));
	CU_ASSERT(!header("", &h, ignored));
	/* more names than there is room to tell of */
	CU_ASSERT(header("imsi,ki,aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,b,"
			 "ccccccccccccccccccccccccccccccccccccccccccc,d\n",
			 &h, ignored));
	CU_ASSERT(strlen(ignored) < sizeof(ignored));
}

static const struct csv_defaults defaults = {
    .subscriber = {.amf = {0x80, 0}, .applies = {true, false}}};

/* NULL: it was read; else what is wrong, until the next call. */
static const char *row(const char *head, const char *text, const struct csv_defaults *d,
		       struct csv_row *out)
{
	static char wrong[CSV_WRONG_SIZE];
	struct csv_header h;
	char ignored[64], *line = line_of(text);
	const size_t len = strlen(text);
	bool ok;

	CU_ASSERT_FATAL(header(head, &h, ignored));
	ok = csv_read_row(line, &h, d, out, wrong);
	CU_ASSERT(is_zero(line, len));
	CU_ASSERT(ok || is_zero(out, sizeof(*out)));
	free(line);
	return ok ? NULL : wrong;
}

static void test_row(void)
{
	struct csv_row r;

	CU_ASSERT_PTR_NULL(row("imsi,ki,opc", IMSI "," K "," OPC "\r\n", &defaults, &r));
	CU_ASSERT_STRING_EQUAL(r.subscriber.imsi, IMSI);
	CU_ASSERT_STRING_EQUAL(r.subscriber.ue_id, IMSI);
	CU_ASSERT(is_hex(r.secret.k, sizeof(r.secret.k), K));
	CU_ASSERT(is_hex(r.secret.opc, sizeof(r.secret.opc), OPC));
	CU_ASSERT(is_hex(r.subscriber.amf, 2, "8000"));
	CU_ASSERT(r.subscriber.applies[0] && !r.subscriber.applies[1]);
	CU_ASSERT_STRING_EQUAL(r.eeses, "");
}

/* OPc is made of OP; OPc goes before OP, and both before the operator's. */
static void test_op(void)
{
	struct csv_defaults with_op = defaults;
	struct octets op = octets_of(OP);
	struct csv_row r;

	memcpy(with_op.op, op.p, sizeof(with_op.op));
	with_op.has_op = true;
	CU_ASSERT_PTR_NULL(row("imsi,ki,op", IMSI "," K "," OP, &defaults, &r));
	CU_ASSERT(is_hex(r.secret.opc, sizeof(r.secret.opc), OPC));
	CU_ASSERT_PTR_NULL(row("imsi,ki", IMSI "," K, &with_op, &r));
	CU_ASSERT(is_hex(r.secret.opc, sizeof(r.secret.opc), OPC));
	CU_ASSERT_PTR_NULL(row("imsi,ki,op,opc", IMSI "," K "," OP "," K, &with_op, &r));
	CU_ASSERT(is_hex(r.secret.opc, sizeof(r.secret.opc), K));
	CU_ASSERT_PTR_NOT_NULL(row("imsi,ki", IMSI "," K, &defaults, &r));
	CU_ASSERT_PTR_NOT_NULL(row("imsi,ki,opc", IMSI "," K ",", &defaults, &r));
	CU_ASSERT_PTR_NOT_NULL(row("imsi,ki,op", IMSI "," K ",12", &with_op, &r));
	octets_free(&op);
}

static void check_ue_id(const char *head, const char *rest, const char *want)
{
	char text[256];
	struct csv_row r;

	(void)snprintf(text, sizeof(text), IMSI "," K "," OPC ",%s", rest);
	CU_ASSERT_PTR_NULL(row(head, text, &defaults, &r));
	CU_ASSERT_STRING_EQUAL(r.subscriber.ue_id, want);
}

static void test_ue_id(void)
{
	check_ue_id("imsi,k,opc,msisdn", "+4915112345678", "4915112345678");
	check_ue_id("imsi,k,opc,msisdn", "", IMSI);
	check_ue_id("imsi,k,opc,msisdn,ue id", "123,pump-1", "pump-1");
	check_ue_id("imsi,k,opc,msisdn,external id,ue id", "123,pump@plant.example,",
		    "pump@plant.example");
}

static void test_choices(void)
{
	struct csv_row r;

	CU_ASSERT_PTR_NULL(row("imsi,k,opc,enps,hps,eese,amf",
			       IMSI "," K "," OPC ",No,1,\" plant-a  plant-b \",ABcd", &defaults,
			       &r));
	CU_ASSERT(!r.subscriber.applies[0] && r.subscriber.applies[1]);
	CU_ASSERT(is_hex(r.subscriber.amf, 2, "abcd"));
	CU_ASSERT_STRING_EQUAL(r.eeses, " plant-a  plant-b ");
	CU_ASSERT_PTR_NOT_NULL(row("imsi,k,opc,enps", IMSI "," K "," OPC ",maybe", &defaults, &r));
	CU_ASSERT_PTR_NOT_NULL(row("imsi,k,opc,amf", IMSI "," K "," OPC ",800", &defaults, &r));
	CU_ASSERT_PTR_NOT_NULL(
	    row("imsi,k,opc,eese", IMSI "," K "," OPC ",plant/a", &defaults, &r));
}

/* What is wrong is told, and never a digit of a key. */
static void test_bad(void)
{
	static const char *const lines[] = {
	    "12345," K "," OPC,
	    "0010100000000012," K "," OPC,
	    "00101000000000x," K "," OPC,
	    "1.01E+12," K "," OPC,
	    "," K "," OPC,
	    IMSI,
	    IMSI "," OPC,
	    IMSI ",465b5ce8b199b49faa5f0a2ee238a6b," OPC,
	    IMSI ",465b5ce8b199b49faa5f0a2ee238a6bcc," OPC,
	    IMSI ",465b5ce8b199b49faa5f0a2ee238a6bg," OPC,
	    IMSI "," K ",cd63cb71954a9f4e48a5994e37a02ba",
	    IMSI "," K ",\"" OPC,
	};
	struct csv_row r;

	for (size_t i = 0; i < COUNT(lines); i++) {
		const char *wrong = row("imsi,ki,opc", lines[i], &defaults, &r);

		CU_ASSERT_PTR_NOT_NULL_FATAL(wrong);
		CU_ASSERT(strlen(wrong) > 8);
		CU_ASSERT_PTR_NULL(strstr(wrong, "465b"));
		CU_ASSERT_PTR_NULL(strstr(wrong, "cd63"));
	}
}

/* The same in rows that have a field more or less than the header. */
static void test_shifted(void)
{
	static const char *const lines[][2] = {
	    {"imsi,ki,opc", K "," OPC},
	    {"imsi,ki,opc", K OPC "," OPC "," IMSI},
	    {"imsi,ki,opc", "465b5ce8 b199b49f aa5f0a2e e238a6bc," OPC "," IMSI},
	    {"imsi,ki,opc,msisdn", IMSI "," OP "," OP ",+" K "," OPC},
	    {"imsi,ki,opc,enps", IMSI "," OP "," OP "," K},
	    {"imsi,ki,opc,hps", IMSI "," OP "," OP ",x" K},
	    {"imsi,ki,opc,amf", IMSI "," OP "," OP "," K},
	    {"imsi,ki,opc,eese", IMSI "," OP "," OP ",a /" K},
	    {"imsi,ki,opc,eese", IMSI "," OP "," OP "," K OPC "x"},
	};
	struct csv_row r;

	for (size_t i = 0; i < COUNT(lines); i++) {
		const char *wrong = row(lines[i][0], lines[i][1], &defaults, &r);

		CU_ASSERT_PTR_NOT_NULL_FATAL(wrong);
		CU_ASSERT_PTR_NULL(strstr(wrong, "465b"));
		CU_ASSERT_PTR_NULL(strstr(wrong, "cd63"));
	}
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(row("imsi,ki,opc", "0010100000000012," K "," OPC, &defaults, &r),
		   "'0010100000000012'"));
}

/* Whatever stands in a line, it is read or refused. */
static void test_random(void)
{
	static const char letters[] = "0123456789abcdef\"\",,;\t \r\n+x";
	struct csv_row r;
	char text[200];

	for (int i = 0; i < 20000; i++) {
		const size_t len = (size_t)(random_next() % (sizeof(text) - 1));

		for (size_t j = 0; j < len; j++)
			text[j] = letters[random_next() % (sizeof(letters) - 1)];
		text[len] = '\0';
		CU_ASSERT_PTR_NOT_NULL(row("imsi,ki,opc,msisdn", text, &defaults, &r));
	}
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"fields", test_split},
	    {"too many fields", test_split_many},
	    {"header", test_header},
	    {"row", test_row},
	    {"OP and OPc", test_op},
	    {"UE-ID", test_ue_id},
	    {"domains, EESEs, AMF", test_choices},
	    {"bad lines", test_bad},
	    {"shifted lines", test_shifted},
	    {"random lines", test_random},
	};

	random_seed();
	return run_suite("emks csv", tests, COUNT(tests));
}
