/* SPDX-License-Identifier: Apache-2.0 */
/* KEY_REQUEST, clauses 3.3 and 3.4. */
#include "core/cose.h"
#include "core/first.h"
#include "core/octets.h"
#include "eese/control.h"

#include <string.h>

enum { PAYLOAD_SIZE = EESE_KEY_REQUEST_SIZE - EESE_MAC_SIZE };

enum eese_result eese_key_request_encode(const uint8_t control_key[EESE_CONTROL_KEY_SIZE],
					 const char *ue_id, const struct eese_key_request *r,
					 uint8_t out[EESE_KEY_REQUEST_SIZE])
{
	struct eese_writer w = eese_writer_of(out, PAYLOAD_SIZE);
	enum eese_result result = EESE_INVALID;

	eese_write_uint(&w, 1, eese_first_octet(EESE_KIND_KEY_REQUEST, r->reason));
	eese_write_uint(&w, 4, r->ksn);
	eese_write_uint(&w, 2, r->ikid);
	if (r->reason <= EESE_REASON_MAX)
		result = eese_cose_mac(control_key, ue_id, EESE_UPLINK, out, PAYLOAD_SIZE,
				       out + PAYLOAD_SIZE);
	if (result != EESE_OK)
		memset(out, 0, EESE_KEY_REQUEST_SIZE);
	return result;
}

/* Clause 3: an unlisted reason is read as 2. */
static uint8_t known_reason(uint8_t reason)
{
	return reason <= EESE_REQUEST_ALG ? reason : EESE_REQUEST_REFRESH;
}

/* The form alone; the MAC is not looked at. */
static bool read_form(const uint8_t *msg, size_t len, struct eese_key_request *out)
{
	struct eese_reader r = eese_reader_of(msg, len);
	unsigned first;

	if (len != EESE_KEY_REQUEST_SIZE)
		return false;
	first = (unsigned)eese_read_uint(&r, 1);
	out->reason = known_reason(first & EESE_REASON_MAX);
	out->ksn = (uint32_t)eese_read_uint(&r, 4);
	out->ikid = (uint16_t)eese_read_uint(&r, 2);
	return r.ok && first >> 6 == EESE_KIND_KEY_REQUEST;
}

enum eese_result eese_key_request_ikid(const uint8_t *msg, size_t len, uint16_t *out)
{
	struct eese_key_request request;

	if (!read_form(msg, len, &request))
		return EESE_MALFORMED;
	*out = request.ikid;
	return EESE_OK;
}

enum eese_result eese_key_request_decode(const uint8_t control_key[EESE_CONTROL_KEY_SIZE],
					 const char *ue_id, const uint8_t *msg, size_t len,
					 struct eese_key_request *out)
{
	struct eese_key_request request = {0};
	enum eese_result r;

	memset(out, 0, sizeof(*out));
	if (!read_form(msg, len, &request))
		return EESE_MALFORMED;
	r = eese_cose_mac_check(control_key, ue_id, EESE_UPLINK, msg, len);
	if (r == EESE_OK)
		*out = request;
	return r;
}
