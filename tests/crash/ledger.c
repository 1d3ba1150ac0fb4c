/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PADDING_MAX = 200 };

static struct item *items;
static int count, size;

struct item *ledger_item(int item)
{
	return &items[item];
}

int ledger_count(void)
{
	return count;
}

int ledger_add(enum item_kind kind, unsigned ue, uint8_t qos, bool verdicts)
{
	if (count == size) {
		size = 2 * size + 1024;
		items = realloc(items, (size_t)size * sizeof *items);
		if (items == NULL)
			abort();
	}
	items[count] = (struct item){
	    .kind = kind, .ue = ue, .qos = qos, .verdicts = verdicts, .successor = NO_ITEM};
	return count++;
}

int ledger_again(int item)
{
	const struct item old = items[item];
	int next = ledger_add(old.kind, old.ue, old.qos, old.verdicts);

	items[item].successor = next;
	return next;
}

size_t ledger_text(int item, char out[ITEM_TEXT_MAX])
{
	int len =
	    snprintf(out, ITEM_TEXT_MAX, "%s %d of %u ",
		     items[item].kind == READING ? "reading" : "command", item, items[item].ue);

	for (unsigned i = (unsigned)item * 7919 % PADDING_MAX; i > 0; i--)
		out[len++] = (char)('a' + i % 26);
	return (size_t)len;
}

void ledger_attempted(int item)
{
	struct item *i = &items[item];

	i->transmitted_at = now_ms();
	if (i->attempted)
		return;
	i->attempted = true;
	i->first_era = run.era;
}

void ledger_transmitted(int item)
{
	ledger_attempted(item);
	items[item].transmitted = true;
}

void ledger_settled(int item)
{
	struct item *i = &items[item];

	if (i->settled)
		return;
	i->settled = true;
	i->settled_era = run.era;
}

/* The item that this is the text of. */
static int item_of(enum item_kind kind, unsigned ue, const void *text, size_t len)
{
	static const char *const words[] = {[READING] = "reading ", [COMMAND] = "command "};
	const size_t skip = strlen(words[READING]);
	char head[48], want[ITEM_TEXT_MAX];
	long item;

	snprintf(head, sizeof head, "%.*s", (int)(len < sizeof head ? len : sizeof head - 1),
		 (const char *)text);
	if (strncmp(head, words[kind], skip) != 0)
		return NO_ITEM;
	item = strtol(head + skip, NULL, 10);
	if (item < 0 || item >= count || items[item].kind != kind || items[item].ue != ue ||
	    ledger_text((int)item, want) != len || memcmp(want, text, len) != 0)
		return NO_ITEM;
	return (int)item;
}

void ledger_arrived(enum item_kind kind, unsigned ue, const void *text, size_t len)
{
	int item = item_of(kind, ue, text, len);
	struct item *i;

	if (item == NO_ITEM) {
		broken("UE %u: something arrived that nobody sent: %.*s", ue,
		       (int)(len < 40 ? len : 40), (const char *)text);
		return;
	}
	i = &items[item];
	if (!i->attempted)
		broken("UE %u: item %d arrived before it was sent", ue, item);
	if (kind == COMMAND) {
		/* It may be read from the socket of a broker that is dead by now. */
		i->arrivals++;
		return;
	}
	if (i->arrivals > 0 && i->arrival_era == run.era)
		broken("UE %u: item %d arrived twice in era %u", ue, item, run.era);
	if (i->settled && i->settled_era < run.era)
		broken("UE %u: item %d arrived in era %u, but was settled in era %u", ue, item,
		       run.era, i->settled_era);
	i->arrivals++;
	i->arrival_era = run.era;
}

void ledger_broker_killed(void)
{
	for (int n = 0; n < count; n++) {
		struct item *i = &items[n];

		if (!i->attempted)
			continue;
		if (!i->settled)
			i->crashes++;
		/* Mosquitto keeps in memory what it acknowledged, until the device has it. */
		if (i->kind == COMMAND && i->arrivals == 0)
			i->may_be_lost = true;
	}
}

void ledger_ue_killed(unsigned ue, void (*again)(unsigned ue, int item))
{
	const int before = count;

	for (int n = 0; n < before; n++) {
		struct item *i = &items[n];

		if (i->ue != ue)
			continue;
		if (i->kind == COMMAND && i->attempted && i->arrivals == 0)
			i->may_be_lost = true;
		if (i->kind == READING && i->attempted && !i->settled) {
			ledger_settled(n);
			again(ue, ledger_again(n));
		}
	}
}

static bool is_missing(const struct item *i)
{
	return i->arrivals == 0 && i->successor == NO_ITEM;
}

unsigned ledger_missing(enum item_kind kind)
{
	unsigned missing = 0;

	for (int n = 0; n < count; n++)
		missing += items[n].kind == kind && is_missing(&items[n]) &&
			   !(kind == READING && items[n].settled && items[n].let_go);
	return missing;
}

static void check(int n, struct ledger_sum *sum)
{
	const struct item *i = &items[n];

	sum->items++;
	sum->arrived += i->arrivals > 0;
	sum->twice += i->arrivals > 1;
	sum->replaced += i->successor != NO_ITEM;
	if (i->arrivals > 1 + i->crashes)
		broken("UE %u: item %d arrived %u times, with %u crashes while it was under way",
		       i->ue, n, i->arrivals, i->crashes);
	/* Whatever became of this one, the same came once more. */
	if (i->arrivals > 0 || i->successor != NO_ITEM)
		return;
	/* Clause 6: without verdicts the last few are kept, and not for ever. */
	if (i->let_go) {
		sum->let_go++;
		return;
	}
	sum->lost++;
	if (!i->may_be_lost)
		broken("UE %u: %s %d is lost (QoS %u, %s, era %u to %u%s)", i->ue,
		       i->kind == READING ? "reading" : "command", n, i->qos,
		       i->verdicts ? "MQTT 5" : "MQTT 3.1.1", i->first_era, i->settled_era,
		       i->settled ? "" : ", not settled");
}

void ledger_check(enum item_kind kind, struct ledger_sum *sum)
{
	memset(sum, 0, sizeof *sum);
	for (int n = 0; n < count; n++)
		if (items[n].kind == kind)
			check(n, sum);
}
