/* SPDX-License-Identifier: Apache-2.0 */
/* USES: yaml */
/* Any bytes as YAML: refused with a place, or a tree whose value can be written. */
#include "playbook/yaml/yaml.h"
#include <stdlib.h>
#include <troupe/codec.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every node stands somewhere in the text. */
static void walk(const yaml_node *n)
{
	if (n->line == 0 || n->column == 0)
		abort();
	for (size_t i = 0; n->kind == YAML_SEQUENCE && i < n->count; i++)
		walk(n->items[i]);
	for (size_t i = 0; n->kind == YAML_MAPPING && i < n->count; i++) {
		walk(n->pairs[i].key);
		walk(n->pairs[i].value);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const yaml_limits limits = {.max_nodes = 20000};
	tr_str text = {(const char *)data, size};
	diagnostics d;
	diagnostics_init(&d, "fuzz.yaml");
	yaml_document *doc = yaml_parse("fuzz.yaml", text, &limits, &d);
	if ((doc == NULL) != (d.errors > 0))
		abort();
	if (doc != NULL && yaml_root(doc) != NULL) {
		tr_value v = yaml_to_value(yaml_root(doc));
		tr_buf json = {0};
		walk(yaml_root(doc));
		if (!tr_is_valid(v) || tr_json_write(&json, v, TR_JSON_COMPACT) != TR_OK)
			abort();
		tr_buf_fini(&json);
		tr_drop(v);
	}
	diagnostics_sort(&d);
	tr_drop(diagnostics_to_value(&d));
	yaml_free(&doc);
	diagnostics_fini(&d);
	return 0;
}
