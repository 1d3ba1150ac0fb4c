/* SPDX-License-Identifier: Apache-2.0 */
/* AKA against a real eese-emksd, and the key that an EESE gets afterwards. */
#include "emks_client.h"

#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "host/hex.h"
#include "raw_coap.h"

static struct emks emks;

static void expect_key(const char *ue_id, const uint8_t key[EESE_INT_KEY_SIZE])
{
	struct http_reply reply;
	char hex[80], want[2 * EESE_INT_KEY_SIZE + 1];

	eese_hex_write(key, EESE_INT_KEY_SIZE, want);
	emks_retrieve(&emks, ue_id, &reply);
	EXPECT_EQUAL(reply.status, 200);
	EXPECT(http_member(&reply, "e2eIntKey", hex, sizeof hex) && strcmp(hex, want) == 0);
}

static void expect_status(const char *ue_id, long status)
{
	struct http_reply reply;

	emks_retrieve(&emks, ue_id, &reply);
	EXPECT_EQUAL(reply.status, status);
}

static void test_start(void)
{
	REQUIRE(emks_make(&emks));
	REQUIRE(emks_start(&emks, NULL));
}

static void test_stop(void)
{
	emks_remove(&emks);
}

static void test_chain(void)
{
	struct emks_device d;
	struct coap_reply last;
	uint8_t key[EESE_INT_KEY_SIZE];

	REQUIRE(emks_add(&emks, "001010000000001", "chain-1", ""));
	device_init(&d);
	expect_status("chain-1", 204);
	EXPECT(device_aka(&emks, &d, EESE_DOMAIN_ENPS, "chain-1", key, &last));
	expect_key("chain-1", key);
	/* again, by IMSI: the newest key counts */
	EXPECT(device_aka(&emks, &d, EESE_DOMAIN_ENPS, "001010000000001", key, &last));
	expect_key("chain-1", key);
	EXPECT_EQUAL(d.resyncs, 0);
	expect_status("nobody", 404);
	EXPECT(!device_aka(&emks, &d, EESE_DOMAIN_ENPS, "nobody", key, &last));
	EXPECT_EQUAL(last.code, 403);
}

/* The number in a challenge, as the SIM reads it. */
static uint64_t sqn_of(const uint8_t challenge[RAW_CHALLENGE])
{
	uint8_t k[EESE_K_SIZE], opc[EESE_OP_SIZE];
	struct eese_milenage_out f;
	uint64_t sqn = 0;

	eese_hex_read(TEST_K, 2 * sizeof k, k, sizeof k);
	eese_hex_read(TEST_OPC, 2 * sizeof opc, opc, sizeof opc);
	EXPECT(eese_milenage_f2345(k, opc, challenge, &f) == EESE_OK);
	for (int i = 0; i < EESE_SQN_SIZE; i++)
		sqn = sqn << 8 | (uint8_t)(challenge[EESE_AKA_RAND_SIZE + i] ^ f.ak[i]);
	return sqn;
}

/* The greater of greatest and the reply's number, which must be above before. */
static uint64_t take_reply(const struct datagram *d, uint64_t before, uint64_t greatest)
{
	char token[RAW_TOKEN + 1];
	uint8_t challenge[RAW_CHALLENGE];
	uint64_t sqn;

	EXPECT(raw_coap_challenge(d, token, challenge));
	sqn = sqn_of(challenge);
	EXPECT(sqn > before);
	return sqn > greatest ? sqn : greatest;
}

/* Asks for challenges faster than they come, kills the daemon in the middle, and looks at all that
 * came. */
static uint64_t killed_in_between(int round, uint64_t before)
{
	int fd = raw_coap_open(emks.coap_port);
	struct datagram request, reply;
	uint64_t greatest = before;

	for (int i = 0; i < 60 + 7 * round; i++) {
		raw_coap_request(&request, RAW_POST, (uint16_t)(round * 1000 + i), "enps/aka", NULL,
				 "killed", 6);
		raw_coap_send(fd, &request);
		if (i % 3 == 2 && raw_coap_hear(fd, &reply, 5000))
			greatest = take_reply(&reply, before, greatest);
	}
	emks_kill(&emks);
	while (raw_coap_hear(fd, &reply, 0))
		greatest = take_reply(&reply, before, greatest);
	close(fd);
	return greatest;
}

static void test_killed(void)
{
	struct emks_device d;
	struct coap_reply last;
	uint8_t key[EESE_INT_KEY_SIZE];
	uint64_t greatest = 0, before = 0;

	REQUIRE(emks_add(&emks, "001010000000007", "killed", ""));
	device_init(&d);
	for (int round = 0; round < 12; round++) {
		greatest = killed_in_between(round, before);
		EXPECT(greatest > before);
		before = greatest;
		/* what was said to be done stays */
		REQUIRE(emks_start(&emks, NULL));
		if (round % 4 != 0)
			continue;
		EXPECT(device_aka(&emks, &d, EESE_DOMAIN_ENPS, "killed", key, &last));
		emks_kill(&emks);
		REQUIRE(emks_start(&emks, NULL));
		expect_key("killed", key);
	}
	EXPECT_EQUAL(d.resyncs, 0);
}

/* A SIM that is far ahead of a restored database: AUTS, once. */
static void test_resynchronised(void)
{
	struct emks_device d;
	struct coap_reply last;
	uint8_t key[EESE_INT_KEY_SIZE];

	REQUIRE(emks_add(&emks, "001010000000008", "restored", ""));
	device_init(&d);
	EXPECT(device_aka(&emks, &d, EESE_DOMAIN_ENPS, "restored", key, &last));
	EXPECT_EQUAL(emks_shell(&emks, "sqlite3 hss.db \"UPDATE sqn SET reserved = reserved + "
				       "4398046511104 WHERE subscriber = (SELECT id FROM "
				       "subscriber WHERE ue_id = 'restored')\""),
		     0);
	emks_kill(&emks);
	REQUIRE(emks_start(&emks, NULL));
	/* 2^42 ahead, which is beyond what a SIM accepts: it tells its own, and the AuC goes back
	 */
	EXPECT(device_aka(&emks, &d, EESE_DOMAIN_ENPS, "restored", key, &last));
	EXPECT_EQUAL(d.resyncs, 1);
	expect_key("restored", key);
	EXPECT_EQUAL(emks_shell(&emks,
				"sqlite3 hss.db \"UPDATE sqn SET reserved = 0 WHERE subscriber = "
				"(SELECT id FROM subscriber WHERE ue_id = 'restored')\""),
		     0);
	emks_kill(&emks);
	REQUIRE(emks_start(&emks, NULL));
	EXPECT(device_aka(&emks, &d, EESE_DOMAIN_ENPS, "restored", key, &last));
	EXPECT_EQUAL(d.resyncs, 2);
	expect_key("restored", key);
	EXPECT(device_aka(&emks, &d, EESE_DOMAIN_ENPS, "restored", key, &last));
	EXPECT_EQUAL(d.resyncs, 2);
}

/* Two domains of one SIM: other keys, and the EESE gets EnPS's only. */
static void test_domains(void)
{
	struct emks_device d;
	struct coap_reply last;
	uint8_t enps[EESE_INT_KEY_SIZE], hps[EESE_INT_KEY_SIZE];

	REQUIRE(emks_add(&emks, "001010000000009", "both", "--hps yes"));
	device_init(&d);
	EXPECT(device_aka(&emks, &d, EESE_DOMAIN_HPS, "both", hps, &last));
	expect_status("both", 204);
	EXPECT(device_aka(&emks, &d, EESE_DOMAIN_ENPS, "both", enps, &last));
	expect_key("both", enps);
	EXPECT(memcmp(enps, hps, sizeof hps) != 0);
	EXPECT(device_aka(&emks, &d, EESE_DOMAIN_HPS, "both", hps, &last));
	expect_key("both", enps);
	EXPECT_EQUAL(emks_shell(&emks, "$EESE_HSS set both --enps no"), 0);
	expect_status("both", 403);
	EXPECT(!device_aka(&emks, &d, EESE_DOMAIN_ENPS, "both", enps, &last));
	EXPECT_EQUAL(last.code, 403);
	EXPECT(device_aka(&emks, &d, EESE_DOMAIN_HPS, "both", hps, &last));
	EXPECT_EQUAL(d.resyncs, 0);
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", test_start},     {"from SIM to EESE", test_chain},
	    {"killed", test_killed},   {"resynchronised", test_resynchronised},
	    {"domains", test_domains}, {"stop", test_stop},
	};

	return harness_main("emks: AKA", tests, sizeof tests / sizeof *tests);
}
