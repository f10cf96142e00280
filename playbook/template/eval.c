/* SPDX-License-Identifier: Apache-2.0 */
/* The entry of an evaluation, its bounds and its errors. */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "playbook/template/error.h"
#include "playbook/template/vm.h"

#define DEFAULT_DEPTH        200
#define DEFAULT_OUTPUT       ((size_t)64 << 20)
#define DEFAULT_INSTRUCTIONS 50000000
#define DEFAULT_MEMORY       ((size_t)256 << 20)

#define ROOT_BYTES 3072 /* a root frame of this size needs no allocation */

tr_value ev_fail(struct eval *ev, tr_err err, const char *fmt, ...)
{
	va_list args;

	if (ev->error->err == TR_OK) {
		tr_str none = {"", 0};
		bool placed = ev->t != NULL;
		va_start(args, fmt);
		error_setv(ev->error, err, placed ? program_source(ev->t) : none, placed ? ev->t->spans[ev->pc].at : 0,
			   fmt, args);
		va_end(args);
	}
	return tr_invalid(ev->error->err);
}

tr_value ev_invalid(struct eval *ev, tr_value v)
{
	tr_err err = tr_value_err(v);

	return ev_fail(ev, err != TR_OK ? err : TR_EINVAL, "%s", tr_err_text(err != TR_OK ? err : TR_EINVAL));
}

bool ev_charge(struct eval *ev, size_t bytes)
{
	if (bytes <= ev->memory) {
		ev->memory -= bytes;
		return true;
	}
	ev_fail(ev, TR_ELIMIT, "the evaluation builds more than its limit of memory");
	return false;
}

bool ev_spend(struct eval *ev, size_t steps)
{
	if (steps < ev->fuel) {
		ev->fuel -= steps;
		return true;
	}
	ev->fuel = 0;
	ev_fail(ev, TR_ELIMIT, "the evaluation takes more steps than its limit");
	return false;
}

static bool deeper(struct eval *ev, size_t by)
{
	if (ev->depth + by <= ev->max_depth) {
		ev->depth += by;
		return true;
	}
	ev_fail(ev, TR_EDEPTH, "nested deeper than %zu levels", ev->max_depth / by);
	return false;
}

bool ev_enter(struct eval *ev)
{
	return deeper(ev, 2);
}

bool ev_enter_frame(struct eval *ev)
{
	return deeper(ev, 1);
}

static tr_value load_lazy(struct eval *ev, tr_value v)
{
	const struct overlay_pair *known = overlay_find(&ev->loaded, v);
	tr_value now;

	if (known != NULL)
		return known->now;
	now = tr_lazy_force(v);
	if (!tr_is_valid(now)) {
		tr_err err = tr_value_err(now) != TR_OK ? tr_value_err(now) : TR_ENOENT;
		return ev_fail(ev, err, "the value could not be loaded: %s", tr_err_text(err));
	}
	return overlay_add(&ev->loaded, v, now) ? now : ev_fail(ev, TR_ENOMEM, "out of memory");
}

tr_value ev_loaded(struct eval *ev, tr_value v)
{
	return tr_is(v, TR_OBJECT) && tr_object_class(v) == &lazy_class ? load_lazy(ev, v) : v;
}

tr_value ev_resolve_slow(struct eval *ev, tr_value v)
{
	v = ev_loaded(ev, v);
	if (!tr_is(v, TR_ARRAY) && !tr_is(v, TR_MAP))
		return v;
	const struct overlay_pair *pair = overlay_find(&ev->changed, v);
	if (pair != NULL) {
		tr_value now = pair->now;
		now.aux = v.aux;
		return now;
	}
	return v;
}

bool ev_change(struct eval *ev, tr_value of, tr_value now)
{
	struct overlay_pair *pair = overlay_find(&ev->changed, of);

	if (!tr_is_valid(now)) {
		ev_invalid(ev, now);
		return false;
	}
	ev->special = true; /* the result may hold what was changed */
	if (pair != NULL) {
		tr_assign(&pair->now, now);
		return true;
	}
	if (overlay_add(&ev->changed, of, now))
		return true;
	ev_fail(ev, TR_ENOMEM, "out of memory");
	return false;
}

static uint64_t split_mix(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

uint64_t ev_random(struct eval *ev)
{
	uint64_t seed = ev->options->seed;

	if (!ev->seeded) {
		if (seed == 0 && getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
			seed = (uint64_t)time(NULL);
		ev->random[0] = seed;
		ev->seeded = true;
	}
	return split_mix(&ev->random[0]);
}

static void eval_init(struct eval *ev, const tr_template *t, const tr_scope *scope, const tr_eval_options *options,
		      tr_template_error *error)
{
	const tr_template_limits *limits = &options->limits;

	memset(ev, 0, sizeof(*ev));
	ev->t = t;
	ev->scope = scope;
	ev->options = options;
	ev->error = error;
	ev->undefined = options->undefined;
	ev->fuel = limits->max_instructions != 0 ? limits->max_instructions : DEFAULT_INSTRUCTIONS;
	ev->memory = limits->max_memory != 0 ? limits->max_memory : DEFAULT_MEMORY;
	ev->max_depth = limits->max_depth != 0 ? limits->max_depth : DEFAULT_DEPTH;
	ev->out.max = limits->max_output != 0 ? limits->max_output : DEFAULT_OUTPUT;
}

static void eval_fini(struct eval *ev)
{
	frames_drop(ev);
	overlay_fini(&ev->changed);
	overlay_fini(&ev->loaded);
	holders_empty(ev);
	tr_buf_fini(&ev->out);
}

/* The text that was put out, as a value. */
static tr_value output_value(struct eval *ev)
{
	tr_value v;

	if (ev->out.err == TR_OK && ev->out.n == 0)
		return tr_string_n("", 0);
	v = tr_string_buf(&ev->out);
	return tr_is_valid(v) ? v : ev_invalid(ev, v);
}

/* The value of an expression template: itself when native, else its text. */
static tr_value expression_value(struct eval *ev, tr_value v)
{
	tr_value text;

	if (ev->options->native)
		return ev_plain(ev, v);
	text = ev_str(ev, v);
	if (tr_is_valid(text) && tr_as_str(text).n > ev->out.max) {
		tr_drop(text);
		text = ev_fail(ev, TR_ELIMIT, "the output is larger than %zu bytes", ev->out.max);
	}
	tr_drop(v);
	return py_plain(text);
}

static tr_value lookup_nothing(void *arg, tr_str name)
{
	(void)arg;
	(void)name;
	return tr_absent();
}

tr_value tr_template_eval(const tr_template *t, const tr_scope *scope, const tr_eval_options *options,
			  tr_template_error *error)
{
	static const tr_eval_options defaults;
	static const tr_scope nothing = {lookup_nothing, NULL, NULL};
	tr_template_error own;
	_Alignas(16) char root[ROOT_BYTES];
	struct eval ev;
	tr_value result = tr_absent();

	error = error != NULL ? error : &own;
	memset(error, 0, sizeof(*error));
	eval_init(&ev, t, scope != NULL ? scope : &nothing, options != NULL ? options : &defaults, error);
	size_t size = frame_size(&t->protos[0]);
	if (frame_push(&ev, &t->protos[0], NULL, size <= sizeof(root) ? root : NULL) != NULL)
		result = vm_run(&ev);
	if (error->err == TR_OK)
		result = t->is_expression ? expression_value(&ev, result) : output_value(&ev);
	else
		tr_drop(result);
	if (error->err != TR_OK)
		result = tr_invalid(error->err);
	eval_fini(&ev);
	return result;
}

static tr_value map_lookup(void *arg, tr_str name)
{
	const tr_value *map = arg;

	return tr_keep(tr_map_get_n(*map, name.p, name.n));
}

tr_value ev_lookup(struct eval *ev, tr_value name)
{
	/* A key that is a value knows its hash. */
	if (ev->scope->lookup == map_lookup)
		return tr_keep(tr_map_get(*(const tr_value *)ev->scope->arg, name));
	return ev->scope->lookup(ev->scope->arg, tr_as_str(name));
}

static void map_names(void *arg, void (*each)(void *to, tr_str name), void *to)
{
	const tr_value *map = arg;
	const tr_entry *entries = tr_map_entries(*map);

	for (size_t i = 0; i < tr_map_len(*map); i++)
		each(to, tr_as_str(entries[i].key));
}

tr_scope tr_scope_of_map(const tr_value *map)
{
	tr_scope scope = {map_lookup, map_names, (void *)(uintptr_t)map};

	return scope;
}
