/* SPDX-License-Identifier: Apache-2.0 */
/* The network between a device and the broker: it sees every octet, and may lose some. */
#ifndef EESE_TESTS_PROXY_H
#define EESE_TESTS_PROXY_H

#include <pthread.h>
#include <stdatomic.h>

#include "mqtt.h"

enum { PROXY_LINKS = 16 };

struct proxy_link {
	int device, broker; /* sockets; -1: unused */
	uint8_t *up;        /* of the device's stream: not yet a whole packet */
	size_t up_len;
	int published;
	bool mute;
};

struct proxy {
	uint16_t port; /* where devices connect */
	_Atomic uint16_t broker_port;
	enum mqtt_version version;
	int cut_after; /* 0, or: lose the connection and all answers after so many PUBLISH */
	/* Set it: of the connection with the next PUBLISH nothing more gets to the broker. */
	atomic_bool mute_next;
	atomic_bool pubrel_lost; /* .. a PUBREL among it */
	int listener, wake[2];
	pthread_t thread;
	struct proxy_link links[PROXY_LINKS];

	/* Valid after proxy_stop(): what the devices published, in order. */
	struct mqtt_message **seen;
	size_t count;
	int cuts;
};

bool proxy_start(struct proxy *p, uint16_t broker_port, enum mqtt_version version, int cut_after);
/* Every connection there is breaks, soon. */
bool proxy_cut(struct proxy *p);
void proxy_stop(struct proxy *p);
void proxy_free(struct proxy *p);

#endif
