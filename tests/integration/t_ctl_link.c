/* SPDX-License-Identifier: Apache-2.0 */
/* How eese-ctl gets to a broker, or says why not: login, rights, TLS, its user's files, and what it
 * does without a terminal or an output. */
#include "harness.h"

#include "ctl.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct broker broker;
static uint16_t tls_port;

static const struct ue_range ues[] = {{.prefix = "ue", .count = 3}, {0}};

#define CTL(code, ...) CTL_WITH(code, broker.port, NULL, __VA_ARGS__)

/* A CA, a broker's certificate for the name localhost, an administrator's, and another CA. */
static bool make_certificates(void)
{
	static const char script[] =
	    "cd %s && exec >openssl.log 2>&1 && set -e\n"
	    "new='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2'\n"
	    "for ca in ca other; do\n"
	    "  openssl req -x509 $new -keyout $ca.key -out $ca.crt -subj \"/CN=$ca\"\n"
	    "done\n"
	    "echo subjectAltName=DNS:localhost >names\n"
	    "for who in broker admin; do\n"
	    "  openssl req $new -keyout $who.key -out $who.csr -subj \"/CN=$who\"\n"
	    "  openssl x509 -req -in $who.csr -CA ca.crt -CAkey ca.key -CAcreateserial \\\n"
	    "    -days 2 -extfile names -out $who.crt\n"
	    "done\n"
	    "chmod 644 broker.key\n"
	    "printf '" TEST_ADMIN_USER ":" MQTT_PASSWORD "\\nuser:" MQTT_PASSWORD
	    "\\n' >passwords\n"
	    "mosquitto_passwd -U passwords\n";
	char command[sizeof script + 256];

	snprintf(command, sizeof command, script, ctl_path(""));
	return system(command) == 0;
}

static void start(void)
{
	char lines[2048];
	const struct broker_options o = {.ues = ues,
					 .conf_lines = lines,
					 .plugin_lines = "plugin_opt_admins " TEST_ADMIN_USER "\n"};

	ctl_setup();
	REQUIRE(make_certificates());
	tls_port = broker_free_port();
	snprintf(lines, sizeof lines,
		 "password_file %s\nlistener 0 %s\nlistener %u 127.0.0.1\ncafile %s\n"
		 "certfile %s\nrequire_certificate true\n",
		 ctl_path("passwords"), ctl_path("socket"), tls_port, ctl_path("ca.crt"),
		 ctl_path("broker.crt"));
	snprintf(lines + strlen(lines), sizeof lines - strlen(lines), "keyfile %s\n",
		 ctl_path("broker.key"));
	REQUIRE(broker_start(&broker, &o));
}

static void stop(void)
{
	broker_stop(&broker);
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
	CTL_WITH(3, port, NULL, "-W", "0.5", "--cafile", ctl_path("ca.crt"), "list");
	EXPECT(ctl_said("no answer in time"));
	CTL_WITH(3, port, NULL, "-W", "0.5", "watch");
	CTL_WITH(3, port, NULL, "-W", "0.5", "--quiet", "list");
	EXPECT(ctl_err[0] == '\0');
	close(fd);
}

#define CERTIFICATE "--cert", ctl_path("admin.crt"), "--key", ctl_path("admin.key")

static void test_tls(void)
{
	CTL_WITH(0, tls_port, NULL, "-h", "localhost", "--cafile", ctl_path("ca.crt"), CERTIFICATE,
		 "list");
	CTL_WITH(0, tls_port, NULL, "-h", "localhost", "--cafile", ctl_path("ca.crt"), CERTIFICATE,
		 "--tls-version", "tlsv1.2", "list");
	/* The certificate is for localhost, not for its address. */
	CTL_WITH(3, tls_port, NULL, "--cafile", ctl_path("ca.crt"), CERTIFICATE, "list");
	CTL_WITH(0, tls_port, NULL, "--insecure", "--cafile", ctl_path("ca.crt"), CERTIFICATE,
		 "list");
	CTL_WITH(3, tls_port, NULL, "-h", "localhost", "--cafile", ctl_path("other.crt"),
		 CERTIFICATE, "list");
	EXPECT(ctl_said("certificate verify failed"));
	CTL_WITH(3, tls_port, NULL, "-h", "localhost", "--cafile", ctl_path("ca.crt"), "list");
	CTL_WITH(3, tls_port, NULL, "-h", "localhost", "list");
	CTL(3, "--cafile", ctl_path("ca.crt"), "list");
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
