/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of docs/playbook.md: tasks, their rules, and the workbook. */
#include "playbook/check/schema.h"

#define NAMES(...)                \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}
#define TABLE(table)  .fields = (table), .field_count = sizeof(table) / sizeof *(table)
#define ADVICE(table) .advices = (table), .advice_count = sizeof(table) / sizeof *(table)

#define NUMBER_OR_TEMPLATE (SHAPE_NUMBER | SHAPE_TEMPLATE)

/* What every task may have, whatever its kind; a kind's own key of the same name goes first. */
static const schema_field task_fields[] = {
    {"kind", NULL, SHAPE_TEXT, FIELD_REQUIRED, "What kind of tool runs", NULL, NULL},
    {"name", NULL, SHAPE_TEXT, 0, "Label of the task, in a list item with name and kind", NULL, NULL},
    {"desc", NULL, SHAPE_TEXT, 0, "What the task does", NULL, NULL},
    {"description", "desc", SHAPE_TEXT, 0, "What the task does", NULL, NULL},
    {"when", NULL, SHAPE_SCALAR, 0, "Guard: a task whose guard is false is left out", NULL, NULL},
    {"cond", "when", SHAPE_SCALAR, FIELD_DEPRECATED, "Guard", NULL, NULL},
    {"args", NULL, SHAPE_MAP | SHAPE_TEMPLATE, 0, "Inputs", NULL, NULL},
    {"input", "args", SHAPE_MAP | SHAPE_TEMPLATE, 0, "Inputs", NULL, NULL},
    {"with", "args", SHAPE_MAP | SHAPE_TEMPLATE, FIELD_DEPRECATED, "Inputs", NULL, NULL},
    {"payload", "args", SHAPE_MAP | SHAPE_TEMPLATE, FIELD_DEPRECATED, "Inputs", NULL, NULL},
    {"auth", NULL, SHAPE_TEXT | SHAPE_MAP | SHAPE_LIST, 0, "Credential: a name, or an inline mapping", NULL, NULL},
    {"credential", "auth", SHAPE_TEXT | SHAPE_MAP | SHAPE_LIST, FIELD_DEPRECATED, "Credential", NULL, NULL},
    {"timeout", NULL, NUMBER_OR_TEMPLATE, 0, "Seconds for the task", NULL, NULL},
    {"spec", NULL, SHAPE_MAP, 0, "Policies of the task", &schema_task_spec, NULL},
    {"eval", NULL, SHAPE_LIST, FIELD_ITEMS, "Rules, tried from the top; the first that matches wins", &schema_rule,
     NULL},
    {"retry", NULL, SHAPE_MAP | SHAPE_INT, FIELD_DEPRECATED, "Retry on error", &schema_retry, NULL},
    {"set", NULL, SHAPE_MAP, 0, "Names for the rest of the pipeline", NULL, NULL},
    {"result", NULL, SHAPE_ANY, 0, "What the task's result is, and where it is kept", NULL, NULL},
    {"output", "result", SHAPE_ANY, 0, "What the task's result is, and where it is kept", NULL, NULL},
    {"output_select", NULL, SHAPE_LIST | SHAPE_MAP | SHAPE_TEXT, 0, "Parts of the result that are kept inline", NULL,
     NULL},
};
const schema_node schema_task = {
    .name = "task", .what = "a task", TABLE(task_fields), .unknown = DIAGNOSTIC_WARNING, .open = true};

static const schema_field task_spec_fields[] = {
    {"timeout", NULL, NUMBER_OR_TEMPLATE, 0, "Seconds for the task", NULL, NULL},
    {"policy", NULL, SHAPE_MAP, 0, "Rules", &schema_task_policy, NULL},
};
const schema_node schema_task_spec = {
    .name = "task_spec", .what = "a task's spec", TABLE(task_spec_fields), .unknown = DIAGNOSTIC_WARNING};

static const schema_field task_policy_fields[] = {
    {"rules", NULL, SHAPE_LIST, FIELD_ITEMS, "Rules, tried from the top; the first that matches wins", &schema_rule,
     NULL},
};
const schema_node schema_task_policy = {
    .name = "task_policy", .what = "a task's policy", TABLE(task_policy_fields), .unknown = DIAGNOSTIC_WARNING};

/* What a rule does: on the rule itself, or in its `then`. */
#define DIRECTIVE_FIELDS                                                                                                 \
	{"do",                                                                                                           \
	 NULL,                                                                                                           \
	 SHAPE_TEXT,                                                                                                     \
	 0,                                                                                                              \
	 "What the pipeline does",                                                                                       \
	 NULL,                                                                                                           \
	 NAMES("continue", "retry", "jump", "break", "fail")},                                                           \
	    {"attempts", NULL, SHAPE_INT | SHAPE_TEMPLATE, 0, "retry: most runs, the first included", NULL, NULL},       \
	    {"max_attempts", "attempts", SHAPE_INT | SHAPE_TEMPLATE, 0, "retry: most runs", NULL, NULL},                 \
	    {"delay", NULL, NUMBER_OR_TEMPLATE, 0, "retry: seconds to wait", NULL, NULL},                                \
	    {"backoff",                                                                                                  \
	     NULL,                                                                                                       \
	     SHAPE_TEXT,                                                                                                 \
	     0,                                                                                                          \
	     "retry: how the delay grows",                                                                               \
	     NULL,                                                                                                       \
	     NAMES("fixed", "linear", "exponential")},                                                                   \
	    {"max_delay", NULL, NUMBER_OR_TEMPLATE, 0, "retry: longest delay in seconds", NULL, NULL},                   \
	    {"jitter", NULL, NUMBER_OR_TEMPLATE | SHAPE_BOOL, 0, "retry: random part of the delay, 0 to 1", NULL, NULL}, \
	    {"to", NULL, SHAPE_TEXT, 0, "jump: label of the task", NULL, NULL},                                          \
	    {"message", NULL, SHAPE_SCALAR, 0, "fail: what is said", NULL, NULL},                                        \
	    {"error", "message", SHAPE_SCALAR, 0, "fail: what is said", NULL, NULL},                                     \
	    {"set_iter", NULL, SHAPE_MAP, 0, "Writes to iter", NULL, NULL},                                              \
	    {"set_vars", NULL, SHAPE_MAP, 0, "Writes to vars", NULL, NULL},                                              \
	    {"set_ctx", NULL, SHAPE_MAP, 0, "Writes to ctx", NULL, NULL},                                                \
	    {"set_shared", NULL, SHAPE_MAP, 0, "Writes to vars through a reducer", NULL, NULL},                          \
	    {"set_prev", NULL, SHAPE_ANY, FIELD_KEEP_NULL, "What _prev is for the next task", NULL, NULL},               \
	{                                                                                                                \
		"set", NULL, SHAPE_MAP, 0, "Writes: iter.x, ctx.x, step.x; a bare key writes ctx", NULL, NULL            \
	}

static const schema_field rule_fields[] = {
    {"when", NULL, SHAPE_SCALAR, 0, "Condition", NULL, NULL},
    {"expr", "when", SHAPE_SCALAR, 0, "Condition", NULL, NULL},
    {"cond", "when", SHAPE_SCALAR, FIELD_DEPRECATED, "Condition", NULL, NULL},
    {"then", NULL, SHAPE_MAP, 0, "What happens", &schema_then, NULL},
    {"else", NULL, SHAPE_MAP, FIELD_KEEP_NULL, "The last rule: what happens when none matches", NULL, NULL},
    {"desc", NULL, SHAPE_TEXT, 0, "What the rule is for", NULL, NULL},
    DIRECTIVE_FIELDS,
};
static const schema_advice rule_advices[] = {
    {"if", "the condition stands at 'expr'", true},
    {"action", "what happens stands at 'do'", true},
    {"label", "the label to jump to stands at 'to'", false},
    {"times", "the number of runs stands at 'attempts'", false},
};
const schema_node schema_rule = {
    .name = "rule", .what = "a rule", TABLE(rule_fields), ADVICE(rule_advices), .unknown = DIAGNOSTIC_WARNING};

static const schema_field then_fields[] = {
    {"then", NULL, SHAPE_MAP, 0, "What happens", NULL, NULL},
    DIRECTIVE_FIELDS,
};
const schema_node schema_then = {.name = "directive",
				 .what = "what a rule does",
				 TABLE(then_fields),
				 ADVICE(rule_advices),
				 .unknown = DIAGNOSTIC_WARNING};

static const schema_field retry_fields[] = {
    {"attempts", NULL, SHAPE_INT | SHAPE_TEMPLATE, 0, "Most runs, the first included", NULL, NULL},
    {"max_attempts", "attempts", SHAPE_INT | SHAPE_TEMPLATE, 0, "Most runs, the first included", NULL, NULL},
    {"delay", NULL, NUMBER_OR_TEMPLATE, 0, "Seconds to wait", NULL, NULL},
    {"initial_delay", "delay", NUMBER_OR_TEMPLATE, 0, "Seconds to wait", NULL, NULL},
    {"backoff", NULL, SHAPE_TEXT, 0, "How the delay grows", NULL, NAMES("fixed", "linear", "exponential")},
    {"backoff_multiplier", NULL, NUMBER_OR_TEMPLATE, 0, "Above 1: exponential", NULL, NULL},
    {"max_delay", NULL, NUMBER_OR_TEMPLATE, 0, "Longest delay in seconds", NULL, NULL},
    {"jitter", NULL, NUMBER_OR_TEMPLATE | SHAPE_BOOL, 0, "Random part of the delay", NULL, NULL},
    {"when", NULL, SHAPE_SCALAR, 0, "Condition; default: the outcome is an error", NULL, NULL},
    {"retry_when", "when", SHAPE_SCALAR, 0, "Condition", NULL, NULL},
};
const schema_node schema_retry = {.name = "retry", .what = "retry", TABLE(retry_fields), .unknown = DIAGNOSTIC_WARNING};

static const schema_field workbook_entry_fields[] = {
    {"name", NULL, SHAPE_TEXT, 0, "Name of the entry", NULL, NULL},
    {"tool", NULL, SHAPE_MAP, 0, "The task", &schema_task, NULL},
    {"desc", NULL, SHAPE_TEXT, 0, "What it is for", NULL, NULL},
    {"description", "desc", SHAPE_TEXT, 0, "What it is for", NULL, NULL},
};
const schema_node schema_workbook_entry = {.name = "workbook_entry",
					   .what = "a workbook entry",
					   TABLE(workbook_entry_fields),
					   .unknown = DIAGNOSTIC_WARNING,
					   .open = true};
