/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "ctl/commands.h"
#include "ctl/each.h"
#include "ctl/out.h"
#include "ctl/request.h"
#include "ctl/text.h"

static bool printed_one;

static void print_settings(const cJSON *ue)
{
	const char *group = member_text(ue, "group"), *from = member_text(ue, "te2eFrom");
	const double te2e = member_number(ue, "te2e", -1);
	char duration[TEXT_DURATION_ROOM];

	if (group != NULL)
		out_line("  group         %s", group);
	if (te2e >= 0)
		out_line("  te2e          %s%s%s%s", text_te2e(te2e, duration),
			 from != NULL ? " (" : "", from != NULL ? from : "",
			 from != NULL ? ")" : "");
}

static void print_key(const cJSON *ue)
{
	const char *ikid = member_text(ue, "intKeyId"), *expiry = member_text(ue, "intKeyExpiry");

	if (ikid != NULL)
		out_line("  e2e_int_key   IKID %s%s%s", ikid, expiry != NULL ? ", until " : "",
			 expiry != NULL ? expiry : "");
}

static void print_keyset(const cJSON *ue)
{
	const double ksn = member_number(ue, "ksn", -1), left = member_number(ue, "expiresIn", -1),
		     pending = member_number(ue, "pendingKsn", -1),
		     highest = member_number(ue, "highestKsn", 0);
	const char *expired = member_text(ue, "expired");
	char duration[TEXT_DURATION_ROOM];

	if (ksn >= 0)
		out_line("  keyset        KSN %.0f, %s", ksn,
			 text_alg(member_number(ue, "alg", 0)));
	if (left >= 0)
		out_line("  expires in    %s", text_duration(left, duration));
	if (expired != NULL)
		out_line("  expired by    %s", expired);
	if (pending >= 0)
		out_line("  announced     KSN %.0f", pending);
	if (highest > 0)
		out_line("  highest KSN   %.0f", highest);
	if (ksn >= 0)
		out_line("  messages      up %.0f, down %.0f, wrong tags %.0f",
			 member_number(ue, "uplink", 0), member_number(ue, "downlink", 0),
			 member_number(ue, "failedTags", 0));
}

static bool print(const struct options *o, const cJSON *response)
{
	const cJSON *ue = cJSON_GetObjectItemCaseSensitive(request_data(response), "ue");
	const char *name = member_text(ue, "ueId"), *state = member_text(ue, "state");

	if (name == NULL)
		return false;
	if (o->json) {
		out_array_item(ue);
		return true;
	}
	if (printed_one)
		out_line("%s", "");
	printed_one = true;
	out_line("%s", name);
	out_line("  state         %s", state != NULL ? state : "unknown");
	print_settings(ue);
	print_key(ue);
	print_keyset(ue);
	return true;
}

int show_run(const struct options *o)
{
	struct each each = {.options = o, .command = "getUe", .print = print};
	struct names names;
	struct link l;
	int code;

	if (o->arg_count == 0 && o->from == NULL)
		return options_usage(o->command, "which UE?");
	code = names_read(&names, o, 0);
	if (code == GO_ON) {
		code = link_open(&l, o);
		if (code == GO_ON)
			code = each_run(&each, &l, &names);
		link_close(&l);
	}
	names_free(&names);
	return code;
}
