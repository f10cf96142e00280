/* SPDX-License-Identifier: Apache-2.0 */
/* Executions from disk. */
#include "cli/past.h"

#include "actors/engine/state_pack.h"
#include "actors/store/disk.h"
#include "actors/store/reading.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PLAYBOOK_MAX (64u * 1024u * 1024u)

static const snapshot no_snapshot; /* values that are all zero are absent */

static bool read_log(past *p, bool by_snapshot, char *why, size_t n)
{
	store_reading r = {.by_snapshot = by_snapshot, .to = p->to};
	tr_err err = store_read(p->data, p->id, &r);
	tr_assign(&p->events, r.events);
	r.events = tr_absent();
	snapshot_fini(&p->state);
	p->state = r.snapshot;
	r.snapshot = no_snapshot;
	tr_buf_clear(&p->notes);
	tr_buf_put(&p->notes, r.notes.p, r.notes.n);
	tr_buf_put(&p->remarks, r.remarks.p, r.remarks.n);
	p->last = r.last;
	store_reading_fini(&r);
	if (err == TR_OK && tr_array_len(p->events) > 0)
		return true;
	(void)snprintf(why, n, "nothing of its log in %.200s can be read%s%s", p->data, err == TR_OK ? "" : ": ",
		       err == TR_OK ? "" : tr_err_text(err));
	return false;
}

bool past_open(past *p, const char *data, int64_t id, char *why, size_t n)
{
	*p = (past){.id = id, .data = data, .events = tr_absent()};
	return read_log(p, false, why, n);
}

bool past_open_state(past *p, const char *data, int64_t id, uint64_t to, char *why, size_t n)
{
	*p = (past){.id = id, .data = data, .to = to, .events = tr_absent()};
	return read_log(p, true, why, n);
}

void past_fini(past *p)
{
	tr_drop(p->events);
	snapshot_fini(&p->state);
	tr_buf_fini(&p->notes);
	tr_buf_fini(&p->remarks);
	if (p->routes != NULL)
		routes_free(&p->routes);
	*p = (past){.events = tr_absent()};
}

size_t past_count(const past *p)
{
	return tr_array_len(p->events);
}

bool past_event(const past *p, size_t i, event *e)
{
	return event_from_value(tr_array_at(p->events, i), e) == TR_OK;
}

/* Whoever ran it has checked it. */
static bool any_kind(void *arg, tr_str kind)
{
	(void)arg;
	return kind.n > 0;
}

static bool compile(past *p, const char *file, tr_str source, char *why, size_t n)
{
	const pb_check_options options = {.knows_kind = any_kind, .lenient = true, .recorded = true};
	diagnostics faults;
	diagnostics_init(&faults, file);
	playbook *model = playbook_load(file, source, &options, &faults);
	if (model == NULL)
		(void)snprintf(why, n, "its playbook cannot be read any more: %s",
			       faults.count > 0 ? faults.items[0].message : "out of memory");
	else if ((p->routes = routes_new(model)) == NULL)
		(void)snprintf(why, n, "out of memory");
	if (model != NULL)
		playbook_free(&model);
	diagnostics_fini(&faults);
	return p->routes != NULL;
}

static bool plain_hash(const char *hash)
{
	return hash != NULL && strlen(hash) < 200 && *hash != '\0' && strspn(hash, "0123456789abcdef") == strlen(hash);
}

/* What the execution says of its playbook; fresh. */
static tr_value playbook_info(const past *p)
{
	event e;
	tr_value info = tr_absent();
	if (tr_is_valid(p->state.state))
		return tr_keep(p->state.playbook);
	if (past_event(p, 0, &e) && e.type == EVENT_EXECUTION_REQUESTED)
		info = tr_keep(tr_map_get_s(e.payload, "playbook"));
	event_fini(&e);
	return info;
}

static bool load_playbook(past *p, tr_value info, char *why, size_t n)
{
	layout_path path;
	tr_buf source = {.max = PLAYBOOK_MAX};
	const char *hash = tr_as_cstr(tr_map_get_s(info, "hash"), NULL);
	bool good = plain_hash(hash) && layout_join(path, p->data, "playbooks/%s.yaml", hash) == TR_OK;
	tr_err err = good ? disk_read_file(path, &source) : TR_ENOENT;
	if (err != TR_OK)
		(void)snprintf(why, n, "its playbook, playbooks/%.80s.yaml in the data folder, cannot be read: %s",
			       hash != NULL ? hash : "?", tr_err_text(err));
	good = err == TR_OK &&
	       compile(p, tr_as_cstr(tr_map_get_s(info, "file"), "<playbook>"), tr_buf_str(&source), why, n);
	tr_buf_fini(&source);
	return good;
}

/* NULL: it is no state of the playbook. */
static machine *restored(const past *p, const snapshot *s)
{
	machine *m = state_restore(p->routes, p->id, tr_as_str(s->state), s->bytes);
	if (m != NULL && !tr_equal(machine_playbook(m), s->playbook))
		machine_free(&m);
	return m;
}

/* A snapshot that is no state of the playbook is left aside, and the log read whole. */
static bool check_state(past *p, char *why, size_t n)
{
	machine *m = tr_is_valid(p->state.state) ? restored(p, &p->state) : NULL;
	bool good = !tr_is_valid(p->state.state) || m != NULL;
	machine_free(&m);
	if (good)
		return true;
	tr_buf_puts(&p->remarks, "a snapshot is left aside: it is no state of its playbook\n");
	return read_log(p, false, why, n);
}

bool past_playbook(past *p, char *why, size_t n)
{
	tr_value info = playbook_info(p);
	bool good = tr_is(info, TR_MAP) && load_playbook(p, info, why, n);
	if (!tr_is(info, TR_MAP))
		(void)snprintf(why, n, "the log does not begin with the execution's request");
	tr_drop(info);
	return good && check_state(p, why, n);
}

machine *past_machine(const past *p, uint64_t to, char *why, size_t n)
{
	machine *m = tr_is_valid(p->state.state) ? restored(p, &p->state) : machine_new(p->routes, p->id);
	tr_err err = m == NULL ? TR_ENOMEM : TR_OK;
	uint64_t seq = 0;
	for (size_t i = 0; err == TR_OK && i < past_count(p); i++) {
		event e;
		err = past_event(p, i, &e) ? TR_OK : TR_ECORRUPT;
		seq = err == TR_OK ? e.seq : machine_seq(m) + 1;
		if (err == TR_OK && e.seq > machine_seq(m) && (to == 0 || e.seq <= to))
			err = machine_apply(m, &e);
		event_fini(&e);
		if (to != 0 && seq >= to)
			break;
	}
	if (err == TR_OK)
		return m;
	(void)snprintf(why, n, "event %" PRIu64 " cannot follow the ones before it: %s", seq, tr_err_text(err));
	if (m != NULL)
		machine_free(&m);
	return NULL;
}

/* Is the snapshot after the machine's last event its state? TR_EUNSUPPORTED: of a format that is not read. */
static tr_err compare_state(const past *p, const char *folder, const machine *m)
{
	snapshot s;
	tr_err err = snapshot_read(p->data, folder, p->id, machine_seq(m), &s);
	machine *other = err == TR_OK ? restored(p, &s) : NULL;
	if (err == TR_OK) {
		tr_value x = machine_digest(m), y = other != NULL ? machine_digest(other) : tr_absent();
		err = tr_is_valid(x) && tr_equal(x, y) ? TR_OK : TR_ECORRUPT;
		tr_drop(x);
		tr_drop(y);
	}
	machine_free(&other);
	snapshot_fini(&s);
	return err;
}

bool past_check_snapshots(const past *p, size_t *count, size_t *wrong)
{
	layout_path folder;
	*count = *wrong = 0;
	uint64_t *seqs =
	    store_folder_of(p->data, p->id, folder) == TR_OK ? snapshot_list(p->data, folder, count) : NULL;
	machine *m = seqs != NULL ? machine_new(p->routes, p->id) : NULL;
	size_t left = *count; /* from the oldest on */
	tr_err err = TR_OK;
	for (size_t i = 0; m != NULL && left > 0 && err == TR_OK && i < past_count(p); i++) {
		event e;
		err = past_event(p, i, &e) ? machine_apply(m, &e) : TR_ECORRUPT;
		if (err == TR_OK && e.seq == seqs[left - 1]) {
			tr_err same = compare_state(p, folder, m);
			left--;
			*count -= same == TR_EUNSUPPORTED;
			*wrong += same != TR_OK && same != TR_EUNSUPPORTED;
		}
		event_fini(&e);
	}
	*wrong += left; /* the log does not reach so far */
	machine_free(&m);
	tr_free(seqs);
	return *wrong == 0;
}
