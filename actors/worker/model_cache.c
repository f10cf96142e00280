/* SPDX-License-Identifier: Apache-2.0 */
/** Playbooks by content hash, as a pool has had them from the catalog. */
#include "actors/worker/model_cache.h"
#include "actors/engine/catalog.h"
#include "actors/protocol.h"
#include "actors/worker/keep_policy.h"
#include "plugins/host/pure.h"

#include <troupe/log.h>

#define CATALOG_TIMEOUT (30 * TR_SECOND)

/* It was checked where it was put; which kinds of tools there are shows when a task wants one. */
static bool any_kind(void *arg, tr_str kind)
{
	(void)arg;
	return kind.n > 0;
}

static playbook *compile(tr_value entry)
{
	const pb_check_options options = {.knows_kind = any_kind, .lenient = true, .recorded = true};
	diagnostics found;
	const char *file = tr_as_cstr(tr_map_get_s(entry, "file"), "<playbook>");
	diagnostics_init(&found, file);
	playbook *book = playbook_load(file, tr_as_str(tr_map_get_s(entry, "source")), &options, &found);
	if (book == NULL && found.count > 0)
		tr_log(TR_ERROR, tr_absent(), "a playbook of the catalog does not compile: %s:%u: %s", file,
		       found.items[0].line, found.items[0].message);
	diagnostics_fini(&found);
	return book;
}

static playbook *fetch(tr_value hash)
{
	tr_value entry = tr_call_name(SUBJECT_CATALOG, TR_LIST(tr_atom("get"), tr_keep(hash)), tr_in(CATALOG_TIMEOUT));
	/* On one node the checked model comes with the answer; from another only the text does. */
	const playbook *here = catalog_model_of(tr_map_get_s(entry, "model"));
	playbook *book = here != NULL ? playbook_hold(here) : tr_is(entry, TR_MAP) ? compile(entry) : NULL;
	tr_drop(entry);
	return book;
}

static void entry_fini(model_cache_entry *e)
{
	tr_drop(e->hash);
	tr_drop(e->words);
	tr_drop(e->pures);
	tr_drop(e->keep);
	playbook_free(&e->book);
}

static model_cache_entry *room(model_cache *c)
{
	if (c->count < MODEL_CACHE_SIZE)
		return &c->entries[c->count++];
	model_cache_entry *oldest = &c->entries[0];
	for (size_t i = 1; i < c->count; i++) {
		if (c->entries[i].used < oldest->used)
			oldest = &c->entries[i];
	}
	entry_fini(oldest);
	return oldest;
}

/* Plugins come and go. */
static const model_cache_entry *current(model_cache *c, model_cache_entry *e)
{
	const pure_table *pures = pure_table_of(e->pures);
	const words *w = words_of(e->words);
	if (w != NULL && (pures == NULL || !pure_table_current(pures))) {
		tr_assign(&e->pures, pure_table_new(tr_here(), words_kinds(w), w->task_count));
		tr_assign(&e->keep, keep_policy_usual(pure_table_of(e->pures)));
	}
	e->used = c->clock;
	return e;
}

static bool is_hash(tr_value have, tr_value wanted)
{
	return have.type == wanted.type && (have.as.box == wanted.as.box || tr_equal(have, wanted));
}

const model_cache_entry *model_cache_get(model_cache *c, tr_value hash)
{
	c->clock++;
	if (!tr_is(hash, TR_STRING) && !tr_is(hash, TR_BINARY))
		return NULL;
	for (size_t i = 0; i < c->count; i++) {
		if (is_hash(c->entries[i].hash, hash))
			return current(c, &c->entries[i]);
	}
	playbook *book = fetch(hash);
	if (book == NULL)
		return NULL;
	model_cache_entry *e = room(c);
	*e = (model_cache_entry){.hash = tr_keep(hash), .book = book, .words = words_new(book)};
	return current(c, e);
}

void model_cache_fini(model_cache *c)
{
	for (size_t i = 0; i < c->count; i++)
		entry_fini(&c->entries[i]);
	c->count = 0;
}
