/* SPDX-License-Identifier: Apache-2.0 */
/* What eese-ctl makes of a broker that answers nonsense, or malice: a listener plays it. */
#include "harness.h"

#include "ctl.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PUBLISH = 0x30, PUBACK = 0x40, CONNACK = 0x20 };

/* One broker for one connection: how it answers CONNECT, and then each request. */
struct evil {
	const char *answer; /* NULL: it closes the connection */
	size_t len;
	uint8_t connack; /* code */
	bool silent;     /* no answer at all */

	int fd;
	uint16_t port;
	pthread_t thread;
	int requests;
};

static bool read_all(int fd, uint8_t *out, size_t len)
{
	return len == 0 || recv(fd, out, len, MSG_WAITALL) == (ssize_t)len;
}

/* A packet's first octet, its body into a buffer; -1: gone. */
static int read_packet(int fd, uint8_t *body, size_t room, size_t *len)
{
	uint8_t first, octet = 0x80;

	*len = 0;
	if (!read_all(fd, &first, 1))
		return -1;
	for (unsigned shift = 0; (octet & 0x80) != 0; shift += 7) {
		if (shift > 21 || !read_all(fd, &octet, 1))
			return -1;
		*len |= (size_t)(octet & 0x7f) << shift;
	}
	return *len <= room && read_all(fd, body, *len) ? first : -1;
}

static void send_all(int fd, const void *octets, size_t len)
{
	if (send(fd, octets, len, MSG_NOSIGNAL) != (ssize_t)len)
		return;
}

static void send_answer(int fd, const char *answer, size_t len)
{
	static const char topic[] = "$CONTROL/eese/v1/response";
	uint8_t head[8 + sizeof topic] = {PUBLISH};
	size_t n = 1, left = 2 + sizeof topic - 1 + len;

	do {
		head[n++] = (uint8_t)((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
		left >>= 7;
	} while (left > 0);
	head[n++] = 0;
	head[n++] = sizeof topic - 1;
	memcpy(head + n, topic, sizeof topic - 1);
	send_all(fd, head, n + sizeof topic - 1);
	send_all(fd, answer, len);
}

static void serve(struct evil *e, int fd)
{
	static uint8_t body[1 << 20];
	size_t len;
	int type;

	while ((type = read_packet(fd, body, sizeof body, &len)) >= 0) {
		const size_t topic = len >= 2 ? (size_t)(body[0] << 8 | body[1]) : 0;

		if ((type & 0xf0) == 0x10)
			send_all(fd, (uint8_t[]){CONNACK, 2, 0, e->connack}, 4);
		if ((type & 0xf0) != PUBLISH)
			continue;
		e->requests++;
		send_all(fd, (uint8_t[]){PUBACK, 2, body[topic + 2], body[topic + 3]}, 4);
		if (e->silent)
			continue;
		if (e->answer == NULL)
			return;
		send_answer(fd, e->answer, e->len);
	}
}

static void *run(void *ctx)
{
	struct evil *e = ctx;
	const int fd = accept(e->fd, NULL, NULL);

	if (fd >= 0) {
		serve(e, fd);
		close(fd);
	}
	return NULL;
}

static void evil_start(struct evil *e)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t len = sizeof a;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	e->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (e->fd < 0 || bind(e->fd, (struct sockaddr *)&a, len) != 0 || listen(e->fd, 1) != 0 ||
	    getsockname(e->fd, (struct sockaddr *)&a, &len) != 0 ||
	    pthread_create(&e->thread, NULL, run, e) != 0)
		abort();
	e->port = ntohs(a.sin_port);
}

static void evil_stop(struct evil *e)
{
	shutdown(e->fd, SHUT_RDWR);
	pthread_join(e->thread, NULL);
	close(e->fd);
}

/* MQTT 3.1.1, whose packets are simple. */
#define EVIL(e, code, ...)                                                                         \
	do {                                                                                       \
		evil_start(e);                                                                     \
		CTL_WITH(code, (e)->port, NULL, "-V", "mqttv311", "-W", "5", __VA_ARGS__);         \
		evil_stop(e);                                                                      \
	} while (0)

static void expect_nonsense(const char *answer, const char *command, const char *argument)
{
	struct evil e = {.answer = answer, .len = strlen(answer)};

	EVIL(&e, 1, command, argument);
	EXPECT(ctl_said("makes no sense"));
	if (!ctl_said("makes no sense"))
		printf("\n  %s: %s", answer, ctl_err);
}

#define RESPONSE(rest)                                                                             \
	"{\"responses\":[{\"command\":\"getStatus\",\"correlationData\":\"1\"" rest "}]}"

static void test_no_answer(void)
{
	static const char twice[] =
	    "{\"responses\":[{\"command\":\"getStatus\",\"correlationData\":\"1\",\"data\":{}},"
	    "{\"command\":\"getStatus\",\"correlationData\":\"1\",\"data\":{}}]}";
	static const char *const rows[] = {
	    "",
	    "{",
	    "[]",
	    "{}",
	    "null",
	    "{\"responses\":{}}",
	    "{\"responses\":[]}",
	    "{\"responses\":[1]}",
	    "{\"responses\":[{\"command\":\"getStatus\"}]}",
	    "{\"responses\":[{\"correlationData\":\"1\"}]}",
	    "{\"responses\":[{\"command\":\"getUe\",\"correlationData\":\"1\",\"data\":{}}]}",
	    "{\"responses\":[{\"command\":\"getStatus\",\"correlationData\":\"2\",\"data\":{}}]}",
	    "{\"responses\":[{\"command\":\"getStatus\",\"correlationData\":1,\"data\":{}}]}",
	    "{\"responses\":[{\"command\":\"getStatus\",\"correlationData\":\"1\"}]}",
	    "{\"responses\":[{\"command\":\"getStatus\",\"correlationData\":\"1\",\"data\":[]}]}",
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		expect_nonsense(rows[i], "status", NULL);
	expect_nonsense(twice, "status", NULL);
}

/* Nested deeper than anybody means it, longer than anybody wants it. */
static void test_large(void)
{
	const size_t len = (16 << 20) + 1;
	char *text = malloc(len + 1);
	struct evil e = {.answer = text, .len = len};

	if (text == NULL)
		abort();
	memset(text, '[', len);
	text[len] = '\0';
	EVIL(&e, 1, "status");
	EXPECT(ctl_said("too long"));
	e = (struct evil){.answer = text, .len = 100000};
	EVIL(&e, 1, "status");
	free(text);
}

static void test_lists(void)
{
#define LIST(data)                                                                                 \
	"{\"responses\":[{\"command\":\"listUes\",\"correlationData\":\"1\",\"data\":" data "}]}"
	static const char *const rows[] = {
	    LIST("{}"),
	    LIST("{\"ues\":{}}"),
	    LIST("{\"ues\":[1]}"),
	    LIST("{\"ues\":[],\"nextOffset\":0}"),
	    LIST("{\"ues\":[],\"nextOffset\":-5}"),
	    LIST("{\"ues\":[],\"nextOffset\":\"7\"}"),
	    LIST("{\"ues\":[],\"nextOffset\":1e300}"),
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		expect_nonsense(rows[i], "list", NULL);
	expect_nonsense(LIST("{\"ues\":[\"a\",\"b\"]}"), "list", "--limit=1");
	expect_nonsense(LIST("{\"ues\":[\"a\"]}"), "list", "-v");
	expect_nonsense(LIST("{\"ues\":[{\"ueId\":5}]}"), "list", "-v");
}

/* Numbers and types that nobody expects are no danger, and not printed as something else. */
static void test_members(void)
{
	static const char ue[] =
	    "{\"responses\":[{\"command\":\"getUe\",\"correlationData\":\"1\",\"data\":{\"ue\":"
	    "{\"ueId\":\"a\",\"state\":7,\"group\":[],\"te2e\":1e308,\"te2eFrom\":{},\"ksn\":1e300,"
	    "\"alg\":-1e300,\"expiresIn\":1e999,\"expired\":null,\"pendingKsn\":-1e300,"
	    "\"highestKsn\":\"x\",\"uplink\":false,\"intKeyId\":1}}}]}";
	static const char status[] =
	    "{\"responses\":[{\"command\":\"getStatus\",\"correlationData\":\"1\",\"data\":"
	    "{\"uptime\":-1e300,\"te2e\":[],\"alg\":\"x\",\"ues\":[1,2],\"counters\":"
	    "{\"a\":1e300,\"b\":\"c\",\"d\":{\"e\":1}}}}]}";
	struct evil e = {.answer = ue, .len = sizeof ue - 1};

	EVIL(&e, 0, "show", "a");
	EXPECT(ctl_printed("state         unknown"));
	e = (struct evil){.answer = status, .len = sizeof status - 1};
	EVIL(&e, 0, "status");
	EXPECT(ctl_printed("EESE of unknown version, up 0 s"));
}

static bool clean(const char *text)
{
	for (; *text != '\0'; text++)
		if (((unsigned char)*text < ' ' && *text != '\n') || *text == 0x7f)
			return false;
	return true;
}

/* Nothing that the broker says steers the terminal. */
static void test_terminal(void)
{
	static const char list[] =
	    LIST("{\"ues\":[\"\\u001b[31mred\",\"a\\u0007\\nb\",\"c\\u009b\"]}");
	static const char error[] = RESPONSE(",\"error\":\"\\u001b]0;title\\u0007\\r\"");
	static const char whole[] =
	    "{\"responses\":[{\"command\":\"Unknown command\",\"error\":\"\\u001b[2J\"}]}";
	struct evil e = {.answer = list, .len = sizeof list - 1};

	EVIL(&e, 0, "list");
	EXPECT(strcmp(ctl_out, "?[31mred\na??b\nc??\n") == 0);
	e = (struct evil){.answer = list, .len = sizeof list - 1};
	EVIL(&e, 0, "list", "--json");
	EXPECT(clean(ctl_out));
	e = (struct evil){.answer = error, .len = sizeof error - 1};
	EVIL(&e, 1, "status");
	EXPECT(ctl_said("eese-ctl: ?]0;title??\n"));
	e = (struct evil){.answer = whole, .len = sizeof whole - 1};
	EVIL(&e, 1, "status");
	EXPECT(ctl_said("refuses the request: ?[2J\n"));
}

static void test_connection(void)
{
	struct evil e = {.answer = NULL};

	EVIL(&e, 3, "status");
	EXPECT(ctl_said("connection lost"));
	e = (struct evil){.connack = 5};
	EVIL(&e, 3, "status");
	EXPECT(ctl_said("refuses the connection"));
	EXPECT_EQUAL(e.requests, 0);
	e = (struct evil){.silent = true};
	EVIL(&e, 4, "-W", "0.5", "status");
	EXPECT(ctl_said("no answer in time"));
}

/* An array that is not all is not ended. */
static void test_half_way(void)
{
	struct evil e = {.answer = RESPONSE("")};
	enum { COUNT = 1100, LINE = 5 };
	char names[COUNT * LINE + 1] = "";

	for (unsigned i = 0; i < COUNT; i++)
		snprintf(names + (size_t)i * LINE, LINE + 1, "%04u\n", i % 10000);
	e.len = strlen(e.answer);
	evil_start(&e);
	CTL_WITH(1, e.port, names, "-V", "mqttv311", "expire", "--json", "--from", "-");
	evil_stop(&e);
	EXPECT_EQUAL(e.requests, 1);
	EXPECT(strstr(ctl_out, "]") == NULL);
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"setup", ctl_setup},
	    {"no answer to this", test_no_answer},
	    {"large", test_large},
	    {"lists", test_lists},
	    {"members", test_members},
	    {"terminal", test_terminal},
	    {"connection", test_connection},
	    {"half way", test_half_way},
	    {"end", ctl_end},
	};

	return harness_main("ctl answers", tests, sizeof tests / sizeof *tests);
}
