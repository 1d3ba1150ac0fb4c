/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The broker's end. What a plugin publishes goes out at the next turn of the broker's loop, but the
 * turn in which SIGTERM or SIGINT comes is its last. So these signals are kept back from it until
 * a turn is over in which nothing that counts was published.
 */
#ifndef EESE_PLUGIN_ENDING_H
#define EESE_PLUGIN_ENDING_H

#include <stdbool.h>

/* At every tick; the first one takes the signals, which the broker has by then. */
void eese_ending_tick(void);

/* The signal came: what is published now may be thrown away. */
bool eese_ending(void);

/* Gives the signals back. */
void eese_ending_stop(void);

#endif
