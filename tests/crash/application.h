/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The application: it hears every reading, at QoS 0, so that what it hears is what the broker
 * delivered just then, nothing kept and nothing repeated; and it sends commands at QoS 1 and 2,
 * once more if one may be lost with a broker or a device.
 */
#ifndef EESE_TESTS_CRASH_APPLICATION_H
#define EESE_TESTS_CRASH_APPLICATION_H

#include <poll.h>

#include "crash.h"

enum { APPLICATION_POLLS = 2 };

bool application_start(void);
void application_stop(void);

/* A broker is there: connects and subscribes. false: it can't. */
bool application_broker_up(void);
/* It is gone: hears what it had sent. */
void application_broker_gone(void);

void application_prepare(struct pollfd p[APPLICATION_POLLS]);
void application_serve(const struct pollfd p[APPLICATION_POLLS]);

/* One command more to each device. */
void application_one_each(void);
/* Commands not yet taken by the broker. */
unsigned application_busy(void);

#endif
