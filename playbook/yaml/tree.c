/* SPDX-License-Identifier: Apache-2.0 */
/* Looking into a parsed document. */
#include "playbook/yaml/yaml.h"
#include <string.h>

static const yaml_pair *pair_of(const yaml_node *mapping, const char *key)
{
	if (mapping == NULL || mapping->kind != YAML_MAPPING)
		return NULL;
	size_t n = strlen(key);
	for (size_t i = 0; i < mapping->count; i++) {
		const yaml_node *k = mapping->pairs[i].key;
		if (k->text.n == n && tr_is(k->value, TR_STRING) && memcmp(k->text.p, key, n) == 0)
			return &mapping->pairs[i];
	}
	return NULL;
}

const yaml_node *yaml_get(const yaml_node *mapping, const char *key)
{
	const yaml_pair *p = pair_of(mapping, key);
	return p == NULL ? NULL : p->value;
}

const yaml_node *yaml_key(const yaml_node *mapping, const char *key)
{
	const yaml_pair *p = pair_of(mapping, key);
	return p == NULL ? NULL : p->key;
}

tr_value yaml_to_value(const yaml_node *node)
{
	tr_value v;
	switch (node->kind) {
	case YAML_SCALAR:
		return tr_keep(node->value);
	case YAML_SEQUENCE:
		v = tr_array_with(node->count);
		for (size_t i = 0; i < node->count; i++)
			v = tr_array_push(v, yaml_to_value(node->items[i]));
		return v;
	case YAML_MAPPING:
		v = tr_map_with(node->count);
		for (size_t i = 0; i < node->count; i++)
			v = tr_map_put(v, tr_keep(node->pairs[i].key->value), yaml_to_value(node->pairs[i].value));
		return v;
	}
	return tr_invalid(TR_EINVAL);
}
