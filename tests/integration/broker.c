/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"
#include "program.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_MS = 120000, STOP_MS = 120000, STEP_MS = 10 };

static void path_in(const struct broker *b, const char *name, char out[192])
{
	snprintf(out, 192, "%s/%s", b->dir, name);
}

uint16_t broker_free_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) != 0)
		abort();
	close(fd);
	return ntohs(a.sin_port);
}

static bool accepts(uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ok = fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

static void write_ranges(FILE *f, const struct ue_range *r)
{
	for (; r->prefix != NULL; r++) {
		for (int i = 0; i < r->count; i++) {
			char id[EESE_UE_ID_MAX + 1];
			uint8_t key[EESE_INT_KEY_SIZE];

			snprintf(id, sizeof id, "%s-%d", r->prefix, i);
			test_int_key(id, key);
			fprintf(f, "%s ", id);
			for (size_t k = 0; k < sizeof key; k++)
				fprintf(f, "%02x", key[k]);
			if (r->te2e_s > 0)
				fprintf(f, " te2e=%d", r->te2e_s);
			if (r->group != NULL)
				fprintf(f, " group=%s", r->group);
			fputc('\n', f);
		}
	}
}

void broker_write_keys(const struct broker *b, const struct ue_range *ues, const char *text)
{
	char path[192];
	int fd;
	FILE *f;

	path_in(b, "keys", path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	f = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (f == NULL)
		abort();
	if (text != NULL)
		fputs(text, f);
	else if (ues != NULL)
		write_ranges(f, ues);
	fclose(f);
}

static void write_plugin_lines(const struct broker *b, const struct broker_options *o, FILE *f)
{
	fprintf(f, "plugin %s\n", EESE_TEST_PLUGIN);
	if (!o->no_key_option)
		fprintf(f, "plugin_opt_key_file %s/keys\n", b->dir);
	if (!o->no_store_option)
		fprintf(f, "plugin_opt_store %s/eese.db\n", b->dir);
	if (o->plugin_lines != NULL)
		fputs(o->plugin_lines, f);
	if (!o->no_acl)
		fputs("plugin_opt_gateways " TEST_GATEWAY_USER "\nplugin_opt_acl_default allow\n",
		      f);
}

static void write_conf(const struct broker *b, const struct broker_options *o)
{
	char path[192];
	FILE *f;

	path_in(b, "mosquitto.conf", path);
	f = fopen(path, "w");
	if (f == NULL)
		abort();
	fprintf(f, "listener %u 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n", b->port);
	if (o->persistence)
		fprintf(f, "persistence true\npersistence_location %s/\nautosave_interval 0\n",
			b->dir);
	else
		fprintf(f, "persistence false\n");
	fprintf(f, "max_queued_messages 20000\nlog_dest stderr\n");
	fprintf(f, "log_type error\nlog_type warning\nlog_type notice\nlog_type information\n");
	if (geteuid() == 0)
		fprintf(f, "user root\n");
	if (o->conf_lines != NULL)
		fputs(o->conf_lines, f);
	if (!o->no_plugin)
		write_plugin_lines(b, o, f);
	fclose(f);
}

static void exec_broker(const struct broker *b, const struct broker_options *o)
{
	char conf[192], log[192], preload[1024];
	int fd;

	path_in(b, "mosquitto.conf", conf);
	path_in(b, "log", log);
	fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
		_exit(126);
	/* A test that is killed takes its broker with it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* A file beyond a limit is then as one on a full disk. */
	signal(SIGXFSZ, SIG_IGN);
	snprintf(preload, sizeof preload, "%s %s", EESE_TEST_ASAN,
		 o->preload != NULL ? o->preload : "");
	if (preload[1] != '\0')
		setenv("LD_PRELOAD", preload, 1);
	if (EESE_TEST_ASAN[0] != '\0') {
		/* The broker itself is not sanitized, and its own leaks are not ours. */
		setenv("ASAN_OPTIONS", "detect_leaks=0:abort_on_error=1", 1);
		setenv("UBSAN_OPTIONS", "halt_on_error=1:abort_on_error=1:print_stacktrace=1", 1);
	}
	execlp("mosquitto", "mosquitto", "-c", conf, (char *)NULL);
	execl("/usr/sbin/mosquitto", "mosquitto", "-c", conf, (char *)NULL);
	_exit(127);
}

/* Its directory, unless it has one, and its files are made first. */
void broker_launch(struct broker *b, const struct broker_options *o)
{
	const char *tmp = getenv("TMPDIR");
	char path[192];

	if (b->dir[0] == '\0') {
		snprintf(b->dir, sizeof b->dir, "%.100s/eese-test-XXXXXX",
			 tmp != NULL && strlen(tmp) < 100 ? tmp : "/tmp");
		if (mkdtemp(b->dir) == NULL)
			abort();
	}
	if (!o->same_port)
		b->port = broker_free_port();
	broker_write_keys(b, o->ues, o->keys);
	path_in(b, "keys", path);
	if (o->key_mode != 0 && chmod(path, o->key_mode) != 0)
		abort();
	write_conf(b, o);
	fflush(NULL);
	b->pid = fork();
	if (b->pid == 0)
		exec_broker(b, o);
	if (b->pid < 0)
		abort();
}

char *broker_log(const struct broker *b)
{
	char path[192];

	path_in(b, "log", path);
	return program_text(path);
}

static bool log_has(const struct broker *b, const char *what)
{
	char *log = broker_log(b);
	bool has = strstr(log, what) != NULL;

	free(log);
	return has;
}

static void show_log(const struct broker *b)
{
	char *log = broker_log(b);
	size_t len = strlen(log);

	printf("\n  ---- the end of the broker's log\n%s\n  ----\n",
	       log + (len > 4000 ? len - 4000 : 0));
	free(log);
}

static void remove_files(struct broker *b)
{
	char path[192 + 256];
	const struct dirent *entry;
	DIR *dir = opendir(b->dir);

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		snprintf(path, sizeof path, "%s/%s", b->dir, entry->d_name);
		if (entry->d_name[0] != '.')
			unlink(path);
	}
	if (dir != NULL)
		closedir(dir);
	rmdir(b->dir);
	b->dir[0] = '\0';
}

bool broker_ended(struct broker *b, int timeout_ms, int *status)
{
	for (int waited = 0;; waited += STEP_MS) {
		if (waitpid(b->pid, status, WNOHANG) == b->pid) {
			b->pid = 0;
			return true;
		}
		if (waited >= timeout_ms)
			return false;
		harness_sleep_ms(STEP_MS);
	}
}

bool broker_await(struct broker *b, int *status)
{
	for (int waited = 0; waited < START_MS; waited += STEP_MS) {
		if (broker_ended(b, 0, status))
			return false;
		/* Its log too: on a port lost to another broker, that one would answer. */
		if (log_has(b, " running") && accepts(b->port))
			return true;
		harness_sleep_ms(STEP_MS);
	}
	*status = 0;
	return false;
}

bool broker_again(struct broker *b, const struct broker_options *o)
{
	int status;

	for (int attempt = 0; attempt < 5; attempt++) {
		broker_launch(b, o);
		if (broker_await(b, &status))
			return true;
		if (!log_has(b, "Address already in use"))
			break;
	}
	show_log(b);
	broker_stop(b);
	return false;
}

bool broker_start(struct broker *b, const struct broker_options *o)
{
	memset(b, 0, sizeof *b);
	return broker_again(b, o);
}

bool broker_alive(const struct broker *b)
{
	siginfo_t info = {0};

	return b->pid > 0 && waitid(P_PID, (id_t)b->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == 0;
}

static bool sanitizers_silent(const struct broker *b)
{
	return !log_has(b, "ERROR: AddressSanitizer") && !log_has(b, "runtime error:");
}

void broker_kill(struct broker *b)
{
	bool silent = sanitizers_silent(b);

	if (b->pid > 0) {
		kill(b->pid, SIGKILL);
		waitpid(b->pid, NULL, 0);
		b->pid = 0;
	}
	if (!silent)
		show_log(b);
	EXPECT(silent);
}

void broker_end(struct broker *b)
{
	int status = 0;
	bool ended_well = false;

	if (b->pid > 0) {
		kill(b->pid, SIGTERM);
		if (broker_ended(b, STOP_MS, &status)) {
			ended_well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
		} else {
			kill(b->pid, SIGKILL);
			waitpid(b->pid, &status, 0);
			b->pid = 0;
		}
	}
	ended_well = ended_well && sanitizers_silent(b);
	if (!ended_well)
		show_log(b);
	EXPECT(ended_well);
}

void broker_stop(struct broker *b)
{
	if (b->dir[0] == '\0')
		return;
	broker_end(b);
	remove_files(b);
}

static void expect_words(const struct broker *b, const char *words)
{
	char copy[256], *rest = copy, *word;

	snprintf(copy, sizeof copy, "%s", words);
	while ((word = strtok_r(rest, "|", &rest)) != NULL) {
		bool named = log_has(b, word);

		if (!named) {
			printf("\n  the broker's log does not name \"%s\"", word);
			show_log(b);
		}
		CU_ASSERT_TRUE(named);
	}
}

void broker_refuses(const struct broker_options *o, const char *words)
{
	struct broker b = {0};
	int status = 0;
	bool ended;

	broker_launch(&b, o);
	ended = broker_ended(&b, START_MS, &status);
	if (!ended) {
		printf("\n  the broker started, though it should name: %s\n", words);
		kill(b.pid, SIGKILL);
		waitpid(b.pid, &status, 0);
	}
	EXPECT(ended);
	EXPECT(ended && WIFEXITED(status) && WEXITSTATUS(status) != 0 && WEXITSTATUS(status) < 126);
	EXPECT(sanitizers_silent(&b));
	expect_words(&b, words);
	remove_files(&b);
}

void broker_reload(const struct broker *b)
{
	const struct mqtt_login login = {
	    .version = MQTT_5, .client_id = "reload", .username = TEST_APP_USER};
	struct mqtt m;
	size_t before, after;
	char *log = broker_log(b);

	before = strlen(log);
	free(log);
	kill(b->pid, SIGHUP);
	for (int waited = 0; waited < START_MS; waited += STEP_MS) {
		log = broker_log(b);
		after = strlen(log);
		if (after > before && strstr(log + before, "Reloading config") != NULL)
			waited = START_MS;
		free(log);
		harness_sleep_ms(STEP_MS);
	}
	/* It says so before it does it; one thread serves both, so an answer comes after. */
	EXPECT_EQUAL(mqtt_connect(&m, b->port, &login), 0);
	EXPECT(mqtt_sync(&m));
	mqtt_disconnect(&m);
}
