/* SPDX-License-Identifier: Apache-2.0 */
/* Where the store's KEK comes from. */
#ifndef EESE_PLUGIN_STORE_KEK_SOURCE_H
#define EESE_PLUGIN_STORE_KEK_SOURCE_H

#include "host/kek.h"
#include "plugin/store/db.h"

/* The systemd credential of this name, if the service has one. */
#define EESE_STORE_CREDENTIAL "eese-kek"

struct eese_kek_source {
	uint8_t kek[EESE_KEK_SIZE]; /* the caller wipes it */
	char place[EESE_KEK_PLACE_SIZE];
	bool made;   /* just now, at place */
	bool beside; /* place is <store>.kek */
};

/*
 * From file, unless that is NULL; else from the systemd credential, if there is one; else from
 * <store>.kek, which is made if it is not there and may_make. false: wrong says why, naming the
 * place.
 */
bool eese_kek_find(const char *store, const char *file, bool may_make, struct eese_kek_source *out,
		   char wrong[EESE_STORE_TEXT_SIZE]);

/* A new KEK in this file, which is replaced if it is there. */
bool eese_kek_make(const char *file, struct eese_kek_source *out, char wrong[EESE_STORE_TEXT_SIZE]);

/* <store>.kek.next, the KEK that is to take the place of <store>.kek; false: there is none. */
bool eese_kek_next(const char *store, struct eese_kek_source *out);
bool eese_kek_make_next(const char *store, struct eese_kek_source *out,
			char wrong[EESE_STORE_TEXT_SIZE]);

/* It does; on the disk when this returns NULL. Else what is wrong, as eese_durable_write(). */
const char *eese_kek_take_next(const char *store);

#endif
