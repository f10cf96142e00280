/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The start: the workload's defaults, rendered in key order, with the request's payload over them. A key is rendered
 * with the payload and the keys above it in view; one that the payload replaces altogether is not rendered at all.
 */
#include "actors/engine/decide.h"

#include <stdio.h>

struct building {
	decision *d;
	scope s;
	tr_err err;
	char error[RENDER_TEXT + 80];
};

static tr_value merged_over(tr_value base, tr_value over)
{
	if (tr_is(base, TR_MAP) && tr_is(over, TR_MAP))
		return tr_map_merge_deep(base, tr_keep(over));
	if (!tr_is_valid(over))
		return base;
	tr_drop(base);
	return tr_keep(over);
}

static tr_value render_part(struct building *b, const pb_expr *e, const char *what)
{
	rendered r = decide_render(b->d, &b->s, e, &b->err);

	if (!tr_is_valid(r.value) && b->err == TR_OK) {
		(void)snprintf(b->error, sizeof b->error, "the %s cannot be rendered: %s", what, r.error);
		b->err = TR_EINVAL;
	}
	return r.value;
}

/* The mapping key by key; `over` (a map) wins. Fresh, invalid on failure. */
static tr_value build_map(struct building *b, const pb_expr *e, tr_value over, const char *what)
{
	tr_value out = tr_map();

	for (size_t i = 0; i < e->count && b->err == TR_OK; i++) {
		b->s.args = out;
		tr_value key = render_part(b, e->pairs[i].key, what);
		tr_value given = tr_is_valid(key) ? tr_map_get(over, key) : tr_absent();
		bool replaced = tr_is_valid(given) && !tr_is(given, TR_MAP);
		tr_value value = replaced || b->err != TR_OK ? tr_absent() : render_part(b, e->pairs[i].value, what);

		if (b->err != TR_OK) {
			tr_drop(key);
			tr_drop(value);
			break;
		}
		out = tr_map_put(out, key, merged_over(value, given));
	}
	b->s.args = tr_absent();
	if (b->err == TR_OK)
		out = tr_map_merge_deep(out, tr_keep(over));
	return out;
}

static tr_value build(struct building *b, const pb_expr *e, tr_value over, const char *what)
{
	tr_value v;

	if (e == NULL)
		return tr_keep(over);
	if (e->kind == PB_MAP)
		return build_map(b, e, over, what);
	v = render_part(b, e, what);
	if (tr_is_valid(v) && !tr_is(v, TR_MAP)) {
		if (!tr_is_nil(v)) {
			(void)snprintf(b->error, sizeof b->error, "the %s must be a mapping", what);
			b->err = TR_EINVAL;
		}
		tr_drop(v);
		v = tr_map();
	}
	return merged_over(v, over);
}

static tr_err refuse(decision *d, const char *kind, const char *message)
{
	tr_value failure =
	    TR_DICT("step", tr_nil(), "kind", tr_string(kind), "message", tr_string_lossy(message, tr_s(message).n));

	return decide_event(d, EVENT_WORKFLOW_FINISHED, 0, d->m->last_event_id, "failed",
			    TR_DICT("status", tr_string("failed"), "result", tr_nil(), "failures", TR_LIST(failure)));
}

static tr_err evaluate(decision *d)
{
	struct building b = {.d = d, .s = {.m = d->m, .w = d->w, .event = tr_nil(), .before = true}};
	const playbook *p = d->m->routes->playbook;
	uint64_t cause = d->m->last_event_id;
	tr_value workload = build(&b, p->workload, d->m->payload, "workload"), nothing = tr_map(), vars, payload;
	int64_t timeout = 0;

	b.s.args = workload;
	vars = b.err == TR_OK ? build(&b, p->vars, nothing, "vars") : tr_absent();
	if (b.err == TR_OK)
		timeout = decide_seconds(d, &b.s, p->timeout, &b.err);
	machine_scope_fini(&b.s);
	tr_drop(nothing);
	if (b.err != TR_OK) {
		tr_drop(workload);
		tr_drop(vars);
		return b.err == TR_EINVAL ? refuse(d, "workload", b.error) : b.err;
	}
	payload = TR_DICT("workload", workload);
	if (tr_map_len(vars) > 0)
		payload = tr_map_put_s(payload, "vars", vars);
	else
		tr_drop(vars);
	if (timeout > 0)
		payload = tr_map_put_s(payload, "timeout_us", tr_int(timeout));
	return decide_event(d, EVENT_REQUEST_EVALUATED, 0, cause, NULL, payload);
}

tr_err decide_request(decision *d)
{
	return d->w->refusal != NULL ? refuse(d, "hook_error", d->w->refusal) : evaluate(d);
}
