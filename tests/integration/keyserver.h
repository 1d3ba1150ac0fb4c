/* SPDX-License-Identifier: Apache-2.0 */
/* A broker whose EESE has an EMKS, and what its UEs see of that. */
#ifndef EESE_TESTS_KEYSERVER_H
#define EESE_TESTS_KEYSERVER_H

#include "harness.h"
#include "hostile_emks.h"

struct keyserver {
	struct pki pki;
	struct hostile *emks; /* NULL: stopped */
	struct broker broker;
	uint16_t port; /* the EMKS's, kept over a restart */
};

/* Its plugin_opt_emks_ lines; in a static buffer. cert and key: names of the pki's files. */
const char *keyserver_lines(const struct keyserver *k, const char *url, const char *cert,
			    const char *key, const char *more);

/* Starts the EMKS with this certificate (NULL: server.pem), on the port it had. */
bool keyserver_serve(struct keyserver *k, const char *cert);

/* Both, with the key file's UEs file-0 .. file-399; more: further plugin_opt_ lines. */
bool keyserver_start(struct keyserver *k, const char *more);
void keyserver_stop(struct keyserver *k);

/* A counter below $SYS/broker/eese/keyserver/, as it was up to a second ago; -1: there is none.
 * Needs these lines. */
#define KEYSERVER_COUNTERS "plugin_opt_sys_interval 1\nplugin_opt_admins " TEST_ADMIN_USER "\n"
long keyserver_counter(const struct keyserver *k, const char *what);

/* Runs the tests with the pki made. */
int keyserver_main(struct keyserver *k, const char *suite, const struct harness_test *tests,
		   size_t count);

/* The next one on ctl; the EMKS's answer is taken up in a tick some time after it came. */
struct control await_control(struct test_ue *u, int timeout_ms);
/* For a KEY_UPDATE with this reason, which is adopted; or this ERROR. */
bool await_update(struct test_ue *u, uint8_t reason);
bool await_error(struct test_ue *u, uint8_t reason);

/* Connects the next UE of this prefix with MQTT 5. */
bool newcomer(struct test_ue *u, const struct keyserver *k, const char *prefix);

/* A message under a keyset that nobody has; as mqtt_publish(). */
int say_unknown(struct test_ue *u);

/* Says hello until a KEY_UPDATE comes, as a UE does that is told to wait; adopts it. */
bool come_back(struct test_ue *u, int timeout_ms);

/* The UE ran AKA: it has the key of this generation and no keyset. */
void ue_rekey(struct test_ue *u, unsigned generation);

#endif
