/* SPDX-License-Identifier: Apache-2.0 */
/* The logging side: building records, and asking the logger. */
#include "runtime/observe/logger.h"

#include <stdio.h>

/* ---- records -------------------------------------------------------------------------------------------------------
 */

static tr_value TR_PRINTF(1, 0) format(const char *fmt, va_list args)
{
	char small[256];
	va_list again;

	va_copy(again, args);
	int n = vsnprintf(small, sizeof(small), fmt, args);
	tr_value text = tr_invalid(TR_EINVAL);
	if (n >= 0 && (size_t)n < sizeof(small)) {
		text = tr_string_lossy(small, (size_t)n);
	} else if (n >= 0) {
		char *large = tr_alloc((size_t)n + 1);
		if (large != NULL) {
			(void)vsnprintf(large, (size_t)n + 1, fmt, again);
			text = tr_string_lossy(large, (size_t)n);
			tr_free(large);
		}
	}
	va_end(again);
	return text;
}

/* The record's own keys first, then the caller's fields (taken), which cannot hide them. */
static tr_value record(tr_level level, tr_value text, tr_value fields)
{
	tr_pid self = tr_self();
	tr_value r = TR_DICT("time_us", tr_int(tr_wall_us()), "level", tr_string(level_name(level)), "text", text,
			     "pid", self.bits != 0 ? tr_pid_value(self) : tr_nil(), "name",
			     self.bits != 0 ? tr_name_of(self) : tr_nil());
	const tr_entry *entries = tr_map_entries(fields);

	for (size_t i = 0; i < tr_map_len(fields); i++) {
		if (!tr_is_valid(tr_map_get(r, entries[i].key)))
			r = tr_map_put(r, tr_keep(entries[i].key), tr_keep(entries[i].value));
	}
	tr_drop(fields);
	return r;
}

static void TR_PRINTF(4, 0) log_v(tr_node *node, tr_level level, tr_value fields, const char *fmt, va_list args)
{
	struct logger *l = node != NULL ? logger_of(node) : NULL;

	if (l == NULL || !l->port.wanted(&l->port, level)) {
		tr_drop(fields);
		return;
	}
	l->port.post(&l->port, level, record(level, format(fmt, args), fields));
}

void tr_log(tr_level level, tr_value fields, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_v(tr_here(), level, fields, fmt, args);
	va_end(args);
}

void tr_node_log(tr_node *node, tr_level level, tr_value fields, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_v(node, level, fields, fmt, args);
	va_end(args);
}

/* ---- asking the logger ---------------------------------------------------------------------------------------------
 */

/* From inside and outside of actors. Takes the request. */
static tr_err ask(tr_node *node, tr_value request)
{
	struct logger *l = logger_of(node);
	tr_pid pid = {l != NULL ? atomic_load(&l->pid) : 0};

	if (pid.bits == 0) {
		tr_drop(request);
		return TR_ENOENT;
	}
	tr_value answer =
	    tr_here() != NULL ? tr_call(pid, request, TR_FOREVER) : tr_node_call(node, pid, request, TR_FOREVER);
	tr_err err = tr_is_valid(answer) ? (tr_err)tr_as_int(answer, TR_EINVAL) : tr_value_err(answer);
	tr_drop(answer);
	return err;
}

tr_err tr_log_add_handler(tr_node *node, const char *name, tr_level level, tr_log_handler *handler, void *arg,
			  void (*destroy)(void *))
{
	char copy[128];
	struct log_handler h = {copy, level, handler, arg, destroy, NULL};

	if (snprintf(copy, sizeof(copy), "%s", name) >= (int)sizeof(copy))
		return TR_ELIMIT;
	return ask(node, TR_LIST(tr_atom("add_handler"), handler_value(&h)));
}

tr_err tr_log_remove_handler(tr_node *node, const char *name)
{
	return ask(node, TR_LIST(tr_atom("remove_handler"), tr_string(name)));
}

void tr_log_flush(tr_node *node)
{
	(void)ask(node, TR_LIST(tr_atom("flush")));
}
