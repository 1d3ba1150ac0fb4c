/* SPDX-License-Identifier: Apache-2.0 */
#include "stop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

/* A signal writes here, so that it can't slip in between a look at the flag and poll(). */
static int signal_pipe[2] = {-1, -1};
static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	const int saved = errno;
	const ssize_t ignored = write(signal_pipe[1], "", 1);

	(void)number;
	(void)ignored;
	stopped = 1;
	errno = saved;
}

/* Without SA_RESTART: a connect() that hangs is to end too. */
bool stop_catch(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	if (signal_pipe[0] < 0 && pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
		return false;
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return false;
	return sigaction(SIGINT, &action, NULL) == 0 && sigaction(SIGTERM, &action, NULL) == 0;
}

bool stop_asked(void)
{
	return stopped != 0;
}

int stop_descriptor(void)
{
	return signal_pipe[0];
}
