/* SPDX-License-Identifier: Apache-2.0 */
/* An AuC that isn't ours: osmo-auc-gen of libosmocore. */
#ifndef EESE_TESTS_OSMO_SUPPORT_H
#define EESE_TESTS_OSMO_SUPPORT_H

#include <stdbool.h>
#include <stdint.h>

/* All in hexadecimal. */
struct osmo_input {
	const char *k, *opc, *op; /* opc or op, the other NULL */
	const char *amf, *rand;
	const char *auts; /* "" for none */
	uint64_t sqn;
};

/* What it printed. */
struct osmo_vector {
	char rand[64], autn[64], ik[64], ck[64], res[64], sqn_ms[64];
};

/* false: it refused. */
bool osmo_run(const struct osmo_input *in, struct osmo_vector *out);

/* 32 random digits. */
void osmo_random(char out[33]);

#endif
