/* SPDX-License-Identifier: Apache-2.0 */
#include "link.h"

#include <string.h>

#include "link_coap.h"
#include "link_mqtt.h"

int link_open(struct link *l, const struct options *o, const char *ue_id,
	      const struct link_owner *owner)
{
	memset(l, 0, sizeof(*l));
	l->kind = o->coap ? &link_coap : &link_mqtt;
	l->options = o;
	l->ue_id = ue_id;
	l->owner = *owner;
	l->code = GO_ON;
	return l->kind->open(l);
}

void link_stop_reading(struct link *l)
{
	if (l->closing)
		return;
	l->closing = true;
	l->ready = false;
	l->kind->stop_reading(l);
}

void link_close(struct link *l)
{
	if (!l->kind)
		return;
	link_stop_reading(l);
	l->kind->close(l);
	l->kind = NULL;
}

bool link_send(struct link *l, const struct eese_ue_message *m)
{
	return l->ready && l->kind->send(l, m);
}

bool link_busy(const struct link *l)
{
	return l->kind->busy(l);
}

uint64_t link_prepare(struct link *l, struct pollfd *p, uint64_t now)
{
	return l->kind->prepare(l, p, now);
}

int link_done(struct link *l, const struct pollfd *p, uint64_t now)
{
	return l->kind->done(l, p, now);
}
