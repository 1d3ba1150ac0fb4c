/* SPDX-License-Identifier: Apache-2.0 */
#include "udp_relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DATAGRAM_MAX = 2048, COAP_CHANGED = 0x44, UP = 0, DOWN = 1, HELD_BACK = -1 };

static int loopback_socket(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int throw_dice(struct udp_relay *r)
{
	static const int sides[] = {0, 2, HELD_BACK, 1, 1};

	return sides[nrand48(r->dice) % 5];
}

/* How many times this one goes on. */
static int copies(struct udp_relay *r, int way, const uint8_t *p, size_t len)
{
	const unsigned n = r->passed[way]++;
	int left;

	switch (atomic_load(&r->manner)) {
	case RELAY_LOSSY:
		return n % 2 == 0 ? 0 : 2;
	case RELAY_NO_CHANGED:
		return way == DOWN && len >= 4 && p[1] == COAP_CHANGED ? 0 : 1;
	case RELAY_BAD:
		left = throw_dice(r);
		return left == 0 && r->lost_last[way] ? 1 : left;
	case RELAY_WORSE:
		return throw_dice(r);
	default:
		return 1;
	}
}

static void send_on(struct udp_relay *r, int way, const uint8_t *p, size_t len,
		    const struct sockaddr_in *device)
{
	if (way == UP)
		(void)send(r->back, p, len, 0);
	else
		(void)sendto(r->front, p, len, 0, (const struct sockaddr *)device, sizeof *device);
}

static void send_late(struct udp_relay *r, int way, const struct sockaddr_in *device)
{
	if (r->late[way].len > 0)
		send_on(r, way, r->late[way].octets, r->late[way].len, device);
	r->late[way].len = 0;
}

static bool hold_back(struct udp_relay *r, int way, const uint8_t *p, size_t len)
{
	if (r->late[way].len > 0)
		return false;
	memcpy(r->late[way].octets, p, len);
	r->late[way].len = len;
	return true;
}

static void pass_on(struct udp_relay *r, int way, struct sockaddr_in *device)
{
	socklen_t size = sizeof *device;
	uint8_t p[DATAGRAM_MAX];
	ssize_t n;
	int left;

	if (way == UP)
		n = recvfrom(r->front, p, sizeof p, 0, (struct sockaddr *)device, &size);
	else
		n = recv(r->back, p, sizeof p, 0);
	if (n < 0)
		return;
	atomic_fetch_add(&r->datagrams, 1);
	atomic_fetch_add(&r->octets, (unsigned)n);
	left = copies(r, way, p, (size_t)n);
	r->lost_last[way] = left == 0;
	if (left == HELD_BACK && hold_back(r, way, p, (size_t)n))
		return;
	if (left == 0)
		atomic_fetch_add(&r->lost, 1);
	for (left = left == HELD_BACK ? 1 : left; left > 0; left--)
		send_on(r, way, p, (size_t)n, device);
	send_late(r, way, device);
}

static void *run(void *ctx)
{
	struct udp_relay *r = ctx;
	struct sockaddr_in device = {.sin_family = AF_INET};

	while (!atomic_load(&r->stopping)) {
		struct pollfd p[2] = {{.fd = r->front, .events = POLLIN},
				      {.fd = r->back, .events = POLLIN}};

		if (poll(p, 2, 20) <= 0) {
			send_late(r, UP, &device);
			send_late(r, DOWN, &device);
			continue;
		}
		if (p[0].revents != 0)
			pass_on(r, UP, &device);
		if (p[1].revents != 0)
			pass_on(r, DOWN, &device);
	}
	return NULL;
}

bool udp_relay_start(struct udp_relay *r, uint16_t to)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(to)};
	socklen_t size = sizeof at;

	memset(r, 0, sizeof *r);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	r->front = loopback_socket();
	r->back = loopback_socket();
	if (r->front < 0 || r->back < 0 || connect(r->back, (struct sockaddr *)&at, size) != 0 ||
	    getsockname(r->front, (struct sockaddr *)&at, &size) != 0)
		return false;
	r->port = ntohs(at.sin_port);
	return pthread_create(&r->thread, NULL, run, r) == 0;
}

void udp_relay_stop(struct udp_relay *r)
{
	atomic_store(&r->stopping, true);
	pthread_join(r->thread, NULL);
	close(r->front);
	close(r->back);
}
