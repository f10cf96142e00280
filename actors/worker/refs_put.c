/* SPDX-License-Identifier: Apache-2.0 */
/** Results by reference: what is large goes to the artifact store. */
#include "actors/protocol.h"
#include "actors/worker/refs.h"

#include <troupe/codec.h>
#include <troupe/log.h>

#define PUT_TIMEOUT (60 * TR_SECOND)

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

tr_value refs_put(tr_value v, const refs_origin *origin)
{
	if (!tr_is_valid(v) || tr_whereis(SUBJECT_ARTIFACTS).bits == 0)
		return v;
	tr_value from =
	    TR_DICT("execution_id", tr_int(origin->execution_id), "step", tr_string_n(origin->step.p, origin->step.n),
		    "label", tr_string_n(origin->label.p, origin->label.n));
	tr_value reply = tr_call_name(SUBJECT_ARTIFACTS, TR_LIST(tr_atom("put"), tr_keep(v), from), tr_in(PUT_TIMEOUT));
	if (refs_is(reply)) {
		tr_drop(v);
		return reply;
	}
	tr_log(TR_WARNING, tr_is_valid(reply) ? reply : tr_absent(),
	       "a large result of step %.*s stays in the event log: %s", TR_STR(origin->step),
	       tr_is_valid(reply) ? "the artifact store refused it" : tr_err_text(tr_value_err(reply)));
	return v;
}

/* The last value that was put: a result is often the task's, the pipeline's and the step's at once. */
typedef struct put_memo {
	tr_value value;
	tr_value ref;
} put_memo;

static bool same_box(tr_value a, tr_value b)
{
	return a.type == b.type && a.type >= (uint32_t)TR_STRING && a.as.box == b.as.box;
}

static tr_value externalise(tr_value v, size_t limit, const refs_origin *origin, put_memo *memo, int depth)
{
	if (!refs_is_large(v, limit) || refs_is(v))
		return tr_keep(v);
	if (depth == 0 || !tr_is(v, TR_MAP)) {
		if (!same_box(memo->value, v)) {
			tr_assign(&memo->ref, refs_put(tr_keep(v), origin));
			tr_assign(&memo->value, tr_keep(v));
		}
		return tr_keep(memo->ref);
	}
	tr_value out = tr_map_with(tr_map_len(v));
	const tr_entry *e = tr_map_entries(v);
	for (size_t i = 0, n = tr_map_len(v); i < n; i++) {
		tr_str key = tr_as_str(e[i].key);
		/* These hold several values of their own, each kept or put for itself. */
		bool inner =
		    depth > 1 && (tr_str_is(key, "outcome") || tr_str_is(key, "iter") || tr_str_is(key, "vars") ||
				  tr_str_is(key, "ctx") || tr_str_is(key, "locals") || tr_str_is(key, "error"));
		out = tr_map_put(out, tr_keep(e[i].key), externalise(e[i].value, limit, origin, memo, inner ? 1 : 0));
	}
	return out;
}

tr_value refs_externalise(tr_value payload, size_t limit, const refs_origin *origin)
{
	if (!refs_is_large(payload, limit))
		return payload;
	put_memo memo = {tr_absent(), tr_absent()};
	tr_value out = externalise(payload, limit, origin, &memo, 2);
	tr_drop(memo.value);
	tr_drop(memo.ref);
	tr_drop(payload);
	return out;
}

tr_value refs_manifest(tr_value parts, int64_t count)
{
	return TR_DICT("kind", tr_string("manifest"), "strategy", tr_string("concat"), "merge_path", tr_string(""),
		       "count", tr_int(count), "parts", parts);
}
