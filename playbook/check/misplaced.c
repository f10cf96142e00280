/* SPDX-License-Identifier: Apache-2.0 */
/* Which keys belong where, read from the tables of those places. Left out there, they would do nothing unnoticed. */
#include "playbook/check/misplaced.h"
#include "playbook/check/kinds.h"
#include <string.h>

#define OF_RULE "it belongs into a rule of a task, below 'tool': eval: [ { do: …, … } ]"

typedef struct belonging {
	const schema_node *here, *there;
	const char *advice;
	const char *const *only; /* NULL-terminated: of the keys there just these; NULL: all */
} belonging;

/* Words that may as well be an input of a kind, or mean something else, are left out of these. */
static const char *const clear_of_rule[] = {"set_ctx",  "set_vars",     "set_iter", "set_shared", "set_prev", "do",
					    "attempts", "max_attempts", "backoff",  "expr",       "else",     NULL};
static const char *const clear_of_loop[] = {"iterator", "in", NULL};
static const char *const clear_of_step[] = {"step", "next", "loop", NULL};
static const char *const beside_loop[] = {"step", "next", "tool", NULL};
static const char *const clear_of_arc[] = {"do",       "set_vars", "set_iter", "set_prev", "set_shared",
					   "attempts", "backoff",  "to",       NULL};

static const belonging belongings[] = {
    {&schema_root, &schema_executor, "it belongs below 'executor'", NULL},
    {&schema_root, &schema_executor_spec, "it belongs below 'spec' of 'executor'", NULL},
    {&schema_executor, &schema_executor_spec, "it belongs below 'spec' of 'executor'", NULL},
    {&schema_step, &schema_step_spec, "it belongs below 'spec' of the step", NULL},
    {&schema_step, &schema_loop_spec, "it belongs below 'spec' of 'loop'", NULL},
    {&schema_step, &schema_next, "it belongs below 'next'", NULL},
    {&schema_step, &schema_rule, OF_RULE, NULL},
    {&schema_step, &schema_task, "it belongs to a task, below 'tool', beside 'kind'", NULL},
    {&schema_step_spec, &schema_loop_spec, "it belongs below 'spec' of 'loop'", NULL},
    {&schema_loop, &schema_step, "it belongs to the step, beside 'loop'", beside_loop},
    {&schema_task, &schema_rule, "it belongs into a rule of the task: eval: [ { do: …, … } ]", clear_of_rule},
    {&schema_task, &schema_step, "it belongs to the step, beside 'tool'", clear_of_step},
    {&schema_task, &schema_loop, "it belongs below 'loop' of the step, beside 'tool'", clear_of_loop},
    {&schema_rule, &schema_step, "it belongs to the step, beside 'tool'", clear_of_step},
    {&schema_then, &schema_step, "it belongs to the step, beside 'tool'", clear_of_step},
    {&schema_next, &schema_next_spec, "it belongs below 'spec' of 'next'", NULL},
    {&schema_arc, &schema_rule, OF_RULE, clear_of_arc},
};

static bool listed(const char *const *names, tr_str key)
{
	for (size_t i = 0; names != NULL && names[i] != NULL; i++)
		if (name_is(key, names[i]))
			return true;
	return false;
}

/* What a kind is about, such as `code` and `url`; that some kind has a `format` says nothing. */
static bool kind_is_about(const tool_kind *kind, tr_str key)
{
	const kind_key *k = kind_key_find(kind, key);
	return k != NULL && (k->body || listed(kind->required, key) || listed(kind->one_of, key));
}

/* An input of a tool beside `tool`: of the kind that the step has, or one that tells a kind. */
static bool is_input(const yaml_node *step, tr_str key)
{
	const yaml_node *tool = yaml_get(step, "tool");
	const yaml_node *kind = tool != NULL && tool->kind == YAML_MAPPING ? yaml_get(tool, "kind") : NULL;
	if (kind != NULL && kind->kind == YAML_SCALAR && kind_key_find(kind_find(kind->text), key) != NULL)
		return true;
	size_t count;
	const tool_kind *const *kinds = kind_table(&count);
	for (size_t i = 0; i < count; i++)
		if (kind_is_about(kinds[i], key))
			return true;
	return false;
}

const char *misplaced_advice(const schema_node *table, const yaml_node *n, tr_str key)
{
	if (table == &schema_root_lenient)
		table = &schema_root;
	for (size_t i = 0; i < sizeof belongings / sizeof *belongings; i++) {
		const belonging *b = &belongings[i];
		if (b->here == table && schema_find(b->there, key) != NULL && (b->only == NULL || listed(b->only, key)))
			return b->advice;
	}
	if (table == &schema_step && is_input(n, key))
		return "it is an input of a tool: it belongs below 'tool', beside 'kind'";
	return NULL;
}
