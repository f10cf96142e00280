/* SPDX-License-Identifier: Apache-2.0 */
/** Results by reference: what is large goes to the artifact store. */
#include "actors/protocol.h"
#include "actors/worker/controllers.h"
#include "actors/worker/refs.h"
#include "plugins/host/host.h"
#include "plugins/shared/storage/storage.h"

#include <troupe/codec.h>
#include <troupe/log.h>
#include <troupe/node.h>

#define PUT_TIMEOUT (60 * TR_SECOND)
/* Whoever stays within KEEP_LEAST is small without having been measured. */
#define PLAIN_MOST  16
#define PLAIN_DEPTH 4

bool refs_is_large(tr_value v, size_t limit)
{
	/* The size in memory is never below that in msgpack, and much cheaper to know. */
	if (v.type < (uint32_t)TR_STRING || tr_value_size(v) <= limit)
		return false;
	tr_buf bytes = {.max = limit};
	bool large = tr_msgpack_write(&bytes, v) == TR_ELIMIT || bytes.err == TR_ELIMIT || bytes.n > limit;
	tr_buf_fini(&bytes);
	return large;
}

static tr_value origin_value(const refs_origin *origin)
{
	return TR_DICT("execution_id", tr_int(origin->execution_id), "step",
		       tr_string_n(origin->step.p, origin->step.n), "label",
		       tr_string_n(origin->label.p, origin->label.n));
}

static tr_value put_request(tr_value v, const refs_origin *origin, const keep_policy *policy)
{
	tr_value from = origin_value(origin);
	if (policy != NULL && tr_is(policy->store, TR_MAP))
		from = tr_map_put_s(from, "policy", tr_keep(policy->store));
	return TR_LIST(tr_atom("put"), tr_keep(v), from);
}

typedef struct putting {
	tr_value value; /* borrowed */
	const refs_origin *origin;
	const keep_policy *policy;
	tr_value placed; /* what the controller says; borrowed */
} putting;

/* Playbooks name stores that another node may lack; a controller that names one that is not there is set up wrongly. */
static void tell_of_own_store(const putting *p, tr_str name)
{
	tr_value asked = p->policy != NULL ? tr_map_get_s(p->policy->store, "store") : tr_absent();
	if (!tr_str_eq(tr_as_str(asked), name))
		tr_log(TR_WARNING, tr_absent(),
		       "a large result of step %.*s goes to the node's own store: %s names the store '%.*s', and none "
		       "of this name is set up (the setting stores of the plugin storage)",
		       TR_STR(p->origin->step), controller_capability(CONTROLLER_RESULT), TR_STR(name));
}

/* To the store that it names; nil when that is the node's own, or none that is set up. */
static tr_value elsewhere(tr_value value, const putting *p)
{
	tr_value name = tr_map_get_s(p->placed, "store");
	if (!tr_is(name, TR_STRING) || tr_str_is(tr_as_str(name), STORAGE_OWN))
		return tr_nil();
	tr_value reply = storage_put(tr_as_str(name), value, origin_value(p->origin), tr_in(PUT_TIMEOUT));
	if (!tr_is_nil(reply) && tr_value_err(reply) != TR_ENOPROC) /* a node without the plugin */
		return reply;
	tell_of_own_store(p, tr_as_str(name));
	return tr_nil();
}

static tr_value put_core(void *arg, tr_value context)
{
	const putting *p = arg;
	tr_value value = tr_map_get_s(context, "value");
	value = tr_is_valid(value) ? value : p->value;
	tr_value reply = elsewhere(value, p);
	return tr_is_nil(reply)
		   ? tr_call_name(SUBJECT_ARTIFACTS, put_request(value, p->origin, p->policy), tr_in(PUT_TIMEOUT))
		   : reply;
}

/* The store's answer, or that of a hook at result_store that stood instead of it. */
static tr_value store(putting *p)
{
	if (!hooks_any(tr_here(), HOOK_RESULT_STORE))
		return put_core(p, tr_nil());
	const refs_origin *from = p->origin;
	tr_value refusal = tr_absent();
	tr_value context = TR_DICT("execution_id", tr_stringf("%lld", (long long)from->execution_id), "step",
				   tr_string_n(from->step.p, from->step.n), "label",
				   tr_string_n(from->label.p, from->label.n), "value", tr_keep(p->value));
	tr_value reply = hooks_run(HOOK_RESULT_STORE, context, put_core, p, &refusal);
	return tr_is_valid(refusal) ? hook_error(refusal) : reply;
}

static tr_value place(tr_value v, const refs_origin *origin, const keep_policy *policy, tr_value *error)
{
	return controllers_answer(origin->pures, CONTROLLER_RESULT,
				  TR_DICT("ask", tr_word("place"), "step", tr_string_n(origin->step.p, origin->step.n),
					  "label", tr_string_n(origin->label.p, origin->label.n), "value", tr_keep(v),
					  "policy", policy != NULL ? tr_keep(policy->store) : tr_nil(), "select",
					  policy != NULL ? tr_keep(policy->select) : tr_nil()),
				  error);
}

/* Takes why. */
static void tell_it_stays(const refs_origin *origin, tr_value why, const char *text)
{
	tr_log(TR_WARNING, why, "a large result of step %.*s stays in the event log: %s", TR_STR(origin->step), text);
}

/* Its reference, or v again. Takes v. */
static tr_value put(tr_value v, putting *p)
{
	p->value = v;
	tr_value reply = store(p), selected = tr_map_get_s(p->placed, "selected");
	if (!refs_is(reply)) {
		tell_it_stays(p->origin, tr_is_valid(reply) ? reply : tr_absent(),
			      tr_is_valid(reply) ? tr_as_cstr(tr_array_at(reply, 1), "the artifact store refused it")
						 : tr_err_text(tr_value_err(reply)));
		return v;
	}
	tr_drop(v);
	return tr_is(selected, TR_MAP) ? tr_map_put_s(reply, "selected", tr_keep(selected)) : reply;
}

tr_value refs_put(tr_value v, const refs_origin *origin, const keep_policy *policy)
{
	v = tr_redact(tr_here(), v);
	if (!tr_is_valid(v) || tr_whereis(SUBJECT_ARTIFACTS).bits == 0)
		return v;
	tr_value error = tr_absent(), placed = place(v, origin, policy, &error);
	if (!tr_is_valid(placed)) {
		const char *text = tr_as_cstr(tr_map_get_s(error, "message"), "nobody says where it goes");
		tell_it_stays(origin, tr_keep(error), text);
		tr_drop(error);
		return v;
	}
	putting p = {.origin = origin, .policy = policy, .placed = placed};
	if (!tr_as_bool(tr_map_get_s(placed, "inline"), false))
		v = put(v, &p);
	tr_drop(placed);
	return v;
}

typedef struct externaliser {
	const refs_origin *origin;
	const keep_policy *policy; /* of results */
	tr_value value, ref; /* the last one put: a result is often the task's, the pipeline's and the step's at once */
} externaliser;

static bool same_box(tr_value a, tr_value b)
{
	return a.type == b.type && a.type >= (uint32_t)TR_STRING && a.as.box == b.as.box;
}

/* One part: as it is, or its reference. Fresh reference. */
static tr_value part(externaliser *x, tr_value v, bool result)
{
	if (refs_is(v) || !refs_is_large(v, result ? x->policy->inline_max : x->policy->limit))
		return tr_keep(v);
	if (!same_box(x->value, v)) {
		tr_assign(&x->ref, refs_put(tr_keep(v), x->origin, result ? x->policy : NULL));
		tr_assign(&x->value, tr_keep(v));
	}
	return tr_keep(x->ref);
}

/* These hold several values of their own, each kept or put for itself. */
static bool holds_parts(tr_str key)
{
	static const char *const keys[] = {"outcome", "iter", "vars", "ctx", "locals", "error"};
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		if (tr_str_is(key, keys[i]))
			return true;
	}
	return false;
}

static tr_value parts(externaliser *x, tr_value map, bool top)
{
	tr_value out = tr_map_with(tr_map_len(map));
	const tr_entry *e = tr_map_entries(map);
	for (size_t i = 0, n = tr_map_len(map); i < n; i++) {
		tr_str key = tr_as_str(e[i].key);
		bool deeper = top && tr_is(e[i].value, TR_MAP) && holds_parts(key);
		tr_value v = deeper ? parts(x, e[i].value, false) : part(x, e[i].value, tr_str_is(key, "result"));
		out = tr_map_put(out, tr_keep(e[i].key), v);
	}
	return out;
}

/* Takes and returns the payload. */
static tr_value externalise(tr_value payload, const refs_origin *origin, const keep_policy *policy)
{
	size_t least = policy->inline_max < policy->limit ? policy->inline_max : policy->limit;
	if (!tr_is(payload, TR_MAP) || !refs_is_large(payload, least))
		return payload;
	externaliser x = {.origin = origin, .policy = policy};
	tr_value out = parts(&x, payload, true);
	tr_drop(x.value);
	tr_drop(x.ref);
	tr_drop(payload);
	return out;
}

void refs_keep_event(event *e, const refs_origin *origin, const keep_policy *policy)
{
	if (event_unshape(e) == TR_OK) /* else the event's payload tells */
		e->payload = externalise(tr_redact(tr_here(), e->payload), origin, policy);
}

/* What is left of `room` behind v; 0 when it does not fit, or is too deep to be looked at. */
static size_t room_behind(tr_value v, size_t room, int depth)
{
	if (v.type < (uint32_t)TR_STRING)
		return room;
	if (tr_is(v, TR_STRING) || tr_is(v, TR_BINARY)) {
		size_t n = tr_as_str(v).n + 16;
		return n < room ? room - n : 0;
	}
	size_t items = tr_array_len(v), entries = tr_map_len(v);
	if (depth == 0 || tr_is(v, TR_OBJECT) || items > PLAIN_MOST || entries > PLAIN_MOST)
		return 0;
	const tr_value *item = tr_array_items(v);
	for (size_t i = 0; i < items && room > 0; i++)
		room = room_behind(item[i], room, depth - 1);
	const tr_entry *e = tr_map_entries(v);
	for (size_t i = 0; i < entries && room > 0; i++) {
		room = room_behind(e[i].key, room, 1);
		if (e[i].value.type >= (uint32_t)TR_STRING)
			room = room_behind(e[i].value, room, depth - 1);
	}
	return room;
}

bool refs_no_secrets(void)
{
	return tr_node_get(tr_here(), TR_SLOT_REDACT) == NULL;
}

bool refs_event_is_plain(const event *e)
{
	size_t room = KEEP_LEAST;
	if (e->type == EVENT_STEP_STARTED || e->type == EVENT_TASK_STARTED)
		return true; /* names of the playbook, which are bounded */
	for (int i = 0; e->shaped && i < EVENT_FIELDS; i++)
		if (e->field[i].type >= (uint32_t)TR_STRING)
			room = room_behind(e->field[i], room, PLAIN_DEPTH);
	return (tr_is_nil(e->payload) ? room : room_behind(e->payload, room, PLAIN_DEPTH)) > 0;
}
