/* SPDX-License-Identifier: Apache-2.0 */
/* KEY_UPDATE, clauses 3.2 and 3.4. */
#include "core/cose.h"
#include "core/first.h"
#include "core/octets.h"
#include "core/ref.h"
#include "eese/control.h"

#include <string.h>

static void write_payload(struct eese_writer *w, const struct eese_key_update *u)
{
	eese_write_uint(w, 1, eese_first_octet(EESE_KIND_KEY_UPDATE, u->reason));
	eese_write_uint(w, 4, u->ksn);
	eese_write_uint(w, 2, u->ikid);
	eese_write(w, u->rand, EESE_RAND_SIZE);
	eese_write_uint(w, 1, u->alg);
	eese_write_ref(w, &u->ref);
}

enum eese_result eese_key_update_encode(const uint8_t control_key[EESE_CONTROL_KEY_SIZE],
					const char *ue_id, const struct eese_key_update *u,
					uint8_t out[EESE_KEY_UPDATE_MAX], size_t *out_len)
{
	struct eese_writer w = eese_writer_of(out, EESE_KEY_UPDATE_MAX);
	uint8_t mac[EESE_MAC_SIZE];
	enum eese_result r;

	*out_len = 0;
	if (u->reason > EESE_REASON_MAX || !eese_ref_valid(&u->ref))
		return EESE_INVALID;
	write_payload(&w, u);
	r = eese_cose_mac(control_key, ue_id, EESE_DOWNLINK, out, w.len, mac);
	if (r != EESE_OK)
		return r;
	eese_write(&w, mac, sizeof(mac));
	*out_len = w.len;
	return EESE_OK;
}

/* Clause 3: an unlisted reason is read as 0. */
static uint8_t known_reason(uint8_t reason)
{
	return reason <= EESE_UPDATE_ASKED ? reason : EESE_UPDATE_CONTACT;
}

/* The form alone; the MAC is not looked at. */
static bool read_form(const uint8_t *msg, size_t len, struct eese_key_update *out)
{
	struct eese_reader r = eese_reader_of(msg, len);
	unsigned first;

	if (len < EESE_KEY_UPDATE_MIN || len > EESE_KEY_UPDATE_MAX)
		return false;
	r.left -= EESE_MAC_SIZE;
	first = (unsigned)eese_read_uint(&r, 1);
	if (first >> 6 != EESE_KIND_KEY_UPDATE)
		return false;
	out->reason = known_reason(first & EESE_REASON_MAX);
	out->ksn = (uint32_t)eese_read_uint(&r, 4);
	out->ikid = (uint16_t)eese_read_uint(&r, 2);
	eese_read_to(&r, out->rand, EESE_RAND_SIZE);
	out->alg = (uint8_t)eese_read_uint(&r, 1);
	return eese_read_ref(&r, &out->ref);
}

enum eese_result eese_key_update_decode(const uint8_t control_key[EESE_CONTROL_KEY_SIZE],
					const char *ue_id, const uint8_t *msg, size_t len,
					struct eese_key_update *out)
{
	enum eese_result r = EESE_MALFORMED;

	memset(out, 0, sizeof(*out));
	if (read_form(msg, len, out))
		r = eese_cose_mac_check(control_key, ue_id, EESE_DOWNLINK, msg, len);
	if (r != EESE_OK)
		memset(out, 0, sizeof(*out));
	return r;
}
