/* SPDX-License-Identifier: Apache-2.0 */
/** The keychain: entries that resolve themselves in templates, and the actor that resolves each once and remembers it.
 */
#include "actors/worker/keychain_internal.h"

#include <troupe/log.h>
#include <troupe/template.h>

#define ASK_TIMEOUT (90 * TR_SECOND)
#define MOST_KEYS   1000

/* ---- entries as values ---- */

static void entry_destroy(void *data)
{
	key_entry *e = data;
	playbook_free(&e->book);
	tr_drop(e->workload);
	tr_drop(e->env);
	tr_free(e);
}

static const tr_class entry_class = {"keychain entry", entry_destroy};

tr_value key_entry_value(const playbook *book, size_t index, int64_t execution_id, tr_value workload, tr_value env)
{
	key_entry *e = tr_alloc(sizeof *e);
	if (e == NULL)
		return tr_invalid(TR_ENOMEM);
	*e = (key_entry){playbook_hold(book), index, execution_id, tr_keep(workload), tr_keep(env)};
	return tr_object(&entry_class, e);
}

const key_entry *key_entry_of(tr_value object)
{
	return tr_as_object(object, &entry_class);
}

static tr_value lazy_load(void *arg)
{
	const tr_value *object = arg;
	const key_entry *e = key_entry_of(*object);
	tr_str name = e->book->keychain[e->index].name;
	tr_value reply = tr_call_name(SUBJECT_KEYCHAIN, tr_keep(*object), tr_in(ASK_TIMEOUT));
	if (TR_IS_A(tr_array_at(reply, 0), ok)) {
		tr_value value = tr_keep(tr_array_at(reply, 1));
		tr_drop(reply);
		return value;
	}
	tr_log(TR_WARNING, tr_absent(), "keychain.%.*s cannot be resolved: %s", TR_STR(name),
	       tr_is_valid(reply) ? tr_as_cstr(tr_array_at(reply, 1), "") : tr_err_text(tr_value_err(reply)));
	tr_drop(reply);
	return tr_invalid(TR_ENOENT);
}

static void lazy_destroy(void *arg)
{
	tr_value *object = arg;
	tr_drop(*object);
	tr_free(object);
}

tr_value keychain_map(const playbook *book, int64_t execution_id, tr_value workload, tr_value env)
{
	tr_value map = tr_map_with(book->keychain_count);
	for (size_t i = 0; i < book->keychain_count; i++) {
		tr_value *object = tr_alloc(sizeof *object);
		if (object == NULL) {
			tr_drop(map);
			return tr_invalid(TR_ENOMEM);
		}
		*object = key_entry_value(book, i, execution_id, workload, env);
		tr_lazy lazy = {.load = lazy_load, .destroy = lazy_destroy, .arg = object};
		tr_str name = book->keychain[i].name;
		map = tr_map_put(map, tr_string_n(name.p, name.n), tr_lazy_value(&lazy));
	}
	return map;
}

/* ---- the actor ---- */

typedef struct key {
	struct key *next;
	int64_t execution_id;
	tr_value name;
	tr_value value;   /* absent while it is being resolved */
	int64_t until_ns; /* it holds until then */
	tr_ref resolver;
	tr_from *waiting;
	size_t waiting_count;
} key;

typedef struct keychain {
	key *keys; /* newest first */
	size_t count;
} keychain;

static void key_free(key *k)
{
	tr_drop(k->name);
	tr_drop(k->value);
	tr_free(k->waiting);
	tr_free(k);
}

static void keychain_release(void *state)
{
	keychain *c = state;
	for (key *k = c->keys, *next; k != NULL; k = next) {
		next = k->next;
		key_free(k);
	}
	c->keys = NULL;
}

static void forget(keychain *c, key *k)
{
	key **at = &c->keys;
	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	c->count--;
	key_free(k);
}

/* Ended ones go, and when there are too many the oldest that nobody waits for. */
static void make_room(keychain *c)
{
	int64_t now = tr_now();
	key *oldest = NULL;
	for (key *k = c->keys, *next; k != NULL; k = next) {
		next = k->next;
		if (tr_is_valid(k->value) && k->until_ns <= now)
			forget(c, k);
		else if (tr_is_valid(k->value))
			oldest = k;
	}
	if (c->count >= MOST_KEYS && oldest != NULL)
		forget(c, oldest);
}

static key *find(const keychain *c, const key_entry *e)
{
	tr_str name = e->book->keychain[e->index].name;
	for (key *k = c->keys; k != NULL; k = k->next) {
		if (k->execution_id == e->execution_id && tr_str_eq(tr_as_str(k->name), name))
			return k;
	}
	return NULL;
}

static void resolver(tr_value arg)
{
	tr_value object = tr_array_at(arg, 0);
	tr_value verdict = keychain_resolve(key_entry_of(object));
	tr_send(tr_as_pid(tr_array_at(arg, 1)), TR_LIST(TR_A(done), tr_keep(object), verdict));
}

static key *ask(keychain *c, tr_value object)
{
	const key_entry *e = key_entry_of(object);
	tr_str name = e->book->keychain[e->index].name;
	make_room(c);
	key *k = tr_alloc(sizeof *k);
	if (k == NULL)
		return NULL;
	tr_spawn_options options = {.label = "keychain resolver", .monitor = true};
	tr_spawned s = tr_spawn_opt(resolver, TR_LIST(tr_keep(object), tr_pid_value(tr_self())), &options);
	*k = (key){.next = c->keys,
		   .execution_id = e->execution_id,
		   .name = tr_string_n(name.p, name.n),
		   .value = tr_absent(),
		   .resolver = s.monitor};
	c->keys = k;
	c->count++;
	return k;
}

static tr_next keychain_call(void *state, tr_value request, tr_from from)
{
	keychain *c = state;
	const key_entry *e = key_entry_of(request);
	if (e == NULL)
		return tr_next_reply(TR_LIST(TR_A(error), tr_string("no keychain entry")));
	key *k = find(c, e);
	if (k != NULL && tr_is_valid(k->value) && tr_now() >= k->until_ns) {
		forget(c, k);
		k = NULL;
	}
	if (k != NULL && tr_is_valid(k->value))
		return tr_next_reply(TR_LIST(TR_A(ok), tr_keep(k->value)));
	if (k == NULL)
		k = ask(c, request);
	tr_from *waiting = k == NULL ? NULL : tr_realloc(k->waiting, (k->waiting_count + 1) * sizeof *waiting);
	if (waiting == NULL)
		return tr_next_reply(TR_LIST(TR_A(error), tr_string("out of memory")));
	k->waiting = waiting;
	k->waiting[k->waiting_count++] = from;
	return tr_noreply();
}

static void answer(key *k, tr_value verdict)
{
	for (size_t i = 0; i < k->waiting_count; i++)
		tr_reply(k->waiting[i], tr_keep(verdict));
	tr_free(k->waiting);
	k->waiting = NULL;
	k->waiting_count = 0;
}

static void resolved(keychain *c, tr_value message)
{
	key *k = find(c, key_entry_of(tr_array_at(message, 1)));
	tr_value verdict = tr_array_at(message, 2);
	if (k == NULL)
		return;
	tr_demonitor(k->resolver);
	answer(k, verdict);
	if (!TR_IS_A(tr_array_at(verdict, 0), ok)) {
		forget(c, k);
		return;
	}
	k->value = tr_keep(tr_array_at(verdict, 1));
	k->until_ns = tr_in(tr_as_int(tr_array_at(verdict, 2), 0) * TR_SECOND);
}

static void resolver_down(keychain *c, tr_ref ref)
{
	for (key *k = c->keys; k != NULL; k = k->next) {
		if (tr_is_valid(k->value) || !tr_ref_eq(k->resolver, ref))
			continue;
		tr_value verdict = TR_LIST(TR_A(error), tr_string("the actor that resolved it ended"));
		answer(k, verdict);
		tr_drop(verdict);
		forget(c, k);
		return;
	}
}

static tr_next keychain_info(void *state, tr_value message)
{
	tr_value tag = tr_array_at(message, 0);
	if (TR_IS_A(tag, done) && key_entry_of(tr_array_at(message, 1)) != NULL)
		resolved(state, message);
	else if (TR_IS_A(tag, down))
		resolver_down(state, tr_as_ref(tr_array_at(message, 1)));
	return tr_noreply();
}

static tr_next keychain_init(void *state, tr_value arg)
{
	(void)arg;
	if (tr_own(state, keychain_release) != TR_OK)
		return tr_next_stop(tr_string("out of memory"));
	return tr_noreply();
}

static const tr_gen_server keychain_server = {.name = "keychain",
					      .state_size = sizeof(keychain),
					      .init = keychain_init,
					      .handle_call = keychain_call,
					      .handle_info = keychain_info};

tr_child_spec keychain_child(void)
{
	return (tr_child_spec){.id = "keychain",
			       .server = &keychain_server,
			       .arg = tr_nil(),
			       .restart = TR_PERMANENT,
			       .shutdown_ns = TR_SECOND,
			       .name = SUBJECT_KEYCHAIN,
			       .label = "keychain"};
}
