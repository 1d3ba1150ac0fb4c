/* SPDX-License-Identifier: Apache-2.0 */
/* The attacker who has the recording, the gateway's login and each device's. */
#ifndef EESE_TESTS_CRASH_REPLAY_H
#define EESE_TESTS_CRASH_REPLAY_H

#include "crash.h"

/* A few, newest first, then from the start again; called often while a broker is there. */
void replay_some(void);
/* Everything, to broker and devices. tick is called now and then. */
void replay_all(void (*tick)(void));
void replay_broker_gone(void);

struct replay_sum {
	size_t sent, taken; /* taken: with a success acknowledgement, in MQTT 5 at QoS 1 and 2 */
};

struct replay_sum replay_sum(void);

#endif
