/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include "program.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STEP_MS = 10 };

static void run(const struct program *p, const char *const *argv, int in)
{
	int out = open(p->out, O_WRONLY | O_CREAT | O_APPEND, 0600);
	int err = open(p->err, O_WRONLY | O_CREAT | O_APPEND, 0600);

	/* A test that is killed takes its programs with it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(err, STDERR_FILENO) < 0)
		_exit(126);
	close(out);
	close(err);
	close(in);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

void program_start(struct program *p, const char *dir, const char *const *argv)
{
	static int runs;
	int pipe_in[2];

	snprintf(p->out, sizeof p->out, "%.150s/out-%d", dir, runs);
	snprintf(p->err, sizeof p->err, "%.150s/err-%d", dir, runs++);
	if (pipe(pipe_in) != 0 || fcntl(pipe_in[1], F_SETFD, FD_CLOEXEC) != 0)
		abort();
	fflush(NULL);
	p->pid = fork();
	if (p->pid == 0)
		run(p, argv, pipe_in[0]);
	close(pipe_in[0]);
	p->in = pipe_in[1];
}

void program_say(struct program *p, const char *text)
{
	const size_t len = strlen(text);

	EXPECT(write(p->in, text, len) == (ssize_t)len);
}

void program_end_input(struct program *p)
{
	if (p->in >= 0)
		close(p->in);
	p->in = -1;
}

int program_ends(struct program *p, int timeout_ms)
{
	int status = 0;

	program_end_input(p);
	for (int waited = 0; waited < timeout_ms; waited += STEP_MS) {
		if (waitpid(p->pid, &status, WNOHANG) == p->pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
		harness_sleep_ms(STEP_MS);
	}
	kill(p->pid, SIGKILL);
	waitpid(p->pid, &status, 0);
	return -1;
}

char *program_text(const char *path)
{
	size_t len = 0, size = 1 << 16;
	char *text = malloc(size);
	FILE *f = fopen(path, "r");

	while (f != NULL && text != NULL) {
		const size_t n = fread(text + len, 1, size - len - 1, f);

		len += n;
		if (n == 0)
			break;
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

bool program_says(const char *path, const char *what, int timeout_ms)
{
	for (int waited = 0; waited < timeout_ms; waited += STEP_MS) {
		char *text = program_text(path);
		const bool there = strstr(text, what) != NULL;

		free(text);
		if (there)
			return true;
		harness_sleep_ms(STEP_MS);
	}
	return false;
}
