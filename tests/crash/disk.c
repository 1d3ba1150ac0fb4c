/* SPDX-License-Identifier: Apache-2.0 */
#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include "disk_shim.h"

enum {
	TMPFS_SIZE = 1 << 20,
	FULL_FILE = 4096, /* octets that a file may have on a full disk that is none */
	EACH_CALL = 24,   /* of a broker's first ones each has its turn */
	LATER_CALLS = 120,
};

static enum disk_kind kind;
static bool has_tmpfs, full, was_full;
static char directory[64], lines[128], filler[96];
static struct disk_control *control;
static unsigned turn_of_call, times_full, calls_before, failed_before;
static uint64_t toggle_at;

/* Its own mount, which goes with this process and its children. */
static bool mount_tmpfs(void)
{
	char size[32];

	snprintf(size, sizeof size, "size=%d", TMPFS_SIZE);
	return unshare(CLONE_NEWNS) == 0 &&
	       mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("crash", directory, "tmpfs", MS_NOSUID | MS_NODEV, size) == 0;
}

static bool start_full(void)
{
	has_tmpfs = mount_tmpfs();
	if (!has_tmpfs)
		printf("no tmpfs can be mounted here (%s): the size of files is limited instead\n",
		       strerror(errno));
	snprintf(filler, sizeof filler, "%s/filler", directory);
	return true;
}

static bool start_calls(void)
{
	char path[96];
	int fd;

	snprintf(path, sizeof path, "%s/control", directory);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, sizeof *control) != 0 || setenv(DISK_CONTROL_ENV, path, 1) != 0)
		return false;
	control = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return control != MAP_FAILED;
}

static void remove_directory(void)
{
	static const char *const names[] = {"control", "filler", "eese.db", "eese.db-wal",
					    "eese.db.kek"};
	char path[96];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/%s", directory, names[i]);
		unlink(path);
	}
	if (has_tmpfs)
		umount(directory);
	rmdir(directory);
}

bool disk_start(enum disk_kind which)
{
	kind = which;
	if (kind == DISK_SOUND)
		return true;
	snprintf(directory, sizeof directory, "/tmp/eese-disk-XXXXXX");
	if (mkdtemp(directory) == NULL) {
		perror(directory);
		return false;
	}
	atexit(remove_directory);
	snprintf(lines, sizeof lines, "plugin_opt_store %s/eese.db\n", directory);
	return kind == DISK_FULL ? start_full() : start_calls();
}

const char *disk_lines(void)
{
	return kind == DISK_SOUND ? NULL : lines;
}

const char *disk_preload(void)
{
	return kind == DISK_CALLS ? EESE_CRASH_SHIM : NULL;
}

/* ---- full ---- */

/* All that is left of the tmpfs goes into one file. */
static void fill(pid_t broker)
{
	static const char zeros[4096];
	const struct rlimit limit = {.rlim_cur = FULL_FILE, .rlim_max = RLIM_INFINITY};
	int fd;

	full = was_full = true;
	times_full++;
	if (!has_tmpfs) {
		prlimit(broker, RLIMIT_FSIZE, &limit, NULL);
		return;
	}
	fd = open(filler, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	while (fd >= 0 && write(fd, zeros, sizeof zeros) > 0)
		continue;
	if (fd >= 0)
		close(fd);
}

static void empty(pid_t broker)
{
	const struct rlimit limit = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};

	if (!full)
		return;
	full = false;
	if (has_tmpfs)
		unlink(filler);
	else if (broker > 0)
		prlimit(broker, RLIMIT_FSIZE, &limit, NULL);
}

/* ---- calls ---- */

/* Each of the first calls of a start with each fault, then at random. */
static void plan_calls(void)
{
	static const int errors[] = {EIO, ENOSPC, EDQUOT, EROFS};
	unsigned turn = turn_of_call++, faults = DISK_KILL;

	atomic_store(&control->calls, 0);
	atomic_store(&control->failed, 0);
	atomic_store(&control->at,
		     turn / faults < EACH_CALL ? turn / faults : (uint32_t)pick(LATER_CALLS));
	atomic_store(&control->count, pick(2) == 0 ? UINT32_MAX : (uint32_t)pick_between(1, 20));
	atomic_store(&control->error, (uint32_t)errors[pick(4)]);
	atomic_store(&control->fault, 1 + turn % faults);
}

static void note_calls(void)
{
	calls_before += atomic_load(&control->calls);
	failed_before += atomic_load(&control->failed);
	atomic_store(&control->calls, 0);
	atomic_store(&control->failed, 0);
}

/* ---- both ---- */

void disk_next(bool good)
{
	if (kind == DISK_CALLS) {
		note_calls();
		atomic_store(&control->fault, DISK_GOOD);
		/* The first life is sound: what no row was ever written of has no KSN to keep. */
		if (!good && run.life > 0)
			plan_calls();
	}
	if (kind == DISK_FULL) {
		/* A start may find it full, too. */
		if (good || !has_tmpfs || pick(3) > 0)
			empty(0);
		was_full = full;
	}
}

void disk_disturb(pid_t broker)
{
	if (kind != DISK_FULL || now_ms() < toggle_at)
		return;
	toggle_at = now_ms() + pick_between(500, 4000);
	if (full)
		empty(broker);
	else
		fill(broker);
}

void disk_heal(pid_t broker)
{
	/* What the fault was is still to be told. */
	if (kind == DISK_CALLS)
		atomic_store(&control->count, 0);
	if (kind == DISK_FULL)
		empty(broker);
}

bool disk_failed(void)
{
	return (kind == DISK_CALLS && atomic_load(&control->failed) > 0) ||
	       (kind == DISK_FULL && was_full);
}

bool disk_kills(void)
{
	return kind == DISK_CALLS && atomic_load(&control->failed) > 0 &&
	       atomic_load(&control->fault) == DISK_KILL;
}

struct disk_sum disk_sum(void)
{
	struct disk_sum sum = {.faults = times_full};

	if (kind == DISK_CALLS) {
		note_calls();
		sum = (struct disk_sum){.faults = failed_before, .calls = calls_before};
	}
	return sum;
}
