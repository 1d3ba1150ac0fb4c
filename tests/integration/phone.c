/* SPDX-License-Identifier: Apache-2.0 */
#include "phone.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ARGUMENTS_MAX = 40, ENDS_MS = 150000 };

void phone_write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
	close(fd);
}

void phone_make(struct phone *p, const char *ue, const char *dir, const char *k, const char *opc)
{
	char text[160];

	memset(p, 0, sizeof *p);
	snprintf(p->ue, sizeof p->ue, "%s", ue);
	snprintf(p->dir, sizeof p->dir, "%s", dir);
	snprintf(p->usim, sizeof p->usim, "%s/%s.usim", dir, ue);
	snprintf(p->state, sizeof p->state, "%s/%s.state", dir, ue);
	snprintf(p->keys, sizeof p->keys, "%s.keys", p->state);
	snprintf(text, sizeof text, "# a new card\nk %s\nopc %s\n", k, opc);
	phone_write_file(p->usim, text);
}

void phone_home(struct phone *p, uint16_t port)
{
	snprintf(p->uri, sizeof p->uri, "coap://127.0.0.1:%u", port);
}

void phone_run(struct program *t, const struct phone *p, const char *command,
	       const char *const *more)
{
	char port[8];
	const char *argv[ARGUMENTS_MAX] = {EESE_TEST_UE_TOOL, command,  "--usim",  p->usim,
					   "--aka",           p->uri,   "--ue",    p->ue,
					   "--state",         p->state, "--events"};
	size_t count = 11;

	snprintf(port, sizeof port, "%u", p->broker);
	if (strcmp(command, "aka") != 0) {
		argv[count++] = "-p";
		argv[count++] = port;
		argv[count++] = "-h";
		argv[count++] = "127.0.0.1";
	}
	while (*more && count + 1 < ARGUMENTS_MAX)
		argv[count++] = *more++;
	program_start(t, p->dir, argv);
}

int phone_ends(struct program *t, int expected, int timeout_ms)
{
	const int code = program_ends(t, timeout_ms);

	if (code != expected) {
		char *err = program_text(t->err);

		printf("\n  eese-ue ended with %d:\n%s\n", code, err);
		free(err);
	}
	return code;
}

void phone_say(struct program *t, const char *text)
{
	char line[128];

	snprintf(line, sizeof line, "%s\n", text);
	program_say(t, line);
}

int phone_aka(const struct phone *p, int expected, const char *seconds)
{
	struct program t;

	phone_run(&t, p, "aka", (const char *const[]){"--wait", seconds, NULL});
	return phone_ends(&t, expected, ENDS_MS);
}

int phone_publish(const struct phone *p, int expected, const char *text)
{
	struct program t;

	phone_run(&t, p, "pub", (const char *const[]){"-t", "t", "--wait", "40", "-m", text, NULL});
	return phone_ends(&t, expected, ENDS_MS);
}

bool phone_file_has(const char *path, const char *text)
{
	char *all = program_text(path);
	bool has = strstr(all, text) != NULL;

	free(all);
	return has;
}

void sender_start(struct sender *s, const struct phone *p)
{
	*s = (struct sender){.phone = *p};
	phone_run(&s->program, &s->phone, "pub",
		  (const char *const[]){"-t", "t", "-l", "--wait", "150", NULL});
}

void sender_say(struct sender *s)
{
	char text[32];

	snprintf(text, sizeof text, "line %d", s->lines++);
	phone_say(&s->program, text);
}

void sender_arrived(const struct sender *s, struct observer *app)
{
	char topic[128], text[32];

	snprintf(topic, sizeof topic, "app/%s/up/t", s->phone.ue);
	EXPECT(observer_sync(app));
	for (int i = 0; i < s->lines; i++) {
		snprintf(text, sizeof text, "line %d", i);
		EXPECT_EQUAL(observer_count(app, topic, text), 1);
	}
}
