/* SPDX-License-Identifier: Apache-2.0 */
/* ERROR, clause 3.5. */
#include "core/first.h"
#include "core/number.h"
#include "eese/control.h"

#include <string.h>

enum eese_result eese_error_encode(const struct eese_error *e, uint8_t out[EESE_ERROR_MAX],
				   size_t *out_len)
{
	struct eese_writer w = eese_writer_of(out, EESE_ERROR_MAX);
	const bool names_message = e->reason == EESE_ERROR_KEY_UNKNOWN;

	*out_len = 0;
	if (e->reason > EESE_REASON_MAX)
		return EESE_INVALID;
	if (names_message && (e->kid > 7 || e->number > EESE_NUMBER_MAX))
		return EESE_INVALID;
	eese_write_uint(&w, 1, eese_first_octet(EESE_KIND_ERROR, e->reason));
	if (names_message)
		eese_write_number(&w, e->kid, e->number);
	*out_len = w.len;
	return EESE_OK;
}

static bool read(struct eese_reader *r, struct eese_error *out)
{
	const unsigned first = (unsigned)eese_read_uint(r, 1);

	out->reason = first & EESE_REASON_MAX;
	if (first >> 6 != EESE_KIND_ERROR)
		return false;
	if (out->reason == EESE_ERROR_KEY_UNKNOWN && !eese_read_number(r, &out->kid, &out->number))
		return false;
	return eese_read_all(r);
}

enum eese_result eese_error_decode(const uint8_t *msg, size_t len, struct eese_error *out)
{
	struct eese_reader r = eese_reader_of(msg, len);

	*out = (struct eese_error){0};
	if (read(&r, out))
		return EESE_OK;
	*out = (struct eese_error){0};
	return EESE_MALFORMED;
}
