/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the integration tests share: a real broker with the built plugin in a directory of its own
 * on a free loopback port, a UE played by hand on the core's functions, and an observer that sees
 * every message under its filters. Failures are reported through CUnit.
 */
#ifndef EESE_TESTS_HARNESS_H
#define EESE_TESTS_HARNESS_H

#include <CUnit/CUnit.h>
#include <sys/types.h>

#include "eese/control.h"
#include "eese/data.h"
#include "mqtt.h"

/* MQTT user names that are no UE's. */
#define TEST_APP_USER "application"
#define TEST_GATEWAY_USER "gateway"
#define TEST_ADMIN_USER "admin"

/* Stops the test's function where going on makes no sense. */
#define REQUIRE(what)                                                                              \
	do {                                                                                       \
		bool holds_ = (what);                                                              \
		CU_ASSERT_TRUE(holds_);                                                            \
		if (!holds_) {                                                                     \
			harness_note(__FILE__, __LINE__, #what);                                   \
			return;                                                                    \
		}                                                                                  \
	} while (0)

/* As CU_ASSERT_TRUE, but says at once where, with the case in hand (harness_case()). */
#define EXPECT(what)                                                                               \
	do {                                                                                       \
		bool holds_ = (what);                                                              \
		CU_ASSERT_TRUE(holds_);                                                            \
		if (!holds_)                                                                       \
			harness_note(__FILE__, __LINE__, #what);                                   \
	} while (0)

#define EXPECT_EQUAL(a, b)                                                                         \
	do {                                                                                       \
		long long a_ = (long long)(a), b_ = (long long)(b);                                \
		CU_ASSERT_EQUAL(a_, b_);                                                           \
		if (a_ != b_)                                                                      \
			harness_note_equal(__FILE__, __LINE__, #a, a_, #b, b_);                    \
	} while (0)

void harness_note(const char *file, int line, const char *what);
void harness_note_equal(const char *file, int line, const char *a, long long va, const char *b,
			long long vb);

/* Every version with every QoS: body is called with each pair, named in notes. */
void harness_each(void (*body)(enum mqtt_version version, uint8_t qos));
void harness_each_version(void (*body)(enum mqtt_version version));

struct harness_test {
	const char *name;
	void (*run)(void);
};

/* Runs them in order; the process's exit code. */
int harness_main(const char *suite, const struct harness_test *tests, size_t count);

void harness_sleep_ms(int ms);

/* ---- broker.c: the broker ---- */

/* UEs in the key file: prefix-0 .. prefix-(count-1). Ends with a prefix of NULL. */
struct ue_range {
	const char *prefix;
	int count;
	int te2e_s;        /* 0: the broker's */
	const char *group; /* NULL: none */
};

struct broker_options {
	const struct ue_range *ues;
	const char *keys;         /* the key file's text instead of ues */
	mode_t key_mode;          /* 0: 0600 */
	const char *plugin_lines; /* further plugin_opt_ lines */
	const char *conf_lines;   /* lines in front of the plugin's */
	bool no_key_option;       /* the plugin is told of no key file */
	const char *preload;      /* a library put before the broker */
	bool persistence;         /* Mosquitto's own, in the broker's directory */
	bool same_port;           /* start again where it was */
	bool no_store_option;     /* nor of a store; in the broker's directory otherwise */
	bool no_plugin;           /* a broker without it, the other options are moot */
	bool no_acl;              /* nor of gateways and acl_default, which is allow otherwise */
};

struct broker {
	pid_t pid;
	uint16_t port;
	char dir[128]; /* has mosquitto.conf, keys, log */
};

/* Starts it and waits until it accepts. */
bool broker_start(struct broker *b, const struct broker_options *o);

/* It must not start, with an exit code other than 0 and a log that has each of the words, which
 * are separated by '|'. */
void broker_refuses(const struct broker_options *o, const char *words);

/* Starts it as it is by now, in the same directory but, unless told, on another port, and doesn't
 * wait. */
void broker_launch(struct broker *b, const struct broker_options *o);
/* Waits until it accepts; false: it ended, and *status is its wait status. */
bool broker_await(struct broker *b, int *status);
/* Both, and it has to accept. */
bool broker_again(struct broker *b, const struct broker_options *o);

/* Whether it ended within the time; *status is then its wait status. */
bool broker_ended(struct broker *b, int timeout_ms, int *status);

bool broker_alive(const struct broker *b);

/* Ends it with SIGKILL; its directory stays. No sanitizer's report may be in its log. */
void broker_kill(struct broker *b);
/* As broker_stop(), but its directory stays. */
void broker_end(struct broker *b);

/* Ends it with SIGTERM; it must end in time, with code 0 and no sanitizer's report in its log. */
void broker_stop(struct broker *b);

/* Rewrites the key file; SIGHUP; waits until the log shows that it was taken up. */
void broker_write_keys(const struct broker *b, const struct ue_range *ues, const char *text);
void broker_reload(const struct broker *b);

/* A loopback port that is free now; another process may still be faster. */
uint16_t broker_free_port(void);

/* The log so far, to be freed. */
char *broker_log(const struct broker *b);

/* ---- test_ue.c: a UE by hand ---- */

struct test_ue {
	char id[EESE_UE_ID_MAX + 1];
	uint8_t int_key[EESE_INT_KEY_SIZE];
	uint8_t control_key[EESE_CONTROL_KEY_SIZE];
	uint16_t ikid;
	uint32_t ksn; /* 0: none */
	uint8_t rand[EESE_RAND_SIZE];
	struct eese_keyset set;
	uint64_t number; /* next */
	struct mqtt link;
};

struct octets {
	uint8_t p[2048];
	size_t len;
};

/* The e2e_int_key that stands for this UE-ID in every key file the harness writes. */
void test_int_key(const char *ue_id, uint8_t out[EESE_INT_KEY_SIZE]);

/* The next one of a range that no test used. */
void ue_take(struct test_ue *u, const char *prefix);
void ue_named(struct test_ue *u, const char *id);

/* Connects (again) and subscribes ctl and down/#. */
bool ue_connect(struct test_ue *u, const struct broker *b, enum mqtt_version version,
		bool persistent);

/* Seals text for sub with this number under the keyset in hand. */
void ue_seal_number(const struct test_ue *u, const char *sub, const char *text, uint64_t number,
		    struct octets *out);
/* The same with the next number. */
void ue_seal(struct test_ue *u, const char *sub, const char *text, struct octets *out);

/* Fills p with a PUBLISH of these octets on up/sub; topic must hold EESE_TOPIC_MAX + 128. */
struct mqtt_publish ue_uplink(const struct test_ue *u, const char *sub, const struct octets *msg,
			      uint8_t qos, char *topic);

/* Publishes octets on up/sub; as mqtt_publish(). */
int ue_send(struct test_ue *u, const char *sub, const struct octets *msg, uint8_t qos);
/* ue_seal() and ue_send(). */
int ue_say(struct test_ue *u, const char *sub, const char *text, uint8_t qos);

/* What came on ctl. */
struct control {
	enum { CONTROL_NONE, CONTROL_UPDATE, CONTROL_ERROR, CONTROL_OTHER } kind;
	struct eese_key_update update;
	struct eese_error error;
};

/* The next message on ctl; whatever comes on another topic before is CONTROL_OTHER. */
struct control ue_control(struct test_ue *u);
/* As ue_control(), for a KEY_UPDATE with this reason. */
bool ue_update(struct test_ue *u, uint8_t reason, struct eese_key_update *out);
/* Nothing is on its way to the UE. */
bool ue_quiet(struct test_ue *u);

void ue_adopt(struct test_ue *u, const struct eese_key_update *update);
int ue_request(struct test_ue *u, uint8_t reason, uint32_t ksn, uint8_t qos);
/* First contact by KEY_REQUEST 0, and one accepted message that confirms the keyset. */
bool ue_first_contact(struct test_ue *u);

/* Whether a message accepted by this version at this QoS shows so, and a refused one. */
bool taken(enum mqtt_version version, uint8_t qos, int reason);
bool refused(enum mqtt_version version, uint8_t qos, int reason);

/* ---- observer.c ---- */

struct observer {
	struct mqtt link;
	struct mqtt_message **seen;
	size_t count;
	unsigned marks;
	bool events; /* set it to keep what comes on <app>/<ue>/event, too */
};

bool observer_open(struct observer *o, const struct broker *b, const char *username,
		   const char *filter);
/* Takes everything the broker made of messages it acknowledged before this call. */
bool observer_sync(struct observer *o);
/* Reads until count messages are there, or timeout. */
bool observer_await(struct observer *o, size_t count, int timeout_ms);
/* Messages with this topic and, unless NULL, this text. */
size_t observer_count(const struct observer *o, const char *topic, const char *text);
/* Messages of app/<ue>/up/... */
size_t observer_of(const struct observer *o, const struct test_ue *u, const char *sub,
		   const char *text);
void observer_forget(struct observer *o);
void observer_close(struct observer *o);

#endif
