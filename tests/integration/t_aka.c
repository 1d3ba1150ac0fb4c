/* SPDX-License-Identifier: Apache-2.0 */
/* The device whose keys come from AKA: the real tool, a home network that is honest or not, and an
 * EESE that gets the network's key when the test hands it over. */
#include "aka_server.h"
#include "eese/ue.h"
#include "harness.h"
#include "phone.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct broker broker;
static struct observer app;
static struct aka_server home;

static void start(void)
{
	const struct broker_options o = {.keys = "nobody " /* a file without a line is an error */
						 "00000000000000000000000000000000"
						 "00000000000000000000000000000000\n",
					 .plugin_lines = "plugin_opt_te2e 3\n"};

	REQUIRE(aka_server_start(&home));
	REQUIRE(broker_start(&broker, &o));
	REQUIRE(observer_open(&app, &broker, TEST_APP_USER, "app/#"));
}

static void stop(void)
{
	observer_close(&app);
	broker_stop(&broker);
	aka_server_stop(&home);
}

/* ---- a device ---- */

static struct phone new_phone(struct aka_server *server)
{
	static int count;
	struct phone p;
	char ue[32];

	snprintf(ue, sizeof ue, "phone-%d", count++);
	phone_make(&p, ue, broker.dir, aka_k, aka_opc);
	phone_home(&p, server->port);
	p.broker = broker.port;
	aka_server_set(server, AKA_HONEST, 3600);
	return p;
}

/* The EESE comes to know this key of this device, and of no other. */
static void tell_key(void *ctx, const char *hex)
{
	const struct phone *p = ctx;
	char line[256];

	snprintf(line, sizeof line, "%s %s\n", p->ue, hex);
	broker_write_keys(&broker, NULL, line);
	broker_reload(&broker);
}

/* The home network's newest one. */
static void tell_eese(struct phone *p)
{
	char hex[2 * EESE_INT_KEY_SIZE + 1];

	aka_server_key(&home, hex);
	tell_key(p, hex);
}

static void expect_arrived(const struct phone *p, const char *text)
{
	char topic[128];

	snprintf(topic, sizeof topic, "app/%s/up/t", p->ue);
	EXPECT(observer_sync(&app));
	EXPECT_EQUAL(observer_count(&app, topic, text), 1);
}

static bool keys_have(const struct phone *p, const char *word)
{
	return phone_file_has(p->keys, word);
}

/* Has a key in use, which the EESE knows too. */
static struct phone new_phone_in_use(void)
{
	struct phone p = new_phone(&home);

	EXPECT_EQUAL(phone_aka(&p, 0, "20"), 0);
	tell_eese(&p);
	EXPECT_EQUAL(phone_publish(&p, 0, "first"), 0);
	expect_arrived(&p, "first");
	return p;
}

/* ---- honest home networks ---- */

static void expect_private(const char *path)
{
	struct stat st;

	EXPECT_EQUAL(stat(path, &st), 0);
	EXPECT_EQUAL(st.st_mode & 0777, 0600);
}

/* The command; and what it writes and says. */
static void test_command(void)
{
	struct phone p = new_phone(&home);
	char hex[2 * EESE_INT_KEY_SIZE + 1];
	struct program t;

	phone_run(&t, &p, "aka", (const char *const[]){"-d", NULL});
	EXPECT_EQUAL(phone_ends(&t, 0, 20000), 0);
	EXPECT(phone_file_has(t.out, "new key, IKID "));
	EXPECT(phone_file_has(t.err, "event: AKA: new key, IKID "));
	aka_server_key(&home, hex);
	EXPECT(keys_have(&p, hex));
	EXPECT(phone_file_has(p.usim, "\nsqn 0000"));
	expect_private(p.usim);
	expect_private(p.keys);
	for (int i = 0; i < 2; i++) {
		EXPECT(!phone_file_has(i == 0 ? t.out : t.err, hex));
		EXPECT(!phone_file_has(i == 0 ? t.out : t.err, aka_k));
		EXPECT(!phone_file_has(i == 0 ? t.out : t.err, aka_opc));
	}
	tell_eese(&p);
	EXPECT_EQUAL(phone_publish(&p, 0, "hello"), 0);
	expect_arrived(&p, "hello");
}

static void test_stale_number(void)
{
	struct phone p = new_phone(&home);
	const unsigned before = aka_server_counts(&home).auts;

	EXPECT_EQUAL(phone_aka(&p, 0, "20"), 0);
	aka_server_set(&home, AKA_STALE, 3600);
	EXPECT_EQUAL(phone_aka(&p, 0, "20"), 0);
	EXPECT_EQUAL(aka_server_counts(&home).auts, before + 1);
}

/* No key yet, and an EESE that doesn't know the UE either: pub sees to all by itself. */
static void test_by_itself(void)
{
	struct phone p = new_phone(&home);
	const unsigned keys = aka_server_counts(&home).keys;
	struct program t;

	phone_run(&t, &p, "pub", (const char *const[]){"-t", "t", "-m", "alone", NULL});
	EXPECT(program_says(t.err, "event: wait, reason 1", 30000));
	EXPECT(program_says(t.err, "event: AKA: new key", 30000));
	/* ERROR 1 made it run once more, after the one at its start. */
	for (int i = 0; i < 1000 && aka_server_counts(&home).keys < keys + 2; i++)
		harness_sleep_ms(10);
	EXPECT_EQUAL(aka_server_counts(&home).keys, keys + 2);
	tell_eese(&p);
	EXPECT_EQUAL(phone_ends(&t, 0, 60000), 0);
	expect_arrived(&p, "alone");
	/* The old one went with the first KEY_UPDATE under the new one. */
	EXPECT(!keys_have(&p, "\nnext "));
	/* Once a day: the next one doesn't. */
	broker_write_keys(&broker, NULL,
			  "nobody "
			  "00000000000000000000000000000000"
			  "00000000000000000000000000000000\n");
	broker_reload(&broker);
	phone_run(&t, &p, "pub",
		  (const char *const[]){"-t", "t", "--wait", "2", "-m", "unheard", NULL});
	EXPECT(program_says(t.err, "event: wait, reason 1", 30000));
	EXPECT_EQUAL(phone_ends(&t, 1, 60000), 1);
	EXPECT_EQUAL(aka_server_counts(&home).keys, keys + 2);
}

/* ---- lost answers, expiry, lost memory ---- */

/* The answer to RES is lost: whichever key the EESE has, the device has it too. */
static void answer_lost(enum aka_manner manner, bool in_force)
{
	struct phone p = new_phone_in_use();
	unsigned keys;

	aka_server_set(&home, manner, 3600);
	EXPECT_EQUAL(phone_aka(&p, 4, "1"), 4);
	EXPECT(keys_have(&p, "\nnext "));
	aka_server_set(&home, AKA_SILENT, 3600);
	keys = aka_server_counts(&home).keys;
	EXPECT_EQUAL(phone_publish(&p, 0, "under the old one"), 0);
	expect_arrived(&p, "under the old one");
	EXPECT(keys_have(&p, "\nnext "));
	if (in_force) {
		tell_eese(&p);
		EXPECT_EQUAL(phone_publish(&p, 0, "under the new one"), 0);
		expect_arrived(&p, "under the new one");
		EXPECT(!keys_have(&p, "\nnext "));
		EXPECT_EQUAL(phone_publish(&p, 0, "still"), 0);
		expect_arrived(&p, "still");
	}
	EXPECT_EQUAL(aka_server_counts(&home).keys, keys);
}

static void test_answer_lost(void)
{
	answer_lost(AKA_ANSWER_LOST, true);
}

static void test_res_lost(void)
{
	answer_lost(AKA_RES_LOST, false);
}

/* The server has forgotten the challenge when RES comes again. */
static void test_forgotten(void)
{
	answer_lost(AKA_FORGETS, true);
}

/* The first key of all, with its answer lost: it is used. */
static void test_first_answer_lost(void)
{
	struct phone p = new_phone(&home);

	aka_server_set(&home, AKA_ANSWER_LOST, 3600);
	EXPECT_EQUAL(phone_aka(&p, 4, "1"), 4);
	aka_server_set(&home, AKA_SILENT, 3600);
	tell_eese(&p);
	EXPECT_EQUAL(phone_publish(&p, 0, "all the same"), 0);
	expect_arrived(&p, "all the same");
}

/* Refused RES: no new key, and the old one goes on. */
static void test_wrong_res(void)
{
	struct phone p = new_phone_in_use();

	aka_server_set(&home, AKA_WRONG_RES, 3600);
	EXPECT_EQUAL(phone_aka(&p, 5, "20"), 5);
	EXPECT_EQUAL(phone_publish(&p, 0, "goes on"), 0);
	expect_arrived(&p, "goes on");
	p = new_phone(&home);
	aka_server_set(&home, AKA_WRONG_RES, 3600);
	EXPECT_EQUAL(phone_aka(&p, 5, "20"), 5);
	EXPECT(!keys_have(&p, "\nkey ") && !keys_have(&p, "\nnext "));
}

/* A refusal takes no key away: the EESE may get the one that it was about. */
static void test_forged_refusal(void)
{
	struct phone p = new_phone_in_use();
	struct program t;

	aka_server_set(&home, AKA_FORGED_REFUSAL, 3600);
	EXPECT_EQUAL(phone_aka(&p, 5, "20"), 5);
	aka_server_set(&home, AKA_SILENT, 3600);
	EXPECT_EQUAL(phone_publish(&p, 0, "under the old one"), 0);
	expect_arrived(&p, "under the old one");
	tell_eese(&p);
	EXPECT_EQUAL(phone_publish(&p, 0, "under the new one"), 0);
	expect_arrived(&p, "under the new one");
	/* the same in a device that goes on */
	p = new_phone(&home);
	aka_server_set(&home, AKA_HONEST, 3);
	EXPECT_EQUAL(phone_aka(&p, 0, "20"), 0);
	tell_eese(&p);
	aka_server_set(&home, AKA_FORGED_REFUSAL, 3600);
	phone_run(&t, &p, "pub", (const char *const[]){"-t", "t", "-l", NULL});
	EXPECT(program_says(t.err, "event: AKA: refused", 30000));
	aka_server_set(&home, AKA_SILENT, 3600);
	tell_eese(&p);
	phone_say(&t, "goes on");
	EXPECT_EQUAL(phone_ends(&t, 0, 90000), 0);
	expect_arrived(&p, "goes on");
}

enum { EXPIRY_LINES = 45 };

/* Keys of a few seconds: the device runs AKA before each one's end, the EESE follows, and nothing
 * is lost or doubled. */
static void test_expiry(void)
{
	struct phone p = new_phone(&home);
	unsigned keys;
	char text[32], topic[128];
	struct program t;

	aka_server_set(&home, AKA_HONEST, 4);
	aka_server_tell(&home, tell_key, &p);
	EXPECT_EQUAL(phone_aka(&p, 0, "20"), 0);
	keys = aka_server_counts(&home).keys;
	phone_run(&t, &p, "pub", (const char *const[]){"-t", "t", "-l", NULL});
	for (int i = 0; i < EXPIRY_LINES; i++) {
		snprintf(text, sizeof text, "line %d", i);
		phone_say(&t, text);
		harness_sleep_ms(200);
	}
	aka_server_tell(&home, NULL, NULL);
	aka_server_set(&home, AKA_SILENT, 4);
	EXPECT_EQUAL(phone_ends(&t, 0, 60000), 0);
	EXPECT(aka_server_counts(&home).keys >= keys + 2);
	EXPECT(observer_sync(&app));
	snprintf(topic, sizeof topic, "app/%s/up/t", p.ue);
	for (int i = 0; i < EXPIRY_LINES; i++) {
		snprintf(text, sizeof text, "line %d", i);
		EXPECT_EQUAL(observer_count(&app, topic, text), 1);
	}
}

/* The key is due and the home network silent: messages go on at once under the one there is. */
static void test_silent_home(void)
{
	struct phone p = new_phone_in_use();
	char *text = program_text(p.keys), *at = strstr(text, "key.renew ");
	const uint64_t begun = mqtt_now_ms();

	REQUIRE(at != NULL);
	at[strlen("key.renew ")] = '0'; /* the year 1970 or so */
	phone_write_file(p.keys, text);
	free(text);
	aka_server_set(&home, AKA_SILENT, 3600);
	EXPECT_EQUAL(phone_publish(&p, 0, "not held up"), 0);
	EXPECT(mqtt_now_ms() - begun < 15000);
	expect_arrived(&p, "not held up");
	EXPECT(aka_server_counts(&home).asked > 0);
}

/* Refused a moment ago; but when the EESE says that AKA is wanted, it is tried once more. */
static void test_refused_then_told(void)
{
	struct phone p = new_phone_in_use();
	unsigned keys;
	struct program t;

	EXPECT_EQUAL(phone_aka(&p, 0, "20"), 0); /* of which the EESE knows nothing */
	aka_server_set(&home, AKA_REFUSES, 3600);
	EXPECT_EQUAL(phone_aka(&p, 5, "20"), 5);
	aka_server_set(&home, AKA_HONEST, 3600);
	keys = aka_server_counts(&home).keys;
	phone_run(&t, &p, "pub", (const char *const[]){"-t", "t", "-l", NULL});
	EXPECT(program_says(t.err, "event: run AKA, reason 4", 60000));
	EXPECT(program_says(t.err, "event: AKA: new key", 60000));
	EXPECT_EQUAL(aka_server_counts(&home).keys, keys + 1);
	tell_eese(&p);
	phone_say(&t, "told");
	EXPECT_EQUAL(phone_ends(&t, 0, 90000), 0);
	expect_arrived(&p, "told");
}

/* Refused, then given a key: that one is renewed before its end like any other. */
static void test_refused_then_key(void)
{
	struct phone p = new_phone(&home);
	unsigned keys;
	struct program t;

	aka_server_set(&home, AKA_REFUSES, 3600);
	EXPECT_EQUAL(phone_aka(&p, 5, "20"), 5);
	aka_server_set(&home, AKA_HONEST, 4);
	aka_server_tell(&home, tell_key, &p);
	EXPECT_EQUAL(phone_aka(&p, 0, "20"), 0);
	keys = aka_server_counts(&home).keys;
	phone_run(&t, &p, "pub", (const char *const[]){"-t", "t", "-l", NULL});
	EXPECT(program_says(t.err, "event: AKA: new key", 30000));
	EXPECT_EQUAL(phone_ends(&t, 0, 20000), 0);
	aka_server_tell(&home, NULL, NULL);
	EXPECT(aka_server_counts(&home).keys > keys);
}

/* ---- memory ---- */

/* What is left of a device that lost a file or two runs AKA again, and no number is used twice. */
static void lost(bool state, bool keys, bool damaged)
{
	struct phone p = new_phone_in_use();
	const unsigned before = aka_server_counts(&home).keys;
	unsigned after;
	struct program t;

	if (state)
		EXPECT_EQUAL(unlink(p.state), 0);
	if (keys)
		EXPECT_EQUAL(unlink(p.keys), 0);
	if (damaged) {
		char zeros[EESE_UE_RECORD_SIZE + 1];

		memset(zeros, '0', EESE_UE_RECORD_SIZE);
		zeros[EESE_UE_RECORD_SIZE] = '\0';
		phone_write_file(p.state, zeros);
	}
	phone_run(&t, &p, "pub", (const char *const[]){"-t", "t", "-m", "after it", NULL});
	for (int i = 0; i < 1000 && aka_server_counts(&home).keys == before; i++)
		harness_sleep_ms(10);
	tell_eese(&p);
	EXPECT_EQUAL(phone_ends(&t, 0, 60000), 0);
	after = aka_server_counts(&home).keys;
	EXPECT(after > before);
	expect_arrived(&p, "after it");
	/* And no more. */
	EXPECT_EQUAL(phone_publish(&p, 0, "and again"), 0);
	expect_arrived(&p, "and again");
	EXPECT_EQUAL(aka_server_counts(&home).keys, after);
}

static void test_lost_memory(void)
{
	lost(true, true, false);
	lost(true, false, false);
	lost(false, true, false);
	lost(false, false, true);
}

/* Killed at any moment: the next run finds its way, and no sequence number is taken twice. */
static void test_killed(void)
{
	struct phone p = new_phone_in_use();

	for (int i = 0; i < 12; i++) {
		struct program t;

		phone_run(&t, &p, "aka", (const char *const[]){NULL});
		harness_sleep_ms(3 * i);
		kill(t.pid, SIGKILL);
		(void)program_ends(&t, 5000);
	}
	EXPECT_EQUAL(phone_aka(&p, 0, "20"), 0);
	tell_eese(&p);
	EXPECT_EQUAL(phone_publish(&p, 0, "survived"), 0);
	expect_arrived(&p, "survived");
}

static void test_one_at_a_time(void)
{
	struct phone p = new_phone(&home), q = new_phone(&home);
	struct program t;

	aka_server_set(&home, AKA_SILENT, 3600);
	phone_run(&t, &p, "aka", (const char *const[]){"--wait", "20", NULL});
	for (int i = 0; i < 1000 && access(p.keys, F_OK) != 0 && i < 100; i++)
		harness_sleep_ms(10);
	/* The same USIM in another device. */
	memcpy(q.usim, p.usim, sizeof q.usim);
	EXPECT_EQUAL(phone_aka(&q, 3, "1"), 3);
	/* And the same device. */
	EXPECT_EQUAL(phone_aka(&p, 3, "1"), 3);
	kill(t.pid, SIGTERM);
	EXPECT_EQUAL(phone_ends(&t, 4, 5000), 4);
}

/* ---- dishonest home networks ---- */

struct hostile {
	enum aka_manner manner;
	int code;
	const char *says;
};

static const struct hostile hostiles[] = {
    {AKA_SILENT, 4, "no answer"},
    {AKA_BUSY, 4, "the server is busy"},
    {AKA_GARBAGE, 4, "no answer"},
    {AKA_RESET, 4, "understands no such message"},
    {AKA_REFUSES, 5, "not known, barred"},
    {AKA_WRONG_RES, 5, "doesn't accept RES"},
    {AKA_OTHER_KEY, 5, "not made with this USIM's key"},
    {AKA_OTHER_DOMAIN, 5, "another domain"},
    {AKA_NO_SEPARATION, 5, "another domain"},
    {AKA_SHORT, 5, "malformed"},
    {AKA_LONG, 5, "malformed"},
    {AKA_HUGE, 4, "no answer"},
    {AKA_EMPTY, 5, "malformed"},
    {AKA_NO_PLACE, 5, "no Location-Path"},
};
enum { HOSTILES = sizeof hostiles / sizeof *hostiles };

/* Each says why, none gives a key, and an honest one afterwards does. All at the same time. */
static void test_hostile(void)
{
	static struct aka_server servers[HOSTILES];
	struct phone phones[HOSTILES];
	struct program tools[HOSTILES];

	for (size_t i = 0; i < HOSTILES; i++) {
		REQUIRE(aka_server_start(&servers[i]));
		phones[i] = new_phone(&servers[i]);
		aka_server_set(&servers[i], hostiles[i].manner, 3600);
		phone_run(&tools[i], &phones[i], "aka", (const char *const[]){"--wait", "2", NULL});
	}
	for (size_t i = 0; i < HOSTILES; i++) {
		EXPECT_EQUAL(phone_ends(&tools[i], hostiles[i].code, 60000), hostiles[i].code);
		EXPECT(phone_file_has(tools[i].err, hostiles[i].says));
		EXPECT(!keys_have(&phones[i], "\nkey "));
		EXPECT(!keys_have(&phones[i], "\nnext "));
		aka_server_set(&servers[i], AKA_HONEST, 3600);
		EXPECT_EQUAL(phone_aka(&phones[i], 0, "20"), 0);
		aka_server_stop(&servers[i]);
	}
}

/* A recorded challenge played again gives AUTS, not the old key. */
static void test_replay(void)
{
	struct aka_server server;
	struct phone p;

	REQUIRE(aka_server_start(&server));
	p = new_phone(&server);
	EXPECT_EQUAL(phone_aka(&p, 0, "20"), 0);
	aka_server_set(&server, AKA_SAME_CHALLENGE, 3600);
	EXPECT_EQUAL(phone_aka(&p, 5, "2"), 5);
	EXPECT(aka_server_counts(&server).auts >= 2);
	EXPECT_EQUAL(aka_server_counts(&server).keys, 1);
	aka_server_stop(&server);
}

/* ---- the other domain ---- */

/* The key of HPS has a file of its own, and opens nothing of EnPS. */
static void test_domains(void)
{
	struct phone p = new_phone(&home);
	char path[256], hex[2 * EESE_INT_KEY_SIZE + 1];
	struct program t;

	phone_run(&t, &p, "aka", (const char *const[]){"--domain", "hps", NULL});
	EXPECT_EQUAL(phone_ends(&t, 0, 20000), 0);
	aka_server_key(&home, hex);
	snprintf(path, sizeof path, "%s.hps.keys", p.state);
	EXPECT(phone_file_has(path, hex));
	EXPECT(!keys_have(&p, hex));
	tell_eese(&p);
	phone_run(&t, &p, "pub", (const char *const[]){"-t", "t", "--wait", "2", "-m", "x", NULL});
	EXPECT_EQUAL(phone_ends(&t, 1, 60000), 1);
	EXPECT(observer_sync(&app));
	snprintf(path, sizeof path, "app/%s/up/t", p.ue);
	EXPECT_EQUAL(observer_count(&app, path, NULL), 0);
}

static int usage(const char *const *more)
{
	const char *argv[16] = {EESE_TEST_UE_TOOL};
	struct program t;

	for (int i = 1; *more; i++)
		argv[i] = *more++;
	program_start(&t, broker.dir, argv);
	return phone_ends(&t, 2, 5000);
}

static void test_usage(void)
{
	struct phone p = new_phone(&home);
	struct program t;

	EXPECT_EQUAL(usage((const char *const[]){"aka", NULL}), 2);
	EXPECT_EQUAL(usage((const char *const[]){"aka", "--usim", p.usim, NULL}), 2);
	EXPECT_EQUAL(usage((const char *const[]){"aka", "--usim", p.usim, "--ue", "a", "--aka",
						 "http://127.0.0.1", NULL}),
		     2);
	EXPECT_EQUAL(usage((const char *const[]){"aka", "--usim", p.usim, "--ue", "a", "--aka",
						 "coap://127.0.0.1/x", NULL}),
		     2);
	EXPECT_EQUAL(usage((const char *const[]){"aka", "--usim", p.usim, "--ue", "a", "--aka",
						 p.uri, "--imsi", "12a", NULL}),
		     2);
	EXPECT_EQUAL(
	    usage((const char *const[]){"pub", "-t", "t", "-m", "x", "--usim", p.usim, "--key-file",
					p.usim, "--ue", "a", "--aka", p.uri, NULL}),
	    2);
	EXPECT_EQUAL(chmod(p.usim, 0644), 0);
	EXPECT_EQUAL(phone_aka(&p, 3, "1"), 3);
	phone_write_file(p.usim, "k 00\n");
	EXPECT_EQUAL(chmod(p.usim, 0600), 0);
	EXPECT_EQUAL(phone_aka(&p, 3, "1"), 3);
	phone_write_file(p.usim, "k 465b5ce8b199b49faa5f0a2ee238a6bc\n");
	EXPECT_EQUAL(phone_aka(&p, 3, "1"), 3);
	p = new_phone(&home);
	phone_write_file(p.keys, "key 00\n");
	phone_run(&t, &p, "aka", (const char *const[]){NULL});
	EXPECT_EQUAL(phone_ends(&t, 3, 5000), 3);
	EXPECT(phone_file_has(t.err, "line 1"));
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},
	    {"command", test_command},
	    {"stale number", test_stale_number},
	    {"by itself", test_by_itself},
	    {"answer lost", test_answer_lost},
	    {"RES lost", test_res_lost},
	    {"challenge forgotten", test_forgotten},
	    {"first answer lost", test_first_answer_lost},
	    {"wrong RES", test_wrong_res},
	    {"forged refusal", test_forged_refusal},
	    {"expiry", test_expiry},
	    {"silent home network", test_silent_home},
	    {"refused, then told", test_refused_then_told},
	    {"refused, then a key", test_refused_then_key},
	    {"lost memory", test_lost_memory},
	    {"killed", test_killed},
	    {"one at a time", test_one_at_a_time},
	    {"hostile home networks", test_hostile},
	    {"replay", test_replay},
	    {"domains", test_domains},
	    {"usage", test_usage},
	    {"stop", stop},
	};

	return harness_main("aka", tests, sizeof tests / sizeof *tests);
}
