/* SPDX-License-Identifier: Apache-2.0 */
/* Records of the index, and the table they make. Reading and writing the file is in index_file.c. */
#include "actors/store/index.h"

#include <inttypes.h>
#include <string.h>
#include <troupe/codec.h>

#include "actors/store/index_table.h"

bool index_wants(event_type t)
{
	return t == EVENT_EXECUTION_REQUESTED || t == EVENT_EXECUTION_PAUSED || t == EVENT_EXECUTION_RESUMED ||
	       t == EVENT_PLAYBOOK_PROCESSED;
}

static tr_value or_nil(tr_value v)
{
	return tr_is_valid(v) ? tr_keep(v) : tr_nil();
}

/* [time, status, folder, playbook, parent] */
static tr_value record(const event *e, const char *folder)
{
	bool first = e->type == EVENT_EXECUTION_REQUESTED;
	const char *status = e->type == EVENT_PLAYBOOK_PROCESSED
				 ? tr_as_cstr(tr_map_get_s(e->payload, "status"), e->status != NULL ? e->status : "")
			     : e->type == EVENT_EXECUTION_PAUSED ? (e->status != NULL ? e->status : "paused")
								 : "running";
	return TR_LIST(tr_int(e->time_us), tr_string(status),
		       folder != NULL ? tr_string_lossy(folder, strlen(folder)) : tr_nil(),
		       first ? or_nil(tr_map_get_s(e->payload, "playbook")) : tr_nil(),
		       first ? or_nil(tr_map_get_s(e->payload, "parent")) : tr_nil());
}

void index_put(tr_buf *out, const frame *f, const char *folder)
{
	event e;
	if (f->kind != FRAME_EVENT || !index_wants(f->type) || event_decode(f->payload, &e) != TR_OK)
		return;
	tr_value v = record(&e, folder);
	tr_buf bytes = {0};
	if (tr_is_valid(v) && tr_msgpack_write(&bytes, v) == TR_OK && bytes.err == TR_OK)
		frame_put(out, FRAME_INDEX, f->type, f->execution_id, f->seq, tr_buf_str(&bytes));
	tr_buf_fini(&bytes);
	tr_drop(v);
	event_fini(&e);
}

/* ---- the table ------------------------------------------------------------------------------------------------------
 */

void index_fini(index_table *t)
{
	for (size_t i = 0; i < t->count; i++) {
		tr_drop(t->entries[i].folder);
		tr_drop(t->entries[i].playbook);
		tr_drop(t->entries[i].parent);
	}
	tr_free(t->entries);
	tr_free(t->slots);
	*t = (index_table){0};
}

static size_t slot_of(const index_table *t, int64_t id)
{
	uint64_t x = (uint64_t)id * UINT64_C(0x9e3779b97f4a7c15);
	size_t at = (size_t)(x >> 32) & (t->slot_count - 1);
	while (t->slots[at] != 0 && t->entries[t->slots[at] - 1].id != id)
		at = (at + 1) & (t->slot_count - 1);
	return at;
}

tr_err index_slots(index_table *t, size_t count)
{
	uint32_t *slots = tr_alloc(count * sizeof *slots);
	if (slots == NULL)
		return TR_ENOMEM;
	tr_free(t->slots);
	t->slots = slots;
	t->slot_count = count;
	for (size_t i = 0; i < t->count; i++)
		t->slots[slot_of(t, t->entries[i].id)] = (uint32_t)(i + 1);
	return TR_OK;
}

index_entry *index_find(const index_table *t, int64_t id)
{
	uint32_t at = t->slot_count == 0 ? 0 : t->slots[slot_of(t, id)];
	return at == 0 ? NULL : &t->entries[at - 1];
}

index_entry *index_entry_of(index_table *t, int64_t id)
{
	index_entry *e = index_find(t, id);
	if (e != NULL)
		return e;
	if (t->count + 1 > t->slot_count / 2 && index_slots(t, t->slot_count == 0 ? 64 : t->slot_count * 2) != TR_OK)
		return NULL;
	if (t->count == t->capacity) {
		size_t capacity = t->capacity == 0 ? 32 : t->capacity * 2;
		index_entry *more = tr_realloc(t->entries, capacity * sizeof *more);
		if (more == NULL)
			return NULL;
		t->entries = more;
		t->capacity = capacity;
	}
	e = &t->entries[t->count++];
	*e = (index_entry){.id = id, .folder = tr_absent(), .playbook = tr_absent(), .parent = tr_absent()};
	t->slots[slot_of(t, id)] = (uint32_t)t->count;
	return e;
}

tr_err index_set_folder(index_entry *e, tr_str folder)
{
	if (tr_is_valid(e->folder) || !layout_folder_ok(folder))
		return TR_OK;
	e->folder = tr_string_n(folder.p, folder.n);
	return tr_value_err(e->folder);
}

static void take_status(index_entry *e, const frame *f, tr_value v)
{
	const char *status = event_status(tr_as_str(tr_array_at(v, 1)));
	if (e->status != NULL && f->seq < e->seq)
		return;
	e->seq = f->seq;
	e->status = status != NULL ? status : "running";
	e->finished = f->type == EVENT_PLAYBOOK_PROCESSED;
	e->ended_us = e->finished ? tr_as_int(tr_array_at(v, 0), 0) : 0;
}

bool index_held(const index_entry *e)
{
	return e->status != NULL && (strcmp(e->status, "paused") == 0 || index_damaged(e));
}

bool index_damaged(const index_entry *e)
{
	return e->status != NULL && strcmp(e->status, "damaged") == 0;
}

/* What the file says is hostile: a wrong kind is as if it were not there. */
tr_err index_apply(index_table *t, const frame *f)
{
	tr_value v = tr_msgpack_read(f->payload, NULL, NULL, NULL);
	index_entry *e = tr_is(v, TR_ARRAY) && f->execution_id > 0 ? index_entry_of(t, f->execution_id) : NULL;
	if (e == NULL) {
		tr_err err = tr_is(v, TR_ARRAY) && f->execution_id > 0 ? TR_ENOMEM : TR_OK;
		tr_drop(v);
		return err;
	}
	(void)index_set_folder(e, tr_as_str(tr_array_at(v, 2)));
	if (f->type == EVENT_EXECUTION_REQUESTED) {
		e->started_us = tr_as_int(tr_array_at(v, 0), 0);
		if (tr_is(tr_array_at(v, 3), TR_MAP))
			tr_assign(&e->playbook, tr_keep(tr_array_at(v, 3)));
		if (tr_is(tr_array_at(v, 4), TR_MAP))
			tr_assign(&e->parent, tr_keep(tr_array_at(v, 4)));
	}
	take_status(e, f, v);
	tr_drop(v);
	return TR_OK;
}

tr_err index_apply_event(index_table *t, const frame *f)
{
	tr_buf bytes = {0};
	frame made;
	size_t used;
	tr_err err = TR_OK;
	index_put(&bytes, f, NULL);
	if (bytes.n > 0 && frame_get(tr_buf_str(&bytes), &made, &used) == FRAME_OK)
		err = index_apply(t, &made);
	tr_buf_fini(&bytes);
	return err;
}

tr_value index_entry_value(const index_entry *e)
{
	tr_str folder = tr_as_str(e->folder);
	size_t n = folder.n;
	while (n > 0 && folder.p[n - 1] != '/')
		n--;
	return TR_DICT("execution_id", tr_stringf("%" PRId64, e->id), "id", tr_int(e->id), "workflow",
		       tr_string_n(folder.p, n > 0 ? n - 1 : 0), "path", or_nil(e->folder), "playbook",
		       or_nil(tr_map_get_s(e->playbook, "path")), "name", or_nil(tr_map_get_s(e->playbook, "name")),
		       "status", tr_string(e->status != NULL ? e->status : "unknown"), "started_at_us",
		       tr_int(e->started_us), "ended_at_us", e->finished ? tr_int(e->ended_us) : tr_nil(), "events",
		       e->finished ? tr_int((int64_t)e->seq) : tr_nil(), "parent", or_nil(e->parent), "packed",
		       tr_bool(e->packed));
}
