/* SPDX-License-Identifier: Apache-2.0 */
#include "emks/daemon/links.h"

#include <stdlib.h>
#include <sys/socket.h>

void links_start(struct links *l, struct tls *t)
{
	pthread_mutex_init(&l->lock, NULL);
	l->first = NULL;
	l->tls = tls_use(t);
}

void links_stop(struct links *l)
{
	tls_leave(l->tls);
	pthread_mutex_destroy(&l->lock);
}

static void put_first(struct links *l, struct link *link)
{
	link->after = l->first;
	if (link->after != NULL)
		link->after->before = link;
	l->first = link;
}

struct link *links_add(struct links *l, int fd, gnutls_session_t session, int64_t now_ms)
{
	struct link *link = calloc(1, sizeof *link);

	if (link == NULL) {
		(void)shutdown(fd, SHUT_RDWR);
		return NULL;
	}
	link->fd = fd;
	link->session = session;
	link->deadline_ms = now_ms + LINK_REQUEST_MS;
	pthread_mutex_lock(&l->lock);
	link->tls = tls_use(l->tls);
	put_first(l, link);
	pthread_mutex_unlock(&l->lock);
	if (!tls_set_up(link->tls, session))
		(void)shutdown(fd, SHUT_RDWR);
	return link;
}

void links_remove(struct links *l, struct link *link)
{
	if (link == NULL)
		return;
	pthread_mutex_lock(&l->lock);
	if (link->before != NULL)
		link->before->after = link->after;
	else
		l->first = link->after;
	if (link->after != NULL)
		link->after->before = link->before;
	pthread_mutex_unlock(&l->lock);
	tls_leave(link->tls);
	free(link);
}

static void set_deadline(struct links *l, struct link *link, int64_t deadline_ms)
{
	if (link == NULL)
		return;
	pthread_mutex_lock(&l->lock);
	link->deadline_ms = deadline_ms;
	pthread_mutex_unlock(&l->lock);
}

void links_request(struct links *l, struct link *link, int64_t now_ms)
{
	set_deadline(l, link, now_ms + LINK_REQUEST_MS);
}

void links_idle(struct links *l, struct link *link)
{
	set_deadline(l, link, 0);
}

void links_exchange(struct links *l, struct tls *t)
{
	pthread_mutex_lock(&l->lock);
	tls_leave(l->tls);
	l->tls = tls_use(t);
	for (struct link *link = l->first; link != NULL; link = link->after)
		if (link->deadline_ms == 0)
			(void)shutdown(link->fd, SHUT_RDWR);
	pthread_mutex_unlock(&l->lock);
}

struct tls *links_tls(struct links *l)
{
	struct tls *t;

	pthread_mutex_lock(&l->lock);
	t = tls_use(l->tls);
	pthread_mutex_unlock(&l->lock);
	return t;
}

bool links_outdated(struct links *l, const struct link *link)
{
	bool outdated;

	pthread_mutex_lock(&l->lock);
	outdated = link == NULL || link->tls != l->tls;
	pthread_mutex_unlock(&l->lock);
	return outdated;
}

/* Under the lock the descriptor is still the connection's: it is closed after links_remove(). */
void links_tick(struct links *l, int64_t now_ms)
{
	pthread_mutex_lock(&l->lock);
	for (struct link *link = l->first; link != NULL; link = link->after) {
		if (link->deadline_ms != 0 && now_ms >= link->deadline_ms) {
			(void)shutdown(link->fd, SHUT_RDWR);
			link->deadline_ms = 0;
		}
	}
	pthread_mutex_unlock(&l->lock);
}
