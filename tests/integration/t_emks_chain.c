/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIM, AKA, HSS, EMKS, EESE, application: the real programs all along, and what befalls a key on
 * the way. Two devices live through the end of theirs, and send all the while; what takes less
 * time is done meanwhile. An EESE asks for one UE at most once a minute after a new key, so no
 * device gets two of them here.
 */
#include "emks.h"
#include "harness.h"
#include "phone.h"
#include "udp_relay.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEY_LIFE_MS = 45000 };
static const char key_life[] = "key_life 45\n";

static struct emks emks;
static struct broker broker;
static struct observer app;

/* Keys of 45 s: AKA again when 4 to 9 are left, which a busy machine has done with by their end.
 * After it the EESE would have asked in vain and asks again a minute later. */
static void start(void)
{
	char lines[1024];
	struct broker_options o = {.keys = "", .plugin_lines = lines};

	REQUIRE(emks_make(&emks));
	REQUIRE(emks_start(&emks, key_life));
	snprintf(lines, sizeof lines,
		 "plugin_opt_emks_url https://127.0.0.1:%u\nplugin_opt_emks_cert %s/plant-a.crt\n"
		 "plugin_opt_emks_key %s/plant-a.key\nplugin_opt_emks_ca %s/ca.crt\n"
		 "plugin_opt_te2e 4\n",
		 emks.https_port, emks.dir, emks.dir, emks.dir);
	REQUIRE(broker_start(&broker, &o));
	REQUIRE(observer_open(&app, &broker, TEST_APP_USER, "app/#"));
}

/* A device, and its subscription with these options. */
static struct phone subscribe(const char *ue, const char *options)
{
	static unsigned count;
	struct phone p;
	char imsi[16];

	snprintf(imsi, sizeof imsi, "0010100000%05u", ++count % 100000);
	EXPECT(emks_add(&emks, imsi, ue, options));
	phone_make(&p, ue, broker.dir, TEST_K, TEST_OPC);
	phone_home(&p, emks.coap_port);
	p.broker = broker.port;
	return p;
}

static void expect_arrived(const struct phone *p, const char *text)
{
	char topic[128];

	snprintf(topic, sizeof topic, "app/%s/up/t", p->ue);
	EXPECT(observer_sync(&app));
	EXPECT_EQUAL(observer_count(&app, topic, text), 1);
}

/* One message, with nothing but a SIM to begin with. */
static void contact(const struct phone *p)
{
	EXPECT_EQUAL(phone_publish(p, 0, "first"), 0);
	expect_arrived(p, "first");
}

/* ---- devices that live side by side ---- */

/* A sender, and whether it gets a line each second. */
struct life {
	struct sender sender;
	bool fed;
};

static struct life expiring, barred;
static struct udp_relay slow; /* between the expiring one and the operator */
static uint64_t begun;        /* when both had their first key */

static pthread_t feeder;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of what follows and of all lives */
static struct life *const lives[] = {&expiring, &barred};
static bool feeding;

enum { LIVES = sizeof lives / sizeof *lives };

static void *feed(void *context)
{
	bool more = true;

	(void)context;
	while (more) {
		pthread_mutex_lock(&lock);
		for (size_t i = 0; i < LIVES; i++)
			if (lives[i]->fed)
				sender_say(&lives[i]->sender);
		more = feeding;
		pthread_mutex_unlock(&lock);
		harness_sleep_ms(1000);
	}
	return NULL;
}

static void stop_feeding(struct life *l)
{
	pthread_mutex_lock(&lock);
	l->fed = false;
	pthread_mutex_unlock(&lock);
}

/* One is barred as soon as it has its first key. */
static void begin_lives(void)
{
	static const char *const names[] = {"expiring", "barred"};

	REQUIRE(udp_relay_start(&slow, emks.coap_port));
	for (size_t i = 0; i < LIVES; i++) {
		struct phone p = subscribe(names[i], "");

		if (lives[i] == &expiring)
			phone_home(&p, slow.port);
		sender_start(&lives[i]->sender, &p);
		EXPECT(program_says(lives[i]->sender.program.err, "event: AKA: new key", 30000));
		lives[i]->fed = true;
	}
	begun = mqtt_now_ms();
	atomic_store(&slow.manner, RELAY_NO_CHANGED);
	EXPECT_EQUAL(emks_shell(&emks, "$EESE_HSS bar barred"), 0);
	feeding = true;
	REQUIRE(pthread_create(&feeder, NULL, feed, NULL) == 0);
}

/* ---- meanwhile ---- */

static void test_chain(void)
{
	struct phone p = subscribe("chain", "");

	contact(&p);
	EXPECT_EQUAL(phone_publish(&p, 0, "second"), 0);
	expect_arrived(&p, "second");
}

/* Half of all datagrams lost, the others doubled. */
static void test_lossy(void)
{
	struct phone p = subscribe("lossy", "");
	struct udp_relay relay;

	REQUIRE(udp_relay_start(&relay, emks.coap_port));
	atomic_store(&relay.manner, RELAY_LOSSY);
	phone_home(&p, relay.port);
	EXPECT_EQUAL(phone_aka(&p, 0, "90"), 0);
	EXPECT(atomic_load(&relay.lost) >= 2);
	udp_relay_stop(&relay);
	contact(&p);
}

/* The key server is gone when a UE comes: the UE is told, and its message waits. */
static void test_no_key_server(void)
{
	struct phone p = subscribe("early", "");
	struct program t;

	EXPECT_EQUAL(phone_aka(&p, 0, "20"), 0);
	emks_kill(&emks);
	phone_run(&t, &p, "pub",
		  (const char *const[]){"-t", "t", "--wait", "120", "-m", "patient", NULL});
	EXPECT(program_says(t.err, "event: wait, reason 2", 60000));
	REQUIRE(emks_start(&emks, key_life));
	EXPECT_EQUAL(phone_ends(&t, 0, 150000), 0);
	expect_arrived(&p, "patient");
}

/* HPS runs with its own AMF and string: its key is in a file of its own, the EESE gets none of it.
 */
static void test_domains(void)
{
	struct phone both = subscribe("both", "--hps yes"), enps = subscribe("enps", "");
	struct program t;
	char path[256], *keys, *other;

	phone_run(&t, &enps, "aka", (const char *const[]){"--domain", "hps", NULL});
	EXPECT_EQUAL(phone_ends(&t, 5, 30000), 5);
	EXPECT(phone_file_has(t.err, "not known, barred, or not in this domain"));
	phone_run(&t, &both, "aka", (const char *const[]){"--domain", "hps", NULL});
	EXPECT_EQUAL(phone_ends(&t, 0, 30000), 0);
	contact(&both);
	snprintf(path, sizeof path, "%s.hps.keys", both.state);
	keys = program_text(both.keys);
	other = program_text(path);
	REQUIRE(strncmp(strstr(keys, "\nkey ") + 1, "key ", 4) == 0);
	EXPECT(strncmp(strstr(keys, "\nkey "), strstr(other, "\nkey "), 5 + 64) != 0);
	/* In the place of the other it is no key: the EESE holds a MAC under it for none. */
	EXPECT_EQUAL(rename(path, both.keys), 0);
	EXPECT_EQUAL(unlink(both.state), 0);
	phone_home(&both, 9); /* nobody: no way out by AKA */
	phone_run(&t, &both, "pub",
		  (const char *const[]){"-t", "t", "--wait", "5", "-m", "never", NULL});
	EXPECT_EQUAL(phone_ends(&t, 1, 60000), 1);
	snprintf(path, sizeof path, "app/%s/up/t", both.ue);
	EXPECT(observer_sync(&app));
	EXPECT_EQUAL(observer_count(&app, path, "never"), 0);
	free(keys);
	free(other);
}

/* The answer to RES is lost: the server has the new key, the device has both. */
static void lose_answer(struct phone *p)
{
	struct udp_relay relay;

	REQUIRE(udp_relay_start(&relay, emks.coap_port));
	atomic_store(&relay.manner, RELAY_NO_CHANGED);
	phone_home(p, relay.port);
	EXPECT_EQUAL(phone_aka(p, 4, "2"), 4);
	EXPECT(atomic_load(&relay.lost) > 0);
	EXPECT(phone_file_has(p->keys, "\nnext "));
	udp_relay_stop(&relay);
	phone_home(p, emks.coap_port);
}

static void test_lost_answer(void)
{
	struct phone p = subscribe("unlucky", "");

	contact(&p);
	lose_answer(&p);
	EXPECT_EQUAL(phone_publish(&p, 0, "after it"), 0);
	expect_arrived(&p, "after it");
	/* The first one may have been faster than the change of keys. */
	EXPECT_EQUAL(phone_publish(&p, 0, "changed"), 0);
	EXPECT(!phone_file_has(p.keys, "\nnext "));
}

static void test_lost_memory(void)
{
	struct phone p = subscribe("forgetful", "");

	contact(&p);
	EXPECT_EQUAL(unlink(p.state), 0);
	EXPECT_EQUAL(unlink(p.keys), 0);
	EXPECT_EQUAL(phone_publish(&p, 0, "after it"), 0);
	expect_arrived(&p, "after it");
}

/* EnPS withdrawn and given back: no new key, a new key. */
static void test_withdrawn(void)
{
	struct phone p = subscribe("withdrawn", "");

	contact(&p);
	EXPECT_EQUAL(emks_shell(&emks, "$EESE_HSS set withdrawn --enps no"), 0);
	EXPECT_EQUAL(phone_aka(&p, 5, "20"), 5);
	EXPECT_EQUAL(emks_shell(&emks, "$EESE_HSS set withdrawn --enps yes"), 0);
	EXPECT_EQUAL(phone_aka(&p, 0, "20"), 0);
	EXPECT_EQUAL(phone_publish(&p, 0, "after it"), 0);
	expect_arrived(&p, "after it");
}

/* ---- the end of the first keys ---- */

/* Barred for good: the device gets no new key, the EESE makes no keyset under the old one once that
 * is at its end, and the device is told. What it has to send waits there. */
static void test_barred(void)
{
	struct sender *s = &barred.sender;

	EXPECT(program_says(s->program.err, "event: AKA: refused", 120000));
	EXPECT(program_says(s->program.err, "event: wait, reason 3", 120000));
	stop_feeding(&barred);
	kill(s->program.pid, SIGTERM);
	EXPECT_EQUAL(phone_ends(&s->program, 1, 20000), 1);
	EXPECT_EQUAL(phone_aka(&s->phone, 5, "5"), 5);
}

static unsigned keysets(const struct sender *s)
{
	static const char word[] = "new keyset";
	char *err = program_text(s->program.err);
	unsigned count = 0;

	for (const char *at = err; (at = strstr(at, word)) != NULL; at += strlen(word))
		count++;
	free(err);
	return count;
}

/* The answer to RES comes late, keysets of the old key before it. Lines after the first key's end,
 * and all that it had to say arrived, once. */
static void test_expiring(void)
{
	struct sender *s = &expiring.sender;
	unsigned before;

	while (atomic_load(&slow.lost) == 0 && mqtt_now_ms() < begun + KEY_LIFE_MS)
		harness_sleep_ms(100);
	before = keysets(s);
	while (keysets(s) == before && mqtt_now_ms() < begun + 2 * KEY_LIFE_MS)
		harness_sleep_ms(100);
	EXPECT(keysets(s) > before);
	atomic_store(&slow.manner, RELAY_ALL);
	while (mqtt_now_ms() < begun + KEY_LIFE_MS + 6000)
		harness_sleep_ms(100);
	stop_feeding(&expiring);
	EXPECT_EQUAL(phone_ends(&s->program, 0, 150000), 0);
	sender_arrived(s, &app);
}

static void stop(void)
{
	pthread_mutex_lock(&lock);
	feeding = false;
	pthread_mutex_unlock(&lock);
	pthread_join(feeder, NULL);
	udp_relay_stop(&slow);
	observer_close(&app);
	broker_stop(&broker);
	emks_remove(&emks);
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},
	    {"devices begin", begin_lives},
	    {"from the SIM to the application", test_chain},
	    {"datagrams lost and doubled", test_lossy},
	    {"no key server", test_no_key_server},
	    {"domains", test_domains},
	    {"the answer to RES lost", test_lost_answer},
	    {"memory lost", test_lost_memory},
	    {"withdrawn and given back", test_withdrawn},
	    {"expiring", test_expiring},
	    {"barred", test_barred},
	    {"stop", stop},
	};

	return harness_main("emks: chain", tests, sizeof tests / sizeof *tests);
}
