/* SPDX-License-Identifier: Apache-2.0 */
/* For pyyaml_test.py: YAML on standard input, its value as JSON on standard output, a fault on standard error with
 * exit 1. */
#include "playbook/yaml/yaml.h"
#include <troupe/codec.h>

int main(void)
{
	tr_buf text = {0}, json = {0};
	diagnostics d;
	int status = 1;
	for (;;) {
		char *at = tr_buf_reserve(&text, 65536);
		size_t n = at == NULL ? 0 : fread(at, 1, 65536, stdin);
		text.n += n;
		if (n == 0)
			break;
	}
	diagnostics_init(&d, "stdin");
	yaml_document *doc = yaml_parse("stdin", tr_buf_str(&text), NULL, &d);
	if (doc == NULL) {
		diagnostics_print(&d, tr_buf_str(&text), stderr, false);
	} else {
		tr_value v = yaml_root(doc) == NULL ? tr_nil() : yaml_to_value(yaml_root(doc));
		if (tr_json_write(&json, v, TR_JSON_COMPACT) == TR_OK) {
			printf("%.*s\n", TR_STR(tr_buf_str(&json)));
			status = 0;
		}
		tr_drop(v);
	}
	yaml_free(&doc);
	diagnostics_fini(&d);
	tr_buf_fini(&text);
	tr_buf_fini(&json);
	return status;
}
