/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eese-ue's state file: power is cut at every system call that changes the disk, on a disk that
 * keeps only what was synced and forgets of the rest what it likes. Old or new, never anything
 * else, and no number of a keyset is used for two messages. The linker puts the functions below in
 * front of the C library's.
 */
#include "ue_support.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/say.h"
#include "ue/tool/state.h"

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
ssize_t __real_write(int fd, const void *octets, size_t len);
ssize_t __wrap_write(int fd, const void *octets, size_t len);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_close(int fd);
int __wrap_close(int fd);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);

/* A file as the disk may have it. */
struct content {
	bool exists, synced;
	uint8_t octets[2 * EESE_UE_RECORD_SIZE];
	size_t len;
};

static struct {
	bool watched;
	struct content temporary; /* what was written to it */
	struct content named;     /* what has the file's name now */
	struct content durable;   /* what has it for good */
	int left;                 /* calls until power is cut or a call fails; -1: never */
	int error;                /* the call fails with it once; 0: power is cut */
	bool off;
	char unsynced[8][PATH_MAX]; /* directories made whose parents are not yet on the disk */
} disk;

/* Whether this call happens; if not, errno is set. */
static bool goes_through(void)
{
	if (!disk.watched) {
		return true;
	}
	if (disk.off) {
		errno = EIO;
		return false;
	}
	if (disk.left != 0) {
		disk.left -= disk.left > 0;
		return true;
	}
	disk.left = -1;
	disk.off = disk.error == 0;
	errno = disk.error != 0 ? disk.error : EIO;
	return false;
}

int __wrap_open(const char *path, int flags, ...)
{
	va_list arguments;
	va_start(arguments, flags);
	mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
	va_end(arguments);
	if ((flags & O_TRUNC) == 0) {
		return __real_open(path, flags, mode);
	}
	if (!goes_through()) {
		return -1;
	}
	memset(&disk.temporary, 0, sizeof disk.temporary);
	disk.temporary.exists = true;
	return __real_open(path, flags, mode);
}

int __wrap_fchmod(int fd, mode_t mode)
{
	return goes_through() ? __real_fchmod(fd, mode) : -1;
}

static void add(const uint8_t *octets, size_t len)
{
	CU_ASSERT_FATAL(disk.temporary.len + len <= sizeof disk.temporary.octets);
	memcpy(disk.temporary.octets + disk.temporary.len, octets, len);
	disk.temporary.len += len;
	disk.temporary.synced = false;
}

/* None writes all at once, and one that power cuts off has written a part. */
ssize_t __wrap_write(int fd, const void *octets, size_t len)
{
	size_t part = len > 50 ? 50 : len;
	bool was_off = disk.off;
	bool through = goes_through();
	int why = errno;
	if (through || (disk.off && !was_off)) {
		part = through ? part : part / 2;
		add(octets, part);
		ssize_t n = __real_write(fd, octets, part);
		errno = why;
		return through ? n : -1;
	}
	return -1;
}

/* The directory of this descriptor, "" if it is none. */
static void directory_of(int fd, char path[PATH_MAX])
{
	char link[64];
	struct stat st;
	path[0] = '\0';
	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, path, PATH_MAX - 1);
	path[len > 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) ? len : 0] = '\0';
}

static void directory_synced(const char *path)
{
	size_t len = strlen(path);
	for (size_t i = 0; i < sizeof disk.unsynced / sizeof disk.unsynced[0]; i++) {
		const char *made = disk.unsynced[i];
		if (strncmp(made, path, len) == 0 && made[len] == '/' &&
		    strchr(made + len + 1, '/') == NULL) {
			disk.unsynced[i][0] = '\0';
		}
	}
}

int __wrap_fsync(int fd)
{
	char directory[PATH_MAX];
	if (!goes_through()) {
		return -1;
	}
	directory_of(fd, directory);
	if (directory[0] == '\0') {
		disk.temporary.synced = true;
	} else {
		disk.durable = disk.named;
		directory_synced(directory);
	}
	return 0; /* the test's file system need not */
}

int __wrap_close(int fd)
{
	char directory[PATH_MAX];
	directory_of(fd, directory);
	int result = __real_close(fd);
	return directory[0] != '\0' || goes_through() ? result : -1;
}

int __wrap_rename(const char *from, const char *to)
{
	if (!goes_through()) {
		return -1;
	}
	disk.named = disk.temporary;
	return __real_rename(from, to);
}

int __wrap_mkdir(const char *path, mode_t mode)
{
	int result = __real_mkdir(path, mode);
	for (size_t i = 0; result == 0; i++) {
		CU_ASSERT_FATAL(i < sizeof disk.unsynced / sizeof disk.unsynced[0]);
		if (disk.unsynced[i][0] == '\0') {
			(void)snprintf(disk.unsynced[i], sizeof disk.unsynced[i], "%s", path);
			break;
		}
	}
	return result;
}

/* ---- what is left after the cut ---- */

static char directory[] = "/tmp/eese-state-XXXXXX";
static char path[PATH_MAX];

static void put_file(const char *name, const uint8_t *octets, size_t len)
{
	int fd = __real_open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	CU_ASSERT_FATAL(fd >= 0 && __real_write(fd, octets, len) == (ssize_t)len);
	__real_close(fd);
}

enum { OUTCOMES = 6 };

/* Puts the file as outcome says; false: the disk has no such outcome. 0: as it was for good; else
 * with the name as it is now, and 1: all octets, 2 to 5: a part of what was not synced. */
static bool power_on(unsigned outcome)
{
	char name[PATH_MAX + 8];
	const struct content *c = outcome == 0 ? &disk.durable : &disk.named;
	size_t len = c->len;
	disk.watched = false;
	if (outcome > 1 && (c->synced || !c->exists)) {
		return false;
	}
	if (outcome > 1) {
		len = len * (outcome - 2) / 4;
	}
	(void)snprintf(name, sizeof name, "%s.tmp", path);
	put_file(name, disk.temporary.octets, disk.temporary.len / 2);
	(void)unlink(path);
	if (c->exists) {
		put_file(path, c->octets, len);
	}
	disk.durable = disk.named = *c;
	disk.off = false;
	disk.left = -1;
	return true;
}

static void record_of(uint8_t n, uint8_t out[EESE_UE_RECORD_SIZE])
{
	memset(out, n, EESE_UE_RECORD_SIZE);
}

/* The one octet the record is made of; -1: there is none; -2: it can't be read; -3: a mixture. */
static int read_number(struct state *s)
{
	uint8_t record[EESE_UE_RECORD_SIZE];
	switch (state_nvm(s, EESE_UE_NVM_READ, record)) {
	case EESE_UE_NVM_EMPTY:
		return -1;
	case EESE_UE_NVM_FAILED:
		return -2;
	case EESE_UE_NVM_OK:
		break;
	}
	for (size_t i = 1; i < sizeof record; i++) {
		if (record[i] != record[0]) {
			return -3;
		}
	}
	return record[0];
}

static bool write_number(struct state *s, uint8_t n)
{
	uint8_t record[EESE_UE_RECORD_SIZE];
	record_of(n, record);
	return state_nvm(s, EESE_UE_NVM_WRITE, record) == EESE_UE_NVM_OK;
}

static void watch(int left, int error)
{
	disk.watched = true;
	disk.left = left;
	disk.error = error;
}

static void forget(struct state *s)
{
	(void)unlink(path);
	memset(&disk, 0, sizeof disk);
	disk.left = -1;
	CU_ASSERT_FATAL(state_open(s, path, "ue"));
}

static void power_cut_at_every_call(void)
{
	struct state s;
	bool done = false;
	int cuts = 0;
	for (unsigned outcome = 0; outcome < OUTCOMES; outcome++) {
		for (int old = -1; old <= 1; old += 2) {
			done = false;
			for (int cut = 0; !done; cut++) {
				forget(&s);
				watch(-1, 0);
				CU_ASSERT(old < 0 || write_number(&s, (uint8_t)old));
				watch(cut, 0);
				done = write_number(&s, 2);
				CU_ASSERT(done == !disk.off);
				CU_ASSERT(!done || cut >= 8); /* calls, of which each was cut */
				if (power_on(outcome)) {
					int n = read_number(&s);
					CU_ASSERT(n == 2 || (n == old && !done));
					CU_ASSERT(write_number(&s, 3));
					CU_ASSERT_EQUAL(read_number(&s), 3);
					cuts++;
				}
				state_close(&s);
			}
		}
	}
	CU_ASSERT(cuts > 30);
}

static void call_that_fails(void)
{
	static const int errors[] = {EIO, ENOSPC, EINTR, EDQUOT, EROFS};
	struct state s;
	for (size_t e = 0; e < sizeof errors / sizeof errors[0]; e++) {
		bool failed = true;
		for (int at = 0; failed; at++) {
			forget(&s);
			CU_ASSERT(write_number(&s, 1));
			watch(at, errors[e]);
			bool ok = write_number(&s, 2);
			failed = disk.left == -1;
			disk.watched = false;
			CU_ASSERT_EQUAL(s.failed, !ok);
			int n = read_number(&s);
			CU_ASSERT(ok ? n == 2 : n == 1 || n == 2);
			CU_ASSERT(ok || failed);
			CU_ASSERT(write_number(&s, 3));
			CU_ASSERT_EQUAL(read_number(&s), 3);
			state_close(&s);
		}
	}
}

static void new_directories_last(void)
{
	char deep[PATH_MAX + 32];
	struct state s;
	memset(&disk, 0, sizeof disk);
	(void)snprintf(deep, sizeof deep, "%s/a/b/c/state", directory);
	CU_ASSERT(state_open(&s, deep, "ue"));
	for (size_t i = 0; i < sizeof disk.unsynced / sizeof disk.unsynced[0]; i++) {
		CU_ASSERT_EQUAL(disk.unsynced[i][0], '\0');
	}
	CU_ASSERT_EQUAL(read_number(&s), -1);
	state_close(&s);
	static const char *const made[] = {"a/b/c/state.lock", "a/b/c", "a/b", "a"};
	for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
		(void)snprintf(deep, sizeof deep, "%s/%s", directory, made[i]);
		CU_ASSERT_EQUAL(remove(deep), 0);
	}
}

static void file_that_is_none(void)
{
	static const uint8_t octets[EESE_UE_RECORD_SIZE + 1];
	static const size_t lengths[] = {0, 1, EESE_UE_RECORD_SIZE - 1, EESE_UE_RECORD_SIZE + 1};
	struct state s;
	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		forget(&s);
		put_file(path, octets, lengths[i]);
		CU_ASSERT_EQUAL(read_number(&s), -2);
		CU_ASSERT(s.failed);
		state_close(&s);
	}
}

static void one_at_a_time(void)
{
	struct state s;
	struct state second;
	forget(&s);
	CU_ASSERT(!state_open(&second, path, "ue"));
	state_close(&second);
	state_close(&s);
	CU_ASSERT(state_open(&second, path, "ue"));
	state_close(&second);
}

/* ---- the whole device over the file ---- */

static struct {
	struct state state;
	struct eese_ue_port of_world;
} device;

static enum eese_ue_nvm_result device_nvm(void *ctx, enum eese_ue_nvm op,
					  uint8_t record[EESE_UE_RECORD_SIZE])
{
	(void)ctx;
	return state_nvm(&device.state, op, record);
}

static bool device_send(void *ctx, const struct eese_ue_message *m)
{
	return !disk.off && device.of_world.send(ctx, m);
}

static void no_number_twice(void)
{
	enum { KSN = 16, NUMBERS = 8192 };
	static struct sent used[NUMBERS];
	struct world *w = world_new();
	unsigned texts = 0;
	unsigned cuts = 0;
	memset(used, 0, sizeof used);
	forget(&device.state);
	device.of_world = w->config.port;
	w->config.port.nvm = device_nvm;
	w->config.port.send = device_send;
	w->config.reserve_block = 2;
	world_init(w);
	CU_ASSERT_EQUAL(update(w, KSN, 1, absent()), EESE_OK);
	for (unsigned life = 0; life < 1500; life++) {
		watch((int)(life * 7 % 45), 0);
		for (int i = 0; i < 8; i++) {
			char text[16];
			(void)snprintf(text, sizeof text, "text %u", texts++);
			publish(w, text, true);
		}
		take_events(w);
		cuts += disk.off;
		for (const struct sent *s; (s = next_sent(w)) != NULL;) {
			struct eese_data_head head;
			CU_ASSERT_EQUAL_FATAL(eese_data_head(s->octets, s->len, &head), EESE_OK);
			CU_ASSERT_FATAL(head.number < NUMBERS);
			CU_ASSERT_EQUAL(used[head.number].len, 0);
			used[head.number] = *s;
		}
		if (!power_on(life % OUTCOMES)) {
			CU_ASSERT(power_on(life % 2));
		}
		world_restart(w);
		CU_ASSERT_EQUAL(eese_ue_ksn(&w->ue), KSN);
	}
	CU_ASSERT(cuts > 1000);
	state_close(&device.state);
	world_free(w);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"power cut at every call", power_cut_at_every_call},
	    {"a call that fails", call_that_fails},
	    {"new directories last", new_directories_last},
	    {"a file that is none", file_that_is_none},
	    {"one process at a time", one_at_a_time},
	    {"no number twice", no_number_twice},
	};
	if (mkdtemp(directory) == NULL) {
		perror(directory);
		return EXIT_FAILURE;
	}
	(void)snprintf(path, sizeof path, "%s/state", directory);
	say_setup(true, false, false);
	int code = run_suite("tool state", tests, sizeof tests / sizeof tests[0]);
	char name[PATH_MAX + 8];
	(void)snprintf(name, sizeof name, "%s.tmp", path);
	(void)unlink(name);
	(void)snprintf(name, sizeof name, "%s.lock", path);
	(void)unlink(name);
	(void)unlink(path);
	(void)rmdir(directory);
	return code;
}
