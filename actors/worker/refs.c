/* SPDX-License-Identifier: Apache-2.0 */
/** Results by reference: recognising and loading them. */
#include "actors/worker/refs.h"
#include "actors/protocol.h"
#include "plugins/host/secret_ref.h"
#include "plugins/shared/storage/storage.h"

#include <troupe/plugin.h>
#include <troupe/template.h>

#define LOAD_TIMEOUT (30 * TR_SECOND)
#define WIDE_ARRAY   1024u

static bool is_manifest(tr_value v)
{
	return tr_str_is(tr_as_str(tr_map_get_s(v, "kind")), "manifest") && tr_is(tr_map_get_s(v, "parts"), TR_ARRAY);
}

bool refs_is(tr_value v)
{
	tr_value kind = tr_map_get_n(v, "kind", 4);
	if (!tr_is(kind, TR_STRING))
		return false;
	return tr_str_is(tr_as_str(kind), "result_ref") || secret_ref_is(v) || is_manifest(v);
}

static tr_value load_one(tr_value ref)
{
	tr_value reply =
	    storage_is_elsewhere(ref)
		? storage_get(ref, tr_in(LOAD_TIMEOUT))
		: tr_call_name(SUBJECT_ARTIFACTS, TR_LIST(tr_atom("get"), tr_keep(ref)), tr_in(LOAD_TIMEOUT));
	if (!tr_is_valid(reply))
		return reply;
	tr_value value = TR_IS_A(tr_array_at(reply, 0), ok) ? tr_keep(tr_array_at(reply, 1)) : tr_invalid(TR_ENOENT);
	tr_drop(reply);
	return value;
}

static tr_value load_secret(tr_value ref)
{
	tr_value outcome =
	    tr_plugin_run("secrets", tr_keep(tr_map_get_s(ref, "input")), tr_absent(), tr_in(LOAD_TIMEOUT));
	tr_value value = tr_value_path(outcome, "result", "value", (const char *)NULL);
	value = tr_is_valid(value) ? tr_keep(value) : tr_invalid(TR_ENOENT);
	tr_drop(outcome);
	return value;
}

tr_value refs_load(tr_value ref)
{
	if (secret_ref_is(ref))
		return load_secret(ref);
	if (!is_manifest(ref))
		return load_one(ref);
	tr_value parts = tr_map_get_s(ref, "parts");
	tr_value all = tr_array();
	for (size_t i = 0; i < tr_array_len(parts) && tr_is_valid(all); i++) {
		tr_value part = tr_array_at(parts, i); /* one that no store took is there itself */
		all = tr_array_concat(all, tr_is(part, TR_ARRAY) ? tr_keep(part) : load_one(part));
	}
	return all;
}

tr_value refs_known(tr_value ref, tr_str name)
{
	if (tr_str_is(name, "_ref"))
		return tr_keep(ref);
	return tr_keep(tr_map_get_n(tr_map_get_s(ref, "selected"), name.p, name.n));
}

/* ---- values that load themselves ---- */

static tr_value lazy_load(void *arg)
{
	const tr_value *ref = arg;
	tr_value v = refs_load(*ref);
	return tr_is_valid(v) ? refs_wrap(v, REFS_DEPTH) : v;
}

static void lazy_destroy(void *arg)
{
	tr_value *ref = arg;
	tr_drop(*ref);
	tr_free(ref);
}

static tr_value lazy_known(void *arg, tr_str name)
{
	const tr_value *ref = arg;
	return refs_known(*ref, name);
}

static tr_value wrap_one(tr_value ref)
{
	tr_value *own = tr_alloc(sizeof *own);
	if (own == NULL) {
		tr_drop(ref);
		return tr_invalid(TR_ENOMEM);
	}
	*own = ref;
	tr_lazy lazy = {.load = lazy_load, .destroy = lazy_destroy, .known = lazy_known, .arg = own};
	return tr_lazy_value(&lazy);
}

bool refs_any(tr_value v, int depth)
{
	if (depth < 0 || v.type < (uint32_t)TR_ARRAY || (tr_is(v, TR_MAP) && tr_map_len(v) == 0))
		return false;
	if (refs_is(v))
		return true;
	size_t n = tr_array_len(v);
	const tr_value *items = n <= WIDE_ARRAY ? tr_array_items(v) : NULL;
	for (size_t i = 0; items != NULL && i < n; i++) {
		if (items[i].type >= (uint32_t)TR_ARRAY && refs_any(items[i], depth - 1))
			return true;
	}
	const tr_entry *e = tr_map_entries(v);
	for (size_t i = 0, m = tr_map_len(v); i < m; i++) {
		if (e[i].value.type >= (uint32_t)TR_ARRAY && refs_any(e[i].value, depth - 1))
			return true;
	}
	return false;
}

static tr_value wrap_inside(tr_value v, int depth)
{
	if (refs_is(v))
		return wrap_one(tr_keep(v));
	if (depth <= 0)
		return tr_keep(v);
	if (tr_is(v, TR_ARRAY) && tr_array_len(v) <= WIDE_ARRAY) {
		tr_value out = tr_array_with(tr_array_len(v));
		for (size_t i = 0; i < tr_array_len(v); i++)
			out = tr_array_push(out, wrap_inside(tr_array_at(v, i), depth - 1));
		return out;
	}
	if (!tr_is(v, TR_MAP))
		return tr_keep(v);
	tr_value out = tr_map_with(tr_map_len(v));
	const tr_entry *e = tr_map_entries(v);
	for (size_t i = 0, n = tr_map_len(v); i < n; i++)
		out = tr_map_put(out, tr_keep(e[i].key), wrap_inside(e[i].value, depth - 1));
	return out;
}

tr_value refs_wrap(tr_value v, int depth)
{
	if (!refs_any(v, depth))
		return v;
	tr_value out = wrap_inside(v, depth);
	tr_drop(v);
	return out;
}

/* ---- and back to plain values ---- */

static bool has_object(tr_value v, int depth)
{
	if (tr_is(v, TR_OBJECT))
		return true;
	if (depth <= 0)
		return false;
	const tr_value *items = tr_array_items(v);
	for (size_t i = 0, n = tr_array_len(v); i < n; i++) {
		if (items[i].type >= (uint32_t)TR_ARRAY && has_object(items[i], depth - 1))
			return true;
	}
	const tr_entry *e = tr_map_entries(v);
	for (size_t i = 0, n = tr_map_len(v); i < n; i++) {
		if (e[i].value.type >= (uint32_t)TR_ARRAY && has_object(e[i].value, depth - 1))
			return true;
	}
	return false;
}

static tr_value force_inside(tr_value v, int depth)
{
	if (tr_is(v, TR_OBJECT)) {
		tr_value loaded = tr_lazy_force(v);
		if (!tr_is_valid(loaded) || tr_is(loaded, TR_OBJECT) || !has_object(loaded, depth))
			return loaded;
		tr_value plain = force_inside(loaded, depth - 1);
		tr_drop(loaded);
		return plain;
	}
	if (depth <= 0 || !has_object(v, depth))
		return tr_keep(v);
	if (tr_is(v, TR_ARRAY)) {
		tr_value out = tr_array_with(tr_array_len(v));
		for (size_t i = 0; i < tr_array_len(v); i++)
			out = tr_array_push(out, force_inside(tr_array_at(v, i), depth - 1));
		return out;
	}
	tr_value out = tr_map_with(tr_map_len(v));
	const tr_entry *e = tr_map_entries(v);
	for (size_t i = 0, n = tr_map_len(v); i < n; i++)
		out = tr_map_put(out, tr_keep(e[i].key), force_inside(e[i].value, depth - 1));
	return out;
}

tr_value refs_force(tr_value v)
{
	if (!has_object(v, 64))
		return v;
	tr_value out = force_inside(v, 64);
	tr_drop(v);
	return out;
}
