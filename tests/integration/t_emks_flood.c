/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CoAP of a real eese-emksd: repeated datagrams, and whoever knows no K: random datagrams, wrong
 * RES, guessed tokens, endless challenges. No key comes of it, memory stays bounded, and a device
 * with its SIM gets through afterwards. EESE_FLOOD=1000000 t_emks_flood does each so often,
 * which takes minutes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emks_client.h"
#include "harness.h"
#include "host/hex.h"
#include "raw_coap.h"

enum {
	ROUNDS = 5000,
	GROWTH_KIB = 24 << 10, /* all of libcoap's, SQLite's, malloc's own: far from a leak's */
	WINDOW = 32,
};

static struct emks emks;
static long rounds = ROUNDS;
static long memory;
static int fd;
static uint16_t mid;

static void start(void)
{
	const char *given = getenv("EESE_FLOOD"), *asan = getenv("ASAN_OPTIONS");
	char options[512];

	if (given != NULL)
		rounds = strtol(given, NULL, 10);
	/* freed memory that a sanitizer holds back is no growth */
	snprintf(options, sizeof options, "%s:quarantine_size_mb=2", asan != NULL ? asan : "");
	setenv("ASAN_OPTIONS", options, 1);
	REQUIRE(emks_make(&emks));
	/* longer than a million guesses take */
	REQUIRE(emks_start(&emks, "challenge_life 3600\n"));
	REQUIRE(emks_add(&emks, "001010000000001", "victim", "--hps yes"));
	fd = raw_coap_open(emks.coap_port);
}

static void expect_no_key(void)
{
	struct http_reply reply;

	emks_retrieve(&emks, "victim", &reply);
	EXPECT_EQUAL(reply.status, 204);
}

static void expect_memory(void)
{
	const long now = emks_memory(&emks);

	if (now >= memory + GROWTH_KIB)
		printf("\n  %ld KiB, and %ld before", now, memory);
	EXPECT(now < memory + GROWTH_KIB);
}

/* A new challenge for this subscriber. */
static bool challenge_of(const char *who, char token[RAW_TOKEN + 1], uint8_t octets[RAW_CHALLENGE])
{
	struct datagram request, reply;

	raw_coap_request(&request, RAW_POST, ++mid, "enps/aka", NULL, who, strlen(who));
	(void)raw_coap_ask(fd, &request, &reply);
	return raw_coap_challenge(&reply, token, octets);
}

static void res_of(const uint8_t challenge[RAW_CHALLENGE], uint8_t res[EESE_RES_SIZE])
{
	uint8_t k[EESE_K_SIZE], opc[EESE_OP_SIZE];
	struct eese_milenage_out f;

	eese_hex_read(TEST_K, 2 * sizeof k, k, sizeof k);
	eese_hex_read(TEST_OPC, 2 * sizeof opc, opc, sizeof opc);
	EXPECT(eese_milenage_f2345(k, opc, challenge, &f) == EESE_OK);
	memcpy(res, f.res, EESE_RES_SIZE);
}

static int put(const char *token, const char *query, const void *payload, size_t len)
{
	struct datagram request, reply;
	char path[64];

	snprintf(path, sizeof path, "enps/aka/%s", token);
	raw_coap_request(&request, RAW_PUT, ++mid, path, query, payload, len);
	return raw_coap_ask(fd, &request, &reply);
}

/* ---- repeated datagrams (RFC 7252 4.2, 4.5) ---- */

/* The same octets come back, the request is done once. */
static void expect_same(const struct datagram *request, int code)
{
	struct datagram first, again;

	EXPECT_EQUAL(raw_coap_ask(fd, request, &first), code);
	for (int i = 0; i < 3; i++) {
		EXPECT_EQUAL(raw_coap_ask(fd, request, &again), code);
		EXPECT(again.len == first.len && memcmp(again.p, first.p, first.len) == 0);
	}
}

static void test_repeated(void)
{
	struct datagram post, request, reply, other;
	char token[RAW_TOKEN + 1], path[64];
	uint8_t challenge[RAW_CHALLENGE], res[EESE_RES_SIZE];
	int elsewhere = raw_coap_open(emks.coap_port);

	REQUIRE(emks_add(&emks, "001010000000002", "repeats", ""));
	raw_coap_request(&post, RAW_POST, ++mid, "enps/aka", NULL, "repeats", 7);
	expect_same(&post, 201);
	EXPECT_EQUAL(raw_coap_ask(fd, &post, &reply), 201);
	/* of another peer, or with another message ID, it is another one */
	EXPECT_EQUAL(raw_coap_ask(elsewhere, &post, &other), 201);
	EXPECT(other.len != reply.len || memcmp(other.p, reply.p, reply.len) != 0);
	close(elsewhere);

	REQUIRE(raw_coap_challenge(&reply, token, challenge));
	res_of(challenge, res);
	snprintf(path, sizeof path, "enps/aka/%s", token);
	raw_coap_request(&request, RAW_PUT, ++mid, path, NULL, res, sizeof res);
	expect_same(&request, 204);
	/* the device that heard none of it and begins to repeat with new message IDs */
	raw_coap_request(&request, RAW_PUT, ++mid, path, NULL, res, sizeof res);
	expect_same(&request, 204);

	REQUIRE(challenge_of("repeats", token, challenge));
	res[0] ^= 1;
	snprintf(path, sizeof path, "enps/aka/%s", token);
	raw_coap_request(&request, RAW_PUT, ++mid, path, NULL, res, sizeof res);
	expect_same(&request, 401);
}

/* ---- bad requests ---- */

static void test_bad_requests(void)
{
	static const struct {
		const char *path, *query, *payload;
		int code;
		uint8_t method;
	} rows[] = {
	    {"enps/aka", NULL, NULL, 400, RAW_POST},
	    {"enps/aka", "x", "victim", 400, RAW_POST},
	    {"enps/aka", NULL, "nobody", 403, RAW_POST},
	    {"enps/aka", NULL, "VICTIM", 403, RAW_POST},
	    {"enps/aka", NULL, "victim\n", 403, RAW_POST},
	    {"enps/aka", NULL, "' OR ue_id LIKE '%' --", 403, RAW_POST},
	    {"enps/aka", NULL, NULL, 405, RAW_GET},
	    {"enps/aka", NULL, "victim", 405, RAW_PUT},
	    {"enps/aka/AAAAAAAAAAAAAAAA", NULL, "victim", 405, RAW_POST},
	    {"enps/aka/AAAAAAAAAAAAAAAA", NULL, "12345678", 404, RAW_PUT},
	    {"enps/aka/AAAAAAAAAAAAAAAA", "auts", "12345678901234", 404, RAW_PUT},
	    {"enps/aka/AAAAAAAAAAAAAAAA", "autsx", "12345678901234", 400, RAW_PUT},
	    {"enps/aka/A", NULL, "12345678", 404, RAW_PUT},
	    {"enps/aka/A/B", NULL, "12345678", 404, RAW_PUT},
	    {"enps", NULL, "victim", 404, RAW_POST},
	    {"hps/akas", NULL, "victim", 404, RAW_POST},
	    {"", NULL, "victim", 404, RAW_POST},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *payload = rows[i].payload != NULL ? rows[i].payload : "";
		struct datagram request, reply;

		raw_coap_request(&request, rows[i].method, ++mid, rows[i].path, rows[i].query,
				 payload, strlen(payload));
		EXPECT_EQUAL(raw_coap_ask(fd, &request, &reply), rows[i].code);
		if (raw_coap_code(&reply) != rows[i].code)
			printf("  row %zu\n", i);
	}
	expect_no_key();
}

/* ---- floods ---- */

static unsigned state = 4711;

static uint8_t any(void)
{
	state = state * 1103515245 + 12345;
	return (uint8_t)(state >> 16);
}

/* Reads away what came. */
static void drain(int timeout_ms)
{
	struct datagram reply;

	while (raw_coap_hear(fd, &reply, timeout_ms))
		timeout_ms = 0;
}

/* Random ones, random ones that begin as CoAP does, and honest ones with octets changed. */
static void garble(struct datagram *d, long round)
{
	raw_coap_request(d, any() % 8, ++mid,
			 round % 2 == 0 ? "enps/aka" : "enps/aka/0123456789abcdef",
			 round % 3 == 0 ? "auts" : NULL, "victim", 6);
	if (round % 4 != 0) {
		for (int i = any() % 6; i >= 0; i--)
			d->p[any() % d->len] = any();
		d->len -= any() % 3;
		return;
	}
	d->len = ((size_t)any() << 8 | any()) % RAW_DATAGRAM_MAX;
	for (size_t i = round % 8 == 0 ? 0 : 4; i < d->len; i++)
		d->p[i] = any();
}

static void test_random(void)
{
	struct datagram d;

	memory = emks_memory(&emks);
	for (long i = 0; i < 4 * rounds; i++) {
		garble(&d, i);
		raw_coap_send(fd, &d);
		if (i % WINDOW == 0)
			drain(i % 1024 == 0 ? 20 : 0);
	}
	drain(500);
	expect_no_key();
	expect_memory();
}

static void test_wrong_res(void)
{
	uint8_t challenge[RAW_CHALLENGE], res[EESE_RES_SIZE];
	char token[RAW_TOKEN + 1];
	long spent = 0;

	for (long i = 0; i < rounds; i++) {
		REQUIRE(challenge_of("victim", token, challenge));
		res_of(challenge, res);
		res[i % 8] ^= (uint8_t)(1U << i / 8 % 8);
		EXPECT_EQUAL(put(token, NULL, res, i % 16 == 15 ? 7 : 8), 401);
		res[i % 8] ^= (uint8_t)(1U << i / 8 % 8);
		if (i % 64 == 0)
			spent += put(token, NULL, res, 8) == 404 ? 1 : 0;
	}
	EXPECT_EQUAL(spent, (rounds + 63) / 64);
	expect_no_key();
	expect_memory();
}

/* All who guess get 4.04, and the device whose challenge is open finishes it afterwards. */
static void test_guessed(void)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint8_t challenge[RAW_CHALLENGE], res[EESE_RES_SIZE];
	char token[RAW_TOKEN + 1], guess[RAW_TOKEN + 1];
	long gone = 0;

	REQUIRE(emks_add(&emks, "001010000000003", "patient", ""));
	REQUIRE(challenge_of("patient", token, challenge));
	res_of(challenge, res);
	for (long i = 0; i < rounds; i++) {
		memcpy(guess, token, sizeof guess);
		for (int j = i % 2 == 0 ? 0 : 3; j < RAW_TOKEN; j++)
			guess[j] = letters[any() % 64];
		gone += put(guess, i % 5 == 0 ? "auts" : NULL, res, 8) == 404 ? 1 : 0;
	}
	EXPECT_EQUAL(gone, rounds);
	/* one character away */
	for (int j = 0; j < RAW_TOKEN; j++) {
		memcpy(guess, token, sizeof guess);
		guess[j] = guess[j] == 'A' ? 'B' : 'A';
		EXPECT_EQUAL(put(guess, NULL, res, 8), 404);
	}
	EXPECT_EQUAL(put(token, NULL, res, 8), 204);
	expect_memory();
}

/* Each from a port of its own, as if addresses were forged. */
static void test_peers(void)
{
	const long count = rounds;
	struct datagram request, reply;
	long answered = 0;

	for (long i = 0; i < count; i++) {
		int from = raw_coap_open(emks.coap_port);

		raw_coap_request(&request, RAW_POST, ++mid, "enps/aka", NULL, "victim", 6);
		answered += raw_coap_ask(from, &request, &reply) == 201 ? 1 : 0;
		close(from);
	}
	EXPECT_EQUAL(answered, count);
	expect_memory();
}

/* Endless challenges push out the oldest ones only; a device that is as fast as usual gets through,
 * and the SIM follows the sequence number. */
static void test_challenges(void)
{
	uint8_t challenge[RAW_CHALLENGE], res[EESE_RES_SIZE], later[RAW_CHALLENGE];
	char token[RAW_TOKEN + 1], other[RAW_TOKEN + 1];

	emks_stop(&emks);
	REQUIRE(emks_start(&emks, "challenges 50\n"));
	REQUIRE(challenge_of("patient", token, challenge));
	for (int i = 0; i < 49; i++)
		REQUIRE(challenge_of("victim", other, later));
	res_of(challenge, res);
	EXPECT_EQUAL(put(token, NULL, res, 8), 204);
	REQUIRE(challenge_of("patient", token, challenge));
	for (int i = 0; i < 50; i++)
		REQUIRE(challenge_of("victim", other, later));
	res_of(challenge, res);
	EXPECT_EQUAL(put(token, NULL, res, 8), 404);
	res_of(later, res);
	EXPECT_EQUAL(put(other, NULL, res, 8), 204);
}

/* After all that: the SIM, which took none of those challenges, and its key. */
static void test_afterwards(void)
{
	struct emks_device d;
	struct coap_reply last;
	uint8_t key[EESE_INT_KEY_SIZE];

	device_init(&d);
	EXPECT(device_aka(&emks, &d, EESE_DOMAIN_ENPS, "victim", key, &last));
	EXPECT(device_aka(&emks, &d, EESE_DOMAIN_HPS, "victim", key, &last));
}

static void stop(void)
{
	close(fd);
	emks_remove(&emks);
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},
	    {"repeated datagrams", test_repeated},
	    {"bad requests", test_bad_requests},
	    {"random datagrams", test_random},
	    {"wrong RES", test_wrong_res},
	    {"guessed tokens", test_guessed},
	    {"many peers", test_peers},
	    {"many challenges", test_challenges},
	    {"afterwards", test_afterwards},
	    {"stop", stop},
	};

	return harness_main("emks: floods", tests, sizeof tests / sizeof *tests);
}
