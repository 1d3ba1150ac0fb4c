/* SPDX-License-Identifier: Apache-2.0 */
#include "emks.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

enum { START_MS = 20000, STOP_MS = 20000, STEP_MS = 10 };

char *emks_file(const struct emks *e, const char *name)
{
	char path[256];
	size_t len = 0, size = 1 << 16, n;
	char *text = malloc(size);
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", e->dir, name);
	f = fopen(path, "r");
	while (text != NULL && f != NULL && (n = fread(text + len, 1, size - len - 1, f)) > 0) {
		len += n;
		if (len + 1 == size)
			text = realloc(text, size *= 2);
	}
	if (text == NULL)
		abort();
	if (f != NULL)
		fclose(f);
	text[len] = '\0';
	return text;
}

static bool file_has(const struct emks *e, const char *name, const char *what)
{
	char *text = emks_file(e, name);
	bool has = strstr(text, what) != NULL;

	free(text);
	return has;
}

static void show(const struct emks *e, const char *name)
{
	char *text = emks_file(e, name);

	printf("\n  ---- %s of eese-emksd\n%s\n  ----\n", name, text);
	free(text);
}

int emks_shell(const struct emks *e, const char *format, ...)
{
	char line[2048], command[2560];
	va_list values;
	int status;

	va_start(values, format);
	vsnprintf(line, sizeof line, format, values);
	va_end(values);
	snprintf(command, sizeof command,
		 "cd '%s' && EESE_HSS='%s --database hss.db --kek-file kek'; { %s\n} >out 2>&1",
		 e->dir, EESE_TEST_HSS, line);
	fflush(NULL);
	status = system(command); /* NOLINT(cert-env33-c): what a user types */
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool emks_make(struct emks *e)
{
	const char *tmp = getenv("TMPDIR");
	bool made;

	memset(e, 0, sizeof *e);
	snprintf(e->dir, sizeof e->dir, "%.100s/eese-test-XXXXXX",
		 tmp != NULL && strlen(tmp) < 100 ? tmp : "/tmp");
	if (mkdtemp(e->dir) == NULL)
		abort();
	made =
	    emks_shell(e,
		       "'%s/examples/certificates' . plant-a plant-b unknown && $EESE_HSS init &&"
		       " printf 'k " TEST_K "\\nopc " TEST_OPC "\\n' >secret && chmod 600 secret",
		       EESE_TEST_ROOT) == 0;
	if (!made)
		show(e, "out");
	return made;
}

bool emks_add(const struct emks *e, const char *imsi, const char *ue_id, const char *options)
{
	bool added = emks_shell(e, "$EESE_HSS add %s --ue-id %s --secret secret --allow plant-a %s",
				imsi, ue_id, options) == 0;

	if (!added)
		show(e, "out");
	return added;
}

static void write_conf(const struct emks *e, const char *lines)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof path, "%s/emksd.conf", e->dir);
	f = fopen(path, "w");
	if (f == NULL)
		abort();
	fprintf(
	    f,
	    "# a test's\ndatabase hss.db\nkek_file kek\ncert emks.crt\nkey emks.key\nca ca.crt\n"
	    "https_listen 127.0.0.1:%u\ncoap_listen 127.0.0.1:%u\n"
	    "eese plant-a cn:plant-a\neese plant-b dns:plant-b.example\n%s",
	    e->https_port, e->coap_port, lines != NULL ? lines : "");
	fclose(f);
}

static void exec_daemon(const struct emks *e)
{
	int fd = chdir(e->dir) == 0 ? open("log", O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;

	if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
		_exit(126);
	unsetenv("JOURNAL_STREAM");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execl(EESE_TEST_EMKSD, "eese-emksd", "--config", "emksd.conf", (char *)NULL);
	_exit(127);
}

static void launch(struct emks *e, const char *lines)
{
	write_conf(e, lines);
	emks_shell(e, "rm -f log");
	fflush(NULL);
	e->pid = fork();
	if (e->pid == 0)
		exec_daemon(e);
	if (e->pid < 0)
		abort();
}

/* Whether it ended within the time. */
static bool ended(struct emks *e, int timeout_ms, int *status)
{
	for (int waited = 0; waited <= timeout_ms; waited += STEP_MS) {
		if (waitpid(e->pid, status, WNOHANG) == e->pid) {
			e->pid = 0;
			return true;
		}
		if (waited < timeout_ms)
			harness_sleep_ms(STEP_MS);
	}
	return false;
}

static uint16_t port_in(const char *log, const char *what)
{
	const char *at = strstr(log, what);

	return at != NULL ? (uint16_t)strtoul(at + strlen(what), NULL, 10) : 0;
}

static bool read_ports(struct emks *e)
{
	char *log = emks_file(e, "log");

	e->https_port = port_in(log, "HTTPS on 127.0.0.1:");
	e->coap_port = port_in(log, "CoAP on 127.0.0.1:");
	free(log);
	return e->https_port != 0 && e->coap_port != 0;
}

bool emks_start(struct emks *e, const char *lines)
{
	int status;

	launch(e, lines);
	for (int waited = 0; waited < START_MS && !ended(e, 0, &status); waited += STEP_MS) {
		if (file_has(e, "log", "eese-emksd: ready\n"))
			return read_ports(e);
		harness_sleep_ms(STEP_MS);
	}
	show(e, "log");
	return false;
}

static bool sanitizers_silent(const struct emks *e)
{
	return !file_has(e, "log", "ERROR: AddressSanitizer") &&
	       !file_has(e, "log", "ERROR: LeakSanitizer") && !file_has(e, "log", "runtime error:");
}

void emks_refuses(struct emks *e, const char *lines, const char *words)
{
	char copy[256], *rest = copy, *word;
	int status = 0;
	bool over;

	launch(e, lines);
	over = ended(e, START_MS, &status);
	if (!over)
		emks_kill(e);
	EXPECT(over && WIFEXITED(status) && WEXITSTATUS(status) == 1);
	EXPECT(sanitizers_silent(e));
	snprintf(copy, sizeof copy, "%s", words);
	while ((word = strtok_r(rest, "|", &rest)) != NULL) {
		bool named = file_has(e, "log", word);

		if (!named) {
			printf("\n  not named: \"%s\"", word);
			show(e, "log");
		}
		CU_ASSERT_TRUE(named);
	}
}

void emks_stop(struct emks *e)
{
	int status = 0;
	bool well;

	if (e->pid <= 0)
		return;
	kill(e->pid, SIGTERM);
	well = ended(e, STOP_MS, &status) && WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
	       sanitizers_silent(e);
	if (e->pid > 0)
		emks_kill(e);
	if (!well)
		show(e, "log");
	EXPECT(well);
}

void emks_kill(struct emks *e)
{
	int status;

	kill(e->pid, SIGKILL);
	waitpid(e->pid, &status, 0);
	e->pid = 0;
}

bool emks_reload(struct emks *e, const char *words)
{
	char *log = emks_file(e, "log");
	const size_t before = strlen(log);
	bool said = false;

	free(log);
	kill(e->pid, SIGHUP);
	for (int waited = 0; waited < START_MS && !said; waited += STEP_MS) {
		harness_sleep_ms(STEP_MS);
		log = emks_file(e, "log");
		said = strlen(log) > before && strstr(log + before, words) != NULL;
		free(log);
	}
	return said;
}

long emks_memory(const struct emks *e)
{
	char path[64], line[128];
	long kib = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/status", (int)e->pid);
	f = fopen(path, "r");
	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, "VmRSS:", 6) == 0)
			kib = strtol(line + 6, NULL, 10);
	if (f != NULL)
		fclose(f);
	return kib;
}

void emks_remove(struct emks *e)
{
	emks_stop(e);
	if (e->dir[0] != '\0')
		emks_shell(e, "rm -rf -- '%s'", e->dir);
	e->dir[0] = '\0';
}
