/* SPDX-License-Identifier: Apache-2.0 */
/* How eese-ctl gets to a broker, or says why not: login, rights, TLS, its user's files, and what it
 * does without a terminal or an output. */
#include "harness.h"

#include "ctl.h"
#include "pki.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct broker broker;
static struct pki pki;
static uint16_t tls_port, wrong_name_port;

static const struct ue_range ues[] = {{.prefix = "ue", .count = 3}, {0}};

#define CTL(code, ...) CTL_WITH(code, broker.port, NULL, __VA_ARGS__)

static bool make_passwords(void)
{
	char command[256];

	snprintf(command, sizeof command, "mosquitto_passwd -U %s",
		 ctl_file("passwords",
			  TEST_ADMIN_USER ":" MQTT_PASSWORD "\nuser:" MQTT_PASSWORD "\n", 0600));
	return system(command) == 0;
}

/* A listener with TLS, which wants a certificate of the client too. */
static void add_listener(char lines[2048], uint16_t port, const char *certificate)
{
	snprintf(lines + strlen(lines), 2048 - strlen(lines),
		 "listener %u 127.0.0.1\ncafile %s\ncertfile %s\nkeyfile %s\n"
		 "require_certificate true\n",
		 port, pki_path(&pki, "ca.pem"), pki_path(&pki, certificate),
		 pki_path(&pki, "server-key.pem"));
}

static void start(void)
{
	char lines[2048];
	const struct broker_options o = {.ues = ues,
					 .conf_lines = lines,
					 .plugin_lines = "plugin_opt_admins " TEST_ADMIN_USER "\n"};

	ctl_setup();
	REQUIRE(make_passwords() && pki_make(&pki));
	tls_port = broker_free_port();
	wrong_name_port = broker_free_port();
	snprintf(lines, sizeof lines, "password_file %s\nlistener 0 %s\n", ctl_path("passwords"),
		 ctl_path("socket"));
	add_listener(lines, tls_port, "server.pem");
	add_listener(lines, wrong_name_port, "wrong-name.pem");
	REQUIRE(broker_start(&broker, &o));
}

static void stop(void)
{
	broker_stop(&broker);
	pki_drop(&pki);
	ctl_end();
}

static void test_login(void)
{
	CTL(0, "list");
	CTL(3, "-P", "wrong", "list");
	EXPECT(ctl_said("refuses the connection"));
	CTL(3, "-V", "mqttv311", "-P", "wrong", "list");
	CTL(0, "--pw-file", ctl_file("pw", MQTT_PASSWORD "\n", 0600), "list");
	CTL(2, "--pw-file", ctl_file("pw-open", MQTT_PASSWORD "\n", 0644), "list");
	EXPECT(ctl_said("chmod 600"));
	CTL(3, "--pw-file", ctl_file("pw-wrong", "wrong\n", 0600), "list");
}

/* Whoever is no administrator. MQTT 3 has no way to tell. */
static void test_rights(void)
{
	CTL(1, "-u", "user", "list");
	EXPECT(ctl_said("Not authorized") && ctl_said("plugin_opt_admins"));
	EXPECT(ctl_out[0] == '\0');
	CTL(4, "-u", "user", "-V", "mqttv311", "-W", "0.5", "list");
	EXPECT(ctl_said("plugin_opt_admins"));
	CTL(4, "-u", "user", "-V", "mqttv311", "-W", "0.5", "expire", "--all", "--yes");
}

/* Listens, and accepts without ever saying a word. */
static int silent_listener(uint16_t *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t len = sizeof a;
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, len) != 0 || listen(fd, 8) != 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) != 0)
		abort();
	*port = ntohs(a.sin_port);
	return fd;
}

static void test_no_broker(void)
{
	uint16_t port = broker_free_port();
	int fd;

	CTL_WITH(3, port, NULL, "list");
	EXPECT(ctl_said("Connection refused"));
	CTL(3, "-h", "no-such-host.invalid", "list");
	CTL(3, "--unix", "/nonexistent", "list");
	fd = silent_listener(&port);
	CTL_WITH(3, port, NULL, "-W", "0.5", "list");
	EXPECT(ctl_said("no answer in time"));
	/* The TLS handshake has no answer either. */
	CTL_WITH(3, port, NULL, "-W", "0.5", "--cafile", pki_path(&pki, "ca.pem"), "list");
	EXPECT(ctl_said("no answer in time"));
	CTL_WITH(3, port, NULL, "-W", "0.5", "watch");
	CTL_WITH(3, port, NULL, "-W", "0.5", "--quiet", "list");
	EXPECT(ctl_err[0] == '\0');
	close(fd);
}

/* At this port, trusting this CA, with an administrator's certificate. */
#define TLS(code, port, ca, ...)                                                                   \
	CTL_WITH(code, port, NULL, "--cafile", pki_path(&pki, ca), "--cert",                       \
		 pki_path(&pki, "client.pem"), "--key", pki_path(&pki, "client-key.pem"),          \
		 __VA_ARGS__)

static void test_tls(void)
{
	TLS(0, tls_port, "ca.pem", "list");
	TLS(0, tls_port, "ca.pem", "-h", "localhost", "--tls-version", "tlsv1.2", "list");
	TLS(3, tls_port, "other-ca.pem", "list");
	EXPECT(ctl_said("certificate verify failed"));
	TLS(3, wrong_name_port, "ca.pem", "list");
	TLS(0, wrong_name_port, "ca.pem", "--insecure", "list");
	CTL_WITH(3, tls_port, NULL, "--cafile", pki_path(&pki, "ca.pem"), "list");
	CTL_WITH(3, tls_port, NULL, "list");
	CTL(3, "--cafile", pki_path(&pki, "ca.pem"), "list");
	CTL(3, "--cafile", "/nonexistent", "list");
	CTL(2, "--insecure", "list");
}

static void test_unix_socket(void)
{
	CTL(0, "--unix", ctl_path("socket"), "list");
}

static void test_config(void)
{
	char text[512];

	snprintf(text, sizeof text, "# mine\n\n  -u user\n--pw-file  %s \n--json\r\n",
		 ctl_file("pw-wrong", "wrong\n", 0600));
	ctl_file("eese-ctl", text, 0600);
	/* What the command line says goes before the file. */
	CTL(3, "list");
	CTL(0, "-P", MQTT_PASSWORD, "list");
	EXPECT(strncmp(ctl_out, "[\n\"ue-", 6) == 0);
	ctl_file("eese-ctl", text, 0640);
	CTL(2, "list");
	EXPECT(ctl_said("chmod 600"));
	ctl_file("eese-ctl", "-u admin\n--no-such\n", 0600);
	CTL(2, "list");
	EXPECT(ctl_said("line 2"));
	ctl_file("eese-ctl", "--state expired\n", 0600);
	CTL(2, "list");
	ctl_file("eese-ctl", "-p\n", 0600);
	CTL(2, "list");
	unlink(ctl_path("eese-ctl"));
}

static void test_usage(void)
{
	CTL(2, "lists");
	CTL(2, "--no-such", "list");
	CTL(2, "list", "--all");
	CTL(2, "--json");
	CTL(0, "--help");
	EXPECT(ctl_printed("  watch   "));
	CTL(0, "help");
	CTL(0, "help", "te2e");
	EXPECT(ctl_printed("--default"));
	CTL(0, "te2e", "--help");
	CTL(2, "help", "lists");
}

/* A shell around it, whose exit code is its. */
static int in_shell(const char *format, const char *input)
{
	struct program p;
	char text[1024], command[768];
	int code;

	snprintf(command, sizeof command, "%s -h 127.0.0.1 -p %u -u " TEST_ADMIN_USER,
		 EESE_TEST_CTL, broker.port);
	snprintf(text, sizeof text, format, command);
	program_start(&p, ctl_path(""), (const char *const[]){"/bin/sh", "-c", text, NULL});
	if (input != NULL)
		program_say(&p, input);
	code = program_ends(&p, 60000);
	free(ctl_out);
	free(ctl_err);
	ctl_out = program_text(p.out);
	ctl_err = program_text(p.err);
	return code;
}

/* Nobody reads, nothing is free, or it was closed before: an error, and the connection is never
 * taken for the output. */
static void test_output(void)
{
	EXPECT_EQUAL(in_shell("%s list >/dev/full", NULL), 1);
	EXPECT(ctl_said("No space left on device"));
	EXPECT_EQUAL(in_shell("%s list >&-", NULL), 1);
	EXPECT_EQUAL(in_shell("%s list --json <&- >&- 2>&-", NULL), 1);
	EXPECT_EQUAL(in_shell("%s --help >/dev/full", NULL), 1);
	EXPECT_EQUAL(in_shell("{ sleep 0.2; %s list; echo $? >&2; } | true", NULL), 0);
	EXPECT(strcmp(ctl_err, "1\n") == 0);
	EXPECT_EQUAL(in_shell("%s list 2>&-", NULL), 0);
	EXPECT(broker_alive(&broker));
}

/* On a terminal it asks. */
static void test_question(void)
{
	EXPECT_EQUAL(in_shell("script -qec '%s expire --all' /dev/null", "n\n"), 2);
	EXPECT(ctl_printed("Expire the keysets of all UEs? [y/N]"));
	EXPECT(ctl_printed("nothing was done"));
	EXPECT_EQUAL(in_shell("script -qec '%s expire --all' /dev/null", "y\n"), 0);
	EXPECT(ctl_printed("all: keysets expired"));
	EXPECT_EQUAL(in_shell("script -qec '%s remove ue-2' /dev/null", "\n"), 2);
	EXPECT_EQUAL(in_shell("script -qec '%s remove ue-2' /dev/null", "yes\n"), 0);
	EXPECT(ctl_printed("1 UE: removed"));
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},
	    {"login", test_login},
	    {"rights", test_rights},
	    {"no broker", test_no_broker},
	    {"TLS", test_tls},
	    {"Unix socket", test_unix_socket},
	    {"file of options", test_config},
	    {"usage", test_usage},
	    {"output", test_output},
	    {"question", test_question},
	    {"stop", stop},
	};

	return harness_main("ctl link", tests, sizeof tests / sizeof *tests);
}
