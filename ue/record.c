/* SPDX-License-Identifier: Apache-2.0 */
/* The one record in non-volatile memory, clause 6: what must not be forgotten at a power cut. */
#include "internal.h"

enum {
	MAGIC = 0x45554531, /* "EUE1": the layout below */
	CRC_AT = EESE_UE_RECORD_SIZE - 4,
};

static uint8_t *put_keyset(uint8_t *p, const struct eese_ue_keyset *k)
{
	p = eese_dev_put(p, k->ksn, 4);
	p = eese_dev_put(p, k->alg, 1);
	memcpy(p, k->rand, EESE_RAND_SIZE);
	return p + EESE_RAND_SIZE;
}

static struct eese_ue_keyset get_keyset(const uint8_t **p)
{
	struct eese_ue_keyset k = {.ksn = (uint32_t)eese_dev_get(p, 4), .used = true};
	k.alg = (uint8_t)eese_dev_get(p, 1);
	memcpy(k.rand, *p, EESE_RAND_SIZE);
	*p += EESE_RAND_SIZE;
	return k;
}

enum eese_result eese_dev_record_write(struct eese_ue *ue, const struct record *r)
{
	uint8_t octets[EESE_UE_RECORD_SIZE] = {0};
	uint8_t *p = eese_dev_put(octets, MAGIC, 4);
	p = eese_dev_put(p, r->ikid, 2);
	p = put_keyset(p, &r->current);
	p = eese_dev_put(p, r->numbers_reserved, 8);
	p = eese_dev_put(p, r->units_reserved, 4);
	p = eese_dev_put(p, r->down_next, 8);
	p = put_keyset(p, &r->before);
	eese_dev_put(p, r->before_next, 8);
	eese_dev_put(octets + CRC_AT, eese_dev_crc32(octets, CRC_AT), 4);
	return ue->config.port.nvm(ue->config.port.ctx, EESE_UE_NVM_WRITE, octets) == EESE_UE_NVM_OK
		   ? EESE_OK
		   : EESE_STORAGE;
}

static bool decode(const uint8_t octets[EESE_UE_RECORD_SIZE], struct record *out)
{
	const uint8_t *p = octets;
	const uint8_t *crc = octets + CRC_AT;
	if (eese_dev_get(&p, 4) != MAGIC ||
	    eese_dev_get(&crc, 4) != eese_dev_crc32(octets, CRC_AT)) {
		return false;
	}
	out->ikid = (uint16_t)eese_dev_get(&p, 2);
	out->current = get_keyset(&p);
	out->numbers_reserved = eese_dev_get(&p, 8);
	out->units_reserved = (uint32_t)eese_dev_get(&p, 4);
	out->down_next = eese_dev_get(&p, 8);
	out->before = get_keyset(&p);
	out->before_next = eese_dev_get(&p, 8);
	return out->current.ksn != 0 && eese_alg_info(out->current.alg) != NULL;
}

/* *found is false if none was ever written. EESE_STORAGE: it can't be read. EESE_MALFORMED: it
 * is damaged. */
enum eese_result eese_dev_record_read(struct eese_ue *ue, struct record *out, bool *found)
{
	uint8_t octets[EESE_UE_RECORD_SIZE] = {0};
	memset(out, 0, sizeof *out);
	*found = false;
	switch (ue->config.port.nvm(ue->config.port.ctx, EESE_UE_NVM_READ, octets)) {
	case EESE_UE_NVM_OK:
		*found = decode(octets, out);
		return *found ? EESE_OK : EESE_MALFORMED;
	case EESE_UE_NVM_EMPTY:
		return EESE_OK;
	default:
		return EESE_STORAGE;
	}
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
