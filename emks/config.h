/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of eese-emksd and eese-hss: a file of lines "NAME VALUE", and options --NAME VALUE
 * in front of it. */
#ifndef EMKS_CONFIG_H
#define EMKS_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CONFIG_WRONG_SIZE = 512,
	CONFIG_EESES_MAX = 256,
	CONFIG_PATH_SIZE = 512,
	CONFIG_ADDRESS_SIZE = 128,
	CONFIG_IDENTITY_SIZE = 256,
};

#define CONFIG_FILE "/etc/eese/emksd.conf"
/* The systemd credential that holds the KEK if no kek_file is named. */
#define CONFIG_KEK_CREDENTIAL "eese-emks-kek"

/* Who a client certificate stands for. */
struct config_eese {
	char name[65];
	char identity[CONFIG_IDENTITY_SIZE]; /* "cn:..", "dns:.." or "uri:.." */
};

/* Text that is not set is empty. */
struct config {
	char database[CONFIG_PATH_SIZE], kek_file[CONFIG_PATH_SIZE];
	char https_listen[CONFIG_ADDRESS_SIZE], coap_listen[CONFIG_ADDRESS_SIZE];
	char cert[CONFIG_PATH_SIZE], key[CONFIG_PATH_SIZE];
	char ca[CONFIG_PATH_SIZE], crl[CONFIG_PATH_SIZE];
	uint32_t key_life_s, challenge_life_s, challenges, rate;
	size_t eeses;
	struct config_eese eese[CONFIG_EESES_MAX];
};

void config_default(struct config *c);

/* One setting by its name. False: *wrong says what is wrong with it. Setting one twice is wrong,
 * but for eese; given says which were set, and is all false before the first. */
struct config_given {
	bool at[16];
};
bool config_set(struct config *c, struct config_given *given, const char *name, const char *value,
		char wrong[CONFIG_WRONG_SIZE]);

/* The file at path; what is given already goes before it. */
bool config_read(struct config *c, struct config_given *given, const char *path,
		 char wrong[CONFIG_WRONG_SIZE]);

/* Whether there is a setting of this name. */
bool config_knows(const char *name);

#endif
