/* SPDX-License-Identifier: Apache-2.0 */
/** What is kept inline of a result and where the rest goes. */
#include "actors/worker/keep_policy.h"
#include "actors/protocol.h"
#include "actors/worker/controllers.h"

#include <troupe/log.h>

void keep_policy_fini(keep_policy *k)
{
	tr_clear(&k->select);
	tr_clear(&k->store);
}

static tr_value question(tr_value policy)
{
	return TR_DICT("ask", tr_word("policy"), "policy", policy);
}

static tr_value or_nil(tr_value v)
{
	return tr_is_valid(v) ? tr_keep(v) : tr_nil();
}

/* Bytes, within what every reader of events relies on. */
static size_t bytes(tr_value answer, const char *key, int64_t least)
{
	int64_t n = tr_as_int(tr_map_get_s(answer, key), INLINE_LIMIT);
	return (size_t)(n < least ? least : n > (int64_t)INLINE_LIMIT ? (int64_t)INLINE_LIMIT : n);
}

/* Takes the policy. */
static keep_policy from_answer(tr_value answer, tr_value policy)
{
	int64_t least = tr_is_nil(policy) ? KEEP_LEAST : 0;
	return (keep_policy){.inline_max = bytes(answer, "inline_max", least),
			     .limit = bytes(answer, "limit", KEEP_LEAST),
			     .select = or_nil(tr_map_get_s(answer, "select")),
			     .store = policy};
}

/* Nobody decides: nothing leaves the event. */
static keep_policy all_inline(const run_scope *run, tr_value error)
{
	tr_log(TR_WARNING, tr_keep(error), "results of step %.*s stay in the event log: %s", TR_STR(run->step->name),
	       tr_as_cstr(tr_map_get_s(error, "message"), "no reason given"));
	tr_drop(error);
	return (keep_policy){.inline_max = SIZE_MAX, .limit = SIZE_MAX, .select = tr_nil(), .store = tr_nil()};
}

/* Takes the policy. */
static keep_policy ask(const run_scope *run, tr_value policy)
{
	tr_value error = tr_absent();
	tr_value answer = controllers_answer(run->pures, CONTROLLER_RESULT, question(tr_keep(policy)), &error);
	if (!tr_is_valid(answer)) {
		tr_drop(policy);
		return all_inline(run, error);
	}
	keep_policy k = from_answer(answer, policy);
	tr_drop(answer);
	return k;
}

tr_value keep_policy_usual(const pure_table *t)
{
	tr_value error = tr_absent();
	if (!controller_is_own(t, CONTROLLER_RESULT))
		return tr_absent();
	tr_value answer = controllers_answer(t, CONTROLLER_RESULT, question(tr_nil()), &error);
	tr_drop(error);
	return tr_is_valid(answer) ? answer : tr_absent();
}

keep_policy keep_policy_default(const run_scope *run)
{
	return tr_is_valid(run->keep) ? from_answer(run->keep, tr_nil()) : ask(run, tr_nil());
}

keep_policy keep_policy_of(const pb_result_policy *p, renderer *r)
{
	if (!p->present || p->store == NULL)
		return keep_policy_default(r->names.run);
	tr_value error = tr_absent();
	tr_value store = render_value(r, p->store, &error);
	if (tr_is(store, TR_MAP))
		return ask(r->names.run, store);
	render_warn(r, "result-policy", p->store->pos, "the result is kept as usual: %s",
		    tr_as_cstr(tr_map_get_s(error, "message"), "the policy is no mapping"));
	tr_drop(store);
	tr_drop(error);
	return keep_policy_default(r->names.run);
}
