/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "application.h"
#include "device.h"
#include "disk.h"
#include "host/say.h"
#include "ledger.h"
#include "record.h"
#include "relay.h"
#include "replay.h"

enum {
	POLLS_MAX = 1 + 4 * UES_MAX + UES_MAX + APPLICATION_POLLS,
	TURN_MS = 5,
	LIFE_MIN_MS = 600,
	LIFE_MAX_MS = 3200, /* longer than the longest te2e */
	STOP_MS = 20000,
	HEAL_MS = 120000, /* until every device works again, at the latest */
	QUIET_MS = 1500,
	PROGRESS_MS = 10000,
	BROKEN_SHOWN = 20,
};

struct crash_options options = {.kills = 30, .ues = 60};
struct crash_run run;

static struct broker broker;
static char *keys;
static unsigned kills, clean_restarts, starts_refused, broken_promises;
static uint64_t random_state, started_at, progress_at;

/* ---- what all use ---- */

uint64_t now_ms(void)
{
	return mqtt_now_ms();
}

/* splitmix64 */
uint64_t pick(uint64_t below)
{
	uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (z ^ (z >> 31)) % below;
}

void ue_name(unsigned ue, char out[UE_NAME_MAX])
{
	snprintf(out, UE_NAME_MAX, "crash-%u", ue);
}

bool ue_of_name(const char *name, size_t len, unsigned *ue)
{
	static const char prefix[] = "crash-";
	unsigned n = 0;

	if (len < sizeof prefix || len > sizeof prefix + 4 ||
	    memcmp(name, prefix, sizeof prefix - 1) != 0)
		return false;
	for (size_t i = sizeof prefix - 1; i < len; i++) {
		if (name[i] < '0' || name[i] > '9')
			return false;
		n = 10 * n + (unsigned)(name[i] - '0');
	}
	*ue = n;
	return n < options.ues;
}

void broken(const char *format, ...)
{
	va_list arguments;

	if (broken_promises++ >= BROKEN_SHOWN)
		return;
	printf("\n  BROKEN (life %u, era %u): ", run.life, run.era);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
}

unsigned broken_count(void)
{
	return broken_promises;
}

/* ---- one turn of the loop ---- */

static void turn(void)
{
	static struct pollfd polls[POLLS_MAX];
	struct pollfd *of_devices = polls, *of_application = polls + options.ues,
		      *of_relay = of_application + APPLICATION_POLLS;
	size_t used = options.ues + APPLICATION_POLLS, relay_count;

	devices_prepare(of_devices);
	application_prepare(of_application);
	relay_count = relay_prepare(of_relay, POLLS_MAX - used);
	if (poll(polls, used + relay_count, TURN_MS) < 0)
		return;
	relay_serve(of_relay, relay_count);
	application_serve(of_application);
	devices_serve(of_devices);
}

static void show_progress(bool now)
{
	struct device_sum d = devices_sum();

	if (!now && now_ms() < progress_at)
		return;
	progress_at = now_ms() + PROGRESS_MS;
	printf("\n  %3llu s: %u of %u kills, %u clean restarts, %u devices killed; "
	       "%zu messages recorded, %zu replays; %d readings and commands, %u broken",
	       (unsigned long long)(now_ms() - started_at) / 1000, kills, options.kills,
	       clean_restarts, d.kills, record_count(), replay_sum().sent + relay_sum().injected,
	       ledger_count(), broken_promises);
	fflush(stdout);
}

static void run_for(uint64_t ms)
{
	uint64_t until = now_ms() + ms;

	while (now_ms() < until) {
		turn();
		relay_disturb();
		devices_disturb();
		if (run.broker_up)
			disk_disturb(broker.pid);
		if (run.traffic)
			replay_some();
		show_progress(false);
	}
}

/* ---- the broker ---- */

static void make_keys(void)
{
	size_t size = 0;
	FILE *f = open_memstream(&keys, &size);

	if (f == NULL)
		abort();
	for (unsigned ue = 0; ue < options.ues; ue++) {
		char name[UE_NAME_MAX];
		uint8_t key[EESE_INT_KEY_SIZE];

		ue_name(ue, name);
		test_int_key(name, key);
		fprintf(f, "%s ", name);
		for (size_t i = 0; i < sizeof key; i++)
			fprintf(f, "%02x", key[i]);
		fprintf(f, " te2e=%u\n", 1 + ue % 3);
	}
	fclose(f);
}

/* Each life has its own way of refreshing keys. */
static struct broker_options broker_choice(void)
{
	static const unsigned margins[] = {0, 10, 50}, algs[] = {10, 10, 10, 30, 1, 24};
	static char lines[512];
	const char *store = options.no_store ? "plugin_opt_store none\n" : disk_lines();

	snprintf(lines, sizeof lines,
		 "%splugin_opt_refresh_margin %u\nplugin_opt_alg %u\nplugin_opt_sys_interval 0\n",
		 store != NULL ? store : "", margins[pick(3)], algs[pick(6)]);
	return (struct broker_options){.keys = keys,
				       .plugin_lines = lines,
				       .preload = disk_preload(),
				       .persistence = true,
				       .no_store_option = store != NULL};
}

/* What Mosquitto itself keeps, for a clean restart only. After a kill it would bring back what was
 * delivered since. */
static void forget_queue(void)
{
	char path[192];

	snprintf(path, sizeof path, "%s/mosquitto.db", broker.dir);
	unlink(path);
}

static bool log_says(const char *what)
{
	char *log = broker_log(&broker);
	bool says = strstr(log, what) != NULL;

	free(log);
	return says;
}

static void broken_with_log(const char *what)
{
	char *log = broker_log(&broker);
	size_t len = strlen(log);

	broken("%s; the end of its log:\n%s", what, log + (len > 3000 ? len - 3000 : 0));
	free(log);
}

/* Takes in all that the broker said while it lived. */
static void broker_gone(void)
{
	run.broker_up = false;
	application_broker_gone();
	relay_broker_gone();
	replay_broker_gone();
	for (int i = 0; i < 3; i++)
		turn();
}

static void new_era(void)
{
	ledger_broker_killed();
	forget_queue();
	run.era++;
}

static void after_kill(void)
{
	broker_gone();
	new_era();
	kills++;
}

/* It did not come up: a fault of its disk must be why, and what its log says. */
static bool refused_rightly(int status)
{
	starts_refused++;
	if (disk_failed() && disk_kills() && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return true;
	if (disk_failed() && WIFEXITED(status) && WEXITSTATUS(status) != 0 &&
	    log_says("eese: store "))
		return true;
	broken_with_log("the broker did not start");
	return false;
}

/* good: without faults of its disk; also if it does not start with them. */
static bool start_on(bool good)
{
	for (int attempt = 0; attempt < 6; attempt++) {
		struct broker_options o = broker_choice();
		int status;

		disk_next(good);
		broker_launch(&broker, &o);
		if (broker_await(&broker, &status))
			break;
		if (log_says("Address already in use"))
			continue;
		if (good || !refused_rightly(status))
			return false;
		good = true;
		/* What it did before it gave up may have cost the mark of a clean end. */
		new_era();
	}
	/* Mosquitto has read it. */
	forget_queue();
	run.life++;
	run.broker_port = broker.port;
	run.broker_up = application_broker_up();
	return run.broker_up;
}

static bool start_broker(void)
{
	return start_on(false);
}

/* It may have died of its disk. */
static void kill_broker(void)
{
	int status;

	if (broker_ended(&broker, 0, &status) && !disk_kills())
		broken_with_log("the broker died by itself");
	broker_kill(&broker);
	after_kill();
}

static bool kill_and_restart(void)
{
	kill_broker();
	run_for(pick(300));
	return start_broker();
}

/* Its end is clean if it says nothing else: a disk with faults may not take the last of it. */
static bool restart_cleanly(void)
{
	static const char dirty[] = "The next start is as after a crash";
	const unsigned refused_before = starts_refused;
	int status = 0;
	bool clean;

	if (broker.pid > 0)
		kill(broker.pid, SIGTERM);
	if (!broker_ended(&broker, STOP_MS, &status))
		broken_with_log("the broker does not end");
	clean = WIFEXITED(status) && WEXITSTATUS(status) == 0 && !log_says(dirty);
	if (clean) {
		broker_gone();
		clean_restarts++;
		/* Without windows in a store it is as a crash to the devices. */
		if (options.no_store)
			new_era();
	} else if (disk_kills() || (disk_failed() && log_says(dirty))) {
		after_kill();
	} else {
		broken_with_log("the broker did not end cleanly");
		after_kill();
	}
	broker_kill(&broker);
	run_for(pick(300));
	if (!start_broker())
		return false;
	if (clean && starts_refused == refused_before && !options.no_store &&
	    !log_says(" UEs, cleanly closed"))
		broken_with_log("a clean end was not seen at the next start");
	return true;
}

/* It dies while it shuts down. */
static bool kill_in_shutdown(void)
{
	if (broker.pid > 0)
		kill(broker.pid, SIGTERM);
	harness_sleep_ms((int)pick(20));
	broker_kill(&broker);
	after_kill();
	return start_broker();
}

/* It dies while it starts, once more and before anybody came. */
static bool kill_in_start(void)
{
	struct broker_options o = broker_choice();

	kill_broker();
	broker_launch(&broker, &o);
	run_for(pick(60));
	broker_kill(&broker);
	kills++;
	return start_broker();
}

static bool next_life(void)
{
	switch (pick(10)) {
	case 0:
	case 1:
	case 2:
		return restart_cleanly();
	case 3:
		return kill_in_shutdown();
	case 4:
		return kill_in_start();
	default:
		return kill_and_restart();
	}
}

/* ---- the run ---- */

static bool in_time(void)
{
	return options.minutes == 0 || now_ms() - started_at < options.minutes * UINT64_C(60000);
}

/* Until everybody has what is his. */
static bool heal(const char *when)
{
	uint64_t began = now_ms();

	run.traffic = false;
	while (devices_busy() + application_busy() + ledger_missing(READING) +
		   ledger_missing(COMMAND) >
	       0) {
		if (now_ms() - began > HEAL_MS) {
			broken("%s: after %d s %u readings and %u commands are missing", when,
			       HEAL_MS / 1000, ledger_missing(READING), ledger_missing(COMMAND));
			devices_show_busy();
			return false;
		}
		run_for(100);
	}
	return true;
}

static bool round_trip(const char *when)
{
	devices_one_each();
	application_one_each();
	return heal(when);
}

static void report(void)
{
	struct ledger_sum readings, commands;
	struct device_sum d = devices_sum();
	struct record_sum r;

	ledger_check(READING, &readings);
	ledger_check(COMMAND, &commands);
	record_check(&r);
	printf("\n  seed %llu, %u devices, %u kills of the broker, %u clean restarts, %llu s\n",
	       (unsigned long long)options.seed, options.ues, kills, clean_restarts,
	       (unsigned long long)(now_ms() - started_at) / 1000);
	printf("  devices: %u killed, %u of them while writing; %u keysets adopted, %u readings "
	       "given back, %u unconfirmed, %u times told to run AKA\n",
	       d.kills, d.in_writes, d.keysets, d.given_back, d.unconfirmed, d.aka);
	if (options.disk != DISK_SOUND)
		printf("  disk: %s, %u faults, %u starts refused\n",
		       options.disk == DISK_FULL ? "full now and then" : "calls that fail",
		       disk_sum().faults, starts_refused);
	printf("  network: %u connections, %u cut\n", relay_sum().connections, relay_sum().cuts);
	printf("  readings: %u sent, %u arrived, %u of them twice, after a crash that cost their "
	       "acknowledgement; %u sent once more, as their device died\n",
	       readings.items, readings.arrived, readings.twice, readings.replaced);
	printf("            %u lost; %u let go, on MQTT 3.1.1\n", readings.lost, readings.let_go);
	printf("  commands: %u sent, %u arrived, %u of them twice; %u sent once more, as they were "
	       "in the queue of a broker that was killed, or with a device that died; %u lost\n",
	       commands.items, commands.arrived, commands.twice, commands.replaced, commands.lost);
	printf(
	    "  recorded: %zu uplink, %zu downlink, %zu KEY_UPDATEs, %zu KEY_REQUESTs, %zu ERRORs; "
	    "%zu pairs of key and nonce, all different\n",
	    r.up, r.down, r.updates, r.requests, r.errors, r.numbers);
	printf("  replayed: %zu to the broker, %zu acknowledged as known; %zu to devices, %u "
	       "recognised by number\n",
	       replay_sum().sent, replay_sum().taken, relay_sum().injected, d.replays_refused);
	printf("  promises broken: %u ", broken_promises);
	CU_ASSERT_EQUAL(broken_promises, 0);
}

/* From here on the broker lives, and its disk is sound. */
static bool last_life(void)
{
	int status;

	disk_heal(broker.pid);
	if (!broker_ended(&broker, 0, &status))
		return true;
	if (!disk_kills())
		broken_with_log("the broker died by itself");
	broker_kill(&broker);
	after_kill();
	return start_on(true);
}

static bool live(void)
{
	if (!devices_start(relay_open()) || !start_broker())
		return false;
	while (kills < options.kills && in_time()) {
		run.traffic = true;
		/* Rather short: what is to happen happens at their ends. */
		run_for(pick_between(LIFE_MIN_MS, pick_between(LIFE_MIN_MS, LIFE_MAX_MS)));
		if (!next_life())
			return false;
	}
	run_for(LIFE_MAX_MS);
	return last_life();
}

static void crash(void)
{
	started_at = progress_at = now_ms();
	record_start();
	REQUIRE(application_start());
	REQUIRE(live());
	if (heal("after the last kill") && round_trip("one more round trip")) {
		show_progress(true);
		replay_all(turn);
		run_for(QUIET_MS);
		(void)round_trip("after the replay of everything");
	}
	report();
	devices_stop();
	relay_close();
	application_stop();
	replay_broker_gone();
	broker_stop(&broker);
}

static void usage(FILE *out)
{
	fputs("Usage: tests/crash/run [--kills N] [--ues N] [--minutes M] [--seed S]\n"
	      "                       [--no-store | --disk full | --disk calls]\n"
	      "\n"
	      "A real broker with the plugin is killed at random moments and started again, while\n"
	      "devices send readings and get commands over a network that cuts connections and\n"
	      "replays everything. At the end every message is accounted for.\n"
	      "\n"
	      "  --kills N     kills of the broker (30)\n"
	      "  --ues N       devices (60)\n"
	      "  --minutes M   ends the kills after M minutes (no bound)\n"
	      "  --seed S      of the random numbers (by the clock; printed)\n"
	      "  --no-store    plugin_opt_store none\n"
	      "  --disk full   the store's disk is full now and then: a small tmpfs, or without\n"
	      "                the right to mount one a limit on the size of files\n"
	      "  --disk calls  system calls on the store's files fail or kill, below SQLite\n"
	      "  --help        this text\n",
	      out);
}

static unsigned long long number(const char *text, unsigned long long low, unsigned long long high)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno != 0 || *text == '\0' || *end != '\0' || n < low || n > high) {
		fprintf(stderr, "crash: %s: not a number from %llu to %llu\n", text, low, high);
		exit(2);
	}
	return n;
}

static enum disk_kind disk_kind_of(const char *text)
{
	if (strcmp(text, "full") == 0)
		return DISK_FULL;
	if (strcmp(text, "calls") == 0)
		return DISK_CALLS;
	fprintf(stderr, "crash: --disk is full or calls\n");
	exit(2);
}

static void parse(int argc, char **argv)
{
	static const struct option known[] = {
	    {"kills", required_argument, NULL, 'k'},   {"ues", required_argument, NULL, 'u'},
	    {"minutes", required_argument, NULL, 'm'}, {"seed", required_argument, NULL, 's'},
	    {"no-store", no_argument, NULL, 'n'},      {"disk", required_argument, NULL, 'd'},
	    {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0}};
	int c;

	options.seed = (uint64_t)time(NULL) * 1000003 + (uint64_t)getpid();
	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (c) {
		case 'k':
			options.kills = (unsigned)number(optarg, 0, 1000000);
			break;
		case 'u':
			options.ues = (unsigned)number(optarg, 1, UES_MAX);
			break;
		case 'm':
			options.minutes = (unsigned)number(optarg, 1, 1000000);
			break;
		case 's':
			options.seed = number(optarg, 0, UINT64_MAX);
			break;
		case 'n':
			options.no_store = true;
			break;
		case 'd':
			options.disk = (int)disk_kind_of(optarg);
			break;
		case 'h':
			usage(stdout);
			exit(0);
		default:
			usage(stderr);
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	static const struct harness_test tests[] = {{"kills at random moments", crash}};

	parse(argc, argv);
	random_state = options.seed;
	if (eese_init() != EESE_OK)
		return EXIT_FAILURE;
	say_setup(true, false, false);
	printf("seed %llu\n", (unsigned long long)options.seed);
	make_keys();
	if (!disk_start((enum disk_kind)options.disk))
		return EXIT_FAILURE;
	return harness_main("crash", tests, 1);
}
