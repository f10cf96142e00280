/* SPDX-License-Identifier: Apache-2.0 */
/** What the YAML tests share: parse text, look at values as JSON, look at the first fault. */
#ifndef TROUPE_TESTS_YAML_KIT_H
#define TROUPE_TESTS_YAML_KIT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "playbook/yaml/yaml.h"
#include <string.h>
#include <troupe/codec.h>

/** The document as JSON text must be `json`. */
static inline void assert_reads_as(const char *text, const char *json)
{
	diagnostics d;
	diagnostics_init(&d, "test.yaml");
	yaml_document *doc = yaml_parse("test.yaml", tr_s(text), NULL, &d);
	if (doc == NULL)
		print_error("%s\n%s\n", text, d.count > 0 ? d.items[0].message : "no message");
	assert_non_null(doc);
	tr_value v = yaml_to_value(yaml_root(doc));
	tr_value shown = tr_json_string(v, TR_JSON_COMPACT);
	assert_string_equal(tr_as_cstr(shown, ""), json);
	tr_drop(shown);
	tr_drop(v);
	yaml_free(&doc);
	assert_null(doc);
	diagnostics_fini(&d);
}

/** The text must be refused with this code at this place. */
static inline void assert_refused(tr_str text, const yaml_limits *limits, const char *code, uint32_t line,
				  uint32_t column)
{
	diagnostics d;
	diagnostics_init(&d, "test.yaml");
	yaml_document *doc = yaml_parse("test.yaml", text, limits, &d);
	assert_null(doc);
	assert_int_equal(d.errors, 1);
	assert_string_equal(d.items[0].code, code);
	assert_int_equal(d.items[0].line, line);
	assert_int_equal(d.items[0].column, column);
	diagnostics_fini(&d);
}

#endif
