/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "first_key.h"
#include "host/rfc3339.h"
#include "host/say.h"
#include "state.h"
#include "stop.h"

/* What is to be known of a key, which is not the key. */
static int tell(const struct keys *k)
{
	const struct keys_one *newest = keys_newest(k);
	char until[EESE_RFC3339_SIZE];
	uint16_t ikid;

	if (newest->expiry == 0) {
		say_error("RES was sent, and nobody said what became of it: the key is kept, %s",
			  "but run this again");
		return EXIT_CONNECTION;
	}
	eese_rfc3339_write(newest->expiry, until);
	if (eese_derive_ikid(newest->key, &ikid) != EESE_OK ||
	    printf("new key, IKID %04x, until %s\n", (unsigned)ikid, until) < 0)
		return EXIT_MESSAGE;
	return EXIT_DONE;
}

int aka_run(const struct options *o)
{
	struct renewal *r = calloc(1, sizeof(*r));
	struct state state = {.lock = -1};
	int code = EXIT_FILES;

	if (!r || eese_init() != EESE_OK || !stop_catch()) {
		say_error("starting failed");
		free(r);
		return EXIT_MESSAGE;
	}
	/* The lock of the state file is the one of the keys too. */
	if (state_open(&state, o->state, o->ue) && renewal_open(r, o, state.path)) {
		code = first_key(r, o->wait);
		if (code == GO_ON)
			code = tell(&r->keys);
	}
	renewal_close(r);
	state_close(&state);
	free(r);
	return code;
}
