/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"

enum { ARGUMENTS_MAX = 40, PATIENCE_MS = 60000 };

char *ctl_out, *ctl_err;

static char directory[128];

void ctl_setup(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(directory, sizeof directory, "%.90s/eese-ctl-test-XXXXXX",
		 tmp != NULL && strlen(tmp) < 90 ? tmp : "/tmp");
	if (mkdtemp(directory) == NULL)
		abort();
	setenv("XDG_CONFIG_HOME", directory, 1);
	setenv("EESE_PASSWORD", MQTT_PASSWORD, 1);
}

static void forget(void)
{
	free(ctl_out);
	free(ctl_err);
	ctl_out = ctl_err = NULL;
}

void ctl_end(void)
{
	const struct dirent *entry;
	DIR *dir = opendir(directory);

	forget();
	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			unlink(ctl_path(entry->d_name));
	if (dir != NULL)
		closedir(dir);
	rmdir(directory);
}

const char *ctl_path(const char *name)
{
	static char paths[4][256];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof paths[0], "%s/%.100s", directory, name);
	return path;
}

const char *ctl_file(const char *name, const char *text, mode_t mode)
{
	const char *path = ctl_path(name);
	FILE *f = fopen(path, "w");

	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0 || chmod(path, mode) != 0)
		abort();
	return path;
}

void ctl_start(struct program *p, uint16_t port, const char *const *arguments)
{
	char port_text[8];
	const char *argv[ARGUMENTS_MAX] = {EESE_TEST_CTL, "-h", "127.0.0.1",    "-p",
					   port_text,     "-u", TEST_ADMIN_USER};
	size_t count = 7;

	snprintf(port_text, sizeof port_text, "%u", port);
	while (*arguments != NULL && count + 1 < ARGUMENTS_MAX)
		argv[count++] = *arguments++;
	program_start(p, directory, argv);
}

int ctl_run(uint16_t port, const char *input, const char *const *arguments)
{
	struct program p;
	int code;

	forget();
	ctl_start(&p, port, arguments);
	if (input != NULL)
		program_say(&p, input);
	code = program_ends(&p, PATIENCE_MS);
	ctl_out = program_text(p.out);
	ctl_err = program_text(p.err);
	return code;
}

void ctl_expect(const char *file, int line, int code, uint16_t port, const char *input,
		const char *const *arguments)
{
	const int was = ctl_run(port, input, arguments);

	CU_ASSERT_EQUAL(was, code);
	if (was == code)
		return;
	harness_note_equal(file, line, "exit code", was, "expected", code);
	printf("  ---- stdout\n%.1000s\n  ---- stderr\n%.1000s\n", ctl_out, ctl_err);
}

bool ctl_printed(const char *text)
{
	return strstr(ctl_out, text) != NULL;
}

bool ctl_said(const char *text)
{
	return strstr(ctl_err, text) != NULL;
}

cJSON *ctl_json(void)
{
	return cJSON_ParseWithOpts(ctl_out, NULL, true);
}
