/* SPDX-License-Identifier: Apache-2.0 */
/* The artifact store actor: values in, ResultRefs out, and back. Messages: actors/protocol.h. */
#include "actors/store/artifact_file.h"
#include "actors/store/artifact_holders.h"
#include "actors/store/artifact_place.h"
#include "actors/store/references.h"
#include "actors/store/spools.h"
#include "actors/store/store_actor.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define PREVIEW_MAX 200u
#define ADDRESS     REFERENCES_ADDRESS

struct artifacts {
	tr_value data; /* text */
	tr_value put, get, head, remove, begin, more, end;
	spools spools;
};

struct work {
	const char *data;
	tr_value value;
	tr_str key;
	tr_value holder; /* text: who puts it; who deletes it, or its beginning */
	bool all;        /* holders that begin so */
	bool unlisted;   /* who put it is written down nowhere */
	artifact_info info;
	int os_error;
	tr_err err;
};

static void *do_hold(void *arg)
{
	struct work *w = arg;
	w->err = holders_add(w->data, w->info.key, tr_as_str(w->holder), w->info.known, &w->os_error);
	return NULL;
}

static void *do_write(void *arg)
{
	struct work *w = arg;
	w->err = artifact_write(w->data, w->value, &w->info, &w->os_error);
	return w->err == TR_OK ? do_hold(w) : NULL;
}

static void *do_read(void *arg)
{
	struct work *w = arg;
	w->value = artifact_read(w->data, w->key);
	return NULL;
}

static void *do_find(void *arg)
{
	struct work *w = arg;
	w->err = artifact_find(w->data, w->key, &w->info);
	return NULL;
}

static void *do_remove(void *arg)
{
	struct work *w = arg;
	size_t dropped = 0, left = 0;
	w->unlisted = false;
	(void)do_find(w);
	if (w->err != TR_OK && w->err != TR_ECORRUPT)
		return NULL;
	w->err = holders_drop(w->data, w->info.key, tr_as_str(w->holder), w->all, &dropped, &left);
	w->unlisted = w->err == TR_ENOENT; /* it is older than the lists */
	if (w->unlisted)
		w->err = tr_as_str(w->holder).n > 0 ? TR_EDENIED : TR_OK;
	else if (w->err == TR_OK && dropped == 0)
		w->err = w->all && left > 0 ? TR_EDENIED : TR_ENOENT;
	if (w->err == TR_OK && left == 0)
		w->err = artifact_remove(w->data, w->info.key, &w->os_error);
	return NULL;
}

static tr_value failure(const char *what, tr_err err, int os_error)
{
	return TR_LIST(TR_A(error), tr_stringf("%s: %s", what, os_error != 0 ? strerror(os_error) : tr_err_text(err)));
}

/* What a reader may want to know without loading it: kind, and keys or length. */
static tr_value schema_hint(tr_value v)
{
	tr_value hint = TR_DICT("type", tr_string(tr_type_name(tr_type_of(v))));
	if (tr_is(v, TR_ARRAY))
		return tr_map_put_s(hint, "length", tr_int((int64_t)tr_array_len(v)));
	if (!tr_is(v, TR_MAP))
		return hint;
	tr_value keys = tr_array();
	const tr_entry *entries = tr_map_entries(v);
	for (size_t i = 0; i < tr_map_len(v) && i < 20; i++)
		keys = tr_array_push(keys, tr_keep(entries[i].key));
	return tr_map_put_s(hint, "keys", keys);
}

static tr_value preview(tr_value v)
{
	tr_buf text = {0};
	tr_show(&text, v, PREVIEW_MAX);
	return tr_string_buf(&text);
}

/* ID/step/STEP/LABEL: the middle of an address. Fresh. */
static tr_value holder_of(tr_value context)
{
	tr_buf id = {0};
	const char *label = tr_as_cstr(tr_map_get_s(context, "label"), NULL);
	tr_show(&id, tr_map_get_s(context, "execution_id"), 40);
	tr_value holder =
	    tr_stringf("%s/step/%s%s%s", id.p != NULL ? id.p : "0", tr_as_cstr(tr_map_get_s(context, "step"), "-"),
		       label != NULL ? "/" : "", label != NULL ? label : "");
	tr_buf_fini(&id);
	return holder;
}

/* {kind, ref, …} of what was stored; without schema_hint and preview when its value is not at hand. */
static tr_value make_ref(const struct work *w)
{
	tr_value ref = tr_stringf(ADDRESS "%s/%.16s", tr_as_cstr(w->holder, "-"), w->info.key);
	tr_value out = TR_DICT("kind", tr_string("result_ref"), "ref", ref, "store", tr_string("file"), "key",
			       tr_string(w->info.key), "checksum", tr_stringf("sha256:%s", w->info.key), "size",
			       tr_int((int64_t)w->info.size), "content_type", tr_string("application/msgpack"));
	if (!tr_is_valid(w->value))
		return out;
	out = tr_map_put_s(out, "schema_hint", schema_hint(w->value));
	return tr_map_put_s(out, "preview", preview(w->value));
}

static tr_value put(struct artifacts *a, tr_value value, tr_value context)
{
	struct work w = {.data = tr_as_cstr(a->data, ""), .value = value, .holder = holder_of(context)};
	tr_err err;
	tr_dirty(do_write, &w, &err);
	if (err == TR_OK)
		err = w.err;
	tr_value out = err == TR_OK ? make_ref(&w) : failure("the artifact cannot be stored", err, w.os_error);
	tr_drop(w.holder);
	return out;
}

static tr_value get(struct artifacts *a, tr_value ref)
{
	struct work w = {
	    .data = tr_as_cstr(a->data, ""), .value = tr_absent(), .key = tr_as_str(tr_map_get_s(ref, "key"))};
	tr_err err;
	tr_dirty(do_read, &w, &err);
	if (err == TR_OK && tr_is_valid(w.value))
		return TR_LIST(TR_A(ok), w.value);
	return failure(tr_as_cstr(tr_map_get_s(ref, "ref"), "the artifact cannot be read"),
		       err != TR_OK ? err : tr_value_err(w.value), 0);
}

/* By whatever names it: a ResultRef, or the text in one. */
static tr_str name_of(tr_value ref)
{
	tr_str key = tr_as_str(tr_map_get_s(ref, "key"));
	return tr_is(ref, TR_MAP) ? (key.n > 0 ? key : tr_as_str(tr_map_get_s(ref, "ref"))) : tr_as_str(ref);
}

static tr_value refused(tr_str name, tr_err err, int os_error)
{
	tr_value what = err == TR_EINVAL ? tr_string("this names no artifact; a reference ends in its SHA-256")
					 : tr_stringf("the artifact %.*s", (int)(name.n < 200 ? name.n : 200), name.p);
	tr_value answer = failure(tr_as_cstr(what, ""), err, os_error);
	tr_drop(what);
	return answer;
}

static tr_value head(struct artifacts *a, tr_value ref)
{
	struct work w = {.data = tr_as_cstr(a->data, ""), .key = name_of(ref)};
	tr_err err;
	tr_dirty(do_find, &w, &err);
	err = err == TR_OK ? w.err : err;
	if (err == TR_ENOENT)
		return tr_nil();
	if (err != TR_OK)
		return refused(w.key, err, 0);
	bool address = memchr(w.key.p, '/', w.key.n) != NULL;
	tr_value uri = address ? tr_string_n(w.key.p, w.key.n) : tr_stringf("noetl://artifact/%s", w.info.key);
	return TR_LIST(TR_A(ok),
		       TR_DICT("kind", tr_string("result_ref"), "ref", uri, "store", tr_string("file"), "key",
			       tr_string(w.info.key), "checksum", tr_stringf("sha256:%s", w.info.key), "size",
			       tr_int((int64_t)w.info.size), "content_type", tr_string("application/msgpack")));
}

/* Whose hold is given up: what the address names, else all that the execution (0: anybody) holds. False: the address
 * names another execution's. */
static bool read_holder(struct work *w, tr_value ref, int64_t execution_id)
{
	tr_str name = tr_is(ref, TR_MAP) ? tr_as_str(tr_map_get_s(ref, "ref")) : tr_as_str(ref);
	size_t head = sizeof ADDRESS - 1, end = name.n;
	tr_value own = execution_id == 0 ? tr_string("") : tr_stringf("%" PRId64 "/", execution_id);
	tr_str prefix = tr_as_str(own);

	w->all = name.n < head || memcmp(name.p, ADDRESS, head) != 0;
	if (w->all) {
		w->holder = own;
		return true;
	}
	while (end > head && name.p[end - 1] != '/')
		end--;
	size_t n = end > head ? end - head - 1 : 0;
	bool ours = n >= prefix.n && memcmp(name.p + head, prefix.p, prefix.n) == 0;
	w->holder = tr_string_n(name.p + head, n);
	tr_drop(own);
	return ours;
}

static tr_value remove_one(struct artifacts *a, tr_value ref, tr_value context)
{
	struct work w = {.data = tr_as_cstr(a->data, ""), .key = name_of(ref)};
	bool ours = read_holder(&w, ref, tr_as_int(tr_map_get_s(context, "execution_id"), 0));
	tr_err err = TR_OK;
	tr_dirty(ours ? do_remove : do_find, &w, &err);
	err = err == TR_OK ? w.err : err;
	err = err == TR_OK && !ours ? TR_EDENIED : err;
	tr_drop(w.holder);
	if (err == TR_EDENIED && w.unlisted)
		return TR_LIST(tr_atom("denied"),
			       tr_string("nobody wrote down who put it; 'troupe store repair' finds it in the logs"));
	if (err == TR_EDENIED)
		return TR_LIST(tr_atom("denied"), tr_string("another execution put it, and only that may delete it"));
	return err == TR_OK ? TR_A(ok) : err == TR_ENOENT ? tr_nil() : refused(w.key, err, w.os_error);
}

static tr_value end(struct artifacts *a, int64_t number, tr_value context)
{
	struct work w = {.data = tr_as_cstr(a->data, ""), .value = tr_absent(), .holder = holder_of(context)};
	tr_value out = spools_store(&a->spools, w.data, number, &w.info);
	tr_err err = TR_OK;
	if (!tr_is_valid(out)) {
		tr_dirty(do_hold, &w, &err);
		err = err == TR_OK ? w.err : err;
		out = err == TR_OK ? make_ref(&w) : failure("the artifact cannot be stored", err, w.os_error);
	}
	tr_drop(w.holder);
	return out;
}

static void *do_clear(void *arg)
{
	spool_clear(arg);
	return NULL;
}

/* However the actor ends: terminate would not run on a plain exit signal. */
static void give_back(void *ptr)
{
	struct artifacts *a = ptr;
	spools_fini(&a->spools);
	tr_clear(&a->data);
}

static tr_next artifacts_init(void *state, tr_value arg)
{
	struct artifacts *a = state;
	a->data = tr_keep(tr_map_get_s(arg, "data"));
	a->put = tr_atom("put");
	a->get = tr_atom("get");
	a->head = tr_atom("head");
	a->remove = tr_atom("delete");
	a->begin = tr_atom("begin");
	a->more = tr_atom("more");
	a->end = tr_atom("end");
	tr_dirty(do_clear, (void *)(uintptr_t)tr_as_cstr(a->data, ""), NULL);
	return tr_own(a, give_back) == TR_OK ? tr_noreply() : tr_next_stop(TR_A(enomem));
}

static tr_next artifacts_call(void *state, tr_value request, tr_from from)
{
	struct artifacts *a = state;
	tr_value what = tr_array_at(request, 0);
	if (tr_equal(what, a->begin))
		return tr_next_reply(spools_open(&a->spools, tr_as_cstr(a->data, ""), from.pid));
	if (tr_equal(what, a->more))
		return tr_next_reply(
		    spools_write(&a->spools, tr_as_int(tr_array_at(request, 1), 0), tr_array_at(request, 2)));
	if (tr_equal(what, a->end))
		return tr_next_reply(end(a, tr_as_int(tr_array_at(request, 1), 0), tr_array_at(request, 2)));
	if (tr_equal(what, a->put) && tr_array_len(request) >= 2)
		return tr_next_reply(put(a, tr_array_at(request, 1), tr_array_at(request, 2)));
	if (tr_equal(what, a->get))
		return tr_next_reply(get(a, tr_array_at(request, 1)));
	if (tr_equal(what, a->head))
		return tr_next_reply(head(a, tr_array_at(request, 1)));
	if (tr_equal(what, a->remove))
		return tr_next_reply(remove_one(a, tr_array_at(request, 1), tr_array_at(request, 2)));
	return tr_next_reply(
	    TR_LIST(TR_A(error), tr_string("the artifact store knows put, get, head, delete, begin, more and end")));
}

static tr_next artifacts_info(void *state, tr_value message)
{
	struct artifacts *a = state;
	if (TR_IS_A(tr_array_at(message, 0), down))
		spools_gone(&a->spools, tr_as_ref(tr_array_at(message, 1)));
	return tr_noreply();
}

const tr_gen_server artifacts_server = {
    .name = "artifact store",
    .state_size = sizeof(struct artifacts),
    .init = artifacts_init,
    .handle_call = artifacts_call,
    .handle_info = artifacts_info,
};
