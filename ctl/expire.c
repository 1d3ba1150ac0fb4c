/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/change.h"
#include "ctl/commands.h"

int expire_run(const struct options *o)
{
	const struct change c = {
	    .command = "expireKey",
	    .whole = "all",
	    .whole_given = o->all,
	    .done = "keysets expired",
	    .ask = o->all ? "Expire the keysets of all UEs?" : NULL,
	};

	return change_run(o, &c, 0);
}
