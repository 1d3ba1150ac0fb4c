/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int open_socket(void)
{
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

static void close_link(struct proxy_link *l)
{
	close(l->device);
	close(l->broker);
	free(l->up);
	memset(l, 0, sizeof *l);
	l->device = l->broker = -1;
}

static void accept_device(struct proxy *p)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(p->broker_port)};
	struct proxy_link *l = p->links;
	int device = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);

	if (device < 0)
		return;
	while (l < p->links + PROXY_LINKS && l->device >= 0)
		l++;
	if (l == p->links + PROXY_LINKS) {
		close(device);
		return;
	}
	l->device = device;
	l->broker = open_socket();
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (l->broker < 0 || connect(l->broker, (struct sockaddr *)&to, sizeof to) != 0)
		close_link(l);
}

static bool pass(int to, const uint8_t *octets, size_t len)
{
	while (len > 0) {
		ssize_t n = send(to, octets, len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		octets += n;
		len -= (size_t)n;
	}
	return true;
}

/* Notes each PUBLISH that is complete by now. */
static void look(struct proxy *p, struct proxy_link *l)
{
	size_t at = 0, used;

	for (;;) {
		struct mqtt_message *m = mqtt_tap(p->version, l->up + at, l->up_len - at, &used);

		if (used == 0)
			break;
		at += used;
		if (m == NULL)
			continue;
		p->seen = realloc(p->seen, (p->count + 1) * sizeof(struct mqtt_message *));
		if (p->seen == NULL)
			abort();
		p->seen[p->count++] = m;
		l->published++;
		l->mute = atomic_exchange(&p->mute_next, false);
	}
	l->up_len -= at;
	memmove(l->up, l->up + at, l->up_len);
}

static bool pass_up(struct proxy *p, struct proxy_link *l)
{
	uint8_t octets[4096];
	ssize_t n = recv(l->device, octets, sizeof octets, 0);

	if (n > 0 && l->mute) {
		if (octets[0] >> 4 == MQTT_PUBREL)
			p->pubrel_lost = true;
		return true;
	}
	if (n <= 0 || !pass(l->broker, octets, (size_t)n))
		return false;
	l->up = realloc(l->up, l->up_len + (size_t)n);
	if (l->up == NULL)
		abort();
	memcpy(l->up + l->up_len, octets, (size_t)n);
	l->up_len += (size_t)n;
	look(p, l);
	if (p->cut_after > 0 && l->published >= p->cut_after) {
		p->cuts++;
		return false;
	}
	return true;
}

static bool pass_down(struct proxy_link *l)
{
	uint8_t octets[4096];
	ssize_t n = recv(l->broker, octets, sizeof octets, 0);

	return n > 0 && pass(l->device, octets, (size_t)n);
}

/* One turn for what poll() found; the pairs stand behind wake and listener. */
static void serve(struct proxy *p, const struct pollfd fds[2 + 2 * PROXY_LINKS])
{
	for (int i = 0; i < PROXY_LINKS; i++) {
		struct proxy_link *l = &p->links[i];
		const struct pollfd *pair = &fds[2 + 2 * i];
		bool ok = true;

		if (l->device < 0)
			continue;
		if (pair[0].revents != 0)
			ok = pass_up(p, l);
		if (ok && pair[1].revents != 0)
			ok = pass_down(l);
		if (!ok)
			close_link(l);
	}
	if (fds[1].revents != 0)
		accept_device(p);
}

/* proxy_cut() writes an octet; the end of the pipe is the end of the thread. */
static bool read_cut(struct proxy *p)
{
	char octet;

	if (read(p->wake[0], &octet, 1) != 1)
		return false;
	for (int i = 0; i < PROXY_LINKS; i++)
		if (p->links[i].device >= 0)
			close_link(&p->links[i]);
	return true;
}

static void *run(void *arg)
{
	struct proxy *p = arg;

	for (;;) {
		struct pollfd fds[2 + 2 * PROXY_LINKS] = {{.fd = p->wake[0], .events = POLLIN},
							  {.fd = p->listener, .events = POLLIN}};

		for (int i = 0; i < PROXY_LINKS; i++) {
			fds[2 + 2 * i] =
			    (struct pollfd){.fd = p->links[i].device, .events = POLLIN};
			fds[3 + 2 * i] =
			    (struct pollfd){.fd = p->links[i].broker, .events = POLLIN};
		}
		if (poll(fds, 2 + 2 * PROXY_LINKS, -1) < 0)
			continue;
		if (fds[0].revents != 0 && !read_cut(p))
			return NULL;
		serve(p, fds);
	}
}

bool proxy_start(struct proxy *p, uint16_t broker_port, enum mqtt_version version, int cut_after)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t len = sizeof a;

	memset(p, 0, sizeof *p);
	p->broker_port = broker_port;
	p->version = version;
	p->cut_after = cut_after;
	for (int i = 0; i < PROXY_LINKS; i++)
		p->links[i].device = p->links[i].broker = -1;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	p->listener = open_socket();
	if (p->listener < 0 || bind(p->listener, (struct sockaddr *)&a, sizeof a) != 0 ||
	    listen(p->listener, PROXY_LINKS) != 0 ||
	    getsockname(p->listener, (struct sockaddr *)&a, &len) != 0 ||
	    pipe2(p->wake, O_CLOEXEC) != 0)
		return false;
	p->port = ntohs(a.sin_port);
	return pthread_create(&p->thread, NULL, run, p) == 0;
}

bool proxy_cut(struct proxy *p)
{
	return write(p->wake[1], "", 1) == 1;
}

void proxy_stop(struct proxy *p)
{
	close(p->wake[1]);
	pthread_join(p->thread, NULL);
	close(p->wake[0]);
	close(p->listener);
	for (int i = 0; i < PROXY_LINKS; i++)
		if (p->links[i].device >= 0)
			close_link(&p->links[i]);
}

void proxy_free(struct proxy *p)
{
	for (size_t i = 0; i < p->count; i++)
		mqtt_message_free(p->seen[i]);
	free(p->seen);
	p->seen = NULL;
	p->count = 0;
}
