/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record of eese/ue.h in flash memory, for devices without a file system. Clause 6 asks for one
 * atomic record {IKID, KSN, RAND, alg, numbers reserved}: after a power cut at any moment, also in
 * the middle of an erase or with bits half programmed, a read gives the old record or the new one,
 * and the same one from then on. A record that was written and is no longer whole is given out as
 * a damaged one, never replaced by an older one, whose numbers were used.
 *
 * Two sectors are filled slot by slot and erased in turns, so that wear is spread: of a 4 KiB
 *sector with units of 8 octets, 28 writes share one erase. A write is two program operations. Cells
 *that a power cut touched but that still read as erased are taken for erased; what is programmed is
 *read back.
 *
 * Both sectors must have been erased once, when the device is given its key. No allocation, about
 * 700 octets of stack. Called from the nvm of a struct eese_ue_port:
 *
 *	return eese_flash_nvm(&flash, op, record);
 */
#ifndef EESE_FLASH_H
#define EESE_FLASH_H

#include "eese/ue.h"

enum { EESE_FLASH_PROGRAM_MAX = 32 };

struct eese_flash_port {
	/* sector is 0 or 1; at, len: octets from its start, all within it. false: they can't be
	 * read, for example because ECC does not hold after a power cut. */
	bool (*read)(void *ctx, unsigned sector, uint32_t at, uint8_t *out, size_t len);
	/* Octets that read 0xff now, or zeros over anything, which flash with ECC takes too; at and
	 * len are multiples of program_size. Done when it returns. Where erased flash reads 0x00
	 * the port inverts. */
	bool (*program)(void *ctx, unsigned sector, uint32_t at, const uint8_t *octets, size_t len);
	bool (*erase)(void *ctx, unsigned sector);
	void *ctx;
	uint32_t sector_size; /* octets of each: a multiple of program_size, at least 224 */
	uint8_t program_size; /* 1, 2, 4, 8, 16 or 32 octets that are programmed as one */
};

/* Its members are the functions' own; all zero but port before the first use. */
struct eese_flash {
	struct eese_flash_port port;
	uint32_t seq;   /* of the newest slot */
	uint32_t next;  /* the slot to be written, in .. */
	uint8_t sector; /* .. this sector */
	bool mounted;
};

/* EESE_INVALID: a size in port is not as above; *flash is then all zero. Touches no flash. */
EESE_MUST_CHECK enum eese_result eese_flash_init(struct eese_flash *flash,
						 const struct eese_flash_port *port);

/* As the nvm of struct eese_ue_port. A read writes too if it finds a write that was cut off. A
 * record that is damaged reads as EESE_UE_NVM_OK with all octets zero, which eese_ue_init() takes
 * as what it is. */
enum eese_ue_nvm_result eese_flash_nvm(struct eese_flash *flash, enum eese_ue_nvm op,
				       uint8_t record[EESE_UE_RECORD_SIZE]);

#endif
