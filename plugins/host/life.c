/* SPDX-License-Identifier: Apache-2.0 */
/* The life of plugins: up in order of dependency, down in reverse, upgraded in place. */
#include "plugins/host/command.h"
#include "plugins/host/desk.h"
#include "plugins/host/instance.h"
#include "plugins/host/loader.h"
#include "plugins/host/manager.h"
#include "plugins/host/names.h"
#include "plugins/host/order.h"
#include <string.h>
#include <troupe/log.h>

#define LIFE_DEADLINE (60 * TR_SECOND)

static tr_pid instances(void)
{
	return tr_whereis(NAME_INSTANCES);
}

/* The supervisor of one plugin: its desk, then its instance. With back-off a plugin that cannot start is tried on and
   on without bringing down the branch. */
static tr_started start_actors(plugin_record *r)
{
	char desk[NAME_SIZE], instance[NAME_SIZE];

	name_command(desk, sizeof(desk), r->m.id);
	name_instance(instance, sizeof(instance), r->m.id);
	tr_child_spec children[] = {
	    {.id = "desk", .server = &desk_server, .arg = tr_keep(r->id), .name = desk, .label = "plugin desk"},
	    {.id = "instance", .server = &instance_server, .arg = tr_keep(r->id), .name = instance, .label = "plugin"},
	};
	tr_supervisor_spec spec = {.strategy = TR_ONE_FOR_ONE,
				   .intensity = 20,
				   .period_ns = 10 * TR_SECOND,
				   .backoff_ns = 5 * TR_MS,
				   .backoff_max_ns = 5 * TR_SECOND,
				   .children = children,
				   .child_count = 2,
				   .label = "plugin supervisor"};
	tr_child_spec child = {.id = r->m.id,
			       .start = tr_supervisor_start,
			       .arg = tr_supervisor_arg(&spec),
			       .restart = TR_PERMANENT,
			       .type = TR_SUPERVISOR,
			       .label = "plugin supervisor"};
	return tr_supervisor_start_child(instances(), &child, tr_in(LIFE_DEADLINE));
}

static void stop_actors(const char *id)
{
	tr_pid sup = instances();

	if (tr_supervisor_terminate_child(sup, id, tr_in(LIFE_DEADLINE)) == TR_OK)
		tr_supervisor_delete_child(sup, id, tr_in(LIFE_DEADLINE));
}

/* What really happened, out of [shutdown, [failed_to_start_child, id, reason]] and the like. Borrowed. */
static tr_value root_cause(tr_value reason)
{
	for (int i = 0; i < 8; i++) {
		tr_value first = tr_array_at(reason, 0);
		if (tr_array_len(reason) == 2 && (TR_IS_A(first, shutdown) || TR_IS_A(first, error)))
			reason = tr_array_at(reason, 1);
		else if (tr_array_len(reason) == 3 && tr_str_is(tr_as_str(first), "failed_to_start_child"))
			reason = tr_array_at(reason, 2);
		else
			break;
	}
	return reason;
}

static tr_value explain(const plugin_record *r, const char *what, tr_value reason)
{
	tr_buf text = {0};

	tr_buf_putf(&text, "plugin %s %s: ", r->m.id, what);
	reason_text(&text, root_cause(reason));
	return tr_string_buf(&text);
}

/* ---- the steps of coming up
 * ----------------------------------------------------------------------------------------------- */

/* A tool kind's actor may hold the name that this plugin's desk needs. */
static void free_subject(const char *id)
{
	tr_pid sup = tr_whereis(NAME_SUBJECTS);

	if (tr_supervisor_terminate_child(sup, id, tr_in(LIFE_DEADLINE)) == TR_OK)
		tr_supervisor_delete_child(sup, id, tr_in(LIFE_DEADLINE));
}

static bool needs_met(plugin_host *h, const plugin_record *r, tr_value *why)
{
	const tr_entry *e = tr_map_entries(r->m.depends_on);

	for (size_t i = 0; i < tr_map_len(r->m.depends_on); i++) {
		plugin_record *dep = plugins_find(h, tr_as_cstr(e[i].key, ""));
		record_release(dep);
		if (dep != NULL)
			continue;
		*why = tr_stringf("%s depends on %s, which could not be started", r->m.id, tr_as_cstr(e[i].key, ""));
		return false;
	}
	return true;
}

/* Takes nothing; the text of why a record's hooks cannot be put in. */
static tr_value hooks_fault(const plugin_record *r, tr_err err, const char *other)
{
	if (other[0] != '\0')
		return tr_stringf("plugin %s replaces a point that %s replaces already; unload one of them", r->m.id,
				  other);
	return tr_stringf("the hooks of plugin %s cannot be put in: %s", r->m.id, tr_err_text(err));
}

/* What its manifest asks of the other plugins: judged before any of its code runs. */
static bool fits(plugin_host *h, plugin_record *r, tr_value *why)
{
	char other[80] = "";

	if (!needs_met(h, r, why))
		return false;
	tr_err err = hook_table_check(h, r, other, sizeof(other));
	if (err != TR_OK)
		*why = hooks_fault(r, err, other);
	return err == TR_OK;
}

/* Code mapped, in the registry, actors there, `init` done. */
static bool step_init(plugin_host *h, plugin_record *r, tr_value *why)
{
	if (!fits(h, r, why) || !loader_map(r, why))
		return false;
	tr_err err = plugins_add(h, r);
	if (err != TR_OK) {
		*why = tr_stringf("plugin %s cannot be loaded: %s", r->m.id,
				  err == TR_EEXIST ? "one with this id is loaded; upgrade or unload it"
						   : tr_err_text(err));
		return false;
	}
	free_subject(r->m.id);
	tr_started s = start_actors(r);
	if (s.pid.bits != 0)
		return true;
	*why = explain(r, "failed in init", s.reason);
	tr_drop(s.reason);
	plugins_remove(h, r->m.id);
	return false;
}

/* `start` done, hooks in, answering. Undone on failure. */
static bool step_start(plugin_host *h, plugin_record *r, tr_value *why)
{
	char other[80] = "";
	tr_err err = hook_table_add(h, r, other, sizeof(other));

	if (err != TR_OK) {
		*why = hooks_fault(r, err, other);
	} else {
		tr_value reply = instance_call(r->m.id, TR_A(start), tr_absent(), tr_absent(), tr_in(LIFE_DEADLINE));
		bool ok = TR_IS_A(reply, ok);
		if (!ok)
			*why = explain(r, "failed in start", tr_is_valid(reply) ? reply : tr_call_reason());
		tr_drop(reply);
		if (ok) {
			plugins_activate(h, r);
			return true;
		}
	}
	hook_table_remove(h, r);
	stop_actors(r->m.id);
	plugins_remove(h, r->m.id);
	return false;
}

static void log_and_drop(plugin_record *r, tr_value why)
{
	tr_log(TR_ERROR, TR_DICT("plugin", tr_keep(r->id)), "%s", tr_as_cstr(why, "a plugin was refused"));
	tr_drop(why);
}

/* What to do about one that failed: a built-in's failure is the node's. Takes *why on to `fatal` or logs it. */
static bool tolerate(plugin_record *r, tr_value why, tr_value *fatal)
{
	if (r->builtin) {
		tr_assign(fatal, why);
		return false;
	}
	log_and_drop(r, why);
	return true;
}

static bool up_ordered(plugin_host *h, plugin_record **records, const size_t *order, size_t count, bool *inited,
		       tr_value *fatal)
{
	for (size_t i = 0; i < count; i++) {
		tr_value why = tr_absent();
		inited[order[i]] = step_init(h, records[order[i]], &why);
		if (!inited[order[i]] && !tolerate(records[order[i]], why, fatal))
			return false;
	}
	for (size_t i = 0; i < count; i++) {
		tr_value why = tr_absent();
		if (inited[order[i]] && !step_start(h, records[order[i]], &why) &&
		    !tolerate(records[order[i]], why, fatal))
			return false;
	}
	return true;
}

/* Room for sorting n records; freed as one. */
typedef struct workspace {
	const manifest **want;
	size_t *order;
	tr_value *refused;
	bool *inited;
} workspace;

static bool workspace_make(workspace *w, size_t n)
{
	w->want = tr_alloc((n + 1) * sizeof(*w->want));
	w->order = tr_alloc((n + 1) * sizeof(*w->order));
	w->refused = tr_alloc((n + 1) * sizeof(*w->refused));
	w->inited = tr_alloc(n + 1);
	return w->want != NULL && w->order != NULL && w->refused != NULL && w->inited != NULL;
}

static void workspace_free(workspace *w)
{
	tr_free(w->want);
	tr_free(w->order);
	tr_free(w->refused);
	tr_free(w->inited);
}

bool life_up(plugin_host *h, plugin_record **records, size_t n, tr_value *why)
{
	workspace w = {0};
	bool ok = workspace_make(&w, n);

	if (!ok)
		*why = tr_string("out of memory");
	for (size_t i = 0; ok && i < n; i++)
		w.want[i] = &records[i]->m;
	size_t count = ok ? plugin_order(w.want, n, NULL, 0, w.order, w.refused) : 0;
	for (size_t i = 0; ok && i < n; i++)
		if (tr_is_valid(w.refused[i])) {
			ok = tolerate(records[i], w.refused[i], why);
			w.refused[i] = tr_absent();
		}
	ok = ok && up_ordered(h, records, w.order, count, w.inited, why);
	for (size_t i = 0; i < n; i++) {
		if (w.refused != NULL)
			tr_drop(w.refused[i]);
		record_release(records[i]);
	}
	workspace_free(&w);
	if (ok)
		life_subjects(h);
	return ok;
}

/* Are the dependencies of one plugin loaded? */
static bool ordered_alone(plugin_host *h, plugin_record *r, tr_value *why)
{
	size_t n, order;
	plugin_record **all = plugins_all(h, &n);
	const manifest **have = tr_alloc((n + 1) * sizeof(*have));
	const manifest *want = &r->m;
	tr_value refused = tr_absent();

	for (size_t i = 0; have != NULL && i < n; i++)
		have[i] = &all[i]->m;
	size_t count = have == NULL ? 0 : plugin_order(&want, 1, have, n, &order, &refused);
	*why = count == 1 ? tr_absent() : tr_is_valid(refused) ? refused : tr_string("out of memory");
	tr_free(have);
	plugins_free(all, n);
	return count == 1;
}

bool life_add(plugin_host *h, plugin_record *r, tr_value *why)
{
	bool ok = ordered_alone(h, r, why) && step_init(h, r, why) && step_start(h, r, why);

	record_release(r);
	life_subjects(h);
	return ok;
}

void life_down(plugin_host *h, plugin_record *r, int64_t grace_ns)
{
	char name[NAME_SIZE];

	hook_table_remove(h, r);
	plugins_retire(h, r);
	life_subjects(h);
	name_command(name, sizeof(name), r->m.id);
	/* The desk answers soon after the deadline that it was given; a second more is for its own answer. */
	tr_drop(tr_call_name(name, TR_LIST(tr_atom("drain"), tr_int(tr_in(grace_ns))), tr_in(grace_ns + TR_SECOND)));
	stop_actors(r->m.id);
	plugins_remove(h, r->m.id);
	life_subjects(h);
}

static bool dependents_accept(plugin_host *h, const plugin_record *newer, tr_value *why)
{
	size_t n;
	plugin_record **all = plugins_all(h, &n);
	bool ok = true;

	for (size_t i = 0; i < n && ok; i++) {
		tr_value range = tr_map_get_s(all[i]->m.depends_on, newer->m.id);
		if (!tr_is_valid(range) || version_in_range(&newer->m.version, tr_as_str(range)))
			continue;
		*why = tr_stringf("plugin %s depends on %s %s; version %s is not in that range", all[i]->m.id,
				  newer->m.id, tr_as_cstr(range, "?"), newer->m.version_text);
		ok = false;
	}
	plugins_free(all, n);
	return ok;
}

/* Both versions' hooks never answer together: the old ones go first, and come back when the new ones are refused. */
static bool swap_hooks(plugin_host *h, plugin_record *old, plugin_record *newer, tr_value *why)
{
	char other[80] = "";

	hook_table_remove(h, old);
	tr_err err = hook_table_add(h, newer, other, sizeof(other));
	if (err == TR_OK)
		return true;
	hook_table_add(h, old, other, sizeof(other));
	*why = tr_stringf("the hooks of plugin %s %s cannot be put in: %s", newer->m.id, newer->m.version_text,
			  other[0] != '\0' ? "another plugin replaces the same point" : tr_err_text(err));
	return false;
}

bool life_upgrade(plugin_host *h, plugin_record *old, plugin_record *newer, tr_value *why)
{
	char name[NAME_SIZE];

	if (!dependents_accept(h, newer, why) || !fits(h, newer, why) || !loader_map(newer, why))
		return false;
	newer->serial = old->serial;
	if (!swap_hooks(h, old, newer, why))
		return false;
	tr_value reply =
	    instance_call(newer->m.id, tr_atom("upgrade"), record_value(newer), tr_absent(), tr_in(LIFE_DEADLINE));
	bool ok = TR_IS_A(reply, ok);
	if (!ok) {
		tr_value ignored = tr_absent();
		*why = explain(newer, "failed in its upgrade", tr_is_valid(reply) ? reply : tr_call_reason());
		swap_hooks(h, newer, old, &ignored);
		tr_drop(ignored);
	}
	tr_drop(reply);
	if (!ok)
		return false;
	plugins_replace(h, newer);
	name_command(name, sizeof(name), newer->m.id);
	tr_drop(tr_call_name(name, TR_LIST(tr_atom("upgrade"), record_value(newer)), tr_in(LIFE_DEADLINE)));
	life_subjects(h);
	return true;
}

void life_again(plugin_host *h)
{
	size_t n;
	plugin_record **all = plugins_all(h, &n);

	for (size_t i = 0; i < n; i++) {
		tr_started s = start_actors(all[i]);
		if (s.pid.bits == 0 && !tr_str_is(tr_as_str(tr_array_at(s.reason, 0)), "already_started"))
			log_and_drop(all[i], explain(all[i], "could not be started again", s.reason));
		tr_drop(s.reason);
	}
	plugins_free(all, n);
	life_subjects(h);
}
