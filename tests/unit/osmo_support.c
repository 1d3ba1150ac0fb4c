/* SPDX-License-Identifier: Apache-2.0 */
#include "osmo_support.h"

#include <stdio.h>
#include <string.h>

#include "core_support.h"

static void take_line(const char *line, struct osmo_vector *out)
{
	const struct {
		const char *name;
		char *to;
	} fields[] = {{"RAND", out->rand}, {"AUTN", out->autn}, {"IK", out->ik},
		      {"CK", out->ck},     {"RES", out->res},   {"SQN.MS", out->sqn_ms}};

	for (size_t i = 0; i < COUNT(fields); i++) {
		const size_t len = strlen(fields[i].name);

		if (strncmp(line, fields[i].name, len) == 0 && line[len] == ':')
			(void)sscanf(line + len + 1, "%63s", fields[i].to);
	}
}

bool osmo_run(const struct osmo_input *in, struct osmo_vector *out)
{
	char command[512], line[256];
	FILE *p;

	memset(out, 0, sizeof(*out));
	(void)snprintf(command, sizeof(command),
		       OSMO_AUC_GEN " -3 -a milenage -k %s %s %s -f %s -s %llu -r %s %s %s 2>&1",
		       in->k, in->opc ? "-o" : "-O", in->opc ? in->opc : in->op, in->amf,
		       (unsigned long long)in->sqn, in->rand, *in->auts ? "-A" : "", in->auts);
	p = popen(command, "r");
	if (!p)
		return false;
	while (fgets(line, sizeof(line), p))
		take_line(line, out);
	return pclose(p) == 0;
}

void osmo_random(char out[33])
{
	(void)snprintf(out, 33, "%016llx%016llx", (unsigned long long)random_next(),
		       (unsigned long long)random_next());
}
