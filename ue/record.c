/* SPDX-License-Identifier: Apache-2.0 */
/* The one record in non-volatile memory, clause 6: what must not be forgotten at a power cut. */
#include "internal.h"

enum { MAGIC = 0x45554532 }; /* "EUE2": the layout of struct record, in the device's own order */

static uint32_t crc_of(const struct record *r)
{
	return eese_dev_crc32((const uint8_t *)r, offsetof(struct record, crc));
}

enum eese_result eese_dev_record_write(const struct eese_ue *ue, struct record *r)
{
	const struct eese_ue_port *port = &ue->config.port;
	r->magic = MAGIC;
	r->crc = crc_of(r);
	return port->nvm(port->ctx, EESE_UE_NVM_WRITE, (uint8_t *)r) == EESE_UE_NVM_OK
		   ? EESE_OK
		   : EESE_STORAGE;
}

/* EESE_NO_KEY: none was ever written. EESE_STORAGE: it can't be read. EESE_MALFORMED: it is
 * damaged. */
enum eese_result eese_dev_record_read(const struct eese_ue *ue, struct record *out)
{
	const struct eese_ue_port *port = &ue->config.port;
	enum eese_ue_nvm_result r = port->nvm(port->ctx, EESE_UE_NVM_READ, (uint8_t *)out);
	if (r != EESE_UE_NVM_OK) {
		return r == EESE_UE_NVM_EMPTY ? EESE_NO_KEY : EESE_STORAGE;
	}
	if (out->magic != MAGIC || out->crc != crc_of(out) ||
	    eese_alg_info(out->current.alg) == NULL) {
		return EESE_MALFORMED;
	}
	out->current.used = out->before.used = true;
	return EESE_OK;
}

/* The record of the state as it is. */
void eese_dev_record_of(const struct eese_ue *ue, struct record *out)
{
	const struct eese_ue_keyset *before = eese_dev_known(ue, ue->before_ksn);
	memset(out, 0, sizeof *out);
	out->ikid = ue->ikid;
	out->current = ue->known[0];
	out->numbers_reserved = ue->numbers_reserved;
	out->units_reserved = ue->units_reserved;
	out->down_next = ue->down.next;
	if (before != NULL) {
		out->before = *before;
		out->before_next = ue->before_down.next;
	}
}
