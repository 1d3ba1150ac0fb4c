/* SPDX-License-Identifier: Apache-2.0 */
/* An OpenAPI file, and whether JSON is as it says: as much of its schemas as this project's uses.
 * A keyword that is not known here makes everything invalid. */
#ifndef EESE_TESTS_OPENAPI_H
#define EESE_TESTS_OPENAPI_H

#include <cjson/cJSON.h>
#include <stdbool.h>

/* The file's text (YAML) as JSON, to be freed by cJSON_Delete(). NULL: it is none. */
cJSON *openapi_read(const char *path);

/* The member of object by its name, behind "$ref" if need be. NULL: there is none. */
const cJSON *openapi_member(const cJSON *root, const cJSON *object, const char *name);

/* Whether value is as schema says; it prints what is not if loud. */
bool openapi_valid(const cJSON *root, const cJSON *schema, const cJSON *value, bool loud);

#endif
