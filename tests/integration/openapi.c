/* SPDX-License-Identifier: Apache-2.0 */
#include "openapi.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* ---- YAML to JSON ---- */

static cJSON *scalar(const yaml_node_t *node)
{
	const char *text = (const char *)node->data.scalar.value;
	char *end;
	double number;

	if (node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return cJSON_CreateString(text);
	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
		return cJSON_CreateBool(strcmp(text, "true") == 0);
	number = strtod(text, &end);
	if (end != text && *end == '\0')
		return cJSON_CreateNumber(number);
	return cJSON_CreateString(text);
}

static cJSON *convert(yaml_document_t *d, const yaml_node_t *node);

static cJSON *mapping(yaml_document_t *d, const yaml_node_t *node)
{
	cJSON *out = cJSON_CreateObject();

	for (const yaml_node_pair_t *p = node->data.mapping.pairs.start;
	     p < node->data.mapping.pairs.top; p++) {
		const yaml_node_t *key = yaml_document_get_node(d, p->key);

		cJSON_AddItemToObject(out, (const char *)key->data.scalar.value,
				      convert(d, yaml_document_get_node(d, p->value)));
	}
	return out;
}

static cJSON *sequence(yaml_document_t *d, const yaml_node_t *node)
{
	cJSON *out = cJSON_CreateArray();

	for (const yaml_node_item_t *i = node->data.sequence.items.start;
	     i < node->data.sequence.items.top; i++)
		cJSON_AddItemToArray(out, convert(d, yaml_document_get_node(d, *i)));
	return out;
}

static cJSON *convert(yaml_document_t *d, const yaml_node_t *node)
{
	switch (node->type) {
	case YAML_MAPPING_NODE:
		return mapping(d, node);
	case YAML_SEQUENCE_NODE:
		return sequence(d, node);
	default:
		return scalar(node);
	}
}

cJSON *openapi_read(const char *path)
{
	FILE *f = fopen(path, "r");
	yaml_parser_t parser;
	yaml_document_t document;
	const yaml_node_t *first;
	cJSON *out = NULL;

	if (f == NULL || yaml_parser_initialize(&parser) == 0)
		return NULL;
	yaml_parser_set_input_file(&parser, f);
	if (yaml_parser_load(&parser, &document) != 0) {
		first = yaml_document_get_root_node(&document);
		out = first != NULL ? convert(&document, first) : NULL;
		yaml_document_delete(&document);
	} else {
		printf("\n  %s:%zu: %s\n", path, parser.problem_mark.line + 1, parser.problem);
	}
	yaml_parser_delete(&parser);
	fclose(f);
	return out;
}

/* ---- schemas ---- */

/* "#/a/b" */
static const cJSON *follow(const cJSON *root, const cJSON *at)
{
	const char *ref = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(at, "$ref"));
	char copy[128], *rest = copy, *part;

	if (ref == NULL)
		return at;
	snprintf(copy, sizeof copy, "%s", ref);
	at = strtok_r(rest, "/", &rest) != NULL ? root : NULL;
	while (at != NULL && (part = strtok_r(rest, "/", &rest)) != NULL)
		at = cJSON_GetObjectItemCaseSensitive(at, part);
	return at;
}

const cJSON *openapi_member(const cJSON *root, const cJSON *object, const char *name)
{
	return follow(root, cJSON_GetObjectItemCaseSensitive(follow(root, object), name));
}

static bool has_type(const cJSON *type, const cJSON *v)
{
	const char *name = cJSON_GetStringValue(type);

	if (strcmp(name, "object") == 0)
		return cJSON_IsObject(v) != 0;
	if (strcmp(name, "array") == 0)
		return cJSON_IsArray(v) != 0;
	if (strcmp(name, "string") == 0)
		return cJSON_IsString(v) != 0;
	return strcmp(name, "integer") == 0 && cJSON_IsNumber(v) != 0 &&
	       v->valuedouble == (double)v->valueint;
}

static bool matches(const cJSON *pattern, const cJSON *v)
{
	regex_t re;
	bool found;

	if (!cJSON_IsString(v) || regcomp(&re, pattern->valuestring, REG_EXTENDED | REG_NOSUB) != 0)
		return false;
	found = regexec(&re, v->valuestring, 0, NULL, 0) == 0;
	regfree(&re);
	return found;
}

static bool among(const cJSON *list, const cJSON *v)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, list)
	{
		if (cJSON_Compare(item, v, 1) != 0)
			return true;
	}
	return false;
}

static bool has_all(const cJSON *names, const cJSON *v)
{
	const cJSON *name;

	cJSON_ArrayForEach(name, names)
	{
		if (cJSON_GetObjectItemCaseSensitive(v, name->valuestring) == NULL)
			return false;
	}
	return true;
}

/* Members that properties has are as it says. */
static bool members(const cJSON *root, const cJSON *properties, const cJSON *v, bool loud)
{
	const cJSON *member, *schema;

	cJSON_ArrayForEach(member, v)
	{
		schema = cJSON_GetObjectItemCaseSensitive(properties, member->string);
		if (schema != NULL && !openapi_valid(root, schema, member, loud))
			return false;
	}
	return true;
}

/* All members are in properties. */
static bool closed(const cJSON *schema, const cJSON *v)
{
	const cJSON *properties = cJSON_GetObjectItemCaseSensitive(schema, "properties");
	const cJSON *member;

	cJSON_ArrayForEach(member, v)
	{
		if (cJSON_GetObjectItemCaseSensitive(properties, member->string) == NULL)
			return false;
	}
	return true;
}

static bool items(const cJSON *root, const cJSON *schema, const cJSON *v, bool loud)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, v)
	{
		if (!openapi_valid(root, schema, item, loud))
			return false;
	}
	return true;
}

static bool holds(const cJSON *root, const cJSON *schema, const cJSON *keyword, const cJSON *v,
		  bool loud)
{
	const char *name = keyword->string;

	if (strcmp(name, "description") == 0 || strcmp(name, "format") == 0)
		return true;
	if (strcmp(name, "type") == 0)
		return has_type(keyword, v);
	if (strcmp(name, "pattern") == 0)
		return matches(keyword, v);
	if (strcmp(name, "enum") == 0)
		return among(keyword, v);
	if (strcmp(name, "minimum") == 0)
		return v->valuedouble >= keyword->valuedouble;
	if (strcmp(name, "maximum") == 0)
		return v->valuedouble <= keyword->valuedouble;
	if (strcmp(name, "minItems") == 0)
		return cJSON_GetArraySize(v) >= keyword->valueint;
	if (strcmp(name, "maxItems") == 0)
		return cJSON_GetArraySize(v) <= keyword->valueint;
	if (strcmp(name, "required") == 0)
		return has_all(keyword, v);
	if (strcmp(name, "properties") == 0)
		return members(root, keyword, v, loud);
	if (strcmp(name, "items") == 0)
		return items(root, keyword, v, loud);
	return strcmp(name, "additionalProperties") == 0 && cJSON_IsFalse(keyword) &&
	       closed(schema, v);
}

bool openapi_valid(const cJSON *root, const cJSON *schema, const cJSON *value, bool loud)
{
	const cJSON *keyword;

	schema = follow(root, schema);
	if (schema == NULL || value == NULL)
		return false;
	cJSON_ArrayForEach(keyword, schema)
	{
		if (holds(root, schema, keyword, value, loud))
			continue;
		if (loud)
			printf("\n  %s: not as \"%s\" says\n",
			       value->string != NULL ? value->string : "body", keyword->string);
		return false;
	}
	return true;
}
