/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin. A request is served by an actor of its own, so that a slow store holds up nobody else. */
#include "plugins/shared/storage/storage.h"
#include "plugins/shared/storage/place.h"

#include <sodium.h>
#include <troupe/codec.h>
#include <troupe/gen_server.h>

#define REQUEST_NS (60 * TR_SECOND)

const char storage_manifest[] =
    "{\"id\": \"storage\", \"version\": \"1.0.0\", \"description\": \"Stores for results\", \"license\": "
    "\"Apache-2.0\","
    " \"capabilities\": [\"store:file\", \"store:postgres\", \"store:duckdb\", \"store:http\"],"
    " \"provides\": {\"store\": \"storage\"},"
    " \"needs\": [\"fs:*\", \"call:postgres\", \"call:duckdb\", \"call:http\"],"
    " \"config\": {\"stores\": {\"type\": \"map\", \"default\": {}, \"description\": \"name: {kind: file, folder} | "
    "{kind: "
    "postgres, auth, table} | {kind: duckdb, database, table} | {kind: http, url}\"}}}";

typedef struct state {
	tr_value stores;
} state;

/* A wrong store is found when the node starts, not when its first result comes. */
static tr_err storage_init(void *st, tr_value config, tr_value *reason)
{
	state *s = st;

	s->stores = tr_keep(tr_map_get_s(config, "stores"));
	for (size_t i = 0; i < tr_map_len(s->stores); i++) {
		const tr_entry *e = &tr_map_entries(s->stores)[i];
		tr_str kind = tr_as_str(tr_map_get_s(e->value, "kind"));
		if (tr_str_is(tr_as_str(e->key), STORAGE_OWN))
			*reason = tr_string("stores: " STORAGE_OWN " is the name of the node's own store");
		else if (place_find(kind) == NULL)
			*reason = tr_stringf("stores.%s: kind must be file, postgres, duckdb or http, not %.*s",
					     tr_as_cstr(e->key, "?"), TR_STR(kind));
		else
			continue;
		tr_clear(&s->stores); /* nobody stops what did not start */
		return TR_EINVAL;
	}
	return TR_OK;
}

static void storage_stop(void *st)
{
	state *s = st;

	tr_clear(&s->stores);
}

/* ---- a request ---- */

#define KEY_SIZE (2 * crypto_hash_sha256_BYTES + 1)

static void key_of(char key[KEY_SIZE], tr_str bytes)
{
	unsigned char sum[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(sum, (const unsigned char *)bytes.p, bytes.n);
	sodium_bin2hex(key, KEY_SIZE, sum, sizeof sum);
}

static tr_value failure(const char *name, tr_value why)
{
	tr_value answer =
	    TR_LIST(TR_A(error), tr_stringf("the store %s: %s", name, tr_as_cstr(why, "it gave no reason")));

	tr_drop(why);
	return answer;
}

static tr_value reference(const char *name, const char *key, size_t size, tr_value origin)
{
	tr_buf id = {0};

	tr_show(&id, tr_map_get_s(origin, "execution_id"), 40);
	tr_value uri = tr_stringf("noetl://execution/%s/step/%s/%.16s", id.p == NULL ? "0" : id.p,
				  tr_as_cstr(tr_map_get_s(origin, "step"), "-"), key);
	tr_buf_fini(&id);
	return TR_DICT("kind", tr_string("result_ref"), "ref", uri, "store", tr_string(name), "key", tr_string(key),
		       "checksum", tr_stringf("sha256:%s", key), "size", tr_int((int64_t)size), "content_type",
		       tr_string("application/msgpack"));
}

static tr_value put(tr_value store, const char *name, tr_value value, tr_value origin)
{
	const place *p = place_find(tr_as_str(tr_map_get_s(store, "kind")));
	tr_buf bytes = {0};
	char key[KEY_SIZE];

	if (tr_msgpack_write(&bytes, value) != TR_OK) {
		tr_buf_fini(&bytes);
		return failure(name, tr_string("the value cannot be written as MessagePack"));
	}
	tr_value held = tr_own_value(tr_binary(bytes.p, bytes.n)); /* this actor may be ended while it waits */
	tr_buf_fini(&bytes);
	key_of(key, tr_as_str(held));
	tr_value why = p->put(store, tr_s(key), tr_as_str(held), tr_in(REQUEST_NS));
	return tr_is_valid(why) ? failure(name, why) : reference(name, key, tr_as_str(held).n, origin);
}

static bool is_key(tr_str key)
{
	bool ok = key.n == KEY_SIZE - 1;

	for (size_t i = 0; ok && i < key.n; i++)
		ok = (key.p[i] >= '0' && key.p[i] <= '9') || (key.p[i] >= 'a' && key.p[i] <= 'f');
	return ok;
}

static tr_value get(tr_value store, const char *name, tr_value ref)
{
	const place *p = place_find(tr_as_str(tr_map_get_s(store, "kind")));
	tr_str key = tr_as_str(tr_map_get_s(ref, "key"));
	char found[KEY_SIZE];
	tr_value why = tr_absent();

	if (p == NULL)
		return failure(name, tr_string("no store of this name is set up; see the setting stores of the plugin "
					       "storage"));
	if (!is_key(key))
		return failure(name, tr_string("a reference needs the SHA-256 as its key"));
	tr_value bytes = tr_own_value(p->get(store, key, tr_in(REQUEST_NS), &why));
	if (!tr_is_valid(bytes))
		return failure(name, why);
	key_of(found, tr_as_str(bytes));
	tr_value value = tr_str_is(key, found) ? tr_msgpack_read(tr_as_str(bytes), NULL, NULL, NULL) : tr_absent();
	return tr_is_valid(value) ? TR_LIST(TR_A(ok), value)
				  : failure(name, tr_string("what it gave is not what was stored"));
}

/* arg: [pid, ref, store, name, put, value, origin] or [pid, ref, store, name, get, ref] */
static void serve(tr_value arg)
{
	tr_from from = {tr_as_pid(tr_array_at(arg, 0)), tr_as_ref(tr_array_at(arg, 1))};
	tr_value store = tr_array_at(arg, 2);
	const char *name = tr_as_cstr(tr_array_at(arg, 3), "?");

	if (tr_array_len(arg) == 7)
		tr_reply(from, put(store, name, tr_array_at(arg, 5), tr_array_at(arg, 6)));
	else
		tr_reply(from, get(store, name, tr_array_at(arg, 5)));
}

static tr_value storage_call(void *st, tr_value request, tr_from from)
{
	const state *s = st;
	bool puts = tr_array_len(request) == 4;
	tr_value name = puts ? tr_array_at(request, 1) : tr_map_get_s(tr_array_at(request, 1), "store");
	tr_value store = tr_map_get(s->stores, name);

	if (puts && !tr_is(store, TR_MAP))
		return tr_nil();
	tr_value arg =
	    TR_LIST(tr_pid_value(from.pid), tr_ref_value(from.ref), tr_is(store, TR_MAP) ? tr_keep(store) : tr_map(),
		    tr_keep(name), tr_keep(tr_array_at(request, 0)), tr_keep(tr_array_at(request, puts ? 2 : 1)));
	if (puts)
		arg = tr_array_push(arg, tr_keep(tr_array_at(request, 3)));
	if (tr_spawn(serve, arg).bits == 0)
		return TR_LIST(TR_A(error), tr_string("out of memory"));
	return tr_absent();
}

const tr_plugin storage_plugin = {
    TR_PLUGIN_HEAD, .state_size = sizeof(state), .init = storage_init, .stop = storage_stop, .call = storage_call,
};
