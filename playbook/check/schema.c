/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of docs/playbook.md: document, executor, step and loop. Pipelines are in schema_task.c. */
#include "playbook/check/schema.h"

#define NAMES(...)                \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}
#define TABLE(table)  .fields = (table), .field_count = sizeof(table) / sizeof *(table)
#define ADVICE(table) .advices = (table), .advice_count = sizeof(table) / sizeof *(table)

const schema_field *schema_find(const schema_node *node, tr_str key)
{
	for (size_t i = 0; i < node->field_count; i++) {
		if (name_is(key, node->fields[i].key))
			return &node->fields[i];
	}
	return NULL;
}

/* ---- document ---- */

#define ROOT_FIELDS                                                                                                   \
	{"apiVersion", NULL, SHAPE_TEXT, FIELD_REQUIRED, "noetl.io/v2", NULL, NULL},                                  \
	    {"kind", NULL, SHAPE_TEXT, FIELD_REQUIRED, "Playbook", NULL, NAMES("Playbook")},                          \
	    {"metadata", NULL, SHAPE_MAP, FIELD_REQUIRED, "What identifies the playbook", &schema_metadata, NULL},    \
	    {"keychain", NULL, SHAPE_LIST | SHAPE_MAP, 0, "Credentials, resolved when first used", NULL, NULL},       \
	    {"executor", NULL, SHAPE_MAP, 0, "How the playbook is run", &schema_executor, NULL},                      \
	    {"workload", NULL, SHAPE_MAP, 0, "Default inputs; a request's payload is merged over them", NULL, NULL},  \
	    {"workflow", NULL, SHAPE_LIST, FIELD_REQUIRED | FIELD_ITEMS, "The steps", &schema_step, NULL},            \
	{                                                                                                             \
		"workbook", NULL, SHAPE_LIST | SHAPE_MAP, FIELD_ITEMS, "Tasks with a name, for use in several steps", \
		    &schema_workbook_entry, NULL                                                                      \
	}

static const schema_field root_fields[] = {
    ROOT_FIELDS,
};
static const schema_advice root_advices[] = {
    {"vars", "use ctx (set_ctx in a rule), vars in a step (set_vars), or iter in a loop (set_iter)", true},
    {"steps", "steps stand in the list 'workflow'", true},
    {"name", "it belongs into 'metadata'", true},
    {"path", "it belongs into 'metadata'", true},
};
const schema_node schema_root = {
    .name = "playbook", .what = "a playbook", TABLE(root_fields), ADVICE(root_advices), .unknown = DIAGNOSTIC_ERROR};

/* With --lenient `vars` is there too; it is read apart, since it is no part of the language. */
static const schema_field root_lenient_fields[] = {
    {"vars", NULL, SHAPE_ANY, 0, "Values of an older playbook", NULL, NULL},
    ROOT_FIELDS,
};
const schema_node schema_root_lenient = {.name = "playbook",
					 .what = "a playbook",
					 TABLE(root_lenient_fields),
					 ADVICE(root_advices),
					 .unknown = DIAGNOSTIC_ERROR};

static const schema_field metadata_fields[] = {
    {"name", NULL, SHAPE_TEXT, FIELD_REQUIRED, "Name of the playbook", NULL, NULL},
    {"path", NULL, SHAPE_TEXT, 0, "Path in the catalog; default: the file's own", NULL, NULL},
    {"version", NULL, SHAPE_TEXT | SHAPE_NUMBER, 0, "Version", NULL, NULL},
    {"description", NULL, SHAPE_TEXT, 0, "What it is for", NULL, NULL},
    {"labels", NULL, SHAPE_MAP | SHAPE_LIST, 0, "Labels", NULL, NULL},
};
const schema_node schema_metadata = {
    .name = "metadata", .what = "metadata", TABLE(metadata_fields), .unknown = DIAGNOSTIC_WARNING};

static const schema_field executor_fields[] = {
    {"kind", NULL, SHAPE_TEXT, 0, "Mode of execution", NULL, NULL},
    {"pool", NULL, SHAPE_TEXT, 0, "Worker pool", NULL, NULL},
    {"version", NULL, SHAPE_TEXT | SHAPE_NUMBER, 0, "Version of the executor", NULL, NULL},
    {"profile", NULL, SHAPE_TEXT, 0, "Profile of the executor", NULL, NULL},
    {"spec", NULL, SHAPE_MAP, 0, "Policies of the execution", &schema_executor_spec, NULL},
};
const schema_node schema_executor = {
    .name = "executor", .what = "executor", TABLE(executor_fields), .unknown = DIAGNOSTIC_WARNING};

static const schema_field executor_spec_fields[] = {
    {"entry_step", NULL, SHAPE_TEXT, 0, "Where the execution begins; default: the first step", NULL, NULL},
    {"final_step", NULL, SHAPE_TEXT, 0, "Runs once when nothing else is left to do", NULL, NULL},
    {"on_failure", NULL, SHAPE_TEXT, 0, "What a failed step does to the other branches", NULL,
     NAMES("finish", "fail_fast", "partial")},
    {"on_disabled", NULL, SHAPE_TEXT, 0, "What happens to a token whose step is disabled", NULL,
     NAMES("pending", "discard")},
    {"strict_templates", NULL, SHAPE_BOOL, 0, "An undefined name is an error", NULL, NULL},
    {"no_next_is_error", NULL, SHAPE_BOOL, 0, "No matching arc fails the execution", NULL, NULL},
    {"timeout", NULL, SHAPE_NUMBER | SHAPE_TEMPLATE, 0, "Seconds for the whole execution", NULL, NULL},
    {"pool", NULL, SHAPE_TEXT, 0, "Worker pool", NULL, NULL},
};
const schema_node schema_executor_spec = {
    .name = "executor_spec", .what = "executor.spec", TABLE(executor_spec_fields), .unknown = DIAGNOSTIC_WARNING};

/* ---- step ---- */

static const schema_field step_fields[] = {
    {"step", NULL, SHAPE_TEXT, FIELD_REQUIRED, "Name of the step", NULL, NULL},
    {"desc", NULL, SHAPE_TEXT, 0, "What the step does", NULL, NULL},
    {"description", "desc", SHAPE_TEXT, 0, "What the step does", NULL, NULL},
    {"spec", NULL, SHAPE_MAP, 0, "Policies of the step", &schema_step_spec, NULL},
    {"when", NULL, SHAPE_SCALAR, 0, "Guard: the step runs when it is true", NULL, NULL},
    {"cond", "when", SHAPE_SCALAR, FIELD_DEPRECATED, "Guard", NULL, NULL},
    {"args", NULL, SHAPE_MAP | SHAPE_TEMPLATE, 0, "Defaults for the token's args", NULL, NULL},
    {"input", "args", SHAPE_MAP | SHAPE_TEMPLATE, 0, "Defaults for the token's args", NULL, NULL},
    {"with", "args", SHAPE_MAP | SHAPE_TEMPLATE, FIELD_DEPRECATED, "Defaults for the token's args", NULL, NULL},
    {"payload", "args", SHAPE_MAP | SHAPE_TEMPLATE, FIELD_DEPRECATED, "Defaults for the token's args", NULL, NULL},
    {"loop", NULL, SHAPE_MAP, 0, "Run the pipeline once for each item", &schema_loop, NULL},
    {"tool", NULL, SHAPE_LIST | SHAPE_MAP, FIELD_ITEMS, "The pipeline: a list of labelled tasks", &schema_task, NULL},
    {"next", NULL, SHAPE_TEXT | SHAPE_LIST | SHAPE_MAP, 0, "Arcs to other steps", &schema_next, NULL},
    {"set", NULL, SHAPE_MAP, 0, "Writes, applied when the step is done", NULL, NULL},
    {"result", NULL, SHAPE_ANY, 0, "What the step's result is, and where it is kept", NULL, NULL},
    {"output", "result", SHAPE_ANY, 0, "What the step's result is, and where it is kept", NULL, NULL},
    {"output_select", NULL, SHAPE_LIST | SHAPE_MAP | SHAPE_TEXT, 0, "Parts of the result that are kept inline", NULL,
     NULL},
    {"vars", NULL, SHAPE_MAP, 0, "Values taken from the result into vars (only with --lenient)", NULL, NULL},
};
static const schema_advice step_advices[] = {
    {"name", "the name of a step stands at 'step'", false},
    {"retry", "retry is a rule of a task: eval: [{expr: …, do: retry, attempts: 3}]", true},
    {"case", "routing is done by 'next' with 'when', pipeline control by a task's 'eval'", true},
    {"pipe", "'tool' itself is the pipeline: a list of labelled tasks", true},
    {"type", "what a step does is told by 'tool'", false},
    {"timeout", "it belongs into 'spec'", true},
    {"then", "arcs stand at 'next'", true},
    {"kind", "it belongs below 'tool': indent it deeper than that", true},
    {"in", "it belongs below 'loop': indent it deeper than that", true},
    {"iterator", "it belongs below 'loop': indent it deeper than that", true},
};
const schema_node schema_step = {
    .name = "step", .what = "a step", TABLE(step_fields), ADVICE(step_advices), .unknown = DIAGNOSTIC_WARNING};

static const schema_field step_spec_fields[] = {
    {"next_mode", NULL, SHAPE_TEXT, 0, "exclusive: the first arc that matches; inclusive: all", NULL,
     NAMES("exclusive", "inclusive")},
    {"timeout", NULL, SHAPE_NUMBER | SHAPE_TEMPLATE, 0, "Seconds for the step run", NULL, NULL},
    {"join", NULL, SHAPE_TEXT | SHAPE_INT, 0, "auto, none, any, or a count of tokens", NULL,
     NAMES("auto", "none", "any")},
    {"pool", NULL, SHAPE_TEXT, 0, "Worker pool", NULL, NULL},
    {"max_directives", NULL, SHAPE_INT, 0, "Most directives of one pipeline run", NULL, NULL},
    {"policy", NULL, SHAPE_MAP, 0, "Admission", &schema_step_policy, NULL},
};
const schema_node schema_step_spec = {
    .name = "step_spec", .what = "a step's spec", TABLE(step_spec_fields), .unknown = DIAGNOSTIC_WARNING};

static const schema_field step_policy_fields[] = {
    {"admit", NULL, SHAPE_ANY, 0, "Guard: a token that it denies is dropped", &schema_admit, NULL},
};
const schema_node schema_step_policy = {
    .name = "step_policy", .what = "a step's policy", TABLE(step_policy_fields), .unknown = DIAGNOSTIC_WARNING};

static const schema_field admit_fields[] = {
    {"when", NULL, SHAPE_SCALAR, 0, "Condition", NULL, NULL},
    {"expr", "when", SHAPE_SCALAR, 0, "Condition", NULL, NULL},
    {"rules", NULL, SHAPE_LIST, 0, "Rules with then.allow; the first that matches decides", NULL, NULL},
    {"mode", NULL, SHAPE_TEXT, 0, "How rules are tried", NULL, NAMES("exclusive")},
};
const schema_node schema_admit = {
    .name = "admit", .what = "an admission policy", TABLE(admit_fields), .unknown = DIAGNOSTIC_WARNING};

/* ---- loop ---- */

#define LOOP_SPEC(deprecated)                                                                                   \
	{"mode",                                                                                                \
	 NULL,                                                                                                  \
	 SHAPE_TEXT,                                                                                            \
	 (deprecated),                                                                                          \
	 "One after another, or many at once",                                                                  \
	 NULL,                                                                                                  \
	 NAMES("sequential", "parallel")},                                                                      \
	    {"max_in_flight",                                                                                   \
	     NULL,                                                                                              \
	     SHAPE_INT | SHAPE_TEMPLATE,                                                                        \
	     (deprecated),                                                                                      \
	     "Most iterations that run at once",                                                                \
	     NULL,                                                                                              \
	     NULL},                                                                                             \
	{                                                                                                       \
		"on_error", NULL, SHAPE_TEXT, (deprecated), "What a failed iteration does to the others", NULL, \
		    NAMES("finish", "stop", "continue")                                                         \
	}

static const schema_field loop_fields[] = {
    {"in", NULL, SHAPE_ANY, FIELD_KEEP_NULL, "What is walked through", NULL, NULL},
    {"iterator", NULL, SHAPE_TEXT, FIELD_REQUIRED, "Name of the item: iter.<iterator>", NULL, NULL},
    {"cursor", NULL, SHAPE_MAP, 0, "A task that is run again until it gives no row", NULL, NULL},
    {"spec", NULL, SHAPE_MAP, 0, "Policies of the loop", &schema_loop_spec, NULL},
    LOOP_SPEC(FIELD_DEPRECATED),
};
static const schema_advice loop_advices[] = {
    {"collection", "the list stands at 'in'", false},
    {"items", "the list stands at 'in'", false},
    {"over", "the list stands at 'in'", false},
    {"element", "the item's name stands at 'iterator'", false},
    {"as", "the item's name stands at 'iterator'", false},
};
const schema_node schema_loop = {
    .name = "loop", .what = "a loop", TABLE(loop_fields), ADVICE(loop_advices), .unknown = DIAGNOSTIC_WARNING};

static const schema_field loop_spec_fields[] = {
    LOOP_SPEC(0),
    {"policy", NULL, SHAPE_MAP, 0, "Further policies", NULL, NULL},
};
const schema_node schema_loop_spec = {
    .name = "loop_spec", .what = "a loop's spec", TABLE(loop_spec_fields), .unknown = DIAGNOSTIC_WARNING};

/* ---- next ---- */

static const schema_field next_fields[] = {
    {"spec", NULL, SHAPE_MAP, 0, "Policies of the choice", &schema_next_spec, NULL},
    {"arcs", NULL, SHAPE_LIST, FIELD_ITEMS, "The arcs", &schema_arc, NULL},
};
const schema_node schema_next = {.name = "next", .what = "next", TABLE(next_fields), .unknown = DIAGNOSTIC_WARNING};

static const schema_field next_spec_fields[] = {
    {"mode", NULL, SHAPE_TEXT, 0, "exclusive: the first arc that matches; inclusive: all", NULL,
     NAMES("exclusive", "inclusive")},
    {"on_no_match", NULL, SHAPE_TEXT, 0, "What happens when no arc matches", NULL, NAMES("end", "error")},
};
const schema_node schema_next_spec = {
    .name = "next_spec", .what = "next.spec", TABLE(next_spec_fields), .unknown = DIAGNOSTIC_WARNING};

static const schema_field arc_fields[] = {
    {"step", NULL, SHAPE_TEXT, FIELD_REQUIRED, "Where the arc leads", NULL, NULL},
    {"when", NULL, SHAPE_SCALAR, 0, "Guard of the arc", NULL, NULL},
    {"cond", "when", SHAPE_SCALAR, FIELD_DEPRECATED, "Guard of the arc", NULL, NULL},
    {"args", NULL, SHAPE_MAP | SHAPE_TEMPLATE, 0, "What the token carries", NULL, NULL},
    {"input", "args", SHAPE_MAP | SHAPE_TEMPLATE, 0, "What the token carries", NULL, NULL},
    {"with", "args", SHAPE_MAP | SHAPE_TEMPLATE, FIELD_DEPRECATED, "What the token carries", NULL, NULL},
    {"payload", "args", SHAPE_MAP | SHAPE_TEMPLATE, FIELD_DEPRECATED, "What the token carries", NULL, NULL},
    {"set", NULL, SHAPE_MAP, 0, "Writes, applied when the arc is taken", NULL, NULL},
    {"set_ctx", NULL, SHAPE_MAP, 0, "Writes to ctx, applied when the arc is taken", NULL, NULL},
    {"desc", NULL, SHAPE_TEXT, 0, "What the arc is for", NULL, NULL},
    {"description", "desc", SHAPE_TEXT, 0, "What the arc is for", NULL, NULL},
};
const schema_node schema_arc = {.name = "arc", .what = "an arc", TABLE(arc_fields), .unknown = DIAGNOSTIC_WARNING};
