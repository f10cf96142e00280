/* SPDX-License-Identifier: Apache-2.0 */
/* Tables to JSON Schema: each table becomes a definition, each kind of tool a conditional part of a task. */
#include "playbook/check/json_schema.h"
#include "playbook/check/kinds.h"
#include "playbook/check/schema.h"
#include <string.h>

#define TEMPLATE_PATTERN "\\{\\{|\\{%"

static tr_value ref_to(const char *name)
{
	return TR_DICT("$ref", tr_stringf("#/$defs/%s", name));
}

static tr_value names_array(const char *const *names)
{
	tr_value list = tr_array();
	for (size_t i = 0; names[i] != NULL; i++)
		list = tr_array_push(list, tr_string(names[i]));
	return list;
}

static tr_value types_of(unsigned shapes)
{
	static const struct {
		unsigned bit;
		const char *name;
	} types[] = {{SHAPE_TEXT, "string"}, {SHAPE_BOOL, "boolean"}, {SHAPE_FLOAT, "number"},
		     {SHAPE_INT, "integer"}, {SHAPE_LIST, "array"},   {SHAPE_MAP, "object"}};
	tr_value list = tr_array();
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		if ((shapes & types[i].bit) != 0 && !(types[i].bit == SHAPE_INT && (shapes & SHAPE_FLOAT) != 0))
			list = tr_array_push(list, tr_string(types[i].name));
	}
	return tr_array_push(list, tr_string("null"));
}

/* One alternative a shape where shapes differ in what they hold; plain types where they do not. */
static tr_value field_alternatives(const schema_field *f)
{
	tr_value any = tr_array();
	unsigned rest = f->shapes & ~(unsigned)SHAPE_TEMPLATE;
	if (f->values != NULL) {
		any = tr_array_push(any, TR_DICT("enum", names_array(f->values)));
		rest &= ~(unsigned)SHAPE_TEXT;
	}
	if ((f->shapes & SHAPE_TEMPLATE) != 0 && (f->shapes & SHAPE_TEXT) == 0)
		any = tr_array_push(any, TR_DICT("type", tr_string("string"), "pattern", tr_string(TEMPLATE_PATTERN)));
	if (f->node != NULL && (f->shapes & SHAPE_LIST) != 0) {
		tr_value list = TR_DICT("type", tr_string("array"), "items", ref_to(f->node->name));
		if ((f->flags & FIELD_REQUIRED) != 0)
			list = tr_map_put_s(list, "minItems", tr_int(1));
		any = tr_array_push(any, list);
		rest &= ~(unsigned)SHAPE_LIST;
	}
	if (f->node != NULL && (f->shapes & SHAPE_MAP) != 0 && (f->flags & FIELD_ITEMS) == 0) {
		any = tr_array_push(any, ref_to(f->node->name));
		rest &= ~(unsigned)SHAPE_MAP;
	}
	return tr_array_push(any, TR_DICT("type", types_of(rest)));
}

static tr_value field_schema(const schema_field *f)
{
	tr_value v;
	if (f->values != NULL || f->node != NULL || (f->shapes & SHAPE_TEMPLATE) != 0)
		v = TR_DICT("description", tr_string(f->doc), "anyOf", field_alternatives(f));
	else
		v = TR_DICT("description", tr_string(f->doc), "type", types_of(f->shapes));
	if ((f->flags & FIELD_DEPRECATED) != 0)
		v = tr_map_put_s(v, "deprecated", tr_bool(true));
	return v;
}

static tr_value node_schema(const schema_node *n)
{
	tr_value properties = tr_map();
	tr_value required = tr_array();
	for (size_t i = 0; i < n->field_count; i++) {
		const schema_field *f = &n->fields[i];
		properties = tr_map_put_s(properties, f->key, field_schema(f));
		bool other_name = false;
		for (size_t k = 0; k < n->field_count; k++)
			other_name =
			    other_name || (n->fields[k].same_as != NULL && strcmp(n->fields[k].same_as, f->key) == 0);
		if ((f->flags & FIELD_REQUIRED) != 0 && !other_name)
			required = tr_array_push(required, tr_string(f->key));
	}
	tr_value v = TR_DICT("type", tr_string("object"), "properties", properties);
	if (!n->open)
		v = tr_map_put_s(v, "additionalProperties", tr_bool(false));
	if (tr_array_len(required) > 0)
		return tr_map_put_s(v, "required", required);
	tr_drop(required);
	return v;
}

/* What must be there beside a directive that needs it. */
static tr_value needs(const char *directive, tr_value one_of)
{
	tr_value is = TR_DICT("properties", TR_DICT("do", TR_DICT("const", tr_string(directive))), "required",
			      TR_LIST(tr_string("do")));
	return TR_DICT("if", is, "then", TR_DICT("anyOf", one_of));
}

static tr_value required(const char *key)
{
	return TR_DICT("required", TR_LIST(tr_string(key)));
}

static tr_value with_directive(const schema_node *n)
{
	tr_value bound = TR_LIST(required("attempts"), required("max_attempts"));
	return tr_map_put_s(node_schema(n), "allOf",
			    TR_LIST(needs("retry", bound), needs("jump", TR_LIST(required("to")))));
}

static tr_value loop_schema(void)
{
	return tr_map_put_s(node_schema(&schema_loop), "oneOf", TR_LIST(required("in"), required("cursor")));
}

static tr_value template_schema(void)
{
	return TR_DICT("type", tr_string("string"), "pattern", tr_string(TEMPLATE_PATTERN));
}

/* Numbers within their bounds, and whatever else may be there. */
static tr_value shapes_schema(const kind_key *k)
{
	tr_value v = TR_DICT("type", types_of(k->shapes));
	if (k->form == FORM_SECONDS)
		v = tr_map_put_s(v, "exclusiveMinimum", tr_int(0));
	else if (k->min < k->max)
		v = tr_map_put_s(v, "minimum", tr_int((int64_t)k->min));
	return k->max > 0 && k->max < 1e15 ? tr_map_put_s(v, "maximum", tr_int((int64_t)k->max)) : v;
}

static tr_value kind_key_schema(const kind_key *k)
{
	tr_value v = TR_DICT("description", tr_string(k->doc));
	if (k->values != NULL)
		return tr_map_put_s(v, "anyOf", TR_LIST(TR_DICT("enum", names_array(k->values)), template_schema()));
	if (k->shapes == 0)
		return v;
	if ((k->shapes & SHAPE_TEXT) == 0)
		return tr_map_put_s(v, "anyOf", TR_LIST(shapes_schema(k), template_schema()));
	return tr_map_merge(v, shapes_schema(k));
}

static tr_value kind_schema(const tool_kind *kind)
{
	tr_value properties = tr_map();
	for (size_t i = 0; i < kind->key_count; i++)
		properties = tr_map_put_s(properties, kind->keys[i].key, kind_key_schema(&kind->keys[i]));
	tr_value v = TR_DICT("description", tr_string(kind->doc), "properties", properties);
	if (kind->required != NULL)
		v = tr_map_put_s(v, "required", names_array(kind->required));
	if (kind->one_of != NULL) {
		tr_value any = tr_array();
		for (size_t i = 0; kind->one_of[i] != NULL; i++)
			any = tr_array_push(any, TR_DICT("required", TR_LIST(tr_string(kind->one_of[i]))));
		v = tr_map_put_s(v, "anyOf", any);
	}
	return v;
}

/* A task with `kind`: what is common to all, and by `kind` what is its own. */
static tr_value body_schema(tr_value definitions, tr_value *out)
{
	size_t count;
	const tool_kind *const *kinds = kind_table(&count);
	tr_value conditions = tr_array();
	for (size_t i = 0; i < count; i++) {
		tr_value name = tr_stringf("kind_%s", kinds[i]->name);
		definitions = tr_map_put(definitions, name, kind_schema(kinds[i]));
		tr_value is = TR_DICT("properties", TR_DICT("kind", TR_DICT("const", tr_string(kinds[i]->name))),
				      "required", TR_LIST(tr_string("kind")));
		tr_value then = TR_DICT("$ref", tr_stringf("#/$defs/kind_%s", kinds[i]->name));
		conditions = tr_array_push(conditions, TR_DICT("if", is, "then", then));
	}
	tr_value common = TR_DICT("properties", tr_keep(tr_map_get_s(*out, "properties")));
	tr_drop(*out);
	*out = TR_DICT("type", tr_string("object"), "required", TR_LIST(tr_string("kind")), "allOf",
		       tr_array_concat(TR_LIST(common), conditions));
	return definitions;
}

/* An item of a pipeline: a body with kind, or one label with a body. */
static tr_value task_schema(void)
{
	tr_value labelled = TR_DICT("type", tr_string("object"), "minProperties", tr_int(1), "maxProperties", tr_int(1),
				    "additionalProperties", ref_to("task_body"));
	return TR_DICT("anyOf", TR_LIST(ref_to("task_body"), labelled));
}

/* Names and arcs, mixed. */
static tr_value arcs_schema(void)
{
	tr_value item = TR_DICT("anyOf", TR_LIST(TR_DICT("type", tr_string("string")), ref_to("arc")));
	return TR_DICT("description", tr_string("The arcs"), "type", tr_string("array"), "items", item);
}

/* next: a name, names and arcs, one arc, or spec with arcs. */
static tr_value next_schema(void)
{
	return TR_DICT("description", tr_string("Arcs to other steps"), "anyOf",
		       TR_LIST(TR_DICT("type", TR_LIST(tr_string("string"), tr_string("null"))), ref_to("arc"),
			       ref_to("next"), ref_to("arcs")));
}

static tr_value step_schema(void)
{
	tr_value step = node_schema(&schema_step);
	tr_value properties = tr_keep(tr_map_get_s(step, "properties"));
	tr_value tool = TR_DICT("description", tr_string("The pipeline: a list of labelled tasks"), "anyOf",
				TR_LIST(ref_to("task"), TR_DICT("type", tr_string("null")),
					TR_DICT("type", tr_string("array"), "items", ref_to("task"))));
	properties = tr_map_put_s(properties, "tool", tool);
	properties = tr_map_put_s(properties, "next", next_schema());
	step = tr_map_put_s(step, "properties", properties);
	tr_value either =
	    TR_LIST(TR_DICT("required", TR_LIST(tr_string("tool"))), TR_DICT("required", TR_LIST(tr_string("next"))));
	return tr_map_put_s(step, "anyOf", either);
}

static tr_value definitions_build(void)
{
	static const schema_node *const nodes[] = {
	    &schema_metadata,    &schema_executor,    &schema_executor_spec, &schema_step_spec,
	    &schema_step_policy, &schema_admit,       &schema_loop,          &schema_loop_spec,
	    &schema_task_spec,   &schema_task_policy, &schema_rule,          &schema_then,
	    &schema_next_spec,   &schema_arc,         &schema_retry,         &schema_workbook_entry,
	};
	tr_value definitions = tr_map();
	for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++)
		definitions = tr_map_put_s(definitions, nodes[i]->name, node_schema(nodes[i]));
	definitions = tr_map_put_s(definitions, schema_loop.name, loop_schema());
	definitions = tr_map_put_s(definitions, schema_rule.name, with_directive(&schema_rule));
	definitions = tr_map_put_s(definitions, schema_then.name, with_directive(&schema_then));
	tr_value body = node_schema(&schema_task);
	definitions = body_schema(definitions, &body);
	definitions = tr_map_put_s(definitions, "task_body", body);
	definitions = tr_map_put_s(definitions, "task", task_schema());
	definitions = tr_map_put_s(definitions, "arcs", arcs_schema());
	tr_value next = TR_DICT("type", tr_string("object"), "additionalProperties", tr_bool(false), "properties",
				TR_DICT("spec", ref_to("next_spec"), "arcs", ref_to("arcs")));
	definitions = tr_map_put_s(definitions, "next", next);
	return tr_map_put_s(definitions, "step", step_schema());
}

tr_value json_schema(void)
{
	tr_value root = node_schema(&schema_root);
	tr_value head = TR_DICT("$schema", tr_string("https://json-schema.org/draft/2020-12/schema"), "title",
				tr_string("Playbook"), "description",
				tr_string("The playbook language (docs/playbook.md). Generated; do not edit."));
	return tr_map_put_s(tr_map_merge(head, root), "$defs", definitions_build());
}
