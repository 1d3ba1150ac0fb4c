/* SPDX-License-Identifier: Apache-2.0 */
/* A name server that never answers. In a network of its own, where it can be on port 53. */
#include "bystander.h"
#include "keyserver.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* What ctest takes for a test that could not be run. */
enum { SKIPPED = 77 };

static struct keyserver k;
static struct bystander bystander;

static bool loopback_up(void)
{
	struct ifreq r = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok = fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &r) == 0;

	r.ifr_flags = (short)(r.ifr_flags | IFF_UP);
	ok = ok && ioctl(fd, SIOCSIFFLAGS, &r) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

/* Takes questions and says nothing. */
static bool silent_on_53(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(53)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0;
}

static bool put_over(const char *path, const char *text)
{
	char name[] = "/tmp/eese-dns-XXXXXX";
	int fd = mkstemp(name);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) &&
		  fchmod(fd, 0644) == 0 && mount(name, path, NULL, MS_BIND, NULL) == 0;

	if (fd >= 0)
		close(fd);
	unlink(name);
	return ok;
}

/* Only this process and its children see any of it. */
static bool enter(void)
{
	int more = geteuid() == 0 ? 0 : CLONE_NEWUSER;

	return unshare(CLONE_NEWNET | CLONE_NEWNS | more) == 0 &&
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && loopback_up() &&
	       silent_on_53() && put_over("/etc/resolv.conf", "nameserver 127.0.0.1\n") &&
	       put_over("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n");
}

static size_t threads(void)
{
	char path[64];
	const struct dirent *entry;
	size_t n = 0;
	DIR *dir;

	snprintf(path, sizeof path, "/proc/%d/task", (int)k.broker.pid);
	dir = opendir(path);
	while (dir != NULL && (entry = readdir(dir)) != NULL)
		n += entry->d_name[0] != '.';
	if (dir != NULL)
		closedir(dir);
	return n;
}

static bool start(const char *more)
{
	static const struct ue_range ues[] = {{.prefix = "file", .count = 20}, {0}};
	struct broker_options o = {.ues = ues};

	o.plugin_lines =
	    keyserver_lines(&k, "https://emks.example:8443", "client.pem", "client-key.pem", more);
	return broker_start(&k.broker, &o);
}

/* UEs come again and again, all are told in time, the bystander notices nothing, and look-ups that
 * were given up don't heap up. */
static void test_never_answers(void)
{
	enum { COUNT = 20 };
	struct test_ue u[COUNT];
	size_t most = 0;

	REQUIRE(start("plugin_opt_emks_connect_timeout 2\nplugin_opt_emks_timeout 3\n"));
	REQUIRE(bystander_open(&bystander, &k.broker, "file"));
	bystander_trips(&bystander, &bystander.healthy, 500);
	for (size_t i = 0; i < COUNT; i++) {
		REQUIRE(newcomer(&u[i], &k, "far"));
		EXPECT_EQUAL(say_unknown(&u[i]), 0x87);
		bystander_trips(&bystander, &bystander.troubled, 20);
	}
	for (size_t i = 0; i < COUNT; i++) {
		EXPECT(await_error(&u[i], EESE_ERROR_UNREACHABLE));
		bystander_trips(&bystander, &bystander.troubled, 20);
	}
	for (int round = 0; round < 8; round++) {
		harness_sleep_ms(500);
		for (size_t i = 0; i < COUNT; i++)
			EXPECT_EQUAL(say_unknown(&u[i]), 0x87);
		bystander_trips(&bystander, &bystander.troubled, 50);
		most = threads() > most ? threads() : most;
	}
	printf("\n  %zu threads at most\n", most);
	EXPECT(most < 16 + 24);
	for (size_t i = 0; i < COUNT; i++)
		mqtt_disconnect(&u[i].link);
	bystander_close(&bystander, 1000);
	broker_stop(&k.broker);
}

/* The broker ends at once, whatever its look-ups wait for. */
static void test_end_while_it_looks_up(void)
{
	struct test_ue u;
	uint64_t begun;

	REQUIRE(start("plugin_opt_emks_connect_timeout 60\nplugin_opt_emks_timeout 60\n"));
	REQUIRE(newcomer(&u, &k, "far"));
	EXPECT_EQUAL(say_unknown(&u), 0x87);
	harness_sleep_ms(500);
	mqtt_disconnect(&u.link);
	begun = mqtt_now_ms();
	broker_stop(&k.broker);
	EXPECT(mqtt_now_ms() - begun < 4000); /* the name server's time is 10 s */
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"never answers", test_never_answers},
	    {"the broker ends while it looks up", test_end_while_it_looks_up},
	};

	if (!enter()) {
		printf("skipped: no network and mounts of its own are allowed here\n");
		return SKIPPED;
	}
	return keyserver_main(&k, "key server without a name", tests, sizeof tests / sizeof *tests);
}
