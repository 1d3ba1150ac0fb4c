/* SPDX-License-Identifier: Apache-2.0 */
/* What the test tells the shim below SQLite in the broker, in memory that both map. */
#ifndef EESE_TESTS_CRASH_DISK_SHIM_H
#define EESE_TESTS_CRASH_DISK_SHIM_H

#include <stdatomic.h>
#include <stdint.h>

/* Names the file to map. */
#define DISK_CONTROL_ENV "EESE_CRASH_DISK"

enum disk_fault {
	DISK_GOOD,
	DISK_ERROR, /* the calls fail with error */
	DISK_SHORT, /* the first writes a half, the others fail with error */
	DISK_KILL,  /* the first writes a half, and that was the process's last deed */
};

/* Calls that change the store's files are counted; those from at on, so many, have the fault. */
struct disk_control {
	_Atomic uint32_t calls, failed;
	_Atomic uint32_t fault, at, count, error;
};

/* In a process that it is linked into: from now on. */
void disk_shim_use(struct disk_control *control);

#endif
