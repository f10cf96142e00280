/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Jinja2 templates over immutable values: compiled once, evaluated many times, bounded always.
 *
 * Source of the semantics: Jinja 3.1 (template designer documentation) and docs/playbook.md section "Templates".
 * A compiled template is immutable and may be evaluated by many threads at once. Nothing here blocks or does I/O.
 */
#ifndef TROUPE_TEMPLATE_H
#define TROUPE_TEMPLATE_H

#include <troupe/value.h>

TR_EXTERN_C_BEGIN

typedef struct tr_template tr_template;

/** What an undefined name or attribute does. */
typedef enum tr_undefined_mode {
	TR_UNDEFINED_DEFAULT,   /* Jinja's Undefined: empty in text, false in a test, error when something is taken from
				   it */
	TR_UNDEFINED_CHAINABLE, /* taking something from it gives undefined again; alone it gives null */
	TR_UNDEFINED_STRICT     /* StrictUndefined: any use but `is defined` and default() is an error */
} tr_undefined_mode;

/** Bounds; 0 takes the default. Meeting one is an error (TR_ELIMIT) with a position. */
typedef struct tr_template_limits {
	size_t max_source; /* bytes of template text; 1 MiB */
	/* Nesting while parsing and evaluating; 200. A block, bracket or container counts 2, parentheses 4, a macro 1:
	 * so the default keeps within 64 KiB of stack. */
	size_t max_depth;
	size_t max_output;       /* bytes of text; 64 MiB */
	size_t max_instructions; /* steps of one evaluation; 50,000,000 */
	size_t max_memory;       /* bytes that one evaluation may build; 256 MiB */
} tr_template_limits;

typedef struct tr_template_error {
	tr_err err;
	uint32_t line;   /* in the template text, from 1 */
	uint32_t column; /* in characters, from 1 */
	char message[240];
	char hint[120]; /* "did you mean 'workload'?"; empty when there is none */
} tr_template_error;

typedef struct tr_template_options {
	const char *name; /* shown in errors; copied; NULL: "<template>" */
	tr_template_limits limits;
	bool keep_trailing_newline;
	bool trim_blocks;
	bool lstrip_blocks;
} tr_template_options;

/** Compile. The text is copied as far as needed. NULL on failure, *error (may be NULL) says why and where. */
TR_API tr_template *tr_template_compile(tr_str text, const tr_template_options *options, tr_template_error *error);
/** Compile a bare expression (no braces), as `when: ctx.ok` without `{{ }}` would be. */
TR_API tr_template *tr_template_compile_expr(tr_str text, const tr_template_options *options, tr_template_error *error);
/** Append an error as a person reads it: `name:line:column: message`, the line of `text` (the template) with a caret
 * below the place, and the hint. name NULL: "<template>". */
TR_API void tr_template_error_show(tr_buf *out, const tr_template_error *error, const char *name, tr_str text);
TR_API tr_template *tr_template_hold(tr_template *t); /* one more owner; thread-safe */
TR_API void tr_template_free(tr_template **t);        /* one owner less; NULL and *t == NULL allowed */

/** Is the text exactly one `{{ expr }}`, so that evaluation yields the expression's own value? */
TR_API bool tr_template_is_expression(const tr_template *t);
/** Has the text no template syntax at all? (A playbook keeps such strings as they are.) */
TR_API bool tr_template_is_constant(const tr_template *t);
/** Quick look without compiling: may the text contain `{{`, `{%` or `{#`? */
TR_API bool tr_template_has_syntax(tr_str text);

/**
 * The free names of a template (looked up in the scope, not bound inside), a call a use: `name` and, when the use is
 * followed by a constant attribute, the first attribute (`steps.fetch`,
 * `steps['fetch']` give name "steps", attribute "fetch"); attribute.n == 0 when the name is used in another way.
 */
TR_API void tr_template_names(const tr_template *t, void (*each)(void *arg, tr_str name, tr_str attribute), void *arg);

/**
 * Where names come from. `lookup` returns the value of a name (the caller of lookup gets one reference), absent when
 * there is none, or invalid with an error to fail. May be called several times for one name.
 * `names` (may be NULL) lists names for "did you mean".
 */
typedef struct tr_scope {
	tr_value (*lookup)(void *arg, tr_str name);
	void (*names)(void *arg, void (*each)(void *to, tr_str name), void *to);
	void *arg;
} tr_scope;

/**
 * A value that is loaded only when a template takes something from it (a ResultRef). Wrap with tr_lazy_value; the
 * evaluator calls `load` at most once an evaluation. `load` may block the calling actor.
 */
typedef struct tr_lazy {
	tr_value (*load)(void *arg); /* a fresh reference, or invalid */
	void (*destroy)(void *arg);
	void *arg;
	/** Optional (NULL: none): what an attribute or string key gives that the loaded value has not itself, because
	 * it is no mapping or lacks the key. `loaded` is borrowed; a fresh reference, absent when there is none. So a
	 * name can offer more than its value shows: `fetch.data` beside `fetch` (docs/playbook.md, "What a name
	 * gives"). */
	tr_value (*attribute)(void *arg, tr_value loaded, tr_str name);
	/** Optional (NULL: none): attributes that are known without loading, such as where the value is kept; absent
	 * for others. */
	tr_value (*known)(void *arg, tr_str name);
} tr_lazy;
TR_API tr_value tr_lazy_value(const tr_lazy *lazy); /* copies *lazy; destroy runs when the value goes */
/** v itself (kept), or what it loads when v is lazy. A fresh reference. */
TR_API tr_value tr_lazy_force(tr_value v);

/** A use of an undefined name, reported as it is met (chainable mode only). */
typedef void tr_undefined_fn(void *arg, tr_str expression, uint32_t line, uint32_t column);

typedef struct tr_eval_options {
	tr_undefined_mode undefined;
	tr_template_limits limits;
	tr_undefined_fn *on_undefined; /* may be NULL */
	void *on_undefined_arg;
	int64_t now_us; /* what now() gives, µs since 1970 UTC; 0: the system's clock */
	uint64_t seed;  /* of random and uuid(); 0: from the system */
	bool native;    /* an expression template yields its own value instead of text */
} tr_eval_options;

/** Evaluate to text, or with `native` and an expression template to the expression's value (undefined gives nil).
 *  A fresh reference; invalid on failure with *error filled. */
TR_API tr_value tr_template_eval(const tr_template *t, const tr_scope *scope, const tr_eval_options *options,
				 tr_template_error *error);

/** A scope over one map. Valid as long as the map and the place `holder` are. */
TR_API tr_scope tr_scope_of_map(const tr_value *map);

/** Truth as Python's; with `lenient` also the strings "", "false", "0", "no", "none" (any case) are false
 *  (docs/playbook.md, Templates, rule 5). */
TR_API bool tr_truth(tr_value v, bool lenient);

/** Text of a value as Python's str() shows it: True, None, [1, 'a']. A fresh string value. */
TR_API tr_value tr_python_str(tr_value v);

TR_EXTERN_C_END

#endif
