/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was sent and what arrived. An item is one plaintext, a reading of a device or a command for
 * it; its text names it, so that whatever arrives is known or a fraud.
 *
 * An item is live from its first transmission until its sender knows its fate. It may arrive once
 * in each era in which it is live, and in no other: so a recording that is accepted shows, also of
 * an item that came twice honestly.
 */
#ifndef EESE_TESTS_CRASH_LEDGER_H
#define EESE_TESTS_CRASH_LEDGER_H

#include "crash.h"

enum item_kind { READING, COMMAND };

enum { ITEM_TEXT_MAX = 320, NO_ITEM = -1 };

struct item {
	enum item_kind kind;
	unsigned ue;
	uint8_t qos;
	bool verdicts;  /* its sender is told whether it was accepted */
	bool attempted; /* given to the MQTT library, whatever it said: it may send it later */
	bool transmitted, settled, refused;
	bool let_go;          /* unconfirmed, on MQTT 3.1.1 */
	unsigned first_era;   /* of transmission */
	unsigned settled_era; /* the last era in which it may arrive */
	unsigned arrivals, arrival_era;
	uint64_t transmitted_at;
	unsigned crashes; /* it was under way at so many */
	bool may_be_lost; /* a command that was in the hands of a broker or device that died */
	int successor;    /* the same once more; NO_ITEM */
};

struct ledger_sum {
	unsigned items, arrived, twice, lost, let_go, replaced;
};

int ledger_add(enum item_kind kind, unsigned ue, uint8_t qos, bool verdicts);
/* The same again, since this one may be lost. */
int ledger_again(int item);
struct item *ledger_item(int item);
int ledger_count(void);

/* The text of an item, not ended by NUL. */
size_t ledger_text(int item, char out[ITEM_TEXT_MAX]);

void ledger_attempted(int item);
void ledger_transmitted(int item);
void ledger_settled(int item);
/* It came out at the other end. */
void ledger_arrived(enum item_kind kind, unsigned ue, const void *text, size_t len);

/* The broker was killed; whatever it had sent was read. */
void ledger_broker_killed(void);
/* The device is gone: its readings are given to again() once more. */
void ledger_ue_killed(unsigned ue, void (*again)(unsigned ue, int item));

/* Items not arrived, without a successor. */
unsigned ledger_missing(enum item_kind kind);
void ledger_check(enum item_kind kind, struct ledger_sum *sum);

#endif
