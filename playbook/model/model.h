/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The playbook model: one shape for both dialects, checked, with all templates compiled. What the engine runs.
 * A playbook is immutable after loading and reference-counted; many actors on many threads may read one.
 * Source of the semantics: docs/playbook.md.
 */
#ifndef TROUPE_PLAYBOOK_MODEL_H
#define TROUPE_PLAYBOOK_MODEL_H

#include "playbook/yaml/diagnostic.h"
#include <troupe/template.h>

/** Where something was written. */
typedef struct pb_pos {
	uint32_t line, column;
} pb_pos;

/**
 * A value that may contain templates: a scalar, or a list or mapping with templates somewhere inside (keys too). A
 * subtree without templates is one PB_CONST, so rendering it costs nothing.
 */
typedef enum pb_expr_kind {
	PB_CONST,
	PB_TEMPLATE,
	PB_LIST,
	PB_MAP
} pb_expr_kind;
typedef struct pb_expr pb_expr;
typedef struct pb_expr_pair {
	const pb_expr *key;
	const pb_expr *value;
} pb_expr_pair;
struct pb_expr {
	pb_expr_kind kind;
	pb_pos pos;
	tr_value constant;           /* PB_CONST */
	tr_template *compiled;       /* PB_TEMPLATE */
	tr_str source;               /* PB_TEMPLATE: its text, for warnings */
	const pb_expr *const *items; /* PB_LIST */
	const pb_expr_pair *pairs;   /* PB_MAP */
	size_t count;
	const struct playbook *book; /* PB_TEMPLATE: whose it is */
};

/** A write: `set_ctx: {k: expr}` or `set: {ctx.k: expr}`. */
typedef enum pb_set_target {
	PB_SET_ITER,
	PB_SET_VARS,
	PB_SET_CTX,
	PB_SET_SHARED,
	PB_SET_PREV,
	PB_SET_LOCAL
} pb_set_target;
typedef enum pb_reducer {
	PB_REDUCE_NONE,
	PB_REDUCE_ADD,
	PB_REDUCE_APPEND,
	PB_REDUCE_MAX,
	PB_REDUCE_MIN,
	PB_REDUCE_MERGE,
	PB_REDUCE_FIRST,
	PB_REDUCE_LAST
} pb_reducer;
typedef struct pb_set {
	pb_set_target target;
	tr_str key;         /* dotted path allowed; empty for PB_SET_PREV */
	pb_reducer reducer; /* PB_SET_SHARED */
	const pb_expr *value;
} pb_set;

typedef enum pb_directive {
	PB_CONTINUE,
	PB_RETRY,
	PB_JUMP,
	PB_BREAK,
	PB_FAIL
} pb_directive;
typedef enum pb_backoff {
	PB_BACKOFF_FIXED,
	PB_BACKOFF_LINEAR,
	PB_BACKOFF_EXPONENTIAL
} pb_backoff;

typedef struct pb_rule {
	pb_pos pos;
	const pb_expr *when; /* NULL: else */
	pb_directive directive;
	const pb_expr *attempts; /* retry: all runs in all */
	const pb_expr *delay;    /* seconds; NULL: 0 */
	pb_backoff backoff;
	const pb_expr *max_delay; /* may be NULL */
	const pb_expr *jitter;    /* fraction 0..1 or bool; may be NULL */
	int32_t jump_to;          /* index of the task */
	const pb_expr *message;   /* fail: optional message */
	const pb_set *sets;
	size_t set_count;
} pb_rule;

/** Result policy of a step or task (`result:`, `output:`, `output_select:`). */
typedef struct pb_result_policy {
	bool present;
	const pb_expr *value; /* what the result is; NULL: as it came */
	const pb_expr *store; /* where larger parts go, and limits: mapping; NULL: default */
} pb_result_policy;

typedef struct pb_task {
	pb_pos pos;
	tr_str label;
	tr_str kind; /* "http" … */
	uint32_t index;
	const pb_expr *config; /* mapping: all keys of the task but label, kind, eval, and those below (url, code, args,
				  auth, …) */
	pb_pos body;           /* where its code begins, or a sub-playbook's path is; line 0: neither */
	pb_pos input;          /* where its main input (url, query, code, path, …) is; line 0: it has none */
	const pb_expr *when;   /* optional task guard (a false one skips the task); NULL */
	const pb_expr *timeout; /* seconds; NULL: none */
	const pb_rule *rules;
	size_t rule_count;
	const pb_set *sets; /* later dialect: `set` on a task */
	size_t set_count;
	pb_result_policy result;
} pb_task;

typedef enum pb_mode {
	PB_SEQUENTIAL,
	PB_PARALLEL
} pb_mode;
typedef enum pb_on_error {
	PB_ON_ERROR_FINISH,
	PB_ON_ERROR_STOP,
	PB_ON_ERROR_CONTINUE
} pb_on_error;

typedef struct pb_loop {
	bool present;
	pb_pos pos;
	const pb_expr *in;
	tr_str iterator;
	pb_mode mode;
	const pb_expr *max_in_flight; /* NULL: the worker's concurrency */
	pb_on_error on_error;
	bool cursor; /* later dialect `loop.cursor`: `in` is a task config run again until no row comes */
} pb_loop;

typedef struct pb_arc {
	pb_pos pos;
	uint32_t to;         /* index of the step */
	const pb_expr *when; /* NULL: done events match */
	const pb_expr *args; /* mapping or NULL */
	const pb_set *sets;  /* later dialect */
	size_t set_count;
} pb_arc;

typedef enum pb_join {
	PB_JOIN_AUTO,
	PB_JOIN_NONE,
	PB_JOIN_ANY,
	PB_JOIN_COUNT
} pb_join;

typedef struct pb_step {
	pb_pos pos;
	uint32_t index;
	tr_str name;
	tr_str desc;
	const pb_expr *when; /* NULL: true */
	bool admit;          /* `when` came from spec.policy.admit: a denied token is dropped */
	const pb_expr *args; /* mapping or NULL */
	pb_loop loop;
	const pb_task *tasks;
	size_t task_count;
	const pb_arc *arcs;
	size_t arc_count;
	bool inclusive;         /* spec.next_mode */
	bool no_match_is_error; /* next.spec.on_no_match: error */
	const pb_expr *timeout; /* seconds; NULL */
	pb_join join;
	uint32_t join_count;
	uint64_t max_directives;
	const pb_set *sets; /* `set` on the step: applied when it is done */
	size_t set_count;
	pb_result_policy result;
	tr_str pool; /* worker pool; empty: executor's */
	/* Steps whose results the tasks, args, loop and guards of this step may read (by bare name or steps.<name>,
	   found with tr_template_names); uses_all when that cannot be told (steps used without a constant attribute).
	 */
	const uint32_t *uses;
	size_t uses_count;
	bool uses_all;
	/* Filled by the checker for the engine's joins. */
	const uint32_t *incoming; /* steps with an arc to this one */
	size_t incoming_count;
} pb_step;

typedef struct pb_workbook_entry {
	tr_str name;
	pb_task task;
} pb_workbook_entry;

typedef enum pb_on_failure {
	PB_FAILURE_FINISH,
	PB_FAILURE_FAST,
	PB_FAILURE_PARTIAL
} pb_on_failure;

typedef struct pb_keychain_entry {
	tr_str name;
	pb_pos pos;
	const pb_expr *config;
} pb_keychain_entry;

/** Code that is written out in a task, without templates. */
typedef struct pb_code {
	tr_str text;
	pb_pos pos;  /* of its scalar; locate.h leads from a place in the text to the file */
	tr_str path; /* the keys that lead to it */
} pb_code;

typedef struct playbook {
	const char *file; /* as given */
	tr_str source;    /* the text, for diagnostics at run time */
	tr_str name, path, version, description;
	tr_value labels; /* map or nil */
	/* executor.spec */
	uint32_t entry;     /* index of the step */
	int32_t final_step; /* -1: none */
	pb_on_failure on_failure;
	bool discard_disabled; /* on_disabled: discard */
	bool strict_templates;
	bool no_next_is_error;
	const pb_expr *timeout; /* seconds; NULL */
	tr_str pool;
	const pb_expr *workload; /* mapping, never NULL; rendered at the start, key by key */
	const pb_expr *vars;     /* root `vars`, accepted only when lenient: where vars begin; NULL */
	const pb_keychain_entry *keychain;
	size_t keychain_count;
	const pb_step *steps;
	size_t step_count;
	const pb_workbook_entry *workbook;
	size_t workbook_count;
	const pb_code *codes; /* of the kind python */
	size_t code_count;
} playbook;

/** What the checker must know of the world: which tool kinds there are. Without knows_kind: those of the language. */
typedef struct pb_check_options {
	bool (*knows_kind)(void *arg,
			   tr_str kind); /* does a loaded plugin provide it? Asked of every kind but workbook */
	/** What a loaded plugin says of the inputs of its kind (playbook/check/kinds.h); NULL: nothing. May be NULL. */
	const struct tool_kind *(*describe)(void *arg, tr_str kind);
	/** Has the operator set this of the plugin that answers for the kind? NULL: that is not known. */
	bool (*has_setting)(void *arg, tr_str kind, tr_str key);
	/** More checks, of a playbook in which ours found no error; may add to `out`. */
	void (*further)(void *arg, const struct playbook *p, diagnostics *out);
	/** A look at the codes in it, whatever else is wrong: of the rest of `p` only `codes` and `source` are sure to
	 * be there. May be NULL. */
	void (*codes)(void *arg, const struct playbook *p, diagnostics *out);
	void *arg;     /* of all */
	bool lenient;  /* accept root `vars` and step `vars` extraction with a warning */
	bool recorded; /* it was accepted when it was recorded: inputs of tasks are not judged again */
} pb_check_options;

/** Load from text: parse, check, compile. NULL when there were errors; all faults and warnings are in `out`
 * (initialised by the caller). `file` names it. */
playbook *playbook_load(const char *file, tr_str text, const pb_check_options *options, diagnostics *out);
/** Read the file (bounded, must be a regular file or "-") and load it. `*source` (may be NULL) gets the text for
 * printing diagnostics: tr_buf to be finished by the caller. */
playbook *playbook_load_file(const char *file, const pb_check_options *options, diagnostics *out, tr_buf *source);
playbook *playbook_hold(const playbook *p);
void playbook_free(playbook **p);
/** Index of a step by name, -1. */
int32_t playbook_step(const playbook *p, tr_str name);

/** How an expression is rendered (docs/playbook.md, Templates). */
typedef struct pb_render {
	const tr_scope *scope;
	tr_eval_options eval;
	/* out */
	tr_template_error error; /* template-relative position … */
	pb_pos at;               /* … and where that template stands in the file */
	pb_pos found;            /* the place of the error itself in the file */
	const pb_expr *expr;     /* the template that is evaluated now, or was when it failed (for eval.on_undefined) */
} pb_render;
/** Deep render: fresh reference, invalid on failure with r->error and r->at set. */
tr_value pb_expr_render(const pb_expr *e, pb_render *r);
/** The expression as it was written, templates as their text: fresh reference. NULL is nil. */
tr_value pb_expr_source(const pb_expr *e);
/** As a condition (rule 5: Python's truth, lenient strings). An error is false and *failed is set. NULL expr:
 * `otherwise`. */
bool pb_expr_test(const pb_expr *e, pb_render *r, bool otherwise, bool *failed);
/** Where in the playbook's file a position inside this template stands (exact for every scalar style). */
pb_pos pb_expr_locate(const pb_expr *e, uint32_t line, uint32_t column);

#endif
