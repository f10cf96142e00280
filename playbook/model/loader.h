/* SPDX-License-Identifier: Apache-2.0 */
/** Inside of the model room: what the parts that turn YAML nodes into the model share. */
#ifndef TROUPE_PLAYBOOK_LOADER_H
#define TROUPE_PLAYBOOK_LOADER_H

#include "playbook/check/kinds.h"
#include "playbook/check/schema.h"
#include "playbook/check/suggest.h"
#include "playbook/model/model.h"
#include "playbook/yaml/arena.h"
#include "playbook/yaml/name_table.h"
#include "playbook/yaml/yaml.h"
#include <stdatomic.h>

/** The playbook with what it owns. */
typedef struct playbook_box {
	playbook pub; /* first: a playbook pointer is a pointer to its box */
	_Atomic uint32_t refs;
	arena mem;
	tr_template **templates; /* each text once */
	tr_str *sources;
	name_table steps; /* name -> index */
	size_t template_count, template_capacity;
} playbook_box;

enum {
	STEPS_MAX = 200000,
	TEMPLATES_MAX = 200000,
	LOOKS_MAX = 2000
};

/** The way from the root to a node; lives on the C stack, becomes text only for a fault. */
typedef struct where {
	const struct where *up;
	tr_str key;
	size_t index;
	bool is_index;
} where;

typedef struct loader {
	playbook_box *box;
	arena *mem;
	diagnostics *out;
	pb_check_options options;
	name_table names;          /* every name that some scope can have */
	name_table entries;        /* of the workbook */
	name_table templates;      /* text -> its number in the box */
	const yaml_node *keychain; /* NULL: none */
	const yaml_node *workflow; /* as it is written; NULL: none */
	name_table inputs;         /* the keys of workload */
	bool declares;             /* workload is a mapping */
	size_t looks;              /* for what is nearest to a name below a scope: not more often than LOOKS_MAX */
	bool *clean;               /* by that number: its names were found to be all right */
	pb_code *codes;            /* grown by doubling in the arena */
	size_t code_count, code_capacity;
	size_t astray;   /* sub-playbooks that are not there */
	bool beside;     /* the playbook is a file in a folder, where others may be that it names */
	tr_str iterator; /* of the loop around the tasks that are being read; empty: none */
	bool limit_said;
	bool arc_astray; /* an arc leads to no step, or to one of two: what is unreachable cannot be told */
	pb_expr nothing; /* stands in for an expression when memory has run out */
} loader;

/** The text of a string literal. */
#define LITERAL(z) ((tr_str){"" z, sizeof(z) - 1})

static inline where where_key(const where *up, tr_str key)
{
	return (where){.up = up, .key = key};
}
static inline where where_at(const where *up, size_t index)
{
	return (where){.up = up, .index = index, .is_index = true};
}
static inline pb_pos pos_of(const yaml_node *n)
{
	return (pb_pos){n->line, n->column};
}
static inline bool is_null(const yaml_node *n)
{
	return n == NULL || (n->kind == YAML_SCALAR && tr_is_nil(n->value));
}
static inline bool is_text(const yaml_node *n)
{
	return n->kind == YAML_SCALAR && tr_is(n->value, TR_STRING);
}

/* ---- faults (where.c) ---- */

void load_fault(loader *l, const where *w, const yaml_node *at, const char *code, const char *hint, const char *fmt,
		...) TR_PRINTF(6, 7);
void load_warn(loader *l, const where *w, const yaml_node *at, const char *code, const char *hint, const char *fmt, ...)
    TR_PRINTF(6, 7);
void load_say(loader *l, diagnostic_level level, const where *w, pb_pos at, const char *code, const char *hint,
	      const char *fmt, ...) TR_PRINTF(7, 8);
/** A suggestion for a fault that is still going to be kept; one without budget when so many were said already. */
suggestion load_suggestion(const loader *l, tr_str wanted);
/** The keys on the way, as text of the arena. */
tr_str where_text(loader *l, const where *w);
/** "a list", "a mapping", "text", … */
const char *node_kind_name(const yaml_node *n);

/* ---- mappings read through their table (fields.c) ---- */

typedef struct fields {
	const schema_node *table;
	const yaml_node *value[SCHEMA_FIELDS_MAX]; /* by index of the canonical key */
	const yaml_node *key[SCHEMA_FIELDS_MAX];
	uint32_t initials; /* of the keys that are there, a bit each: most that are asked for are not */
} fields;

/** Read and check. Keys that `kind` (may be NULL) has as its own are left alone. False: not a mapping (reported). */
bool fields_read(loader *l, const yaml_node *n, const schema_node *table, const tool_kind *kind, const where *w,
		 fields *out);
/** True: `key` of `n` is known elsewhere, and that it has no effect here is said. `what` is the mapping's name. */
bool misplaced_key(loader *l, const schema_node *table, const yaml_node *n, const yaml_node *key, const char *what,
		   const where *w);
/** The value under a canonical key or another name of it; NULL when absent or unfit. `as_written`: the key's own node.
 */
const yaml_node *fields_find(const fields *f, const char *key, bool as_written);
static inline uint32_t fields_initial(const char *key)
{
	return UINT32_C(1) << ((unsigned char)key[0] & 31);
}
static inline const yaml_node *fields_get(const fields *f, const char *key)
{
	return (f->initials & fields_initial(key)) == 0 ? NULL : fields_find(f, key, false);
}
/** The key itself as it is written; also when the value is unfit. */
static inline const yaml_node *fields_key(const fields *f, const char *key)
{
	return (f->initials & fields_initial(key)) == 0 ? NULL : fields_find(f, key, true);
}
/** The position of a text among the field's values; `otherwise` when absent. */
int fields_choice(const fields *f, const char *key, int otherwise);
tr_str fields_text(loader *l, const fields *f, const char *key);
/** A fault in a number that is written out and not within these; `w` leads to it. `what`: "seconds above 0". */
void number_check(loader *l, const yaml_node *n, const where *w, const char *key, double least, double most,
		  const char *what);
/** The same of a time: seconds above 0. */
void seconds_check(loader *l, const fields *f, const char *key, const where *w);
bool fields_bool(const fields *f, const char *key, bool otherwise);
/** A text of a name, with the advice to quote when YAML took it for something else. Empty: reported. */
tr_str name_of(loader *l, const yaml_node *n, const where *w, const char *what);
/** What a node is, as shape bits (schema.h); 0: null. */
unsigned shape_of(const yaml_node *n);
/** "text or a list" */
void shapes_text(unsigned shapes, tr_buf *b);
/** Both forms of one thing: reported with both lines. */
void fault_both(loader *l, const where *w, const yaml_node *first, const char *first_name, const yaml_node *second,
		const char *second_name);

/* ---- expressions (expr.c) ---- */

const pb_expr *expr_const(loader *l, tr_value v, pb_pos pos); /* takes v */
const pb_expr *expr_of(loader *l, const yaml_node *n, const where *w);
const pb_expr *expr_of_body(loader *l, const yaml_node *n, const where *w); /* somebody else's language */
const pb_expr *expr_condition(loader *l, const yaml_node *n, const where *w);
const pb_expr *expr_template(loader *l, tr_str text, pb_pos pos, const where *w); /* made up by the loader */
/** NULL for a NULL node. */
const pb_expr *expr_or_null(loader *l, const yaml_node *n, const where *w, const char *key);
const pb_expr *condition_or_null(loader *l, const yaml_node *n, const where *w, const char *key);
/** A mapping of these pairs; one constant when all are. */
const pb_expr *expr_map(loader *l, const pb_expr_pair *pairs, size_t count, pb_pos pos);
bool yaml_has_template(const yaml_node *n);

/* ---- the whole (load.c) ---- */

/** playbook_load(); `beside`: `file` is one, and what tasks name beside it is looked for, too. */
playbook *load_beside(const char *file, tr_str text, const pb_check_options *options, diagnostics *out, bool beside);
/** Of one task: `body` is its mapping. */
void beside_check(loader *l, const yaml_node *body, tr_str kind, const where *w);

/* ---- parts ---- */

typedef struct set_list {
	pb_set *items;
	size_t count;
} set_list;

/** `set:` with prefixed keys; a bare key writes `bare`. */
void sets_of_mixed(loader *l, const yaml_node *n, pb_set_target bare, const where *w, set_list *to);
void sets_of_scope(loader *l, const yaml_node *n, pb_set_target target, const where *w, set_list *to);
void sets_of_prev(loader *l, const yaml_node *n, const where *w, set_list *to);
/** Room for as many writes as the nodes (each may be NULL) hold, and `more`. */
void sets_reserve(loader *l, set_list *to, const yaml_node *const *nodes, size_t count, size_t more);

typedef struct label_list {
	const tr_str *items;
	size_t count;
	name_table indices; /* label -> index, once there are many */
} label_list;

/** Where the label stands first; -1 when no task has it. */
int64_t label_find(const label_list *labels, tr_str label);

/** Rules of a task: `eval`, `spec.policy.rules` or `retry`. */
void rules_load(loader *l, const yaml_node *list, const label_list *labels, const where *w, pb_task *t);
void rules_of_retry(loader *l, const yaml_node *n, const where *w, pb_task *t);
void result_load(loader *l, const fields *f, const where *w, pb_result_policy *to);
/** Is there such a kind of tool? One of the language is there only where a plugin provides it. */
bool kind_known(const loader *l, tr_str kind);
void tool_load(loader *l, const yaml_node *n, const where *w, pb_step *s);
/** One task; `label` is taken over, `body` is its mapping. `named`: the body's `name` is the label. */
void task_load(loader *l, const yaml_node *body, const yaml_node *name, tr_str label, bool named,
	       const label_list *labels, const where *w, pb_task *t);
void loop_load(loader *l, const yaml_node *n, const where *w, pb_loop *loop);
const pb_expr *admit_load(loader *l, const yaml_node *n, const where *w);
void next_load(loader *l, const yaml_node *n, const where *w, pb_step *s, bool *mode_given, const yaml_node **mode);
void step_load(loader *l, const yaml_node *n, const where *w, pb_step *s);
void document_load(loader *l, const yaml_node *root);
void workbook_load(loader *l, const yaml_node *n, const where *w);
void keychain_load(loader *l, const yaml_node *n, const where *w);
int32_t step_index(const loader *l, tr_str name);
/** The step a name means, or -1 after a fault with a suggestion. */
int32_t step_wanted(loader *l, const yaml_node *n, const where *w, const char *what);

/* ---- checks of the whole (playbook/check) ---- */

/** Incoming arcs; warns of steps that nothing leads to. */
void check_reach(loader *l);
/** After that: counts of tokens that can never come (join.c). */
void check_joins(loader *l);
/** For each step, which steps' results its templates may read. */
void check_uses(loader *l, pb_step *steps, size_t count);
/** Faults in a task's inputs: keys that are missing or that nobody knows, and what is written out, without a template.
 * `named`: the body's `name` is the label. */
void check_inputs(loader *l, const tool_kind *kind, const yaml_node *body, bool named, const where *w);
/** The same of any mapping that is described; `shared` (may be NULL) has further keys that it may have. */
void check_set(loader *l, const tool_kind *set, const yaml_node *body, const schema_node *shared, bool named,
	       const where *w);
/** The same of an entry of the keychain. */
void check_keychain(loader *l, const yaml_node *body, bool named, const where *w);
/** Misspelt keys of a task whose kind is not known; `near`: what it was perhaps meant to be, NULL. */
void check_stray_keys(loader *l, const tool_kind *near, const yaml_node *body, const where *w);
/** Collect what names scopes can have. */
void check_names_collect(loader *l, const yaml_node *root);
/** Warn of names in a template that no scope can have. True: there are none. */
bool check_names(loader *l, const pb_expr *e, const where *w);

#endif
