/* SPDX-License-Identifier: Apache-2.0 */
/* Octets on the wire, as the code makes them. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

static struct test_ue ue;

static double data_overhead(uint64_t number)
{
	struct octets msg;

	ue_seal_number(&ue, "t", "", number, &msg);
	return (double)msg.len;
}

static double update_size(const struct eese_ref *ref)
{
	const struct eese_key_update u = {
	    .ksn = 1800000000, .ikid = ue.ikid, .alg = EESE_ALG_AES_CCM_16_64_128, .ref = *ref};
	uint8_t out[EESE_KEY_UPDATE_MAX];
	size_t len = 0;

	EXPECT(eese_key_update_encode(ue.control_key, ue.id, &u, out, &len) == EESE_OK);
	return (double)len;
}

static double error_size(uint8_t reason)
{
	const struct eese_error e = {.reason = reason, .kid = 1, .number = 1000};
	uint8_t out[EESE_ERROR_MAX];
	size_t len = 0;

	EXPECT(eese_error_encode(&e, out, &len) == EESE_OK);
	return (double)len;
}

/* The whole PUBLISH at QoS 1 of 64 octets by "ue-0". */
static double mqtt_size(bool sealed)
{
	static const char text[] =
	    "0123456789012345678901234567890123456789012345678901234567890123";
	uint8_t packet[256];
	struct octets msg;

	ue_seal_number(&ue, "t", text, 1, &msg);
	if (!sealed)
		msg.len = sizeof text - 1;
	return (double)link_publish(packet, sealed ? "e2e/ue-0/up/t" : "app/ue-0/up/t", msg.p,
				    msg.len, 1, 1);
}

void case_octets(void)
{
	const struct eese_key_update first = {.ksn = 1800000000, .alg = EESE_ALG_AES_CCM_16_64_128};
	struct eese_ref ref = {.form = EESE_REF_ABSENT};

	ue_named(&ue, "ue-0");
	ue_adopt(&ue, &first);
	report_group("Octets on the wire");
	report_number("data message: more than its plaintext, number 0", "octets", data_overhead(0),
		      10);
	report_number("the same, number 256", "octets", data_overhead(256), 11);
	report_number("the same, number 65,536", "octets", data_overhead(65536), 12);
	report_number("KEY_REQUEST", "octets", EESE_KEY_REQUEST_SIZE, 15);
	report_number("KEY_UPDATE, nothing held from before", "octets", update_size(&ref), 32);
	ref = (struct eese_ref){.form = EESE_REF_VALID, .kid = 1};
	report_number("KEY_UPDATE, the keyset before is valid", "octets", update_size(&ref), 33);
	ref = (struct eese_ref){
	    .form = EESE_REF_INVALID, .kid = 1, .next = 1000, .accepted = UINT64_MAX};
	report_number("KEY_UPDATE, it is not, 1,000 messages without gap", "octets",
		      update_size(&ref), 36);
	ref.accepted = ~(uint64_t)4;
	report_number("KEY_UPDATE, the same with a gap", "octets", update_size(&ref), 44);
	report_number("ERROR", "octets", error_size(EESE_ERROR_NO_KEY), 1);
	report_number("ERROR that names a message", "octets", error_size(EESE_ERROR_KEY_UNKNOWN),
		      7);
	report_number("MQTT PUBLISH, 64 octets, QoS 1, in the clear", "octets", mqtt_size(false),
		      0);
	report_number("MQTT PUBLISH, the same protected", "octets", mqtt_size(true), 0);
}
