/* SPDX-License-Identifier: Apache-2.0 */
/* Executions from disk. */
#include "cli/past.h"

#include "actors/store/disk.h"
#include "actors/store/reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PLAYBOOK_MAX (64u * 1024u * 1024u)

bool past_open(past *p, const char *data, int64_t id, char *why, size_t n)
{
	*p = (past){.id = id, .data = data};
	p->events = store_read_execution(data, id, &p->notes);
	if (tr_is_valid(p->events) && tr_array_len(p->events) > 0)
		return true;
	(void)snprintf(why, n, "nothing of its log in %.200s can be read%s%s", data, tr_is_valid(p->events) ? "" : ": ",
		       tr_is_valid(p->events) ? "" : tr_err_text(tr_value_err(p->events)));
	return false;
}

void past_fini(past *p)
{
	tr_drop(p->events);
	tr_buf_fini(&p->notes);
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
	const pb_check_options options = {.knows_kind = any_kind, .lenient = true};
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

bool past_playbook(past *p, char *why, size_t n)
{
	event e;
	layout_path path;
	tr_buf source = {.max = PLAYBOOK_MAX};
	if (!past_event(p, 0, &e) || e.type != EVENT_EXECUTION_REQUESTED) {
		(void)snprintf(why, n, "the log does not begin with the execution's request");
		event_fini(&e);
		return false;
	}
	tr_value info = tr_map_get_s(e.payload, "playbook");
	const char *hash = tr_as_cstr(tr_map_get_s(info, "hash"), NULL);
	bool good = plain_hash(hash) && layout_join(path, p->data, "playbooks/%s.yaml", hash) == TR_OK;
	tr_err err = good ? disk_read_file(path, &source) : TR_ENOENT;
	if (err != TR_OK)
		(void)snprintf(why, n, "its playbook, playbooks/%.80s.yaml in the data folder, cannot be read: %s",
			       hash != NULL ? hash : "?", tr_err_text(err));
	good = err == TR_OK &&
	       compile(p, tr_as_cstr(tr_map_get_s(info, "file"), "<playbook>"), tr_buf_str(&source), why, n);
	tr_buf_fini(&source);
	event_fini(&e);
	return good;
}

machine *past_machine(const past *p, uint64_t to, char *why, size_t n)
{
	machine *m = machine_new(p->routes, p->id);
	tr_err err = m == NULL ? TR_ENOMEM : TR_OK;
	size_t i = 0;
	for (; err == TR_OK && i < past_count(p) && (to == 0 || i < to); i++) {
		event e;
		err = past_event(p, i, &e) ? machine_apply(m, &e) : TR_ECORRUPT;
		event_fini(&e);
	}
	if (err == TR_OK)
		return m;
	(void)snprintf(why, n, "event %zu cannot follow the ones before it: %s", i, tr_err_text(err));
	if (m != NULL)
		machine_free(&m);
	return NULL;
}
