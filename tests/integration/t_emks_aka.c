/* SPDX-License-Identifier: Apache-2.0 */
/* AKA against a real eese-emksd, and the key that an EESE gets afterwards. */
#include "emks_client.h"

#include <string.h>

#include "harness.h"
#include "host/hex.h"

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

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", test_start},
	    {"from SIM to EESE", test_chain},
	    {"stop", test_stop},
	};

	return harness_main("emks: AKA", tests, sizeof tests / sizeof *tests);
}
