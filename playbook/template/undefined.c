/* SPDX-License-Identifier: Apache-2.0 */
/* Undefined values remember the instruction that made them, so that a message can say what was not there. */
#include <string.h>

#include "playbook/template/error.h"
#include "playbook/template/eval.h"
#include "playbook/template/objects.h"

tr_value ev_undefined(struct eval *ev, enum undefined_kind kind)
{
	ev->special = true;
	uint64_t step = ev->t->code[ev->pc].op == I_PATH || ev->t->code[ev->pc].op == I_OUTPATH ? ev->step & 0xffff : 0;
	return tr_value_make(TR_NIL, NIL_UNDEFINED, step << 48 | (uint64_t)kind << 32 | ev->pc);
}

static tr_str source_of(const struct eval *ev, const struct span *span)
{
	tr_str s = {ev->t->source + span->start, span->end - span->start};

	return s;
}

static void suggest_known(struct eval *ev, tr_str name)
{
	struct suggestion s;

	suggest_init(&s, name);
	if (ev->scope->names != NULL)
		ev->scope->names(ev->scope->arg, suggest_try, &s);
	builtin_names(suggest_try, &s);
	suggest_hint(&s, ev->error->hint, sizeof(ev->error->hint));
}

void ev_suggest_key(struct eval *ev, tr_value map, const struct path_step *step)
{
	struct suggestion s;

	suggest_init(&s, tr_as_str(ev->t->consts[step->key]));
	for (size_t i = 0; i < tr_map_len(map); i++)
		suggest_try(&s, tr_as_str(tr_map_entries(map)[i].key));
	suggest_hint(&s, ev->error->hint, sizeof(ev->error->hint));
}

tr_value ev_undefined_fail(struct eval *ev, tr_value undefined)
{
	uint32_t pc = (uint32_t)undefined.as.bits;
	enum undefined_kind kind = (enum undefined_kind)(undefined.as.bits >> 32 & 0xffff);
	uint32_t step = (uint32_t)(undefined.as.bits >> 48);
	const struct span *span = &ev->t->spans[pc];
	tr_str text = source_of(ev, span);
	uint32_t now = ev->pc;

	if (ev->error->err != TR_OK)
		return tr_invalid(ev->error->err);
	ev->pc = pc; /* the fault is where the value should have come from */
	if (ev->t->code[pc].op == I_PATH || ev->t->code[pc].op == I_OUTPATH) {
		const struct path_step *steps = ev->t->paths[ev->t->code[pc].b].steps;
		text.n = (kind == UNDEF_NAME ? steps[0].start : steps[step].end) - span->start;
	}
	switch (kind) {
	case UNDEF_NAME:
		while (text.n > 0 && (text.p[text.n - 1] == '.' || text.p[text.n - 1] == ' '))
			text.n--;
		ev_fail(ev, TR_EUNDEFINED, "'%.*s' is undefined", TR_STR(text));
		suggest_known(ev, text);
		break;
	case UNDEF_ATTR:
		ev_fail(ev, TR_EUNDEFINED, "'%.*s' is undefined: there is no such key or attribute", TR_STR(text));
		break;
	case UNDEF_PARAM:
		ev_fail(ev, TR_EUNDEFINED, "parameter '%.*s' was not given", TR_STR(text));
		break;
	case UNDEF_NOELSE:
		ev_fail(ev, TR_EUNDEFINED, "the condition of '%.*s' is false and it has no else", TR_STR(text));
		break;
	case UNDEF_CALLER:
		ev_fail(ev, TR_EUNDEFINED, "the macro was not called by a call block, so there is no 'caller'");
		break;
	default:
		ev_fail(ev, TR_EUNDEFINED, "'%.*s' has no value: there is no such item", TR_STR(text));
		break;
	}
	ev->pc = now;
	return tr_invalid(TR_EUNDEFINED);
}

bool ev_undefined_use(struct eval *ev, tr_value undefined)
{
	uint32_t pc = (uint32_t)undefined.as.bits, line, column;
	enum undefined_kind kind = (enum undefined_kind)(undefined.as.bits >> 32 & 0xffff);

	/* An inline if without else is empty on purpose, whatever the mode. */
	if (kind == UNDEF_NOELSE)
		return true;
	if (ev->undefined == TR_UNDEFINED_STRICT) {
		ev_undefined_fail(ev, undefined);
		return false;
	}
	if (ev->undefined == TR_UNDEFINED_CHAINABLE && ev->options->on_undefined != NULL) {
		const struct span *span = &ev->t->spans[pc];
		if (!ev_spend(ev, ev->t->source_n / 64))
			return false;
		error_place(program_source(ev->t), span->start, &line, &column);
		ev->options->on_undefined(ev->options->on_undefined_arg, source_of(ev, span), line, column);
	}
	return true;
}
