/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway as a service: it says when it is ready, ends in order, and lives through its broker's
 * absence. */
#include "gateway.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000, STEP_MS = 20 };

static struct broker broker;
static struct gateway gateway;
static struct observer app;
static struct coap client;
static int manager; /* the service manager's socket */
static char manager_path[192];

static const struct ue_range ues[] = {{.prefix = "ue", .count = 20}, {0}};
static const struct broker_options options = {.ues = ues};

static void start(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	REQUIRE(broker_start(&broker, &options));
	REQUIRE(observer_open(&app, &broker, TEST_APP_USER, "app/+/up/#"));
	snprintf(manager_path, sizeof manager_path, "%.90s/notify", broker.dir);
	memcpy(at.sun_path, manager_path, strlen(manager_path) + 1);
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	REQUIRE(manager >= 0 && bind(manager, (struct sockaddr *)&at, sizeof at) == 0);
	setenv("NOTIFY_SOCKET", manager_path, 1);
	REQUIRE(gateway_start(&gateway, broker.port, NULL));
	REQUIRE(coap_open(&client, gateway.port, false));
}

static void stop(void)
{
	coap_close(&client);
	observer_close(&app);
	gateway_stop(&gateway);
	unsetenv("NOTIFY_SOCKET");
	close(manager);
	unlink(manager_path);
	broker_stop(&broker);
}

static bool notified(const char *what)
{
	struct pollfd p = {.fd = manager, .events = POLLIN};
	char text[128];
	ssize_t n;

	if (poll(&p, 1, PATIENCE_MS) != 1)
		return false;
	n = recv(manager, text, sizeof text - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	return strcmp(text, what) == 0;
}

static void test_ready(void)
{
	static const char *const files[] = {"spool.db", "spool.db-wal"};
	char path[192];
	struct stat st;

	EXPECT(notified("READY=1"));
	/* What it keeps is its own. */
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf(path, sizeof path, "%s/%s", gateway.dir, files[i]);
		EXPECT(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
	}
}

/* Told to end with messages on their way: no new ones are taken, those get their answers. */
static void test_drain(void)
{
	struct coap_message m, other, r;
	struct octets msg;
	struct test_ue u;
	bool answered = false, refused = false;
	char path[128];

	ue_take(&u, "ue");
	REQUIRE(coap_first_contact(&client, &u));
	snprintf(path, sizeof path, "e2e/%s/up/t", u.id);
	kill(broker.pid, SIGSTOP);
	ue_seal(&u, "t", "on its way", &msg);
	coap_begin(&client, &m, COAP_CON, COAP_POST);
	coap_add_path(&m, path);
	m.payload = msg.p;
	m.len = msg.len;
	EXPECT(coap_transmit(&client, &m));
	/* The gateway has it when it answers what came behind it. */
	coap_begin(&client, &other, COAP_CON, COAP_GET);
	EXPECT(coap_exchange(&client, &other, &r) && r.code == COAP_CODE(404));
	kill(gateway.pid, SIGTERM);
	EXPECT(notified("STOPPING=1"));
	coap_begin(&client, &other, COAP_CON, COAP_POST);
	coap_add_path(&other, path);
	other.payload = msg.p;
	other.len = msg.len;
	EXPECT(coap_transmit(&client, &other));
	while (!refused && coap_receive(&client, &r, COAP_PATIENCE_MS))
		refused = r.mid == other.mid && r.code == COAP_CODE(503);
	EXPECT(refused);
	kill(broker.pid, SIGCONT);
	while (!answered && coap_receive(&client, &r, COAP_PATIENCE_MS)) {
		answered = r.code == COAP_CODE(204);
		if (r.type == COAP_CON)
			coap_acknowledge(&client, &r);
	}
	EXPECT(answered);
	for (int waited = 0; waited < PATIENCE_MS && gateway_alive(&gateway); waited += STEP_MS)
		harness_sleep_ms(STEP_MS);
	EXPECT(!gateway_alive(&gateway));
	gateway_end(&gateway); /* looks at how it ended */
	EXPECT(observer_sync(&app));
	EXPECT_EQUAL(observer_of(&app, &u, "t", "on its way"), 1);
	REQUIRE(gateway_again(&gateway, broker.port, NULL));
	EXPECT(notified("READY=1"));
}

/* Until the broker is back it says so, and when to come again. */
static void test_broker_away(void)
{
	struct coap_message r = {0};
	struct test_ue u;
	uint8_t code = 0;

	ue_take(&u, "ue");
	for (int waited = 0; waited < PATIENCE_MS && code != COAP_CODE(204); waited += STEP_MS) {
		code = coap_request_key(&client, &u, EESE_REQUEST_NO_KEYSET, 0, &r);
		harness_sleep_ms(STEP_MS);
	}
	REQUIRE(code == COAP_CODE(204) && coap_adopt(&u, &r));
	EXPECT_EQUAL(coap_say(&client, &u, "t", "before", NULL), COAP_CODE(204));
	gateway_end(&gateway);
	REQUIRE(gateway_again(&gateway, 1, NULL));
	EXPECT_EQUAL(coap_say(&client, &u, "t", "away", &r), COAP_CODE(503));
	EXPECT(coap_find(&r, COAP_MAX_AGE) != NULL);
	EXPECT_EQUAL(coap_get(&client, &u, "down?d", &r), COAP_CODE(503));
	EXPECT(coap_find(&r, COAP_MAX_AGE) != NULL);
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},      {"ready", test_ready},
	    {"drain", test_drain}, {"broker away", test_broker_away},
	    {"stop", stop},
	};

	return harness_main("coap service", tests, sizeof tests / sizeof *tests);
}
