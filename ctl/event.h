/* SPDX-License-Identifier: Apache-2.0 */
/* What stands on <app>/<ue>/event (docs/control.md). */
#ifndef EESE_CTL_EVENT_H
#define EESE_CTL_EVENT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Prints an event as a line: its time, UE and name, and then its further members, or with json as
 * JSON. False: it is none, or not one of the UE whose topic it came on; nothing is printed.
 */
bool event_print(const char *topic, const void *payload, size_t len, bool json);

#endif
