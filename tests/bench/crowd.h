/* SPDX-License-Identifier: Apache-2.0 */
/* More UEs than have a connection each: all behind one gateway. */
#ifndef EESE_BENCH_CROWD_H
#define EESE_BENCH_CROWD_H

#include "bench.h"

struct crowd {
	struct link gateway, app;
};

bool crowd_open(struct crowd *c, uint16_t port);
void crowd_close(struct crowd *c);

/* A new keyset by KEY_REQUEST for each of these UEs, ue_named() before, confirmed by one message,
 * and then more messages. At most WINDOW of them at a time are under way. */
bool crowd_refresh(struct crowd *c, struct test_ue *ues, size_t count, size_t more);

#endif
