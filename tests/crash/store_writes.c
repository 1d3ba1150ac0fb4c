/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store without a broker, each run a process: at each of its writes in turn the disk fails, for
 * once or for good, or takes a half, or the process dies. A sound run follows and looks whether all
 * is there that was promised, and whether a KSN goes back. The clock stands still, so that only the
 * store keeps KSNs apart.
 */
#include <CUnit/Basic.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "disk_shim.h"
#include "plugin/store/store.h"

enum { UES = 3, WRITES_MAX = 200, WAIT_MS = 5000 };

enum ending { CLOSE, CRASH };
enum outcome { SERVED, REFUSED, BROKEN };

/* Of all processes. */
struct shared {
	struct disk_control disk;
	uint32_t announced[UES]; /* the highest KSN that a UE heard of */
	uint32_t said;           /* te2e, one higher each run */
	uint32_t written;        /* the te2e that a commit or a clean end promised */
	bool clean;              /* the last run ended with all written */
	bool sure;               /* it said so, or was never at it */
};

static struct shared *shared;
static char path[96];
static const struct eese_time now = {.ms = 5000, .unix = 1800000000};

/* ---- one run ---- */

static enum outcome broken(const char *what)
{
	printf("\n  %s ", what);
	fflush(stdout);
	return BROKEN;
}

static void ue_id(unsigned ue, char out[8])
{
	snprintf(out, 8, "ue-%u", ue);
}

static struct eese_endpoint *make_endpoint(void)
{
	struct eese_endpoint_config config = EESE_ENDPOINT_DEFAULTS;
	struct eese_endpoint *ep;

	config.alloc = malloc;
	config.release = free;
	return eese_endpoint_new(&config, &ep) == EESE_OK ? ep : NULL;
}

static bool add_ues(struct eese_endpoint *ep)
{
	for (unsigned ue = 0; ue < UES; ue++) {
		const struct eese_ue_entry entry = {.has_key = true, .int_key = {1}, .line = 1};
		char id[8];

		ue_id(ue, id);
		if (eese_endpoint_set_ue(ep, id, strlen(id), &entry) != EESE_OK)
			return false;
	}
	return true;
}

/* Each UE gets a keyset that is new. */
static bool announce(struct eese_endpoint *ep)
{
	static unsigned rands;
	uint8_t rand[EESE_RAND_SIZE] = {0}, sealed[64];

	eese_endpoint_expire_all(ep);
	for (unsigned ue = 0; ue < UES; ue++) {
		struct eese_ue_saved saved;
		struct eese_actions out;
		bool ordered;
		char id[8];

		rands++;
		memcpy(rand, &rands, sizeof rands);
		eese_endpoint_add_rand(ep, rand);
		ue_id(ue, id);
		if (eese_endpoint_downlink(ep, now, id, strlen(id), "t", 1, (const uint8_t *)"on",
					   2, sealed, sizeof sealed, &ordered, &out) != EESE_OK ||
		    out.sealed_len == 0 || !eese_endpoint_save(ep, id, strlen(id), &saved) ||
		    saved.highest_ksn <= shared->announced[ue])
			return false;
		shared->announced[ue] = saved.highest_ksn;
	}
	return true;
}

static bool say_te2e(struct eese_endpoint *ep)
{
	shared->said++;
	for (unsigned ue = 0; ue < UES; ue++) {
		char id[8];

		ue_id(ue, id);
		if (eese_endpoint_set_te2e_ue(ep, id, strlen(id), &shared->said) != EESE_OK)
			return false;
	}
	return true;
}

/* All that was promised, and nothing that nobody said. */
static enum outcome look_at_loaded(struct eese_endpoint *ep, const struct eese_store_found *found)
{
	if (shared->sure && found->clean != shared->clean)
		return broken(found->clean ? "a clean end that was none" : "no clean end seen");
	/* Whoever died at the mark had all written before it. */
	if (found->clean)
		shared->written = shared->said;
	for (unsigned ue = 0; ue < UES; ue++) {
		struct eese_ue_saved saved;
		char id[8];

		ue_id(ue, id);
		if (!eese_endpoint_save(ep, id, strlen(id), &saved)) {
			if (shared->written > 0)
				return broken("a UE is lost");
		} else if (saved.te2e_s < shared->written || saved.te2e_s > shared->said) {
			return broken("what was written is lost");
		}
	}
	return SERVED;
}

/* Until all is written, or can't be. */
static void await_commit(struct eese_store *s)
{
	const struct timespec ms = {.tv_nsec = 1000000};
	struct eese_store_status status;

	for (int waited = 0; waited < WAIT_MS; waited++) {
		eese_store_look(s, &status);
		if (status.writer.failing)
			return;
		if (status.writer.commits > 0 && status.writer.waiting == 0) {
			shared->written = shared->said;
			return;
		}
		nanosleep(&ms, NULL);
	}
	(void)broken("neither written nor failing");
}

static void no_progress(void *ctx, size_t rows)
{
	(void)ctx, (void)rows;
}

static enum outcome serve(struct eese_store *s, struct eese_endpoint *ep, enum ending ending)
{
	char wrong[EESE_STORE_TEXT_SIZE];

	shared->clean = false;
	shared->sure = true;
	if (!announce(ep) || !say_te2e(ep))
		return broken("a KSN went back");
	eese_store_tick(s, ep, now.ms);
	await_commit(s);
	if (!announce(ep))
		return broken("a KSN does not grow");
	if (ending == CRASH)
		return SERVED;
	shared->sure = false;
	if (eese_store_close(s, ep, no_progress, NULL, wrong)) {
		shared->clean = shared->sure = true;
		shared->written = shared->said;
	}
	return SERVED;
}

static enum outcome live(enum ending ending)
{
	const struct eese_store_config config = {.path = path};
	struct eese_endpoint *ep = make_endpoint();
	char wrong[EESE_STORE_TEXT_SIZE];
	struct eese_store_found found;
	struct eese_store *s = eese_store_open(&config, &found, wrong);
	enum outcome o;

	if (ep == NULL)
		return broken("no endpoint");
	if (s == NULL || !eese_store_load(s, ep, &found, wrong)) {
		eese_store_abandon(s);
		return REFUSED;
	}
	o = look_at_loaded(ep, &found);
	if (o != SERVED)
		return o;
	if (!add_ues(ep))
		return broken("no UEs");
	shared->sure = false;
	if (!eese_store_begin(s, ep, now.unix, wrong)) {
		eese_store_abandon(s);
		return REFUSED;
	}
	return serve(s, ep, ending);
}

/* ---- many runs ---- */

static int run(enum ending ending)
{
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		disk_shim_use(&shared->disk);
		_exit(eese_init() == EESE_OK ? (int)live(ending) : BROKEN);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		abort();
	return status;
}

static void plan(enum disk_fault fault, unsigned at, unsigned count)
{
	atomic_store(&shared->disk.calls, 0);
	atomic_store(&shared->disk.failed, 0);
	atomic_store(&shared->disk.at, at);
	atomic_store(&shared->disk.count, count);
	atomic_store(&shared->disk.error, (uint32_t)(at % 2 == 0 ? ENOSPC : EIO));
	atomic_store(&shared->disk.fault, fault);
}

/* It may refuse to start, or die if that was the fault, but not for nothing. */
static bool ended_well(int status, enum disk_fault fault, bool hit)
{
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGKILL && fault == DISK_KILL && hit;
	return WEXITSTATUS(status) == SERVED || (WEXITSTATUS(status) == REFUSED && hit);
}

/* false: there is no such write, or all is over. */
static bool fault_at(enum disk_fault fault, unsigned at, unsigned count, enum ending ending)
{
	bool hit, well;
	int status;

	plan(fault, at, count);
	status = run(ending);
	hit = atomic_load(&shared->disk.failed) > 0;
	well = ended_well(status, fault, hit);
	plan(DISK_GOOD, 0, 0);
	well = well && run(CLOSE) == SERVED;
	CU_ASSERT_TRUE(well);
	if (!well)
		printf("\n  fault %d for %u calls at write %u, then a %s ", (int)fault, count, at,
		       ending == CLOSE ? "shutdown" : "crash");
	return well && hit;
}

static void remove_store(void)
{
	static const char *const ends[] = {"", "-wal", "-shm", ".kek", ".lock"};
	char name[128];

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		snprintf(name, sizeof name, "%s%s", path, ends[i]);
		unlink(name);
	}
}

static void each_write(enum disk_fault fault, unsigned count, enum ending ending)
{
	unsigned at = 0;

	remove_store();
	memset(shared, 0, sizeof *shared);
	shared->sure = true;
	while (at < WRITES_MAX && fault_at(fault, at, count, ending))
		at++;
	printf(" %u writes", at);
	CU_ASSERT_TRUE(at > 10 && at < WRITES_MAX);
}

static void fails_once(void)
{
	each_write(DISK_ERROR, 1, CLOSE);
	each_write(DISK_ERROR, 1, CRASH);
}

static void fails_for_good(void)
{
	each_write(DISK_ERROR, UINT32_MAX, CLOSE);
	each_write(DISK_ERROR, UINT32_MAX, CRASH);
}

static void takes_a_half(void)
{
	each_write(DISK_SHORT, 1, CLOSE);
	each_write(DISK_SHORT, UINT32_MAX, CRASH);
}

static void kills(void)
{
	each_write(DISK_KILL, 1, CLOSE);
}

int main(void)
{
	/* In memory, where there is such a place: processes die here, machines do not. */
	char directory[32];
	unsigned failed;
	CU_pSuite s;

	snprintf(directory, sizeof directory, "%s/eese-store-XXXXXX",
		 access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp");
	shared =
	    mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || mkdtemp(directory) == NULL ||
	    CU_initialize_registry() != CUE_SUCCESS)
		return EXIT_FAILURE;
	snprintf(path, sizeof path, "%s/eese.db", directory);
	s = CU_add_suite("faults at each write of the store", NULL, NULL);
	if (s == NULL || CU_add_test(s, "it fails once", fails_once) == NULL ||
	    CU_add_test(s, "it fails for good", fails_for_good) == NULL ||
	    CU_add_test(s, "it takes a half", takes_a_half) == NULL ||
	    CU_add_test(s, "it is the last one", kills) == NULL)
		return EXIT_FAILURE;
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	failed = CU_get_number_of_failures();
	CU_cleanup_registry();
	remove_store();
	rmdir(directory);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
