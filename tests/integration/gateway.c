/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway.h"

#include <arpa/inet.h>
#include <dirent.h>
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

enum { START_MS = 20000, STOP_MS = 20000, STEP_MS = 10, WORDS = 48 };

uint16_t gateway_free_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) != 0)
		abort();
	close(fd);
	return ntohs(a.sin_port);
}

static char *read_log(const struct gateway *g)
{
	char path[192], *text = calloc(1, 1 << 20);
	FILE *f;

	if (text == NULL)
		abort();
	snprintf(path, sizeof path, "%s/log", g->dir);
	f = fopen(path, "r");
	if (f != NULL) {
		text[fread(text, 1, (1 << 20) - 1, f)] = '\0';
		fclose(f);
	}
	return text;
}

static bool log_has(const struct gateway *g, const char *what)
{
	char *log = read_log(g);
	bool has = strstr(log, what) != NULL;

	free(log);
	return has;
}

static void show_log(const struct gateway *g)
{
	char *log = read_log(g);
	size_t len = strlen(log);

	printf("\n  ---- the end of the gateway's log\n%s\n  ----\n",
	       log + (len > 4000 ? len - 4000 : 0));
	free(log);
}

static void exec_gateway(const struct gateway *g, uint16_t broker_port, const char *const *more)
{
	char broker[8], v4[32], v6[32], log[192], spool[192];
	const char *words[WORDS] = {
	    EESE_TEST_COAP_GW, "-h",       "127.0.0.1", "-p",           broker,     "-u",
	    TEST_GATEWAY_USER, "--events", "--id",      "test-gateway", "--listen", v4,
	    "--listen",        v6,         "--spool",   spool};
	size_t count = 16;
	int fd;

	snprintf(broker, sizeof broker, "%u", broker_port);
	snprintf(v4, sizeof v4, "127.0.0.1:%u", g->port);
	snprintf(v6, sizeof v6, "[::1]:%u", g->port);
	snprintf(log, sizeof log, "%s/log", g->dir);
	snprintf(spool, sizeof spool, "%s/spool.db", g->dir);
	for (; more != NULL && *more != NULL && count < WORDS - 1; more++)
		words[count++] = *more;
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
		_exit(126);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execv(words[0], (char *const *)words);
	_exit(127);
}

/* It answers, be it only with 4.04. */
static bool answers(const struct gateway *g)
{
	struct coap c;
	struct coap_message m;
	bool ok;

	if (!coap_open(&c, g->port, false))
		return false;
	coap_begin(&c, &m, COAP_CON, COAP_GET);
	coap_transmit(&c, &m);
	ok = coap_receive(&c, &m, 100);
	coap_close(&c);
	return ok;
}

bool gateway_alive(const struct gateway *g)
{
	siginfo_t info = {0};

	return g->pid > 0 && waitid(P_PID, (id_t)g->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == 0;
}

bool gateway_again(struct gateway *g, uint16_t broker_port, const char *const *more)
{
	fflush(NULL);
	g->pid = fork();
	if (g->pid == 0)
		exec_gateway(g, broker_port, more);
	if (g->pid < 0)
		abort();
	for (int waited = 0; waited < START_MS && gateway_alive(g); waited += STEP_MS) {
		if (answers(g))
			return true;
		harness_sleep_ms(STEP_MS);
	}
	show_log(g);
	return false;
}

bool gateway_launch(struct gateway *g, uint16_t broker_port, const char *const *more)
{
	const char *tmp = getenv("TMPDIR");

	memset(g, 0, sizeof *g);
	snprintf(g->dir, sizeof g->dir, "%.100s/eese-gw-XXXXXX",
		 tmp != NULL && strlen(tmp) < 100 ? tmp : "/tmp");
	if (mkdtemp(g->dir) == NULL)
		abort();
	g->port = gateway_free_port();
	return gateway_again(g, broker_port, more);
}

bool gateway_start(struct gateway *g, uint16_t broker_port, const char *const *more)
{
	if (!gateway_launch(g, broker_port, more))
		return false;
	for (int waited = 0; waited < START_MS; waited += STEP_MS) {
		if (log_has(g, "connected to the broker\n") &&
		    log_has(g, "connected to the broker for downlink"))
			return true;
		harness_sleep_ms(STEP_MS);
	}
	show_log(g);
	return false;
}

void gateway_kill(struct gateway *g)
{
	kill(g->pid, SIGKILL);
	waitpid(g->pid, NULL, 0);
	g->pid = 0;
}

void gateway_end(struct gateway *g)
{
	int status = 0;
	bool ended = false, well;

	if (g->pid <= 0)
		return;
	kill(g->pid, SIGTERM);
	for (int waited = 0; waited < STOP_MS && !ended; waited += STEP_MS) {
		ended = waitpid(g->pid, &status, WNOHANG) == g->pid;
		if (!ended)
			harness_sleep_ms(STEP_MS);
	}
	if (!ended)
		gateway_kill(g);
	g->pid = 0;
	well = ended && WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
	       !log_has(g, "ERROR: AddressSanitizer") && !log_has(g, "ERROR: LeakSanitizer") &&
	       !log_has(g, "runtime error:");
	if (!well)
		show_log(g);
	EXPECT(well);
}

void gateway_stop(struct gateway *g)
{
	char path[192 + 256];
	const struct dirent *entry;
	DIR *dir;

	gateway_end(g);
	dir = opendir(g->dir);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		snprintf(path, sizeof path, "%s/%s", g->dir, entry->d_name);
		if (entry->d_name[0] != '.')
			unlink(path);
	}
	if (dir != NULL)
		closedir(dir);
	rmdir(g->dir);
}

long gateway_memory(const struct gateway *g)
{
	char path[64], line[128];
	long kib = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/status", (int)g->pid);
	f = fopen(path, "r");
	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, "VmRSS:", 6) == 0)
			kib = strtol(line + 6, NULL, 10);
	if (f != NULL)
		fclose(f);
	return kib;
}

static uint8_t post(struct coap *c, const char *path, const void *payload, size_t len,
		    struct coap_message *out)
{
	struct coap_message m, unused;

	coap_begin(c, &m, COAP_CON, COAP_POST);
	coap_add_path(&m, path);
	m.payload = payload;
	m.len = len;
	out = out != NULL ? out : &unused;
	return coap_exchange(c, &m, out) ? out->code : 0;
}

uint8_t coap_post(struct coap *c, const struct test_ue *u, const char *sub,
		  const struct octets *msg, struct coap_message *out)
{
	char path[EESE_TOPIC_MAX + 128];

	snprintf(path, sizeof path, "e2e/%s/up/%s", u->id, sub);
	return post(c, path, msg->p, msg->len, out);
}

uint8_t coap_say(struct coap *c, struct test_ue *u, const char *sub, const char *text,
		 struct coap_message *out)
{
	/* The query, if any, is no part of the topic. */
	const size_t len = strcspn(sub, "?");
	char topic[EESE_TOPIC_MAX + 1];
	struct octets msg;

	snprintf(topic, sizeof topic, "%.*s", (int)len, sub);
	ue_seal(u, topic, text, &msg);
	return coap_post(c, u, sub, &msg, out);
}

uint8_t coap_request_key(struct coap *c, const struct test_ue *u, uint8_t reason, uint32_t ksn,
			 struct coap_message *out)
{
	const struct eese_key_request r = {.reason = reason, .ksn = ksn, .ikid = u->ikid};
	uint8_t msg[EESE_KEY_REQUEST_SIZE];
	char path[EESE_UE_ID_MAX + 16];

	snprintf(path, sizeof path, "e2e/%s/req", u->id);
	if (eese_key_request_encode(u->control_key, u->id, &r, msg) != EESE_OK)
		abort();
	return post(c, path, msg, sizeof msg, out);
}

bool coap_adopt(struct test_ue *u, const struct coap_message *m)
{
	struct eese_key_update update;

	if (m->len == 0 ||
	    eese_key_update_decode(u->control_key, u->id, m->payload, m->len, &update) != EESE_OK)
		return false;
	ue_adopt(u, &update);
	return true;
}

bool coap_first_contact(struct coap *c, struct test_ue *u)
{
	struct coap_message m;

	return coap_request_key(c, u, EESE_REQUEST_NO_KEYSET, 0, &m) == COAP_CODE(204) &&
	       coap_adopt(u, &m) && coap_say(c, u, "contact", "hello", NULL) == COAP_CODE(204);
}

/* One item of CBOR: its major type, its value or length, and where it goes on. */
static bool read_head(const uint8_t **p, const uint8_t *end, uint8_t *major, uint64_t *value)
{
	uint8_t first;
	size_t more;

	if (*p == end)
		return false;
	first = *(*p)++;
	*major = first >> 5;
	*value = first & 31;
	if (*value < 24)
		return true;
	more = (size_t)1 << (*value - 24);
	if (*value > 27 || (size_t)(end - *p) < more)
		return false;
	for (*value = 0; more > 0; more--)
		*value = *value << 8 | *(*p)++;
	return true;
}

bool coap_parts(const struct coap_message *m, struct parts *out)
{
	const uint8_t *p = m->payload, *end = p + m->len;
	bool has_sub = false;
	uint8_t major;
	uint64_t value;

	memset(out, 0, sizeof *out);
	while (p < end) {
		const uint8_t *at = p;

		if (!read_head(&p, end, &major, &value))
			return false;
		if (major == 0) {
			out->number = value;
			continue;
		}
		if (*at == 0xf5) {
			out->more = true;
			continue;
		}
		if ((major != 2 && major != 3) || (uint64_t)(end - p) < value)
			return false;
		if (major == 3) {
			snprintf(out->messages[out->count].sub, 64, "%.*s", (int)value,
				 (const char *)p);
			has_sub = true;
		} else if (has_sub) {
			out->messages[out->count].octets = p;
			out->messages[out->count++].len = value;
			has_sub = false;
		} else {
			out->update = p;
			out->update_len = value;
		}
		p += value;
	}
	return p == end && !has_sub;
}

bool ue_opens(const struct test_ue *u, const char *sub, const uint8_t *octets, size_t len,
	      const char *text)
{
	static uint8_t plain[EESE_MESSAGE_MAX];
	size_t plain_len;

	return eese_data_open(&u->set.down, u->id, sub, strlen(sub), octets, len, plain,
			      sizeof plain, &plain_len) == EESE_OK &&
	       plain_len == strlen(text) && memcmp(plain, text, plain_len) == 0;
}

uint8_t coap_get(struct coap *c, const struct test_ue *u, const char *path,
		 struct coap_message *out)
{
	char whole[EESE_TOPIC_MAX + 128];
	struct coap_message m, asked;
	const struct coap_option *echo;

	snprintf(whole, sizeof whole, "e2e/%s/%s", u->id, path);
	coap_begin(c, &m, COAP_CON, COAP_GET);
	coap_add_path(&m, whole);
	if (!coap_exchange(c, &m, out))
		return 0;
	echo = coap_find(out, COAP_ECHO);
	if (out->code != COAP_CODE(401) || echo == NULL)
		return out->code;
	asked = *out;
	coap_begin(c, &m, COAP_CON, COAP_GET);
	coap_add_path(&m, whole);
	coap_add(&m, COAP_ECHO, asked.datagram + (echo->value - out->datagram), echo->len);
	return coap_exchange(c, &m, out) ? out->code : 0;
}
