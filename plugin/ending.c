/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/ending.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

enum { SIGNALS = 2 };

static const int numbers[SIGNALS] = {SIGTERM, SIGINT};
static struct sigaction brokers[SIGNALS];
static bool taken, warned;
static atomic_int came; /* which one; 0: none */

static void on_signal(int number)
{
	came = number;
}

static void take(void)
{
	struct sigaction ours = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	sigemptyset(&ours.sa_mask);
	for (size_t i = 0; i < SIGNALS; i++)
		sigaction(numbers[i], &ours, &brokers[i]);
	taken = true;
}

static void give_back(void)
{
	for (size_t i = 0; i < SIGNALS; i++)
		sigaction(numbers[i], &brokers[i], NULL);
}

void eese_ending_stop(void)
{
	if (taken)
		give_back();
	taken = warned = false;
	came = 0;
}

/* Between two ticks there is a whole turn. */
void eese_ending_tick(void)
{
	const int number = came;

	if (!taken) {
		take();
	} else if (number != 0 && !warned) {
		warned = true;
	} else if (number != 0) {
		give_back();
		raise(number);
	}
}

bool eese_ending(void)
{
	return came != 0;
}
