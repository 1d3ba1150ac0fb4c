/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record in two sectors of flash. A sector is slots, each a body (record, number, checksum) and
 * a mark, and a last mark that says that the record went on in the other sector. A mark is
 * programmed only when what it stands for was read back whole, so:
 *
 * - a body that does not hold and has no mark was cut off: the record before it is the one;
 * - a body that does not hold behind a mark was finished and is damaged: so is the record;
 * - a body that holds without a mark may consist of bits that read otherwise tomorrow.
 *
 * Whatever a power cut left, the record that was chosen is written once more before it is given
 * out, with a number above all that the rest of a cut could still turn into.
 */
#include "internal.h"

#include "eese/flash.h"

enum {
	SEQ_AT = EESE_UE_RECORD_SIZE,
	CRC_AT = SEQ_AT + 4,
	BODY_SIZE = CRC_AT + 4,
	MARK_SIZE = 4,
	BODY_MAX = BODY_SIZE + EESE_FLASH_PROGRAM_MAX,
	SLOT_TRIES = 3, /* slots that don't take what is programmed, a write */
};

enum mark { MARK_NONE, MARK_PARTLY, MARK_SET };

/* What one sector holds. */
struct sector {
	uint32_t seq;     /* of its newest slot that holds; 0: none does */
	uint32_t slot;    /* that one */
	uint32_t free;    /* behind it and behind everything that is not blank */
	enum mark mark;   /* of that slot */
	enum mark moved;  /* the last mark */
	bool spoiled;     /* a slot behind it was finished and does not hold */
	bool any_read_ok; /* of its slots */
};

static uint32_t rounded(const struct eese_flash *f, uint32_t size)
{
	uint32_t unit = f->port.program_size;
	return (size + unit - 1) / unit * unit;
}

static uint32_t slot_size(const struct eese_flash *f)
{
	return rounded(f, BODY_SIZE) + rounded(f, MARK_SIZE);
}

static uint32_t slots(const struct eese_flash *f)
{
	return (f->port.sector_size - rounded(f, MARK_SIZE)) / slot_size(f);
}

static uint32_t mark_at(const struct eese_flash *f, uint32_t slot)
{
	return slot * slot_size(f) + rounded(f, BODY_SIZE);
}

static uint32_t moved_at(const struct eese_flash *f)
{
	return f->port.sector_size - rounded(f, MARK_SIZE);
}

static bool all(const uint8_t *p, size_t len, uint8_t value)
{
	size_t i = 0;
	while (i < len && p[i] == value) {
		i++;
	}
	return i == len;
}

static enum mark read_mark(const struct eese_flash *f, unsigned sector, uint32_t at)
{
	uint8_t octets[EESE_FLASH_PROGRAM_MAX];
	uint32_t len = rounded(f, MARK_SIZE);
	if (!f->port.read(f->port.ctx, sector, at, octets, len)) {
		return MARK_PARTLY;
	}
	return all(octets, len, 0xff) ? MARK_NONE : all(octets, len, 0) ? MARK_SET : MARK_PARTLY;
}

static bool set_mark(const struct eese_flash *f, unsigned sector, uint32_t at)
{
	static const uint8_t zeros[EESE_FLASH_PROGRAM_MAX];
	return f->port.program(f->port.ctx, sector, at, zeros, rounded(f, MARK_SIZE)) &&
	       read_mark(f, sector, at) == MARK_SET;
}

/* The slot's number if its body holds, else 0. */
static uint32_t read_body(const struct eese_flash *f, unsigned sector, uint32_t slot,
			  uint8_t body[BODY_MAX], bool *readable)
{
	const uint8_t *seq = body + SEQ_AT;
	const uint8_t *crc = body + CRC_AT;
	*readable =
	    f->port.read(f->port.ctx, sector, slot * slot_size(f), body, rounded(f, BODY_SIZE));
	if (!*readable || eese_dev_get(&crc, 4) != eese_dev_crc32(body, CRC_AT)) {
		return 0;
	}
	return (uint32_t)eese_dev_get(&seq, 4);
}

/* Each slot is read once, so that bits which read now so, now so can't bring about a view that
 * contradicts itself. A record newer than *newest goes to record. */
static void look_into_slot(const struct eese_flash *f, unsigned sector, uint32_t slot,
			   struct sector *s, uint32_t *newest, uint8_t *record)
{
	uint8_t body[BODY_MAX];
	bool readable;
	uint32_t seq = read_body(f, sector, slot, body, &readable);
	enum mark mark = read_mark(f, sector, mark_at(f, slot));
	s->any_read_ok = s->any_read_ok || readable;
	if (mark != MARK_NONE || !readable || !all(body, rounded(f, BODY_SIZE), 0xff)) {
		s->free = slot + 1;
	}
	if (seq == 0) {
		s->spoiled = s->spoiled || mark != MARK_NONE;
		return;
	}
	if (seq > s->seq) {
		s->seq = seq;
		s->slot = slot;
		s->mark = mark;
		s->spoiled = false;
	}
	if (seq > *newest) {
		*newest = seq;
		memcpy(record, body, EESE_UE_RECORD_SIZE);
	}
}

static void look_into(const struct eese_flash *f, struct sector s[2],
		      uint8_t record[EESE_UE_RECORD_SIZE])
{
	uint32_t newest = 0;
	memset(s, 0, 2 * sizeof *s);
	for (unsigned i = 0; i < 2; i++) {
		s[i].moved = read_mark(f, i, moved_at(f));
		for (uint32_t slot = 0; slot < slots(f); slot++) {
			look_into_slot(f, i, slot, &s[i], &newest, record);
		}
	}
}

/* Body, then mark, each read back. */
static bool write_slot(const struct eese_flash *f, const uint8_t record[EESE_UE_RECORD_SIZE])
{
	uint8_t body[BODY_MAX];
	uint32_t size = rounded(f, BODY_SIZE);
	bool readable;
	memset(body, 0xff, sizeof body);
	memcpy(body, record, EESE_UE_RECORD_SIZE);
	eese_dev_put(body + SEQ_AT, f->seq, 4);
	eese_dev_put(body + CRC_AT, eese_dev_crc32(body, CRC_AT), 4);
	return f->port.program(f->port.ctx, f->sector, f->next * slot_size(f), body, size) &&
	       read_body(f, f->sector, f->next, body, &readable) == f->seq &&
	       memcmp(body, record, EESE_UE_RECORD_SIZE) == 0 &&
	       set_mark(f, f->sector, mark_at(f, f->next));
}

/* The sector left gets its last mark once a slot of the other one is whole: from then on it is
 * known that the newest record is not here. A mark that fails only leaves that unknown. */
static void leave(const struct eese_flash *f, unsigned sector)
{
	if (read_mark(f, sector, moved_at(f)) == MARK_NONE) {
		(void)set_mark(f, sector, moved_at(f));
	}
}

static bool append(struct eese_flash *f, const uint8_t record[EESE_UE_RECORD_SIZE])
{
	for (int i = 0; i < SLOT_TRIES; i++) {
		if (f->seq == UINT32_MAX) {
			return false;
		}
		if (f->next >= slots(f)) {
			unsigned other = 1u - f->sector;
			if (!f->port.erase(f->port.ctx, other)) {
				return false;
			}
			f->sector = (uint8_t)other;
			f->next = 0;
		}
		f->seq++;
		bool written = write_slot(f, record);
		bool first = f->next++ == 0;
		if (written) {
			if (first) {
				leave(f, 1u - f->sector);
			}
			return true;
		}
	}
	return false;
}

/* Where the next slot is, and its number. */
static void place(struct eese_flash *f, const struct sector *a, bool damaged, bool clean)
{
	uint32_t above = clean ? 0 : 2 * slots(f);
	f->seq = a->seq <= UINT32_MAX - above ? a->seq + above : UINT32_MAX;
	f->next = damaged ? slots(f) : a->free;
	f->mounted = true;
}

/* Nothing was cut off that could be newer: the newest slot is finished, nothing comes behind it,
 * and the other sector is blank, or was not yet erased whole since it was left. */
static bool is_clean(const struct sector *a, const struct sector *other)
{
	return a->mark == MARK_SET && a->free == a->slot + 1 &&
	       (other->moved != MARK_NONE || other->free == 0);
}

static enum eese_ue_nvm_result mount(struct eese_flash *f, uint8_t record[EESE_UE_RECORD_SIZE])
{
	struct sector s[2];
	look_into(f, s, record);
	f->mounted = false;
	if (!s[0].any_read_ok && !s[1].any_read_ok) {
		return EESE_UE_NVM_FAILED;
	}
	f->sector = s[1].seq > s[0].seq;
	const struct sector *a = &s[f->sector];
	const struct sector *other = &s[1 - f->sector];
	bool damaged = a->spoiled || a->moved != MARK_NONE;
	bool clean = is_clean(a, other);
	if (a->seq == 0) {
		damaged = damaged || other->spoiled || other->moved != MARK_NONE;
		clean = a->free == 0 && other->free == 0;
	}
	place(f, a, damaged, clean && !damaged);
	if (damaged) {
		memset(record, 0, EESE_UE_RECORD_SIZE);
		return EESE_UE_NVM_OK;
	}
	if (a->seq == 0) {
		return EESE_UE_NVM_EMPTY;
	}
	if (!clean && !append(f, record)) {
		f->mounted = false;
		return EESE_UE_NVM_FAILED;
	}
	leave(f, 1u - f->sector);
	return EESE_UE_NVM_OK;
}

enum eese_result eese_flash_init(struct eese_flash *f, const struct eese_flash_port *port)
{
	uint8_t unit = port->program_size;
	memset(f, 0, sizeof *f);
	if (port->read == NULL || port->program == NULL || port->erase == NULL || unit == 0 ||
	    unit > EESE_FLASH_PROGRAM_MAX || (unit & (unit - 1)) != 0 ||
	    port->sector_size % unit != 0) {
		return EESE_INVALID;
	}
	f->port = *port;
	if (port->sector_size < slot_size(f) + rounded(f, MARK_SIZE)) {
		memset(f, 0, sizeof *f);
		return EESE_INVALID;
	}
	return EESE_OK;
}

enum eese_ue_nvm_result eese_flash_nvm(struct eese_flash *f, enum eese_ue_nvm op,
				       uint8_t record[EESE_UE_RECORD_SIZE])
{
	uint8_t found[EESE_UE_RECORD_SIZE];
	if (op == EESE_UE_NVM_READ) {
		return mount(f, record);
	}
	if (!f->mounted && mount(f, found) == EESE_UE_NVM_FAILED) {
		return EESE_UE_NVM_FAILED;
	}
	return append(f, record) ? EESE_UE_NVM_OK : EESE_UE_NVM_FAILED;
}
