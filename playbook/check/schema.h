/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The keys of every mapping in a playbook, what each may hold, and which names are older forms of another. The checker
 * reads a mapping through its table, and the JSON Schema is written from the same tables.
 */
#ifndef TROUPE_PLAYBOOK_SCHEMA_H
#define TROUPE_PLAYBOOK_SCHEMA_H

#include "playbook/yaml/diagnostic.h"

typedef enum shape {
	SHAPE_TEXT = 1,
	SHAPE_BOOL = 2,
	SHAPE_INT = 4,
	SHAPE_FLOAT = 8,
	SHAPE_LIST = 16,
	SHAPE_MAP = 32,
	SHAPE_TEMPLATE = 64, /* text, when it is a template */
	SHAPE_NUMBER = SHAPE_INT | SHAPE_FLOAT,
	SHAPE_SCALAR = SHAPE_TEXT | SHAPE_BOOL | SHAPE_NUMBER,
	SHAPE_ANY = SHAPE_SCALAR | SHAPE_LIST | SHAPE_MAP
} shape;

typedef enum field_flag {
	FIELD_REQUIRED = 1,
	FIELD_DEPRECATED = 2, /* accepted with a warning */
	FIELD_KEEP_NULL = 4,  /* an explicit null says something */
	FIELD_ITEMS = 8       /* `node` describes the items of a list */
} field_flag;

typedef struct schema_node schema_node;

typedef struct schema_field {
	const char *key;
	const char *same_as; /* the canonical key this is another name for; NULL */
	unsigned shapes;
	unsigned flags;
	const char *doc;
	const schema_node *node;   /* of the mapping there, for the JSON Schema; NULL */
	const char *const *values; /* NULL-terminated list of what a text may be; NULL: anything */
} schema_field;

/** A key that people write and that means nothing here, with what to do instead. */
typedef struct schema_advice {
	const char *key;
	const char *advice;
	bool refuse; /* ignoring it would change what the playbook does */
} schema_advice;

struct schema_node {
	const char *name;
	const char *what; /* "a step", for messages */
	const schema_field *fields;
	size_t field_count;
	const schema_advice *advices;
	size_t advice_count;
	diagnostic_level unknown; /* how bad an unknown key is */
	bool open;                /* further keys are allowed */
};

enum {
	SCHEMA_FIELDS_MAX = 32
};

extern const schema_node schema_root, schema_root_lenient, schema_metadata, schema_executor, schema_executor_spec,
    schema_step, schema_step_spec, schema_step_policy, schema_admit, schema_loop, schema_loop_spec, schema_task,
    schema_task_spec, schema_task_policy, schema_rule, schema_then, schema_next, schema_next_spec, schema_arc,
    schema_retry, schema_workbook_entry;

/** tr_str_is without a call: most different names are told apart by their first letters. */
static inline bool name_is(tr_str s, const char *z)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != z[i] || z[i] == '\0')
			return false;
	}
	return z[s.n] == '\0';
}

const schema_field *schema_find(const schema_node *node, tr_str key);

#endif
