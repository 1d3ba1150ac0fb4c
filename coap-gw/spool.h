/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Downlink that the broker was told has arrived and no UE has acknowledged, in a SQLite database:
 * protected octets, no keys. What a turn of the loop changes is one transaction.
 */
#ifndef EESE_COAP_GW_SPOOL_H
#define EESE_COAP_GW_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct spool;

/* Opens it for this process alone, or makes it. NULL: the reason was said. sync: what was committed
 * survives a power cut too, not only the end of the process. */
struct spool *spool_open(const char *path, bool sync);
void spool_close(struct spool *s);

/* False: not all since the last commit is kept; the reason was said. Nothing to do: true. */
bool spool_commit(struct spool *s);

/* A UE of the spool; valid during the call only. */
struct spool_ue {
	int64_t row;
	const char *name;
	uint64_t until;        /* Unix seconds */
	size_t waiting;        /* messages */
	uint64_t offered;      /* as spool_offer() was told */
	const uint8_t *update; /* its KEY_UPDATE */
	size_t update_len;     /* 0: none */
};
typedef void spool_call(void *ctx, const struct spool_ue *ue);
bool spool_each(struct spool *s, spool_call *call, void *ctx);

/* Makes or renews a UE; its row, 0: failed. */
int64_t spool_want(struct spool *s, const char *name, uint64_t until);
/* With its messages. */
void spool_forget(struct spool *s, int64_t ue);
/* Its newest KEY_UPDATE; len 0: none. */
void spool_update(struct spool *s, int64_t ue, const uint8_t *update, size_t len);

/* Up to which number the UE may acknowledge its messages. */
void spool_offer(struct spool *s, int64_t ue, uint64_t number);

/* The sub of a KEY_UPDATE, which stands between the messages where it came: no topic has it. */
#define SPOOL_CONTROL "+ctl"

/* Keeps a message; its number, which grows and is never given again. 0: failed. */
uint64_t spool_put(struct spool *s, int64_t ue, const char *sub, const uint8_t *octets, size_t len);

struct spooled {
	uint64_t number;
	const char *sub;
	size_t sub_len;
	const uint8_t *octets;
	size_t len;
};

/* The UE's first message with a number above after, and only of sub unless that is NULL; valid
 * until the next call. False: there is none. */
bool spool_next(struct spool *s, int64_t ue, uint64_t after, const char *sub, struct spooled *out);

/* The UE's newest KEY_UPDATE among its messages, valid until the next call. False: there is none.
 */
bool spool_newest_control(struct spool *s, int64_t ue, struct spooled *out);
/* Puts other octets in the place of a message's. */
void spool_replace(struct spool *s, uint64_t number, const uint8_t *octets, size_t len);
/* Removes the UE's KEY_UPDATEs from its messages; how many there were. */
size_t spool_remove_control(struct spool *s, int64_t ue);

/* Octets that its content takes on the disk. */
uint64_t spool_size(struct spool *s);

/* Removes those from one number to another; how many there were. */
size_t spool_remove(struct spool *s, int64_t ue, uint64_t from, uint64_t to);

#endif
